"""Open orders of models whose risk units are underlyings: the worst of what may be filled.

An account's orders are filled in turn as

- all buys, and all sells;
- all that raise its delta, and all that lower it (a put bought beside a future sold);
- the buys, and the sells, of one market alone: the hedge of an order need not come.

Orders add by how much the worst of these raises initial margin, and what orders filled at limits
worse than the mark lose at once; never less than nothing. They belong to the cross pool.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.requirement import RequirementTerm
from plimsoll.margin.market_rows import MarketRows
from plimsoll.maths import payoffs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

OPEN_ORDERS = "open_orders"
"""Name of the term."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fills:
    """R ways in which orders of a book may be filled.

    Parameters
    ----------
    account : (R,) int64
        Of each way; the first ones fill nothing, one for every account with orders.
    none : int
        How many those are.
    way, order : (F,) int64
        Fills: which order is filled in which way.
    """

    account: IntArray
    none: int
    way: IntArray
    order: IntArray


def order_requirement(
    book: Book,
    units: int,
    rows: MarketRows,
    delta: FloatArray,
    initial: Callable[[Book], FloatArray],
) -> tuple[RequirementTerm, IntArray]:
    """Return what orders add to each margin unit (U,), and the reason where that is unknown (U,).

    Parameters
    ----------
    book : Book
    units : int
        Margin units of ``book``.
    rows : MarketRows
        With the model's own reasons.
    delta : (N + 1,) float64
        Of one contract, in one currency; only its sign is used.
    initial : callable
        Initial margin of each cross pool of a book of cross positions, positions that have a
        reason left out.
    """
    added, lacking = np.zeros(units), np.zeros(units, dtype=np.int64)
    orders = book.orders
    if orders is not None and len(orders):
        row = rows.rows_of(book)[orders.market]
        owner = np.repeat(np.arange(len(book)), np.diff(orders.offsets))
        reason = rows.reason[row]
        lacking[owner[reason != 0]] = reason[reason != 0]
        fills = _fills(book, owner, np.where(reason == 0, delta[row], 0.0) * orders.quantity)
        asked = initial(_filled(book, fills))
        at_once = _loss_at_fill(book, rows, row)[fills.order]
        asked = asked + np.bincount(fills.way, at_once, fills.account.size)
        now = np.zeros(len(book))
        now[fills.account[: fills.none]] = asked[: fills.none]
        np.maximum.at(added, fills.account, np.maximum(asked - now[fills.account], 0.0))
    term = RequirementTerm(
        name=OPEN_ORDERS, title="Open orders", initial=added, maintenance=np.zeros(units)
    )
    return term, lacking


def _fills(book: Book, owner: IntArray, delta: FloatArray) -> Fills:
    """Lay out every way to fill the orders, whose deltas (O,) are given."""
    assert book.orders is not None
    quantity, every = book.orders.quantity, np.arange(owner.size)
    accounts, place = np.unique(owner, return_inverse=True)
    several = accounts.size
    way, order = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for number, chosen in enumerate((quantity > 0, quantity < 0, delta > 0, delta < 0), start=1):
        way.append(number * several + place[chosen])
        order.append(every[chosen])
    sides = (owner * max(len(book.markets), 1) + book.orders.market) * 2 + (quantity < 0)
    keys, alone = np.unique(sides, return_inverse=True)
    way.append(5 * several + alone)
    order.append(every)
    of_key = keys // (2 * max(len(book.markets), 1))
    return Fills(
        account=np.concatenate([np.tile(accounts, 5), of_key]).astype(np.int64),
        none=several,
        way=np.concatenate(way).astype(np.int64),
        order=np.concatenate(order).astype(np.int64),
    )


def _filled(book: Book, fills: Fills) -> Book:
    """Return a book whose accounts are the ways: cross positions, with their fills.

    Fills move the position of their market; where there is a long and a short one, buys move the
    long and sells the short.
    """
    assert book.orders is not None
    counts = np.diff(book.offsets)[fills.account]
    ends = np.concatenate([[0], np.cumsum(counts)])
    held = np.repeat(book.offsets[fills.account] - ends[:-1], counts) + np.arange(ends[-1])
    of_held = np.repeat(np.arange(fills.account.size), counts)
    cross = ~book.isolated[held]
    held, of_held = held[cross], of_held[cross]
    way = np.concatenate([of_held, fills.way])
    market = np.concatenate([book.market[held], book.orders.market[fills.order]])
    quantity = np.concatenate([book.quantity[held], book.orders.quantity[fills.order]])
    pairs, place = np.unique(way * max(len(book.markets), 1) + market, return_inverse=True)
    two = np.bincount(place[: held.size], minlength=pairs.size) > 1
    keys, at = np.unique(2 * place + (two[place] & (quantity < 0)), return_inverse=True)
    way_of, market_of = np.divmod(pairs[keys // 2], max(len(book.markets), 1))
    return _cross_book(
        book,
        fills.account,
        way_of,
        market_of,
        np.bincount(at, weights=quantity, minlength=keys.size).astype(np.float64),
    )


def _cross_book(
    book: Book, account: IntArray, way: IntArray, market: IntArray, quantity: FloatArray
) -> Book:
    """Put positions, sorted by ``way``, into a book with one account a way and no collateral."""
    count = quantity.size
    held = np.bincount(way, minlength=account.size)
    return Book(
        accounts=tuple(book.accounts[a] for a in account.tolist()),
        markets=book.markets,
        offsets=np.concatenate([[0], np.cumsum(held)]).astype(np.int64),
        market=market.astype(np.int64),
        quantity=quantity,
        entry_price=np.ones(count),
        isolated_margin=np.full(count, np.nan),
        leverage=np.full(count, np.nan),
        currencies=(),
        collateral=np.zeros((account.size, 0)),
    )


def _loss_at_fill(book: Book, rows: MarketRows, row: IntArray) -> FloatArray:
    """(O,) what an order filled at its limit loses against the mark; nothing at the market."""
    assert book.orders is not None
    limit, mark = book.orders.price, rows.mark[row]
    amount = book.orders.quantity * rows.size[row] * rows.settle_price[row]
    inverse = (rows.payoff[row] == payoffs.INVERSE) & ~rows.has_value[row]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        worse = np.where(inverse, (limit - mark) / (limit * mark), limit - mark)
        lost = np.maximum(amount * worse, 0.0)
    return np.where(np.isfinite(lost), lost, 0.0)
