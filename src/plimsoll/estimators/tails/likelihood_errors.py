"""Standard errors of maximum-likelihood fits: information, sandwich, block bootstrap.

The sandwich ``A^-1 B A^-1`` takes A, the Hessian of the log-likelihood, from differences of its
exact gradient and B from the scores (White, 1982). With ``block_length`` above one B sums the
scores over consecutive blocks, which keeps the covariance of neighbours (Bartlett's idea in its
simplest form); volatility clusters, so daily returns need blocks of about a month.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.tails.family import LikelihoodPoint
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.block_resampling import block_counts
from plimsoll.maths.likelihood_search import climb, hessian_of, polish

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
ErrorKind = Literal["sandwich", "information", "block_bootstrap"]

_USABLE_SHARE = 0.9
_STEP = 1e-6


def covariance_of(
    point: LikelihoodPoint,
    kind: ErrorKind,
    *,
    block_length: int = 1,
    replicates: int = 200,
    seed: int = 0,
) -> Matrix:
    """Covariance of the published parameters.

    Parameters
    ----------
    kind : {"sandwich", "information", "block_bootstrap"}
    block_length : int
        Consecutive observations in a block, 1 for independent ones; not used by "information".
    replicates, seed : int
        Of the bootstrap.

    Raises
    ------
    ParameterError
        Arguments outside their domain.
    EstimationError
        The maximum lies on a bound of the search or the Hessian is singular; or more than a tenth
        of the resamples cannot be fitted.
    """
    check_choice(kind, ErrorKind, field="kind")
    if not 1 <= block_length <= point.values.size // 2:
        raise ParameterError(
            f"must lie in 1 .. {point.values.size // 2}, half the observations",
            found=block_length,
            field="block_length",
        )
    if kind == "block_bootstrap":
        return _bootstrap(point, block_length, replicates, seed)
    inverse = _inverse_hessian(point)
    covariance = inverse if kind == "information" else _sandwich(point, inverse, block_length)
    jacobian = _jacobian(point)
    return np.asarray(jacobian @ covariance @ jacobian.T, dtype=np.float64)


def _inverse_hessian(point: LikelihoodPoint) -> Matrix:
    """Inverse of minus the Hessian in coordinates, positive definite."""
    if point.bounds_reached:
        raise EstimationError(
            "standard errors from the curvature need a maximum inside the bounds",
            found=f"{', '.join(point.bounds_reached)} on a bound",
            remedy='use kind="block_bootstrap" or a law with fewer parameters',
        )
    low, high = point.family.box()
    objective = point.family.objective(np.array(point.values))
    information = -hessian_of(objective, np.array(point.coordinates), low, high)
    scale = np.sqrt(np.abs(np.diag(information)))
    if not (np.all(scale > 0.0) and np.isfinite(information).all()):
        raise _flat()
    scaled = information / np.outer(scale, scale)
    if np.linalg.eigvalsh(scaled)[0] < 1e-10:
        raise _flat()
    return np.asarray(np.linalg.inv(scaled) / np.outer(scale, scale), dtype=np.float64)


def _flat() -> EstimationError:
    return EstimationError(
        "the observed information must be positive definite",
        found="a flat direction of the likelihood",
        remedy='use kind="block_bootstrap", a longer history or a law with fewer parameters',
    )


def _sandwich(point: LikelihoodPoint, inverse: Matrix, block_length: int) -> Matrix:
    _, scores = point.family.objective(np.array(point.values))(np.array(point.coordinates))
    starts = np.arange(0, scores.shape[0], block_length)
    sums = np.add.reduceat(scores, starts, axis=0)
    return np.asarray(inverse @ (sums.T @ sums) @ inverse, dtype=np.float64)


def _jacobian(point: LikelihoodPoint) -> Matrix:
    """Derivatives of the published parameters in the coordinates, by central differences."""
    columns = []
    for i in range(point.coordinates.size):
        step = np.zeros(point.coordinates.size)
        step[i] = _STEP
        up = point.family.published(point.coordinates + step, point.centre, point.spread)
        down = point.family.published(point.coordinates - step, point.centre, point.spread)
        columns.append((up - down) / (2.0 * _STEP))
    return np.array(columns).T


def _bootstrap(point: LikelihoodPoint, block_length: int, replicates: int, seed: int) -> Matrix:
    """Covariance over refits of circular-block resamples, each climbed from the fit."""
    low, high = point.family.box()
    values, start = np.array(point.values), np.array(point.coordinates)
    counts = block_counts(values.size, block_length=block_length, replicates=replicates, seed=seed)
    found = []
    for row in counts:
        objective = point.family.objective(np.repeat(values, row))
        summit = climb(objective, start, low, high, gain=1e-3)
        if not summit.converged:
            summit = polish(objective, summit, low, high)
        if summit.converged:
            found.append(point.family.published(summit.coordinates, point.centre, point.spread))
    if len(found) < _USABLE_SHARE * replicates:
        raise EstimationError(
            "nine in ten resamples must have a maximum of the likelihood",
            found=f"{len(found)} of {replicates}",
            remedy="use a longer history or a law with fewer parameters",
        )
    return np.atleast_2d(np.cov(np.array(found).T))
