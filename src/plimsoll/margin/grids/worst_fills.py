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
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.maths import payoffs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

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
    """Lay out the ways to fill the orders, whose deltas (O,) are given; none of them twice."""
    assert book.orders is not None
    quantity, every = book.orders.quantity, np.arange(owner.size)
    accounts, place = np.unique(owner, return_inverse=True)
    several, markets = accounts.size, max(len(book.markets), 1)
    way, order = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    mixed = np.bincount(place, (delta > 0) != (quantity > 0), several)[place] > 0
    one, other = mixed & (delta > 0), mixed & (delta < 0)  # else these are the buys and the sells
    for number, chosen in enumerate((quantity > 0, quantity < 0, one, other), start=1):
        way.append(number * several + place[chosen])
        order.append(every[chosen])
    keys, alone = np.unique(
        (owner * 2 + (quantity < 0)) * markets + book.orders.market, return_inverse=True
    )
    sides, of_key = np.unique(keys // markets, return_inverse=True)
    apart = (np.bincount(of_key, minlength=sides.size) > 1)[of_key]  # else it is all of a side
    way.append(5 * several + alone[apart[alone]])
    order.append(every[apart[alone]])
    account = np.concatenate([np.tile(accounts, 5), keys // markets // 2])
    return _without_empty(account, several, np.concatenate(way), np.concatenate(order))


def _without_empty(account: IntArray, none: int, way: IntArray, order: IntArray) -> Fills:
    """Leave out the ways that fill nothing, but for the first ``none`` ones."""
    kept = np.bincount(way, minlength=account.size) > 0
    kept[:none] = True
    number = np.cumsum(kept) - 1
    return Fills(
        account=account[kept].astype(np.int64),
        none=none,
        way=number[way].astype(np.int64),
        order=order.astype(np.int64),
    )


def _filled(book: Book, fills: Fills) -> Book:
    """Return a book whose accounts are the ways: cross positions, with their fills.

    Fills move the position of their market; where there is a long and a short one, buys move the
    long and sells the short.
    """
    assert book.orders is not None
    counts = np.diff(book.offsets)[fills.account]
    ends = np.concatenate([[0], np.cumsum(counts)])
    # By account and market, so that the sort below merges two sorted runs.
    sorted_rows = np.lexsort((book.market, book.account_of_position))
    start = np.repeat(book.offsets[fills.account] - ends[:-1], counts)
    held = sorted_rows[start + np.arange(ends[-1])]
    of_held = np.repeat(np.arange(fills.account.size), counts)
    cross = ~book.isolated[held]
    held, of_held = held[cross], of_held[cross]
    orders = book.orders
    laid = np.lexsort((orders.market[fills.order], fills.way))
    way = np.concatenate([of_held, fills.way[laid]])
    market = np.concatenate([book.market[held], orders.market[fills.order[laid]]])
    quantity = np.concatenate([book.quantity[held], orders.quantity[fills.order[laid]]])
    pair = way * max(len(book.markets), 1) + market
    merged = np.argsort(pair, kind="stable")
    way, market, pair, quantity = way[merged], market[merged], pair[merged], quantity[merged]
    return _cross_book(book, fills.account, way, market, quantity, pair, merged < held.size)


def _cross_book(
    book: Book,
    account: IntArray,
    way: IntArray,
    market: IntArray,
    quantity: FloatArray,
    pair: IntArray,
    is_held: BoolArray,
) -> Book:
    """Net positions and fills, sorted by ``pair`` of way and market, into a book without names.

    A pair with two positions, a long and a short one, keeps two.
    """
    first = np.diff(pair, prepend=-1) != 0
    number = np.cumsum(first) - 1
    two = np.bincount(number, is_held, int(first.sum()))[number] > 1
    at = 2 * number + (two & (quantity < 0))
    net = np.bincount(at, quantity, 2 * int(first.sum())).astype(np.float64)
    there = np.bincount(at, minlength=net.size) > 0
    way, market = np.repeat(way[first], 2)[there], np.repeat(market[first], 2)[there]
    net = net[there]
    held = np.bincount(way, minlength=account.size)
    return Book(
        accounts=("",) * account.size,
        markets=book.markets,
        offsets=np.concatenate([[0], np.cumsum(held)]).astype(np.int64),
        market=market.astype(np.int64),
        quantity=net,
        entry_price=np.ones(net.size),
        isolated_margin=np.full(net.size, np.nan),
        leverage=np.full(net.size, np.nan),
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
