"""Two-piece Student-t: Hansen's skewed t freed of its need for a variance.

``x = mode + scale * y`` where y has the density ``t_nu(y / (1 - lambda))`` below zero and
``t_nu(y / (1 + lambda))`` above. With ``nu > 2`` it is the law of Hansen (1994) in other
parameters: his are mean, standard deviation, ``eta = nu`` and the same ``lambda``. Here the law
lives on for ``nu <= 2``, where his density does not exist.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import special

from plimsoll.maths.special import digamma, log_gamma_half_ratio

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_LOG_PI = math.log(math.pi)


@njit(cache=True, nogil=True, error_model="numpy")
def two_piece_t_scores(values: Vector, theta: Vector, scores: Matrix) -> float:
    """Log-likelihood; derivatives by observation into ``scores`` (n, 4).

    Coordinates: mode, log scale, log nu, artanh lambda.
    """
    mode, scale, nu = theta[0], math.exp(theta[1]), math.exp(theta[2])
    skew = math.tanh(theta[3])
    constant = log_gamma_half_ratio(0.5 * nu) - 0.5 * (math.log(nu) + _LOG_PI) - theta[1]
    by_nu = digamma(0.5 * nu + 0.5) - digamma(0.5 * nu) - 1.0 / nu
    total = 0.0
    for i in range(values.size):
        y = (values[i] - mode) / scale
        side = 1.0 if y >= 0.0 else -1.0
        width = 1.0 + side * skew
        u = y / width
        logarithm = math.log1p(u * u / nu)
        weight = (nu + 1.0) / (nu + u * u)
        pull = weight * u * u
        total += constant - 0.5 * (nu + 1.0) * logarithm
        scores[i, 0] = weight * u / (width * scale)
        scores[i, 1] = pull - 1.0
        scores[i, 2] = 0.5 * nu * (by_nu - logarithm + pull / nu)
        scores[i, 3] = side * pull / width * (1.0 - skew * skew)
    return total


def _log_t(u: Any, nu: float) -> Any:
    constant = log_gamma_half_ratio(0.5 * nu) - 0.5 * (math.log(nu) + _LOG_PI)
    return constant - 0.5 * (nu + 1.0) * np.log1p(u * u / nu)


def two_piece_t_log_density(y: Any, nu: float, skew: float) -> Any:
    """Log density of the standard law (mode 0, scale 1)."""
    y = np.asarray(y, dtype=np.float64)
    return _log_t(y / np.where(y < 0.0, 1.0 - skew, 1.0 + skew), nu)


def two_piece_t_cdf(y: Any, nu: float, skew: float) -> Any:
    """Probability of a value at or below ``y``, standard law.

    Examples
    --------
    >>> round(float(two_piece_t_cdf(0.0, 4.0, 0.2)), 12)
    0.4
    """
    y = np.asarray(y, dtype=np.float64)
    below = (1.0 - skew) * special.stdtr(nu, y / (1.0 - skew))
    above = 1.0 - (1.0 + skew) * special.stdtr(nu, -y / (1.0 + skew))
    return np.where(y < 0.0, below, above)


def two_piece_t_quantile(probability: Any, nu: float, skew: float) -> Any:
    """Inverse of :func:`two_piece_t_cdf`."""
    p = np.asarray(probability, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        below = (1.0 - skew) * special.stdtrit(nu, np.minimum(p / (1.0 - skew), 0.5))
        above = -(1.0 + skew) * special.stdtrit(nu, np.minimum((1.0 - p) / (1.0 + skew), 0.5))
    return np.where(p < 0.5 * (1.0 - skew), below, above)


def two_piece_t_lower_mean(q: float, nu: float, skew: float) -> float:
    """``E[y; y <= q]`` of the standard law, ``nu > 1``."""

    def partial(u: float) -> float:
        return -math.exp(float(_log_t(u, nu))) * (nu + u * u) / (nu - 1.0)

    if q < 0.0:
        return (1.0 - skew) ** 2 * partial(q / (1.0 - skew))
    rise = partial(q / (1.0 + skew)) - partial(0.0)
    return (1.0 - skew) ** 2 * partial(0.0) + (1.0 + skew) ** 2 * rise


def two_piece_t_moments(nu: float, skew: float) -> tuple[float, float]:
    """Mean and standard deviation of the standard law, ``nu > 2``."""
    mean = 4.0 * skew * math.exp(float(_log_t(0.0, nu))) * nu / (nu - 1.0)
    square = (1.0 + 3.0 * skew * skew) * nu / (nu - 2.0)
    return mean, math.sqrt(square - mean * mean)
