"""Log scales of moves from log volatilities on several scales, the long one last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

STUCK = -3.0
LEAST_LOG_VOLATILITY = float(np.log(2e-6))
"""Of a bar: what does not move more has no volatility."""
NO_BOUND = (-np.inf, np.inf)


def log_scale(
    log_volatility: FloatArray,
    weights: FloatArray,
    horizon_bars: int,
    reach: tuple[float, float],
) -> FloatArray:
    """(S, N) log volatility of a move from (S, N, K + 1) log volatilities of a bar.

    The long scale stands last; ``weights`` is (S, K). The short ones move the blend no farther
    from the long one than ``reach``, the lowest and the highest log distance.
    """
    long = log_volatility[:, :, -1]
    short = above_long(log_volatility)
    distance = np.zeros(long.shape)
    for k in range(weights.shape[1]):
        distance = distance + weights[:, k, None] * short[:, :, k]
    usual = np.where(long > LEAST_LOG_VOLATILITY, long, np.nan)
    return np.asarray(usual + np.clip(distance, *reach) + 0.5 * np.log(horizon_bars))


def above_long(log_volatility: FloatArray) -> FloatArray:
    """(S, N, K) log volatility of the short scales less the long one's, `STUCK` at least.

    A twentieth of the usual volatility is what a price comes to that does not change for more than
    a day: that is a feed, not a calm market, and lowers a scale no further.
    """
    return np.maximum(log_volatility[:, :, :-1] - log_volatility[:, :, -1:], STUCK)


def moving(log_volatility: FloatArray) -> NDArray[np.bool_]:
    """(S, N) the market has a volatility and is not stuck: its moves may be learnt from."""
    short = log_volatility[:, :, :-1] - log_volatility[:, :, -1:]
    usual = log_volatility[:, :, -1] > LEAST_LOG_VOLATILITY
    return np.asarray(usual & (short > STUCK).all(axis=2))
