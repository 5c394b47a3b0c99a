"""Merton's law of one return (1976): a normal with a Poisson number of normal jumps.

Given n jumps a return is normal with mean ``m + n mu`` and variance ``s^2 + n delta^2``. All terms
are positive. Terms after N add at most ``P(count > N) / sqrt(2 pi (s^2 + N delta^2))``, with
``P(count > N) <= p_(N+1) / (1 - lambda / (N + 2))``: the sum ends where that is less than 1e-16 of
it, at every point apart, so that far tails, which live on many jumps, keep their digits.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MOST_TERMS = 2000
_NEGLIGIBLE = 1e-16
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
_ROOT_HALF = math.sqrt(0.5)


@njit(cache=True, nogil=True)
def _is_last(n: int, weight: float, rate: float, deviation: float, total: float) -> bool:
    """Whether the terms after ``n`` are negligible; ``weight`` is the probability of n jumps."""
    if n + 2 <= rate:
        return False
    following = weight * rate / (n + 1.0)
    tail = following / (1.0 - rate / (n + 2.0))
    return tail <= _NEGLIGIBLE * total * deviation * _ROOT_TWO_PI


@njit(cache=True, nogil=True)
def merton_scores(values: Vector, theta: Vector, scores: Matrix) -> float:
    """Log-likelihood; derivatives by observation into ``scores`` (n, 5).

    ``theta``: m, log s, log lambda, mu, log delta. Minus infinity where a density underflows.
    """
    m, s, rate = theta[0], math.exp(theta[1]), math.exp(theta[2])
    mu, delta = theta[3], math.exp(theta[4])
    total = 0.0
    for i in range(values.size):
        density = _terms(values[i] - m, s, rate, mu, delta, scores[i])
        if not density > 0.0:
            return -np.inf
        scores[i] /= density
        total += math.log(density)
    return total


@njit(cache=True, nogil=True)
def _terms(y: float, s: float, rate: float, mu: float, delta: float, slopes: Vector) -> float:
    """Density at ``m + y``; its derivatives into ``slopes``."""
    slopes[:] = 0.0
    density, weight = 0.0, math.exp(-rate)
    for n in range(MOST_TERMS):
        variance = s * s + n * delta * delta
        deviation = math.sqrt(variance)
        z = (y - n * mu) / deviation
        term = weight * math.exp(-0.5 * z * z) / (deviation * _ROOT_TWO_PI)
        density += term
        slopes[0] += term * z / deviation
        slopes[1] += term * (z * z - 1.0) * s * s / variance
        slopes[2] += term * (n - rate)
        slopes[3] += term * n * z / deviation
        slopes[4] += term * (z * z - 1.0) * n * delta * delta / variance
        if _is_last(n, weight, rate, deviation, density):
            break
        weight *= rate / (n + 1.0)
    return density


@njit(cache=True, nogil=True)
def merton_density(
    values: Vector, m: float, s: float, rate: float, mu: float, delta: float
) -> Vector:
    """Density at every value."""
    out, slopes = np.empty(values.size), np.empty(5)
    for i in range(values.size):
        out[i] = _terms(values[i] - m, s, rate, mu, delta, slopes)
    return out


@njit(cache=True, nogil=True)
def merton_tail(
    value: float, m: float, s: float, rate: float, mu: float, delta: float
) -> tuple[float, float]:
    """Probability of a return at or below ``value``, and the mean of the return over that event.

    The second is ``E[x; x <= value]``, not divided by the probability. Neglected are numbers of
    jumps of a probability below 1e-18 together, times their mean.
    """
    probability, partial, weight, left = 0.0, 0.0, math.exp(-rate), 1.0
    for n in range(MOST_TERMS):
        deviation = math.sqrt(s * s + n * delta * delta)
        mean = m + n * mu
        z = (value - mean) / deviation
        below = 0.5 * math.erfc(-z * _ROOT_HALF)
        height = math.exp(-0.5 * z * z) / _ROOT_TWO_PI
        probability += weight * below
        partial += weight * (mean * below - deviation * height)
        left = weight * rate / (n + 1.0)
        if n + 2 > rate and left / (1.0 - rate / (n + 2.0)) < 1e-18:
            break
        weight = left
    return probability, partial
