"""Open orders of models whose risk units are underlyings: the worst of what may be filled.

A model that adds over risk units asks of each unit the worst of its own ways (`fill_ways`), so an
order to buy one coin never hides behind an order to sell another::

    orders add   sum over risk units of max over ways (initial margin + loss at once) - margin now

What orders filled at limits worse than the mark lose at once counts with their way. Where units
give one another credits, those with orders in one unit only are filled beside all that they hold;
where several of them have orders, each unit is asked for alone, without credits, which is an upper
bound of whatever comes of them together. Orders belong to the cross pool, and never add less than
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.requirement import RequirementTerm
from plimsoll.margin.grids.fill_ways import Fills, PlacedOrders, fill_ways, filled_book
from plimsoll.margin.underlying import UnderlyingGroups
from plimsoll.margin.units.instrument_columns import instrument_columns
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.maths import payoffs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

OPEN_ORDERS = "open_orders"
"""Name of the term."""


def order_requirement(
    book: Book,
    units: int,
    rows: MarketRows,
    groups: UnderlyingGroups,
    delta: FloatArray,
    initial: Callable[[Book], FloatArray],
    together: IntArray | None = None,
) -> tuple[RequirementTerm, IntArray]:
    """Return what orders add to each margin unit (U,), and the reason where that is unknown (U,).

    Parameters
    ----------
    book : Book
    units : int
        Margin units of ``book``.
    rows : MarketRows
        With the model's own reasons.
    groups : UnderlyingGroups
        Of the same markets.
    delta : (N + 1,) float64
        Of one contract, in one currency; only its sign is used.
    initial : callable
        Initial margin of each cross pool of a book of cross positions, positions that have a
        reason left out.
    together : (R,) int64, optional
        Number of the family of each risk unit: units of one family give one another credits, which
        only lower what is asked. None: each stands by itself.
    """
    added, lacking = np.zeros(units), np.zeros(units, dtype=np.int64)
    orders = book.orders
    if orders is not None and len(orders):
        row = rows.rows_of(book)
        of_order = row[orders.market]
        owner = np.repeat(np.arange(len(book)), np.diff(orders.offsets))
        reason = rows.reason[of_order]
        lacking[owner[reason != 0]] = reason[reason != 0]
        known = np.flatnonzero(reason == 0)
        risk_unit = np.append(groups.unit_of_row, -1)[row]
        slots = _slots(book, owner[known], risk_unit, orders.market[known], together)
        placed = PlacedOrders(
            slot=slots.of_order,
            market=orders.market[known],
            quantity=orders.quantity[known],
            delta=delta[of_order[known]] * orders.quantity[known],
            is_option=instrument_columns(rows.listing).is_option[of_order[known]],
        )
        ways = fill_ways(placed, slots.account.size)
        fills = Fills(slot=ways.slot, way=ways.way, order=known[ways.order])
        asked = initial(filled_book(book, fills, slots.account, (slots.of_held, slots.held)))
        at_once = loss_at_fill(book, rows, of_order)[fills.order]
        more = slots.more(fills, asked + np.bincount(fills.way, at_once, fills.slot.size))
        added[: len(book)] = np.bincount(slots.account[: more.size], more, len(book))
    term = RequirementTerm(
        name=OPEN_ORDERS, title="Open orders", initial=added, maintenance=np.zeros(units)
    )
    return term, lacking


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Slots:
    """S slots: first the F families with orders as they are, then units of the crowded ones.

    Parameters
    ----------
    account : (S,) int64
    family : (S,) int64
        Slot of the family that each belongs to.
    crowded : (F,) bool
        Families with orders in several units.
    of_order : (O,) int64
    of_held, held : (H,) int64
        Slot and row of the positions held.
    """

    account: IntArray
    family: IntArray
    crowded: BoolArray
    of_order: IntArray
    of_held: IntArray
    held: IntArray

    def more(self, fills: Fills, asked: FloatArray) -> FloatArray:
        """(F,) what families ask more than now, given what each way asks (R,)."""
        worst = asked[: self.account.size].copy()
        np.maximum.at(worst, fills.slot, asked)
        families = self.crowded.size
        apart = np.bincount(self.family[families:], worst[families:], families)
        then = np.where(self.crowded, apart, worst[:families])
        return np.maximum(then - asked[:families], 0.0)


def _slots(
    book: Book, owner: IntArray, risk_unit: IntArray, market: IntArray, together: IntArray | None
) -> _Slots:
    """Lay out slots for orders of ``owner`` (O,) in ``market`` (O,); risk units (M,) of markets."""
    family = risk_unit if together is None else np.append(together, -1)[risk_unit]
    width = int(max(risk_unit.max(initial=0), family.max(initial=0))) + 1
    keys, place = np.unique(owner * width + family[market], return_inverse=True)
    mine = np.flatnonzero(~book.isolated & (family[book.market] >= 0))
    key = book.account_of_position[mine] * width + family[book.market[mine]]
    at = np.minimum(np.searchsorted(keys, key), max(keys.size - 1, 0))
    mine, at = (mine[keys[at] == key], at[keys[at] == key]) if keys.size else (mine[:0], at[:0])
    pairs = np.unique(place * width + risk_unit[market])
    crowded = np.bincount(pairs // width, minlength=keys.size) > 1
    busy, parted = crowded[place], crowded[at]
    own = np.concatenate(
        [
            place[busy] * width + risk_unit[market[busy]],
            at[parted] * width + risk_unit[book.market[mine[parted]]],
        ]
    )
    units, number = np.unique(own, return_inverse=True)
    of_order = place.copy()
    of_order[busy] = keys.size + number[: int(busy.sum())]
    return _Slots(
        account=np.concatenate([keys // width, keys[units // width] // width]).astype(np.int64),
        family=np.concatenate([np.arange(keys.size), units // width]).astype(np.int64),
        crowded=crowded,
        of_order=of_order.astype(np.int64),
        of_held=np.concatenate([at, keys.size + number[int(busy.sum()) :]]).astype(np.int64),
        held=np.concatenate([mine, mine[parted]]).astype(np.int64),
    )


def loss_at_fill(book: Book, rows: MarketRows, row: IntArray) -> FloatArray:
    """(O,) what an order filled at its limit loses against the mark; nothing at the market."""
    assert book.orders is not None
    limit, mark = book.orders.price, rows.mark[row]
    amount = book.orders.quantity * rows.size[row] * rows.settle_price[row]
    inverse = (rows.payoff[row] == payoffs.INVERSE) & ~rows.has_value[row]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        worse = np.where(inverse, (limit - mark) / (limit * mark), limit - mark)
        lost = np.maximum(amount * worse, 0.0)
    return np.where(np.isfinite(lost), lost, 0.0)
