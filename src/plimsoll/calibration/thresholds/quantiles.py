"""Quantiles on the safe side, and block-bootstrap standard errors of any statistic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError, ParameterError

FloatArray = NDArray[np.float64]

DRAWS = 200
LEAST = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value and its standard error (NaN: not estimated)."""

    value: float
    standard_error: float


def upper_quantile(values: FloatArray, confidence: float) -> float:
    """Smallest value that at least the share ``confidence`` does not exceed, at least 0.

    >>> upper_quantile(np.arange(1.0, 101.0), 0.99)
    99.0
    """
    if not 0.0 < confidence < 1.0:
        raise ParameterError("must lie in (0, 1)", found=confidence, field="confidence")
    return max(0.0, float(np.quantile(values, confidence, method="inverted_cdf")))


def block_estimate(
    values: FloatArray,
    statistic: Callable[[FloatArray], float],
    *,
    block: int = 1,
    seed: int = 0,
) -> Estimate:
    """Return a statistic of a series, with its circular block bootstrap standard error.

    Raises
    ------
    InsufficientDataError
        For fewer than 30 values.
    ParameterError
        For values that are not finite, or a block that is none.
    """
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or series.size < LEAST:
        raise InsufficientDataError(f"must be at least {LEAST}", found=series.shape, field="losses")
    if not bool(np.all(np.isfinite(series))):
        raise ParameterError(
            "must be finite", field="losses", remedy="leave out windows with holes"
        )
    if not 1 <= block <= series.size:
        raise ParameterError(f"must lie in 1 .. {series.size}", found=block, field="block")
    draw = np.random.Generator(np.random.PCG64(seed))
    count = -(-series.size // block)
    steps = np.arange(block)
    found = np.empty(DRAWS)
    for k in range(DRAWS):
        starts = draw.integers(0, series.size, count)
        rows = (starts[:, None] + steps).ravel()[: series.size] % series.size
        found[k] = statistic(series[rows])
    return Estimate(value=statistic(series), standard_error=float(found.std(ddof=1)))
