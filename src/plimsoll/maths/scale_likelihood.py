r"""Student-t likelihood of moves whose log scale is linear in features.

.. math:: \ln s_j = c + x_j^\top a, \qquad y_j / s_j \sim t_\nu,

minus a penalty :math:`\kappa\,\mathrm{Var}(x^\top a)` that keeps the scale calm.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@njit(cache=True, nogil=True)
def _data_terms(
    features: Matrix, moves: Vector, weights: Vector, intercept: float, nu: float, gradient: Vector
) -> float:
    """Sum of what depends on the data; writes its gradient in weights, intercept and nu."""
    count, width = features.shape
    total = 0.0
    gradient[:] = 0.0
    for j in range(count):
        log_scale = intercept
        for k in range(width):
            log_scale += features[j, k] * weights[k]
        square = (moves[j] * math.exp(-log_scale)) ** 2 / nu
        bend = math.log1p(square)
        total -= log_scale + 0.5 * (nu + 1.0) * bend
        pull = (nu + 1.0) * square / (1.0 + square) - 1.0
        for k in range(width):
            gradient[k] += pull * features[j, k]
        gradient[width] += pull
        gradient[width + 1] += 0.5 * (nu + 1.0) / nu * square / (1.0 + square) - 0.5 * bend
    return total


def feature_covariance(features: Matrix) -> Matrix:
    """(K, K) covariance of the features, over n."""
    centred = features - features.mean(axis=0)
    return np.asarray(centred.T @ centred / features.shape[0])


def penalised_likelihood(
    parameters: Vector, features: Matrix, moves: Vector, calm: float, covariance: Matrix
) -> tuple[float, Vector]:
    """Minus the mean log-likelihood plus penalty, and its gradient.

    Parameters
    ----------
    parameters : (K + 2,) float64
        Weights, intercept, ``ln(nu - 2)``.
    features : (n, K) float64
    moves : (n,) float64
    calm : float
        Weight of the variance of the log scale.
    covariance : (K, K) float64
        `feature_covariance` of the features.
    """
    count, width = features.shape
    weights = np.ascontiguousarray(parameters[:width])
    nu = 2.0 + math.exp(parameters[width + 1])
    gradient = np.empty(width + 2)
    total = _data_terms(features, moves, weights, float(parameters[width]), nu, gradient)
    constant = gammaln(0.5 * (nu + 1.0)) - gammaln(0.5 * nu) - 0.5 * math.log(math.pi * nu)
    slope = 0.5 * digamma(0.5 * (nu + 1.0)) - 0.5 * digamma(0.5 * nu) - 0.5 / nu
    gradient /= -count
    gradient[width + 1] = (gradient[width + 1] - slope) * (nu - 2.0)
    pull = covariance @ weights
    gradient[:width] += 2.0 * calm * pull
    return -(total / count + constant) + calm * float(weights @ pull), gradient
