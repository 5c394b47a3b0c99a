"""Least squares of one regressor with standard errors that survive dependence.

Newey and West (1987): Bartlett weights, no small-sample factor; lags by default
``floor(4 (n / 100)^(2/9))``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class Regression(NamedTuple):
    """One slope."""

    slope: float
    slope_se: float
    intercept: float  # 0 where there is none
    r_squared: float  # about the mean with an intercept, about zero without
    observations: int
    lags: int


def newey_west_lags(count: int) -> int:
    """Return the default number of lags for ``count`` observations.

    >>> newey_west_lags(100), newey_west_lags(1000)
    (4, 6)
    """
    return int(4.0 * (count / 100.0) ** (2.0 / 9.0))


def hac_regression(
    x: Vector, y: Vector, *, intercept: bool = True, lags: int | None = None
) -> Regression:
    """Regress ``y`` on ``x``.

    Parameters
    ----------
    x, y : (n,) float64
        Finite, in time order; ``x`` varies (with an intercept) or is not all zero.
    intercept : bool
    lags : int, optional
        Of the standard error; 0 is White's.
    """
    count = x.size
    design = np.column_stack([np.ones(count), x]) if intercept else x[:, None]
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ (design.T @ y)
    residuals = y - design @ coefficients
    used = newey_west_lags(count) if lags is None else lags
    covariance = inverse @ _long_run(design * residuals[:, None], used) @ inverse
    centred = y - y.mean() if intercept else y
    total = float(centred @ centred)
    return Regression(
        slope=float(coefficients[-1]),
        slope_se=float(np.sqrt(covariance[-1, -1])),
        intercept=float(coefficients[0]) if intercept else 0.0,
        r_squared=1.0 - float(residuals @ residuals) / total if total > 0.0 else 0.0,
        observations=count,
        lags=used,
    )


def _long_run(scores: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """Sum of the scores' autocovariances under Bartlett weights."""
    total = scores.T @ scores
    for lag in range(1, min(lags, scores.shape[0] - 1) + 1):
        cross = scores[lag:].T @ scores[:-lag]
        total = total + (1.0 - lag / (lags + 1.0)) * (cross + cross.T)
    return np.asarray(total)
