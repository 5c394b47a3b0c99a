"""Liquidity kept up to date: windows of the last books, or bars; batch and stream agree to the bit.

Both are mutable by design: an update writes one row of a ring. An estimate is the batch estimate
of what the window holds, in order of time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.order_book import BookSamples, BookStatus, BookTerms, OrderBook
from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.liquidity.bars import BarLiquidity, bar_liquidity

FloatArray = NDArray[np.float64]


class BookWindow:
    """The last books of one market.

    Parameters
    ----------
    market : str
    terms : BookTerms
    window : int
        Books kept.
    levels : int
        Kept of each side; deeper ones are dropped.
    """

    def __init__(self, market: str, terms: BookTerms, *, window: int = 720, levels: int = 100):
        if window < 1 or levels < 1:
            raise ParameterError(
                "must hold a book and a level", found=(window, levels), field="window, levels"
            )
        self.market, self.terms, self.window = market, terms, window
        self._time = np.zeros(window, dtype=np.int64)
        self._status = np.zeros(window, dtype=np.int64)
        self._price = np.full((2, window, levels), np.nan)
        self._size = np.zeros((2, window, levels))
        self._count = 0

    def update(self, book: OrderBook) -> None:
        """Take in one book, which replaces the oldest of a full window.

        Raises
        ------
        UsageError
            For a book of another market or other terms, or that is not newer than the last.
        """
        if book.market != self.market or book.terms != self.terms:
            raise UsageError("must be the window's market and terms", found=book.market)
        if self._count and book.at_ns <= self._time[(self._count - 1) % self.window]:
            raise UsageError("must be newer than the last book", found=book.at_ns, field="at_ns")
        row = self._count % self.window
        self._time[row], self._status[row] = book.at_ns, book.status
        sides = (book.bid_price, book.bid_size), (book.ask_price, book.ask_size)
        self._price[:, row], self._size[:, row] = np.nan, 0.0
        if book.status != BookStatus.CROSSED:
            for side, (price, size) in enumerate(sides):
                kept = min(price.size, self._price.shape[2])
                self._price[side, row, :kept] = price[:kept]
                self._size[side, row, :kept] = size[:kept]
        self._count += 1

    def samples(self) -> BookSamples:
        """Return the books held, in order of time, as every estimator takes them.

        Raises
        ------
        InsufficientDataError
            Before the first update.
        """
        if not self._count:
            raise InsufficientDataError("must hold a book", found=0, field=self.market)
        rows = np.arange(max(self._count - self.window, 0), self._count) % self.window
        return BookSamples(
            market=self.market,
            terms=self.terms,
            time_ns=self._time[rows],
            status=self._status[rows],
            bid_price=self._price[0, rows],
            bid_size=self._size[0, rows],
            ask_price=self._price[1, rows],
            ask_size=self._size[1, rows],
        )


class BarWindow:
    """The last bars of N markets.

    Parameters
    ----------
    markets : sequence of str
    window : int
        Bars kept.
    bars_per_day : float
    """

    def __init__(self, markets: Sequence[str], *, window: int = 720, bars_per_day: float = 24.0):
        if window < 1 or not markets:
            raise ParameterError("must hold a bar of a market", found=window, field="window")
        self.markets, self.window, self.bars_per_day = tuple(markets), window, bars_per_day
        self._rows = np.full((4, window, len(markets)), np.nan)
        self._count = 0

    def update(
        self, high: ArrayLike, low: ArrayLike, close: ArrayLike, turnover: ArrayLike
    ) -> None:
        """Take in the next bar of every market, (N,) each; NaN where a market has none.

        Raises
        ------
        DataFormatError
            For vectors of another length.
        """
        bar = [np.asarray(values, dtype=np.float64) for values in (high, low, close, turnover)]
        if any(values.shape != (len(self.markets),) for values in bar):
            shapes = [values.shape for values in bar]
            raise DataFormatError(f"must hold {len(self.markets)} markets", found=shapes)
        self._rows[:, self._count % self.window] = bar
        self._count += 1

    def liquidity(self) -> BarLiquidity:
        """Return what the bars held say.

        Raises
        ------
        InsufficientDataError
            Before the first update.
        """
        if not self._count:
            raise InsufficientDataError("must hold a bar", found=0, field="window")
        rows = np.arange(max(self._count - self.window, 0), self._count) % self.window
        high, low, close, turnover = self._rows[:, rows]
        return bar_liquidity(
            self.markets, close, turnover, bars_per_day=self.bars_per_day, high=high, low=low
        )
