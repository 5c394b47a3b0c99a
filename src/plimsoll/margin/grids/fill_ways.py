"""Ways in which open orders may be filled, and what an account then holds.

Orders stand in *slots*: those of one account that a model margins together. A slot's ways are

- nothing, and everything;
- all buys, and all sells;
- all that raise its delta, and all that lower it (a put bought beside a future sold);
- all options bought, and all options sold;
- each of these crossed with the others: calls bought, puts sold, futures bought ...;
- the buys, and the sells, of one market alone: the hedge of an order need not come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.margin.units.market_ranks import market_ranks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_SELL, _DOWN, _OPTION = 1, 2, 4
_CLASSES = 8


def _mask(chosen: Callable[[int], bool]) -> int:
    return sum(1 << one for one in range(_CLASSES) if chosen(one))


_MASKS = np.array(
    [
        _mask(lambda _: True),
        _mask(lambda c: not c & _SELL),
        _mask(lambda c: bool(c & _SELL)),
        _mask(lambda c: not c & _DOWN),
        _mask(lambda c: bool(c & _DOWN)),
        _mask(lambda c: bool(c & _OPTION) and not c & _SELL),
        _mask(lambda c: bool(c & _OPTION) and bool(c & _SELL)),
        *(1 << one for one in range(_CLASSES)),
    ],
    dtype=np.int64,
)
"""Classes of orders that are filled together; a bit for each class."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacedOrders:
    """O orders that have numbers.

    Parameters
    ----------
    slot : (O,) int64
        What they are filled with.
    market : (O,) int64
    quantity, delta : (O,) float64
        Signed contracts, and what they add to delta; only its sign is used.
    is_option : (O,) bool
    """

    slot: IntArray
    market: IntArray
    quantity: FloatArray
    delta: FloatArray
    is_option: BoolArray

    @property
    def kind(self) -> IntArray:
        """(O,) class of each; what has no delta rises with its quantity."""
        sells = self.quantity < 0.0
        falls = np.where(self.delta == 0.0, sells, self.delta < 0.0)
        found: IntArray = (_SELL * sells + _DOWN * falls + _OPTION * self.is_option).astype(
            np.int64
        )
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fills:
    """R ways to fill the orders of S slots; the first S fill nothing, in the order of slots.

    Parameters
    ----------
    slot : (R,) int64
        Of each way.
    way, order : (F,) int64
        Which order is filled in which way; orders of a way in their own order.
    """

    slot: IntArray
    way: IntArray
    order: IntArray


def fill_ways(orders: PlacedOrders, slots: int) -> Fills:
    """Lay out the ways to fill the orders of ``slots`` slots; none of them twice."""
    kind, slot = orders.kind, orders.slot
    present = np.zeros(slots, dtype=np.int64)
    np.bitwise_or.at(present, slot, 1 << kind)
    chosen = present[:, None] & _MASKS
    keys = np.unique((np.arange(slots)[:, None] << _CLASSES | chosen)[chosen > 0])
    of_key = keys >> _CLASSES
    counts, starts = np.bincount(of_key, minlength=slots), np.searchsorted(of_key, np.arange(slots))
    order = np.repeat(np.arange(slot.size), counts[slot])
    first = np.cumsum(counts[slot]) - counts[slot]
    key = starts[slot[order]] + np.arange(order.size) - first[order]
    filled = (keys[key] >> kind[order]) & 1 > 0
    alone = _alone(orders, kind)
    found, market = np.unique(alone[:, 0], return_inverse=True)
    of_alone = np.zeros(found.size, dtype=np.int64)
    of_alone[market] = slot[alone[:, 1]]
    ways = (np.arange(slots), of_key, of_alone)
    return Fills(
        slot=np.concatenate(ways).astype(np.int64),
        way=np.concatenate([slots + key[filled], slots + keys.size + market]).astype(np.int64),
        order=np.concatenate([order[filled], alone[:, 1]]).astype(np.int64),
    )


def _alone(orders: PlacedOrders, kind: IntArray) -> IntArray:
    """Key of slot, class and market, and the order (K, 2); none where it is all of its class."""
    markets = int(orders.market.max(initial=0)) + 1
    together = orders.slot * _CLASSES + kind
    keys, place = np.unique(together * markets + orders.market, return_inverse=True)
    sets, of_key = np.unique(keys // markets, return_inverse=True)
    several = np.bincount(of_key, minlength=sets.size)[of_key] > 1
    at = np.flatnonzero(several[place])
    return np.column_stack([place[at], at]).astype(np.int64)


def filled_book(
    book: Book, fills: Fills, account: IntArray, held: tuple[IntArray, IntArray]
) -> Book:
    """Return a book whose accounts are the ways: what their slots hold, with their fills.

    Fills move the position of their market; where there is a long and a short one, buys move the
    long and sells the short. Positions stand by the names of their markets, so that no bit depends
    on other accounts.

    Parameters
    ----------
    book : Book
    fills : Fills
        Orders are those of the book.
    account : (S,) int64
        Of each slot.
    held : ((H,) int64, (H,) int64)
        Slot and row of the positions that slots hold; one may stand in several slots.
    """
    assert book.orders is not None
    slot, row = held
    laid = np.lexsort((book.market[row], slot))
    slot, row = slot[laid], row[laid]
    starts = np.searchsorted(slot, np.arange(account.size + 1))
    counts = np.diff(starts)[fills.slot]
    ends = np.concatenate([[0], np.cumsum(counts)])
    of_held = np.repeat(np.arange(fills.slot.size), counts)
    row = row[np.repeat(starts[fills.slot] - ends[:-1], counts) + np.arange(ends[-1])]
    way = np.concatenate([of_held, fills.way])
    market = np.concatenate([book.market[row], book.orders.market[fills.order]])
    quantity = np.concatenate([book.quantity[row], book.orders.quantity[fills.order]])
    pair = way * max(len(book.markets), 1) + market_ranks(book)[market]
    merged = np.argsort(pair, kind="stable")
    return _netted_book(
        book,
        fills.slot.size,
        (way[merged], market[merged], quantity[merged], pair[merged]),
        merged < row.size,
    )


def _netted_book(
    book: Book,
    accounts: int,
    columns: tuple[IntArray, IntArray, FloatArray, IntArray],
    is_held: BoolArray,
) -> Book:
    """Net positions and fills, sorted by pair of way and market, into a book without names.

    A pair with two positions, a long and a short one, keeps two.
    """
    way, market, quantity, pair = columns
    first = np.diff(pair, prepend=-1) != 0
    number = np.cumsum(first) - 1
    two = np.bincount(number, is_held, int(first.sum()))[number] > 1
    at = 2 * number + (two & (quantity < 0))
    net = np.bincount(at, quantity, 2 * int(first.sum())).astype(np.float64)
    there = np.bincount(at, minlength=net.size) > 0
    way, market = np.repeat(way[first], 2)[there], np.repeat(market[first], 2)[there]
    net = net[there]
    held = np.bincount(way, minlength=accounts)
    return Book(
        accounts=("",) * accounts,
        markets=book.markets,
        offsets=np.concatenate([[0], np.cumsum(held)]).astype(np.int64),
        market=market.astype(np.int64),
        quantity=net,
        entry_price=np.ones(net.size),
        isolated_margin=np.full(net.size, np.nan),
        leverage=np.full(net.size, np.nan),
        currencies=(),
        collateral=np.zeros((accounts, 0)),
    )
