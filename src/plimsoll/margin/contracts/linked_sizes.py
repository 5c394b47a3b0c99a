"""Sizes that one beneficial owner holds in a market, over all of his accounts.

A size tier that looked at single accounts would be escaped by opening several. So the size that
chooses a rate is the owner's, and each account pays that rate on its own share: whoever splits a
position over linked accounts pays in sum what one account would.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinkedSizes:
    """Contracts by owner, market and side.

    Parameters
    ----------
    owner : (A,) int64
    markets : int
        Number of the book's markets.
    keys : (K,) int64
        ``(owner x markets + market) x 2 + (1 if short)``, ascending.
    totals : (K,) float64
        Contracts, positive; NaN on both sides where one position's size is not known.
    """

    owner: IntArray
    markets: int
    keys: IntArray
    totals: FloatArray

    def of_others(
        self, account: IntArray, market: IntArray, quantity: FloatArray, own: FloatArray
    ) -> FloatArray:
        """Return the contracts that an owner's other accounts hold on the side of ``quantity``.

        Parameters
        ----------
        account, market : (E,) int64
        quantity : (E,) float64
            Signed contracts that an account has, or would have after its orders.
        own : (E,) float64
            Contracts, positive, that the account holds on that side now.
        """
        key = _key(self.owner[account], market, quantity, self.markets)
        place = np.minimum(np.searchsorted(self.keys, key), max(self.keys.size - 1, 0))
        if self.keys.size == 0:
            return np.zeros(key.size)
        total = np.where(self.keys[place] == key, self.totals[place], 0.0)
        # The own part comes back out of a sum: what is left by rounding is no size.
        left = total - own
        return np.where(left > 1e-12 * total, left, np.where(np.isnan(left), np.nan, 0.0))


def linked_sizes(book: Book) -> LinkedSizes | None:
    """Add up sizes by owner; None where no two accounts have the same owner."""
    if book.owner is None or np.unique(book.owner).size == len(book):
        return None
    markets = max(len(book.markets), 1)
    key = _key(book.owner[book.account_of_position], book.market, book.quantity, markets)
    keys, place = np.unique(key, return_inverse=True)
    totals = np.bincount(place, np.abs(book.quantity), keys.size).astype(np.float64)
    unknown = np.unique(key[np.isnan(book.quantity)] // 2)
    totals[np.isin(keys // 2, unknown)] = np.nan
    return LinkedSizes(owner=book.owner, markets=markets, keys=keys, totals=totals)


def linked_contracts(book: Book, sizes: LinkedSizes | None) -> FloatArray:
    """(P,) contracts on the side of each position that its owner's other accounts hold."""
    if sizes is None:
        return np.zeros(book.market.size)
    own = np.abs(book.quantity)
    return sizes.of_others(book.account_of_position, book.market, book.quantity, own)


def _key(owner: IntArray, market: IntArray, quantity: FloatArray, markets: int) -> IntArray:
    key: IntArray = (owner * markets + market) * 2 + (quantity < 0.0)
    return key
