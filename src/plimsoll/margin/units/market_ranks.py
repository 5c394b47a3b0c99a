"""Places of a book's markets in the order of their names, which no other account changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book

IntArray = NDArray[np.int64]


def market_ranks(book: Book) -> IntArray:
    """(M,) rank of each market by name; the book remembers it.

    Markets of a book stand in the order in which its accounts hold them. What is added market by
    market goes by these ranks, so that an account's last bits do not depend on the others.
    """
    return book.memo.recall("market_ranks", lambda: _ranks(book.markets))


def _ranks(markets: tuple[str, ...]) -> IntArray:
    rank = np.empty(len(markets), dtype=np.int64)
    rank[sorted(range(len(markets)), key=markets.__getitem__)] = np.arange(len(markets))
    rank.setflags(write=False)
    return rank
