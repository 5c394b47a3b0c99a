"""How a margin behaves over time: cycles and calls of a constant position.

All figures are of margins as a share of notional, so that the price level plays no part. NaN is a
day without a number: it is skipped in extremes and means, and a call over n days needs both of
its ends. `Procyclicality.missing_days` says how many there were between the first and last number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import ParameterError, UsageError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

YEAR_DAYS = 365
CALL_DAYS = (1, 5, 20)
LARGE_CALL = 0.10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Procyclicality:
    """Figures of N margin paths, each an array (N,); NaN where a path is too short for one.

    Parameters
    ----------
    peak_to_trough : ndarray
        max / min over the whole path.
    trailing_peak_to_trough : ndarray
        max / min over the trailing year, mean over the days on which that year is complete.
    largest_call : dict of int to ndarray
        By n days: ``max_t(M[t + n] / M[t] - 1)``; negative where the margin only ever fell.
    log_change_sd : ndarray
        Standard deviation of the daily change of ln M.
    large_call_share : ndarray
        Share of days with a one-day call above 10 %.
    mean_margin : ndarray
    cost_ratio : ndarray
        Mean margin over the benchmark's mean, on the days when both have a number.
    scored_days, missing_days : ndarray
        Numbers, and days without one between the first and the last number (both in steps).
    """

    peak_to_trough: Vector
    trailing_peak_to_trough: Vector
    largest_call: dict[int, Vector]
    log_change_sd: Vector
    large_call_share: Vector
    mean_margin: Vector
    cost_ratio: Vector
    scored_days: NDArray[np.int64]
    missing_days: NDArray[np.int64]


def procyclicality(
    margin: ArrayLike,
    *,
    benchmark: ArrayLike | None = None,
    steps_per_day: int = 1,
    year_days: int = YEAR_DAYS,
    minimum_days: int | None = None,
    call_days: tuple[int, ...] = CALL_DAYS,
) -> Procyclicality:
    """Measure the procyclicality of margin paths.

    Parameters
    ----------
    margin : (T,) or (T, N) array_like
        Positive shares of notional on a regular grid, NaN = no number.
    benchmark : array_like, optional
        Of the same shape, for `cost_ratio` (NaN without it).
    steps_per_day : int
        Rows a day; calls and windows are counted in days.
    year_days : int
    minimum_days : int, optional
        Days a trailing window must reach back to count; the whole year where not given.
    call_days : tuple of int

    Raises
    ------
    UsageError
        For a margin that is zero, negative or infinite.

    Examples
    --------
    >>> found = procyclicality([0.10, 0.15, 0.12], call_days=(1,))
    >>> found.peak_to_trough, found.largest_call[1]
    (array([1.5]), array([0.5]))
    """
    paths = margin_paths(margin, "margin")
    if steps_per_day < 1 or year_days < 1 or any(n < 1 for n in call_days):
        raise ParameterError("steps and days must be at least 1", found=steps_per_day)
    window = year_days * steps_per_day
    minimum = window if minimum_days is None else min(minimum_days * steps_per_day, window)
    calls = {n: largest_call(paths, n * steps_per_day) for n in call_days}
    scored = np.isfinite(paths).sum(axis=0)
    high, low = _extreme(paths, np.fmax), _extreme(paths, np.fmin)
    return Procyclicality(
        peak_to_trough=high / low,
        trailing_peak_to_trough=trailing_peak_to_trough(
            np.array(paths.T, order="C"), window, minimum
        ),
        largest_call=calls,
        log_change_sd=_log_change_sd(paths, steps_per_day),
        large_call_share=_large_call_share(paths, steps_per_day),
        mean_margin=_mean(paths),
        cost_ratio=_cost_ratio(paths, benchmark),
        scored_days=scored.astype(np.int64),
        missing_days=(_span(paths) - scored).astype(np.int64),
    )


def margin_paths(margin: ArrayLike, field: str) -> Matrix:
    """Check margins and return them as (T, N)."""
    paths = np.asarray(margin, dtype=np.float64)
    paths = paths[:, None] if paths.ndim == 1 else paths
    if paths.ndim != 2 or paths.shape[0] == 0:
        raise UsageError("must be (times,) or (times, markets)", found=paths.shape, field=field)
    wrong = (paths <= 0.0) | np.isinf(paths)
    if wrong.any():
        row, column = (int(i[0]) for i in np.nonzero(wrong))
        raise UsageError(
            "must be positive and finite, or NaN for no number",
            found=float(paths[row, column]),
            field=f"{field}[:, {column}]",
            row=row,
        )
    return paths


def largest_call(paths: Matrix, steps: int) -> Vector:
    """(N,) largest relative increase over ``steps`` rows; NaN where no pair has both ends."""
    if paths.shape[0] <= steps:
        return np.full(paths.shape[1], np.nan)
    return _extreme(paths[steps:] / paths[:-steps] - 1.0, np.fmax)


@njit(cache=True, nogil=True)
def trailing_peak_to_trough(paths: Matrix, window: int, minimum: int) -> Vector:
    """(N,) mean over time of max / min over the trailing ``window`` columns of (N, T) paths.

    A day counts once the path is ``minimum`` steps old and has a number that day.
    """
    out = np.empty(paths.shape[0])
    highs = np.empty(paths.shape[1], dtype=np.int64)
    lows = np.empty(paths.shape[1], dtype=np.int64)
    for i in range(paths.shape[0]):
        path = paths[i]
        first = -1
        high_head = high_tail = low_head = low_tail = 0
        total = 0.0
        days = 0
        for t in range(path.size):
            if np.isnan(path[t]):
                continue
            first = t if first < 0 else first
            while high_tail > high_head and path[highs[high_tail - 1]] <= path[t]:
                high_tail -= 1
            while low_tail > low_head and path[lows[low_tail - 1]] >= path[t]:
                low_tail -= 1
            highs[high_tail] = lows[low_tail] = t
            high_tail += 1
            low_tail += 1
            while highs[high_head] <= t - window:
                high_head += 1
            while lows[low_head] <= t - window:
                low_head += 1
            if t - first + 1 >= minimum:
                total += path[highs[high_head]] / path[lows[low_head]]
                days += 1
        out[i] = total / days if days else np.nan
    return out


def _extreme(values: Matrix, extreme: np.ufunc) -> Vector:
    # fmax and fmin skip NaN and say nothing about columns without any number.
    out: Vector = extreme.reduce(values, axis=0)
    return out


def _mean(values: Matrix) -> Vector:
    count = np.isfinite(values).sum(axis=0)
    return _ratio(np.nansum(values, axis=0), count.astype(np.float64))


def _log_change_sd(paths: Matrix, steps: int) -> Vector:
    if paths.shape[0] <= steps:
        return np.full(paths.shape[1], np.nan)
    change = np.log(paths[steps:] / paths[:-steps])
    count = np.isfinite(change).sum(axis=0).astype(np.float64)
    squares = np.nansum((change - _mean(change)) ** 2, axis=0)
    out: Vector = np.sqrt(_ratio(squares, count - 1.0))
    return out


def _large_call_share(paths: Matrix, steps: int) -> Vector:
    if paths.shape[0] <= steps:
        return np.full(paths.shape[1], np.nan)
    call = paths[steps:] / paths[:-steps] - 1.0
    count = np.isfinite(call).sum(axis=0).astype(np.float64)
    return _ratio((call > LARGE_CALL).sum(axis=0).astype(np.float64), count)


def _cost_ratio(paths: Matrix, benchmark: ArrayLike | None) -> Vector:
    if benchmark is None:
        return np.full(paths.shape[1], np.nan)
    other = margin_paths(benchmark, "benchmark")
    if other.shape != paths.shape:
        raise UsageError(
            f"must have the margin's shape {paths.shape}", found=other.shape, field="benchmark"
        )
    both = np.isfinite(paths) & np.isfinite(other)
    return _ratio(np.where(both, paths, 0.0).sum(axis=0), np.where(both, other, 0.0).sum(axis=0))


def _ratio(numerator: Vector, denominator: Vector) -> Vector:
    out = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=out, where=denominator > 0.0)
    return out


def _span(paths: Matrix) -> NDArray[np.int64]:
    present = np.isfinite(paths)
    first = np.argmax(present, axis=0)
    last = paths.shape[0] - 1 - np.argmax(present[::-1], axis=0)
    out: NDArray[np.int64] = np.where(present.any(axis=0), last - first + 1, 0)
    return out
