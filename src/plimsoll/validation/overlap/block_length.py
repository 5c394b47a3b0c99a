"""Length of blocks from the data: Politis and White's rule.

Econometric Reviews 23 (2004), with the correction of Patton, Politis and White (28, 2009): flat-top
estimates of the spectrum at zero and of its curvature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError, InsufficientDataError, UsageError

Vector = NDArray[np.float64]

_SIGNIFICANT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockLength:
    """Best mean length for the stationary, and length for the circular bootstrap."""

    stationary: float
    circular: float


def best_block_length(series: ArrayLike) -> BlockLength:
    """Best block length for the mean of a series.

    Raises
    ------
    InsufficientDataError
        Fewer than ten rows.
    EstimationError
        A constant series.
    """
    x = np.asarray(series, dtype=np.float64)
    if x.ndim != 1 or not bool(np.isfinite(x).all()):
        raise UsageError("must be a series of finite numbers", found=x.shape, field="series")
    n = x.size
    if n < 10:
        raise InsufficientDataError("must have ten rows", found=n)
    centred = x - x.mean()
    if not float(centred @ centred) > 1e-20 * float(x @ x):
        raise EstimationError("series must vary", found=float(x[0]))
    reach = max(5, int(math.log10(n)))
    longest = math.ceil(math.sqrt(n)) + reach
    top = min(3.0 * math.sqrt(n), n / 3.0)
    lags = min(2 * _bandwidth(centred, reach, longest, n), longest)
    return _rule(centred, lags, n, math.ceil(top))


def _bandwidth(centred: Vector, reach: int, longest: int, n: int) -> int:
    """Smallest lag after which ``reach`` correlations in a row are insignificant."""
    correlation = np.zeros(longest + 1)
    for lag in range(1, min(longest, n - 2) + 1):
        late, early = centred[lag:], centred[:-lag]
        norm = math.sqrt(float(late @ late) * float(early @ early))
        correlation[lag] = float(late @ early) / norm if norm > 0.0 else 0.0
    bound = _SIGNIFICANT * math.sqrt(math.log10(n) / n)
    small = np.abs(correlation[1:]) < bound
    for lag in range(longest - reach + 1):
        if small[lag : lag + reach].all():
            return max(1, lag)
    significant = np.flatnonzero(~small) + 1
    return int(max(1, significant.max())) if significant.size else 1


def _rule(centred: Vector, lags: int, n: int, top: float) -> BlockLength:
    curvature, spectrum = 0.0, float(centred @ centred) / n
    for lag in range(1, lags + 1):
        share = lag / lags
        weight = 1.0 if share <= 0.5 else 2.0 * (1.0 - share)
        covariance = float(centred[lag:] @ centred[:-lag]) / n
        curvature += 2.0 * weight * lag * covariance
        spectrum += 2.0 * weight * covariance
    lengths = []
    for constant in (2.0, 4.0 / 3.0):
        found = (2.0 * curvature**2 / (constant * spectrum**2)) ** (1 / 3) * n ** (1 / 3)
        lengths.append(float(min(max(found, 1.0), top)))
    return BlockLength(stationary=lengths[0], circular=lengths[1])
