"""Daily clusters, and the Newey-West variance of their sum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import ParameterError, UsageError

Array = NDArray[np.float64]

DEFAULT_LAGS = 5


def variance_of_sum(series: ArrayLike, lags: int) -> Any:
    """Newey-West variance of the *sum* of (D,) or (D, N) scores with mean zero, along axis 0.

    ``g_0 + 2 sum_{l=1}^{L} (1 - l / (L + 1)) g_l`` with ``g_l = sum_d s_d s_{d-l}`` (Newey and
    West, 1987; Bartlett weights keep it from being negative). Lags beyond the series are dropped.

    Examples
    --------
    >>> float(variance_of_sum([1.0, -1.0, 1.0, -1.0], 1))
    1.0
    """
    if lags < 0:
        raise ParameterError("must not be negative", found=lags, field="lags")
    s = np.asarray(series, dtype=np.float64)
    total = np.sum(s * s, axis=0)
    for lag in range(1, min(lags, s.shape[0] - 1) + 1):
        weight = 1.0 - lag / (lags + 1.0)
        total = total + 2.0 * weight * np.sum(s[lag:] * s[:-lag], axis=0)
    # The exact value is not negative; rounding may be.
    return np.maximum(total, 0.0)


def newey_west_covariance(sums: Array, lags: int) -> Array:
    """(k, k) Newey-West covariance of the sum of (D, k) centred moments."""
    out = sums.T @ sums
    for lag in range(1, min(lags, sums.shape[0] - 1) + 1):
        cross = sums[lag:].T @ sums[:-lag]
        out = out + (1.0 - lag / (lags + 1.0)) * (cross + cross.T)
    covariance: Array = out
    return covariance


def daily_sums(values: Array, time_ns: NDArray[np.int64]) -> Array:
    """Sum rows of (T,) or (T, N) by UTC day: one row for every day from the first to the last.

    Days without a row are rows of zeros, so that neighbours stay one day apart.
    """
    day = day_numbers(time_ns)
    first_rows = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    out = np.zeros((int(day[-1] - day[0]) + 1, *values.shape[1:]))
    out[day[first_rows] - day[0]] = np.add.reduceat(values, first_rows, axis=0)
    return out


def day_numbers(time_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """(T,) UTC day of each time, checked to be in order."""
    times = np.asarray(time_ns, dtype=np.int64)
    if times.ndim != 1 or times.size == 0:
        raise UsageError("must be a series of at least one time", found=times.shape)
    if bool(np.any(np.diff(times) <= 0)):
        row = int(np.flatnonzero(np.diff(times) <= 0)[0]) + 1
        raise UsageError("must rise", found=int(times[row]), field="time_ns", row=row)
    days: NDArray[np.int64] = times // DAY_NS
    return days
