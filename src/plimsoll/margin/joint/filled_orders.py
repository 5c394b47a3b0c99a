"""What open orders do to a margin unit when they are filled.

A fill at a limit beyond the mark loses the difference at once; within it, and at the market, the
order is filled at the mark. What is paid moves with its currency like anything else held: the
premium of an option, and the loss at once of what is settled daily. A venue may book it with the
fill or later, so bounds take whichever asks more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.margin.joint.numeraire_exposures import BookExposures, HeldCurrencies
from plimsoll.margin.units.assembly import lacking
from plimsoll.margin.units.fill_losses import FilledContracts, loss_at_fill
from plimsoll.margin.units.instrument_columns import instrument_columns
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.maths import payoffs
from plimsoll.maths.unit_losses import UnitExposures, UnitFills

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderingUnits:
    """K cross pools with orders, what they hold, and what fills would do to them.

    Parameters
    ----------
    unit : (K,) int64
        Margin unit of each, rising.
    exposures : UnitExposures
        Theirs.
    fills : UnitFills
        Their orders.
    """

    unit: IntArray
    exposures: UnitExposures
    fills: UnitFills

    def __len__(self) -> int:
        return int(self.unit.size)


def ordering_units(
    book: Book,
    laid: BookExposures,
    rows: MarketRows,
    currencies: HeldCurrencies,
    *,
    collateral_moves: bool = True,
) -> OrderingUnits:
    """Return the units that have orders and numbers; orders belong to the cross pool.

    Parameters
    ----------
    collateral_moves : bool
        Whether cash that is paid out moves with its currency.
    """
    counts = np.zeros(len(laid.layout), dtype=np.int64)
    if book.orders is None or not len(book.orders):
        return _of_units(laid, np.flatnonzero(counts), _nothing())
    counts[: len(book)] = np.diff(book.orders.offsets)
    unit = np.flatnonzero((counts > 0) & ~lacking(laid.layout, laid.values))
    orders = book.orders.take(unit)
    row = rows.rows_of(book)[orders.market]
    contracts = FilledContracts(
        # What has a value, inverse options too, is paid for in its settlement currency.
        np.where(rows.has_value[row], payoffs.LINEAR, rows.payoff[row]),
        rows.size[row],
        rows.mark[row],
        rows.settle_price[row],
    )
    lost = loss_at_fill(orders, contracts)
    paid = lost / rows.settle_price[row]
    if collateral_moves:
        worth = orders.quantity * rows.size[row] * rows.mark[row]
        paid = np.where(rows.has_value[row], worth + paid, paid)
    else:
        paid = np.where(rows.has_value[row], 0.0, paid)
    settle = instrument_columns(rows.listing).settle
    coin = settle.spread(map(currencies.index, settle.names)).astype(np.int64)[row]
    fills = UnitFills(np.array(orders.offsets), row, np.array(orders.quantity), coin, paid, lost)
    return _of_units(laid, unit, fills)


def _nothing() -> UnitFills:
    none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
    return UnitFills(np.zeros(1, dtype=np.int64), none, nothing, none, nothing, nothing)


def _of_units(laid: BookExposures, unit: IntArray, fills: UnitFills) -> OrderingUnits:
    return OrderingUnits(unit=unit, exposures=taken(laid.exposures, unit), fills=fills)


def taken(exposures: UnitExposures, unit: IntArray) -> UnitExposures:
    """Return the units at ``unit``, in that order; one may stand there several times."""
    starts, counts = exposures.offsets[unit], np.diff(exposures.offsets)[unit]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    at = np.repeat(starts - offsets[:-1], counts) + np.arange(offsets[-1])
    return UnitExposures(
        offsets, exposures.row[at], exposures.quantity[at], exposures.holdings[unit]
    )
