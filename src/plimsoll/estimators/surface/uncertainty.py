"""How well a fitted smile is known: Laplace's approximation around it.

A quote is taken for a measurement of the smile whose error, in half-spreads, has the dispersion
seen on its own expiry, shrunk towards that of the whole surface, and quotes that fit badly count
less, as in the fit. Quotes of one expiry are not independent - one market maker moves them
together - so that no smile is known better than from ``INDEPENDENT`` such measurements.
"""

from __future__ import annotations

import numpy as np

from plimsoll.domain.option_chain import FloatArray, IntArray
from plimsoll.maths.surface_fit_curve import (
    CENTRE,
    COORDINATES,
    LOG_LEFT,
    LOG_LEVEL,
    LOG_RIGHT,
    LOG_WIDTH,
)
from plimsoll.maths.surface_fit_information import (
    inverse_blocks,
    quote_residuals,
    surface_information,
)
from plimsoll.maths.surface_fit_problem import SurfaceProblem

INDEPENDENT = 8.0
"""Quotes of an expiry worth counting; more of them repeat what these say."""
_SHRINKAGE = 10.0
_LEAST_DISPERSION = 0.1
_FAR = 3.0


def smile_covariances(problem: SurfaceProblem, theta: FloatArray) -> FloatArray:
    """(n, 5, 5) posterior covariances of raw a, b, rho, m, sigma; positive definite.

    Parameters
    ----------
    problem : SurfaceProblem
        With the priors of the fit.
    theta : (n, 5) float64
        The fit, in its coordinates.
    """
    residuals = np.empty(problem.k.size)
    quote_residuals(problem, theta, residuals)
    counts = np.diff(problem.first)
    expiry = np.repeat(np.arange(counts.size), counts)
    share = np.minimum(1.0, INDEPENDENT / np.maximum(counts, 1))[expiry]
    robust = problem.weight / (1.0 + residuals**2)
    dispersion = _dispersion(residuals, problem.weight, expiry, counts)
    blocks = (counts.size, COORDINATES, COORDINATES)
    diagonal, coupling = np.empty(blocks), np.empty(blocks)
    weights = share * robust / dispersion[expiry] ** 2
    surface_information(problem, theta, weights, diagonal, coupling)
    jacobian = raw_jacobian(theta, problem.deviation)
    root = jacobian @ np.linalg.cholesky(inverse_blocks(diagonal, coupling))
    covariance: FloatArray = root @ root.transpose(0, 2, 1)
    return covariance


def raw_jacobian(theta: FloatArray, deviation: FloatArray) -> FloatArray:
    """(n, 5, 5) derivatives of a, b, rho, m, sigma (rows) by the fit's coordinates (columns)."""
    left, right = 0.5 * np.exp(theta[:, LOG_LEFT]), 0.5 * np.exp(theta[:, LOG_RIGHT])
    centre, width = theta[:, CENTRE], np.exp(theta[:, LOG_WIDTH])
    at_zero, square = np.hypot(centre, width), deviation**2
    jacobian = np.zeros((*theta.shape, COORDINATES))
    jacobian[:, 0, LOG_LEVEL] = square * np.exp(theta[:, LOG_LEVEL])
    jacobian[:, 0, LOG_LEFT] = -square * left * (at_zero + centre)
    jacobian[:, 0, LOG_RIGHT] = -square * right * (at_zero - centre)
    jacobian[:, 0, CENTRE] = square * (right - left - (left + right) * centre / at_zero)
    jacobian[:, 0, LOG_WIDTH] = -square * (left + right) * width**2 / at_zero
    jacobian[:, 1, LOG_LEFT], jacobian[:, 1, LOG_RIGHT] = deviation * left, deviation * right
    tilt = 2.0 * left * right / (left + right) ** 2
    jacobian[:, 2, LOG_LEFT], jacobian[:, 2, LOG_RIGHT] = -tilt, tilt
    jacobian[:, 3, CENTRE] = deviation
    jacobian[:, 4, LOG_WIDTH] = deviation * width
    return jacobian


def _dispersion(
    residuals: FloatArray, weight: FloatArray, expiry: IntArray, counts: IntArray
) -> FloatArray:
    """(n,) dispersion of the residuals of each expiry, in half-spreads."""
    n = counts.size
    squares = weight * np.minimum(np.abs(residuals), _FAR) ** 2
    total = np.bincount(expiry, weights=squares, minlength=n)
    freedom = np.maximum(np.bincount(expiry, weights=weight, minlength=n) - COORDINATES, 0.0)
    pooled = total.sum() / max(freedom.sum(), 1.0)
    variance = (total + _SHRINKAGE * pooled) / (freedom + _SHRINKAGE)
    dispersion: FloatArray = np.maximum(np.sqrt(variance), _LEAST_DISPERSION)
    return dispersion
