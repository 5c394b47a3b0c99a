"""Which venue's price moves first, and by how long: the lag of the largest covariation.

The contrast `plimsoll.maths.lead_lag` is computed over a grid of lags on the observations as they
came. The lag is where it is largest in absolute value; its error comes from drawing blocks of time
with replacement, so that one burst of trades does not pose as many. Lags are differences of the two
clocks used: times of receipt at one place hold the two venues' ways to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError, UsageError
from plimsoll.maths.lead_lag import contrast_by_block

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_LEAST = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeadLag:
    """How long the second price follows the first.

    Parameters
    ----------
    lag_ns : int
        Positive: the first leads. On the grid.
    lag_se_ns : float
        Standard deviation of the lag over resampled blocks of time.
    interval_ns : tuple of int
        2.5 and 97.5 % quantiles of it.
    correlation : float
        Hayashi-Yoshida, at the lag.
    lead_lag_ratio : float
        Sum of squared correlations at positive over that at negative lags: above 1 the first
        leads (Huth and Abergel 2014).
    lags_ns : (L,) int64
    correlations : (L,) float64
    first_moves, second_moves : int
        Changes of the two prices.
    blocks : int
    """

    lag_ns: int
    lag_se_ns: float
    interval_ns: tuple[int, int]
    correlation: float
    lead_lag_ratio: float
    lags_ns: IntArray
    correlations: FloatArray
    first_moves: int
    second_moves: int
    blocks: int


def lag_grid(longest_ns: int, step_ns: int) -> IntArray:
    """Return lags from ``-longest_ns`` to ``longest_ns``, 0 among them.

    >>> lag_grid(20, 10).tolist()
    [-20, -10, 0, 10, 20]
    """
    if not 0 < step_ns <= longest_ns:
        must = "the step must be positive and at most the longest lag"
        raise ParameterError(must, found=(longest_ns, step_ns), field="longest_ns, step_ns")
    count = longest_ns // step_ns
    return np.arange(-count, count + 1, dtype=np.int64) * step_ns


def estimate_lead_lag(
    first_ns: ArrayLike,
    first_price: ArrayLike,
    second_ns: ArrayLike,
    second_price: ArrayLike,
    lags_ns: ArrayLike,
    *,
    blocks: int = 30,
    replicates: int = 500,
    seed: int = 0,
) -> LeadLag:
    """Return the lag between two prices observed whenever they were.

    Parameters
    ----------
    first_ns, second_ns : (n,), (m,) int64
        Not falling; of several observations at one time the last counts.
    first_price, second_price : (n,), (m,) float64
        Positive. Unchanged prices may be among them: they tell that nothing moved.
    lags_ns : (L,) int64
        Rising.
    blocks : int
        Of equal time; the number of changes differs.
    replicates, seed : int

    Raises
    ------
    UsageError
        For times that fall, prices that are none, lags that do not rise.
    InsufficientDataError
        For fewer than 30 changes of either price, or paths that never overlap in time.
    EstimationError
        Where the prices have no covariation at any lag.
    """
    x_time, x, moves = _path(first_ns, first_price, "first")
    y_time, y, other_moves = _path(second_ns, second_price, "second")
    lags = np.array(lags_ns, dtype=np.int64)
    if lags.ndim != 1 or lags.size < 3 or np.any(np.diff(lags) <= 0):
        raise UsageError("must be at least 3 rising lags", found=lags.shape, field="lags_ns")
    if blocks < 2 or replicates < 2:
        found = (blocks, replicates)
        raise ParameterError("must be at least 2", found=found, field="blocks, replicates")
    begin, end = max(x_time[0], y_time[0]), min(x_time[-1], y_time[-1])
    if begin >= end:
        raise InsufficientDataError("must overlap in time", found=0, field="first_ns, second_ns")
    block = _blocks(x_time[1:], int(begin), int(end), blocks)
    contrast = contrast_by_block(x_time, x, y_time, y, lags, block, blocks)
    total = contrast.sum(axis=1)
    if not np.any(total != 0.0):
        raise EstimationError("prices must covary at some lag", found=0.0, field="lags_ns")
    drawn = _resampled_lags(contrast, lags, replicates, seed)
    scale = np.sqrt(np.sum(np.diff(x) ** 2) * np.sum(np.diff(y) ** 2))
    correlations = total / scale
    at = int(np.argmax(np.abs(total)))
    low, high = np.quantile(drawn, [0.025, 0.975], method="nearest")
    return LeadLag(
        lag_ns=int(lags[at]),
        lag_se_ns=float(np.std(drawn, ddof=1)),
        interval_ns=(int(low), int(high)),
        correlation=float(correlations[at]),
        lead_lag_ratio=_ratio(lags, correlations),
        lags_ns=lags,
        correlations=correlations,
        first_moves=moves,
        second_moves=other_moves,
        blocks=blocks,
    )


def _path(time_ns: ArrayLike, price: ArrayLike, name: str) -> tuple[IntArray, FloatArray, int]:
    """Times, log prices with one observation a time, and the number of changes."""
    times, prices = np.array(time_ns, dtype=np.int64), np.array(price, dtype=np.float64)
    if times.ndim != 1 or times.shape != prices.shape:
        found = (times.shape, prices.shape)
        raise UsageError("times and prices must be vectors of one length", found=found, field=name)
    if np.any(np.diff(times) < 0):
        row = int(np.argmax(np.diff(times) < 0)) + 1
        raise UsageError("times must not fall", found=int(times[row]), field=name, row=row)
    bad = ~(np.isfinite(prices) & (prices > 0.0))
    if bad.any():
        row = int(np.argmax(bad))
        raise UsageError(
            "prices must be positive and finite",
            found=float(prices[row]),
            field=name,
            row=row,
            remedy="leave times without a price out",
        )
    last_of_time = np.append(np.diff(times) > 0, True)[: times.size]
    kept_times, logs = times[last_of_time], np.log(prices[last_of_time])
    moves = int(np.count_nonzero(np.diff(logs)))
    if moves < _LEAST:
        raise InsufficientDataError(f"must change at least {_LEAST} times", found=moves, field=name)
    return kept_times, logs, moves


def _blocks(time_ns: IntArray, begin_ns: int, end_ns: int, blocks: int) -> IntArray:
    """Block of equal time of each increment; those outside go to the nearest."""
    share = (time_ns - begin_ns) / float(end_ns - begin_ns)
    return np.clip(np.floor(share * blocks), 0, blocks - 1).astype(np.int64)


def _resampled_lags(contrast: FloatArray, lags: IntArray, replicates: int, seed: int) -> IntArray:
    """Lag of each resample of the blocks."""
    blocks = contrast.shape[1]
    drawn = np.random.default_rng(seed).multinomial(
        blocks, np.full(blocks, 1.0 / blocks), replicates
    )
    return np.asarray(lags[np.argmax(np.abs(contrast @ drawn.T), axis=0)])


def _ratio(lags: IntArray, correlations: FloatArray) -> float:
    """Squared correlations after over before; NaN where there is none before."""
    after = float(np.sum(correlations[lags > 0] ** 2))
    before = float(np.sum(correlations[lags < 0] ** 2))
    return after / before if before > 0.0 else float("nan")
