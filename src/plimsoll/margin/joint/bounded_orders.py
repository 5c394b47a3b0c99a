"""Open orders where everything is margined together: what the worst of fills may ask.

Orders belong to the cross pool. Whatever a model measures, the bound is of the unit after any
fills, whole or in part, and includes what fills at limits beyond the mark lose at once; the term is
what it exceeds the requirement without orders by, so an order never lowers initial margin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.requirement import RequirementTerm
from plimsoll.margin.joint.filled_orders import OrderingUnits
from plimsoll.margin.joint.numeraire_exposures import BookExposures
from plimsoll.margin.joint.single_contracts import StandaloneMargins
from plimsoll.margin.units.market_rows import MarketRows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TITLE = "Open orders, filled or not as is worse"


def with_order_reasons(book: Book, laid: BookExposures, rows: MarketRows) -> BookExposures:
    """Give units with orders in markets that have no numbers the reason of those markets."""
    if book.orders is None:
        return laid
    found = laid.values.unit_reason.copy()
    reason = rows.reason[rows.rows_of(book)[book.orders.market]]
    owner = np.repeat(np.arange(len(book)), np.diff(book.orders.offsets))
    bad = np.flatnonzero(reason != 0)[::-1]
    first = np.zeros(found.size, dtype=np.int64)
    first[owner[bad]] = reason[bad]  # written last, the first of a unit stays
    found = np.where(found == 0, first, found)
    return replace(laid, values=replace(laid.values, unit_reason=found))


def open_orders_term(
    ordering: OrderingUnits, bound: FloatArray, initial: FloatArray
) -> RequirementTerm:
    """Return what ``bound`` (K,) asks of the ordering units beyond ``initial`` (U,)."""
    asked = np.zeros(initial.size)
    asked[ordering.unit] = np.maximum(bound - initial[ordering.unit], 0.0)
    return RequirementTerm(
        name="open_orders", title=TITLE, initial=asked, maintenance=np.zeros(initial.size)
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Markets:
    """(M,) pairs of an ordering unit and a market: what is held, and what may be filled."""

    unit: IntArray
    row: IntArray
    held: FloatArray
    bought: FloatArray
    sold: FloatArray


def standalone_after_fills(ordering: OrderingUnits, standalone: StandaloneMargins) -> FloatArray:
    """(K, 2) largest sums over positions of their margins alone, after any fills.

    The margin of one market alone is convex in its size, so it is largest with all buys filled,
    with all sells filled, or with nothing.
    """
    found = _markets(ordering)
    sizes = (found.held, found.held + found.bought, found.held + found.sold)
    alone = np.max([standalone.of(found.row, size) for size in sizes], axis=0)
    return np.column_stack(
        [np.bincount(found.unit, alone[:, k], len(ordering)) for k in range(2)]
    ).astype(np.float64)


def lost_at_fills(ordering: OrderingUnits) -> FloatArray:
    """(K,) what all fills lose at once."""
    owner = np.repeat(np.arange(len(ordering)), np.diff(ordering.fills.offsets))
    return np.bincount(owner, ordering.fills.lost, len(ordering)).astype(np.float64)


def _markets(ordering: OrderingUnits) -> _Markets:
    held, fills = ordering.exposures, ordering.fills
    holder = np.repeat(np.arange(len(ordering)), np.diff(held.offsets))
    owner = np.repeat(np.arange(len(ordering)), np.diff(fills.offsets))
    width = int(max(held.row.max(initial=0), fills.row.max(initial=0))) + 1
    keys, place = np.unique(
        np.concatenate([holder * width + held.row, owner * width + fills.row]), return_inverse=True
    )
    of_position, of_order = place[: held.row.size], place[held.row.size :]

    def total(at: IntArray, values: FloatArray) -> FloatArray:
        return np.bincount(at, values, keys.size).astype(np.float64)

    return _Markets(
        unit=keys // width,
        row=keys % width,
        held=total(of_position, held.quantity),
        bought=total(of_order, np.maximum(fills.quantity, 0.0)),
        sold=total(of_order, np.minimum(fills.quantity, 0.0)),
    )
