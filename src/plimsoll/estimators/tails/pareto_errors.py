"""Covariance of a fitted generalised Pareto tail: information, sandwich, block bootstrap.

Three numbers are uncertain: shape, scale and the share of observations above the threshold. With
dependence the exceedances of one block move together, both in number and in size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.tails.likelihood_errors import ErrorKind
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.block_resampling import block_counts
from plimsoll.maths.gpd import gpd_fit_pwm, gpd_tail_quantile
from plimsoll.maths.gpd_fit import gpd_fit_mle, gpd_observed_information, gpd_scores

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]

_STEP = 1e-5
_USABLE_SHARE = 0.9
_FEWEST = 5


def pareto_covariance(
    kind: ErrorKind,
    *,
    method: str,
    excesses: Vector,
    rows: Index,
    shape: float,
    scale: float,
    exceedances: int,
    observations: int,
    block_length: int,
    replicates: int,
    seed: int,
) -> Matrix:
    """Covariance (3, 3) of shape, scale and share of exceedances.

    Raises
    ------
    ParameterError
        A curvature asked of a fit that is not maximum likelihood, or blocks out of range.
    EstimationError
        No positive definite information, or too many resamples without a fit.
    """
    check_choice(kind, ErrorKind, field="kind")
    if not 1 <= block_length <= observations // 2:
        raise ParameterError(
            f"must lie in 1 .. {observations // 2}, half the observations",
            found=block_length,
            field="block_length",
        )
    if kind == "block_bootstrap":
        per_peak = exceedances / excesses.size
        counts = block_counts(
            observations, block_length=block_length, replicates=replicates, seed=seed
        )
        return _bootstrap(excesses, counts[:, rows], method, per_peak / observations)
    inverse = _inverse_information(excesses, shape, scale, method)
    share = exceedances / observations
    if kind == "information":
        covariance = np.zeros((3, 3))
        covariance[:2, :2] = inverse
        covariance[2, 2] = share * (1.0 - share) / observations
        return covariance
    scores = np.empty((excesses.size, 2))
    gpd_scores(excesses, shape, scale, scores)
    return _sandwich(inverse, scores, rows, share, observations, block_length)


def _inverse_information(excesses: Vector, shape: float, scale: float, method: str) -> Matrix:
    if method != "mle":
        raise ParameterError(
            "standard errors from the curvature need a maximum-likelihood fit",
            found=method,
            remedy='use method "mle", or kind "block_bootstrap"',
            field="method",
        )
    by_xi, cross, by_beta = gpd_observed_information(excesses, shape, scale)
    determinant = by_xi * by_beta - cross * cross
    if not (by_xi > 0.0 and determinant > 0.0):
        raise EstimationError(
            "the observed information must be positive definite",
            found=f"xi {shape:.3g}",
            remedy="standard errors do not exist for xi at or below -0.5; use the bootstrap",
        )
    return np.array([[by_beta, -cross], [-cross, by_xi]]) / determinant


def _sandwich(
    inverse: Matrix, scores: Matrix, rows: Index, share: float, observations: int, length: int
) -> Matrix:
    """Sum over blocks of the outer product of their influence on the three numbers."""
    blocks = -(-observations // length)
    # Of declustered excesses each stands for the mean size of a cluster.
    influence = np.column_stack((scores @ inverse, np.full(rows.size, share / rows.size)))
    sums = np.zeros((blocks, 3))
    np.add.at(sums, rows // length, influence)
    sizes = np.minimum(length, observations - length * np.arange(blocks))
    sums[:, 2] -= share * sizes / observations
    return np.asarray(sums.T @ sums, dtype=np.float64)


def _bootstrap(excesses: Vector, counts: Index, method: str, per_count: float) -> Matrix:
    found = []
    for row in counts:
        drawn = np.repeat(excesses, row)  # ascending, as the moments need them
        if drawn.size < _FEWEST:
            continue
        xi, beta = gpd_fit_pwm(drawn) if method == "pwm" else gpd_fit_mle(drawn)[:2]
        if np.isfinite(xi):
            found.append((xi, beta, per_count * drawn.size))
    if len(found) < _USABLE_SHARE * counts.shape[0]:
        raise EstimationError(
            "nine in ten resamples must have a usable tail",
            found=f"{len(found)} of {counts.shape[0]}",
            remedy="use a longer history, a larger tail fraction or shorter blocks",
        )
    return np.asarray(np.cov(np.array(found).T), dtype=np.float64)


def quantile_slopes(threshold: float, point: Vector, confidence: float) -> Vector:
    """Derivatives of the tail quantile in shape, scale and share of exceedances."""
    slope = np.empty(3)
    for i in range(3):
        step = np.zeros(3)
        step[i] = _STEP * max(abs(point[i]), 0.1 if i == 0 else 0.0)
        up, down = point + step, point - step
        slope[i] = (
            gpd_tail_quantile(threshold, up[0], up[1], up[2], confidence)
            - gpd_tail_quantile(threshold, down[0], down[1], down[2], confidence)
        ) / (2.0 * step[i])
    return slope
