"""Who holds what: accounts by market, so that a price reaches only those it concerns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.account_runs import holders_of

IntArray = NDArray[np.int64]

_FEW = 8  # fewer entries than one in so many accounts are sorted, more are marked


def joined(found: Sequence[IntArray], accounts: int) -> IntArray:
    """Return the accounts, of so many, that stand in one of several ascending lists."""
    some = [one for one in found if one.size]
    if len(some) < 2:
        return some[0] if some else np.empty(0, dtype=np.int64)
    if sum(one.size for one in some) * _FEW < accounts:
        return np.unique(np.concatenate(some))
    stands = np.zeros(accounts, dtype=np.bool_)
    for one in some:
        stands[one] = True
    return np.flatnonzero(stands)


class Holders:
    """The accounts with a position in each of M markets.

    Accounts that have closed a position may still be named: they are then re-margined for
    nothing, which changes no number.

    Parameters
    ----------
    offsets : (A + 1,) int64
    market : (P,) int64
        Of each position, the accounts' one after the other.
    markets : int
        M.
    """

    def __init__(self, offsets: IntArray, market: IntArray, markets: int) -> None:
        # Writeable: kernels compile apart for read-only columns.
        starts, held = (np.require(c, np.int64, ["C", "W"]) for c in (offsets, market))
        self._offsets, self._accounts = holders_of(starts, held, markets)
        self._count = offsets.size - 1
        self._later: dict[int, set[int]] = {}

    def add(self, market: int, account: int) -> None:
        """Note that ``account`` holds ``market``."""
        self._later.setdefault(market, set()).add(account)

    def of(self, markets: Iterable[int]) -> IntArray:
        """Return the accounts that hold one of ``markets``, each once, in ascending order."""
        return joined([self._of(market) for market in markets], self._count)

    def _of(self, market: int) -> IntArray:
        first: IntArray = np.empty(0, dtype=np.int64)
        if market < self._offsets.size - 1:
            held = self._accounts[self._offsets[market] : self._offsets[market + 1]]
            first = held.astype(np.int64)
        later = self._later.get(market)
        if not later:
            return first
        return np.union1d(first, np.fromiter(later, dtype=np.int64, count=len(later)))
