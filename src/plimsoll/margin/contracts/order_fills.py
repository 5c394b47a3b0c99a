"""What open orders may turn a book's positions into: all buys filled, or all sells filled.

An account with at most one position in a market nets: buys and sells move that position. One with
a long and a short holds both apart: buys add to the long, sells to the short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.margin.contracts.linked_sizes import LinkedSizes
from plimsoll.margin.units.market_ranks import market_ranks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposures:
    """E positions, real ones or what orders would make of them.

    Parameters
    ----------
    account, market : (E,) int64
        Index into the book's accounts and markets.
    quantity : (E,) float64
        Signed contracts.
    linked : (E,) float64
        Contracts on that side held by the owner's other accounts.
    leverage : (E,) float64
        Chosen; NaN = none.
    """

    account: IntArray
    market: IntArray
    quantity: FloatArray
    linked: FloatArray
    leverage: FloatArray


Margins = Callable[[Exposures], tuple[FloatArray, FloatArray]]
"""Initial and maintenance margin (E,) of exposures in the numeraire, NaN where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderFills:
    """K pairs of account and market that have orders, by account and name of the market.

    Parameters
    ----------
    account, market : (K,) int64
    long, short : (K,) float64
        Signed contracts held now; of a netting account one of them is 0.
    nets : (K,) bool
        Whether buys and sells move one position.
    bought, sold : (K,) float64
        Contracts of all buys and all sells, positive.
    bought_at_market, sold_at_market : (K,) float64
        Contracts of the market orders among them, positive.
    orders : (K,) int64
        How many.
    leverage : (K,) float64
        Chosen for the position there is; NaN = none.
    place : (O,) int64
        Pair of each of the book's orders.
    """

    account: IntArray
    market: IntArray
    long: FloatArray
    short: FloatArray
    nets: NDArray[np.bool_]
    bought: FloatArray
    sold: FloatArray
    bought_at_market: FloatArray
    sold_at_market: FloatArray
    orders: IntArray
    leverage: FloatArray
    place: IntArray

    def __len__(self) -> int:
        return int(self.account.size)

    def after_buys(self) -> tuple[FloatArray, FloatArray]:
        """Return signed contracts of the moved position and of the other one."""
        return np.where(self.nets, self.position, self.long) + self.bought, self._other(self.short)

    def after_sells(self) -> tuple[FloatArray, FloatArray]:
        """Return signed contracts of the moved position and of the other one."""
        return np.where(self.nets, self.position, self.short) - self.sold, self._other(self.long)

    @property
    def position(self) -> FloatArray:
        """(K,) net contracts held now."""
        return self.long + self.short

    def _other(self, held: FloatArray) -> FloatArray:
        return np.where(self.nets, 0.0, held)


def order_fills(book: Book) -> OrderFills | None:
    """Gather orders by account and market; None where there are none."""
    if book.orders is None or not len(book.orders):
        return None
    orders, markets = book.orders, max(len(book.markets), 1)
    account = np.repeat(np.arange(len(book)), np.diff(orders.offsets))
    rank = market_ranks(book)
    keys, place = np.unique(account * markets + rank[orders.market], return_inverse=True)

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(place, weights=values, minlength=keys.size).astype(np.float64)

    at_market = np.where(np.isnan(orders.price), orders.quantity, 0.0)
    held = _Held.of(book, keys, markets)
    return OrderFills(
        account=keys // markets,
        market=np.argsort(rank)[keys % markets],
        long=held.long,
        short=held.short,
        nets=held.count < 2,
        bought=total(np.maximum(orders.quantity, 0.0)),
        sold=total(np.maximum(-orders.quantity, 0.0)),
        bought_at_market=total(np.maximum(at_market, 0.0)),
        sold_at_market=total(np.maximum(-at_market, 0.0)),
        orders=np.bincount(place, minlength=keys.size).astype(np.int64),
        leverage=held.leverage,
        place=place.astype(np.int64),
    )


def fill_charges(
    fills: OrderFills, sizes: LinkedSizes | None, margins: Margins
) -> tuple[FloatArray, FloatArray]:
    """(K,) how much initial and maintenance margin the worst fill adds; never negative."""

    every = np.arange(len(fills))

    def margin(quantity: FloatArray) -> tuple[FloatArray, FloatArray]:
        return margins(exposures_after(fills, sizes, every, quantity))

    long, short = margin(fills.long), margin(fills.short)
    now = [a + b for a, b in zip(long, short, strict=True)]
    added = [np.zeros(fills.account.size), np.zeros(fills.account.size)]
    for moved, other in (fills.after_buys(), fills.after_sells()):
        parts = zip(margin(moved), margin(other), now, strict=True)
        for level, (one, two, before) in enumerate(parts):
            added[level] = np.maximum(added[level], one + two - before)
    return added[0], added[1]


def exposures_after(
    fills: OrderFills, sizes: LinkedSizes | None, pair: IntArray, quantity: FloatArray
) -> Exposures:
    """Return E exposures: signed contracts ``quantity`` (E,) of the pairs ``pair`` (E,)."""
    account, market = fills.account[pair], fills.market[pair]
    own = np.where(quantity < 0.0, -fills.short[pair], fills.long[pair])
    linked = (
        np.zeros(quantity.size)
        if sizes is None
        else sizes.of_others(account, market, quantity, own)
    )
    return Exposures(
        account=account,
        market=market,
        quantity=quantity,
        linked=linked,
        leverage=fills.leverage[pair],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Held:
    """Positions by key of account and market."""

    long: FloatArray
    short: FloatArray
    count: IntArray
    leverage: FloatArray

    @classmethod
    def of(cls, book: Book, keys: IntArray, markets: int) -> _Held:
        mine = book.account_of_position * markets + market_ranks(book)[book.market]
        place = np.searchsorted(keys, mine)
        found = np.flatnonzero(keys[np.minimum(place, keys.size - 1)] == mine)
        place, quantity = place[found], book.quantity[found]
        leverage = np.full(keys.size, np.nan)
        leverage[place] = book.leverage[found]

        def total(values: FloatArray) -> FloatArray:
            return np.bincount(place, values, keys.size).astype(np.float64)

        return cls(
            # A size that is not known makes both sides unknown.
            long=total(np.where(quantity < 0.0, 0.0, quantity)),
            short=total(np.where(quantity > 0.0, 0.0, quantity)),
            count=np.bincount(place, minlength=keys.size),
            leverage=leverage,
        )
