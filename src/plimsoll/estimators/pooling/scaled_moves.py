"""Moves over a horizon in units of the volatility forecast when they began, by market and day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.pooling.listing_panel import ListingPanel
from plimsoll.estimators.pooling.pooled_tail import PooledTail, pooled_tail

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

FALL, RISE = 0, 1
SIGNS = (-1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScaledMoves:
    """A pool in the order of the days.

    Parameters
    ----------
    moves : (n,) float64
        Signed, in units of volatility per bar.
    market, day : (n,) int64
        Column of the market, and midnight of the forecast the move was scaled with.
    delay_days : int
        Midnights after which all moves of a day are complete.
    """

    moves: FloatArray
    market: IntArray
    day: IntArray
    delay_days: int

    def known(self, day: int) -> ScaledMoves:
        """Moves that were complete at midnight ``day``."""
        stop = int(np.searchsorted(self.day, day - self.delay_days, side="right"))
        return ScaledMoves(
            moves=self.moves[:stop],
            market=self.market[:stop],
            day=self.day[:stop],
            delay_days=self.delay_days,
        )

    def without(self, market: int) -> ScaledMoves:
        """Moves of the others."""
        others = self.market != market
        return ScaledMoves(
            moves=self.moves[others],
            market=self.market[others],
            day=self.day[others],
            delay_days=self.delay_days,
        )

    def tails(self, confidence: float) -> tuple[PooledTail | None, PooledTail | None]:
        """Tail of falls and of rises."""
        fall, rise = (pooled_tail(sign * self.moves, self.market, confidence) for sign in SIGNS)
        return fall, rise


def scaled_moves(
    panel: ListingPanel,
    log_volatility: FloatArray,
    horizon_bars: int,
    members: BoolArray,
    stride_bars: int,
) -> ScaledMoves:
    """Pool the moves of ``members``, (D, N) bool, begun every ``stride_bars`` of each day."""
    bars, price = panel.days.bars, panel.log_price
    per_day = panel.days.bars_per_day
    found: list[tuple[FloatArray, IntArray, IntArray]] = []
    for offset in range(0, per_day, stride_bars):
        begin = bars - 1 + offset
        inside = (begin >= 0) & (begin + horizon_bars < price.shape[0])
        days = np.flatnonzero(inside)
        moves = price[begin[inside] + horizon_bars] - price[begin[inside]]
        moves = moves * np.exp(-log_volatility[inside])
        row, column = np.nonzero(members[inside] & np.isfinite(moves))
        found.append((moves[row, column], column, days[row]))
    moves, market, day = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(day, kind="stable")
    return ScaledMoves(
        moves=moves[order],
        market=market[order],
        day=day[order],
        delay_days=-(-(per_day - 1 + horizon_bars) // per_day),
    )
