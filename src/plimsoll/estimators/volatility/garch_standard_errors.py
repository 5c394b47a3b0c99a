"""Robust covariance of the parameters of the GARCH family.

The sandwich ``A^-1 B A^-1 / n`` of Bollerslev and Wooldridge (1992): A is the mean Hessian of the
log-likelihood, B the covariance of the scores.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import EstimationError
from plimsoll.estimators.observations import Vector
from plimsoll.estimators.volatility.garch_parameters import (
    FamilyParameters,
    family_kind,
    family_theta,
)
from plimsoll.maths.egarch_recursion import LOG_VARIANCE_SPAN
from plimsoll.maths.garch_family_likelihood import EGARCH, family_scores
from plimsoll.maths.garch_family_optimiser import family_hessian

Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SINGULAR = 1e14


def robust_standard_errors(
    returns: Vector,
    parameters: FamilyParameters,
    *,
    start: int,
    presample: float,
    estimated: Flags,
) -> dict[str, float]:
    """Standard errors by parameter name, 0 where ``estimated`` (7,) is False.

    Raises
    ------
    EstimationError
        The Hessian is singular: the data do not determine the parameters.
    """
    covariance = robust_covariance(
        returns, parameters, start=start, presample=presample, estimated=estimated
    )
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    names = ("mean", "omega", "alpha", "gamma", "beta", "degrees_of_freedom", "skew")
    return {name: float(e) for name, e in zip(names, errors, strict=True)}


def robust_covariance(
    returns: Vector,
    parameters: FamilyParameters,
    *,
    start: int,
    presample: float,
    estimated: Flags,
) -> Matrix:
    """Covariance (7, 7) of mean, omega, alpha, gamma, beta, nu, skew; see the module text.

    Computed for returns of unit variance and translated, so that units do not touch the digits.
    """
    scale, kind = float(np.std(returns)), family_kind(parameters)
    theta = family_theta(parameters)
    theta[0] /= scale
    square = scale * scale
    if kind == EGARCH:
        theta[1] -= (1.0 - theta[4]) * np.log(square)
    else:
        theta[1] /= square
    scaled = np.array(returns) / scale
    scores, hessian = np.empty((returns.size, 7)), np.empty((7, 7))
    low, high = -LOG_VARIANCE_SPAN, LOG_VARIANCE_SPAN
    settings = (kind, start, presample / square, low, high)
    family_hessian(scaled, theta, *settings, scores, hessian)
    family_scores(scaled, theta, *settings, scores)
    inner = _sandwich(scores[:, estimated], hessian[np.ix_(estimated, estimated)])
    covariance = np.zeros((7, 7))
    covariance[np.ix_(estimated, estimated)] = inner
    jacobian = _unit_jacobian(theta, scale, kind)
    translated: Matrix = jacobian @ covariance @ jacobian.T
    return translated


def _sandwich(scores: Matrix, hessian: Matrix) -> Matrix:
    if not np.all(np.isfinite(hessian)) or np.linalg.cond(_standardised(hessian)) > _SINGULAR:
        raise EstimationError(
            "the Hessian of the likelihood must be regular",
            found="a singular matrix",
            remedy="use a longer history or a model with fewer parameters",
        )
    inverse = np.linalg.inv(hessian)
    middle = np.atleast_2d(np.cov(scores.T)) * scores.shape[0]
    return np.asarray(inverse @ middle @ inverse, dtype=np.float64)


def _standardised(hessian: Matrix) -> Matrix:
    """The matrix with unit diagonal: its condition does not depend on units."""
    root = np.sqrt(np.abs(np.diag(hessian)))
    safe = np.where(root > 0.0, root, 1.0)
    return np.asarray(hessian / np.outer(safe, safe), dtype=np.float64)


def _unit_jacobian(theta: Vector, scale: float, kind: int) -> Matrix:
    """Derivatives of the parameters in the units of the returns in the scaled ones."""
    jacobian = np.eye(7)
    jacobian[0, 0] = scale
    if kind == EGARCH:
        jacobian[1, 4] = -2.0 * np.log(scale)
    else:
        jacobian[1, 1] = scale * scale
    if theta[5] > 0.0:
        jacobian[5, 5] = -1.0 / (theta[5] * theta[5])
    return jacobian
