r"""Hansen's skewed Student-t: density, distribution, quantile, expected shortfall, moments.

.. math::
    f(z) = b c \left(1 + \frac{1}{\nu-2}
           \left(\frac{b z + a}{1 + \lambda\,\mathrm{sign}(b z + a)}\right)^2\right)^{-(\nu+1)/2}

with mean 0 and variance 1, ``nu > 2`` degrees of freedom (the ``eta`` of the ``arch`` package) and
skewness parameter ``-1 < lambda < 1``; negative lambda is a longer left tail, 0 is the
unit-variance Student-t (B. E. Hansen, *Autoregressive conditional density estimation*,
International Economic Review 35, 1994, equations 10-13). The constants are
``c = Gamma((nu+1)/2) / (sqrt(pi (nu-2)) Gamma(nu/2))``, ``a = 4 lambda c (nu-2)/(nu-1)`` and
``b**2 = 1 + 3 lambda**2 - a**2``.

Fernandez and Steel's standardised skewed t is the same family, with
``lambda = (xi**2 - 1) / (xi**2 + 1)``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.maths.garch_likelihood import student_t_constant

Vector = NDArray[np.float64]


@njit(cache=True, nogil=True, error_model="numpy")
def hansen_constants(eta: float, skew: float) -> tuple[float, float, float]:
    """Location ``a``, scale ``b`` and log of ``b c``, at ``eta = 1 / nu``."""
    nu = 1.0 / eta
    log_c, _ = student_t_constant(eta)
    a = 4.0 * skew * math.exp(log_c) * (nu - 2.0) / (nu - 1.0)
    b = math.sqrt(1.0 + 3.0 * skew * skew - a * a)
    return a, b, math.log(b) + log_c


@njit(cache=True, nogil=True, error_model="numpy")
def hansen_constant_slopes(eta: float, skew: float) -> tuple[float, float, float, float, float]:
    """Derivatives of ``a`` and ``b`` in lambda and nu, and of ``log c`` in nu."""
    nu = 1.0 / eta
    log_c, by_eta = student_t_constant(eta)
    c, ratio, c_slope = math.exp(log_c), (nu - 2.0) / (nu - 1.0), -by_eta * eta * eta
    a = 4.0 * skew * c * ratio
    b = math.sqrt(1.0 + 3.0 * skew * skew - a * a)
    a_skew = 4.0 * c * ratio
    a_nu = 4.0 * skew * c * (c_slope * ratio + 1.0 / ((nu - 1.0) * (nu - 1.0)))
    return a_skew, (3.0 * skew - a * a_skew) / b, a_nu, -a * a_nu / b, c_slope


@njit(cache=True, nogil=True, error_model="numpy")
def hansen_log_densities(values: Vector, nu: float, skew: float) -> Vector:
    """Log density of each value; mean 0, variance 1."""
    a, b, constant = hansen_constants(1.0 / nu, skew)
    out = np.empty(values.size)
    for t in range(values.size):
        w = b * values[t] + a
        w /= 1.0 + skew if w >= 0.0 else 1.0 - skew
        out[t] = constant - 0.5 * (nu + 1.0) * math.log1p(w * w / (nu - 2.0))
    return out


def check_hansen(nu: float, skew: float) -> None:
    """Raise :class:`ParameterError` unless ``nu > 2`` and ``-1 < skew < 1``."""
    if not (nu > 2.0 and math.isfinite(nu)):
        raise ParameterError(
            "must be finite and above 2, so that a variance exists", found=nu, field="nu"
        )
    if not -1.0 < skew < 1.0:
        raise ParameterError("must lie in (-1, 1)", found=skew, field="skew")


def hansen_log_density(values: ArrayLike, nu: float, skew: float) -> Any:
    """Log density at ``values``, any shape.

    Examples
    --------
    >>> symmetric = hansen_log_density(0.7, 5.0, 0.0)
    >>> round(float(symmetric), 9)
    -1.16707512
    """
    check_hansen(nu, skew)
    points = np.asarray(values, dtype=np.float64)
    flat = np.array(points, order="C").reshape(-1)
    return hansen_log_densities(flat, nu, skew).reshape(points.shape)


def hansen_cdf(values: ArrayLike, nu: float, skew: float) -> Any:
    """Probability of a value at or below each of ``values``.

    Examples
    --------
    >>> float(hansen_cdf(0.0, 5.0, 0.0))
    0.5
    """
    check_hansen(nu, skew)
    a, b, _ = hansen_constants(1.0 / nu, skew)
    stretch = math.sqrt(nu / (nu - 2.0))
    w = b * np.asarray(values, dtype=np.float64) + a
    below = (1.0 - skew) * special.stdtr(nu, np.minimum(w, 0.0) / (1.0 - skew) * stretch)
    # The upper half by its survival, so that far probabilities keep their digits.
    above = (1.0 + skew) * special.stdtr(nu, -np.maximum(w, 0.0) / (1.0 + skew) * stretch)
    return np.where(w < 0.0, below, 1.0 - above)


def hansen_quantile(probability: ArrayLike, nu: float, skew: float) -> Any:
    """Value below which a return falls with ``probability``, in (0, 1)."""
    check_hansen(nu, skew)
    p = _probabilities(probability, field="probability")
    a, b, _ = hansen_constants(1.0 / nu, skew)
    shrink = math.sqrt((nu - 2.0) / nu)
    left, split = 1.0 - skew, 0.5 * (1.0 - skew)
    low = left * special.stdtrit(nu, np.minimum(p, split) / left)
    high = -(1.0 + skew) * special.stdtrit(nu, (1.0 - np.maximum(p, split)) / (1.0 + skew))
    return (shrink * np.where(p < split, low, high) - a) / b


def hansen_value_at_risk(confidence: ArrayLike, nu: float, skew: float) -> Any:
    """Loss (positive) of a unit-variance return not exceeded with ``confidence``."""
    level = _probabilities(confidence, field="confidence")
    return -hansen_quantile(1.0 - level, nu, skew)


def hansen_expected_shortfall(confidence: ArrayLike, nu: float, skew: float) -> Any:
    """Mean loss (positive) of a unit-variance return beyond the value-at-risk; closed form.

    Both halves are scaled Student-t densities, whose first partial moment is
    ``-t_nu(y) (nu + y**2) / (nu - 1)``.

    Examples
    --------
    >>> round(float(hansen_expected_shortfall(0.99, 5.0, -0.1)), 6)
    3.720119
    """
    check_hansen(nu, skew)
    level = _probabilities(confidence, field="confidence")
    tail = 1.0 - level
    a, b, _ = hansen_constants(1.0 / nu, skew)
    return -_lower_partial_mean(hansen_quantile(tail, nu, skew), nu, skew, a, b) / tail


def hansen_skewness(nu: float, skew: float) -> float:
    """Third standardised moment; needs ``nu > 3`` (:class:`EstimationError` otherwise)."""
    check_hansen(nu, skew)
    if nu <= 3.0:
        raise EstimationError("nu must be above 3 for a third moment", found=nu, field="nu")
    a, b, _ = hansen_constants(1.0 / nu, skew)
    second, third = 1.0 + 3.0 * skew * skew, _raw_third(nu, skew)
    return (third - 3.0 * a * second + 2.0 * a**3) / b**3


def hansen_excess_kurtosis(nu: float, skew: float) -> float:
    """Fourth standardised moment less 3; needs ``nu > 4`` (:class:`EstimationError` otherwise)."""
    check_hansen(nu, skew)
    if nu <= 4.0:
        raise EstimationError("nu must be above 4 for a fourth moment", found=nu, field="nu")
    a, b, _ = hansen_constants(1.0 / nu, skew)
    square = skew * skew
    second, third = 1.0 + 3.0 * square, _raw_third(nu, skew)
    fourth = 3.0 * (nu - 2.0) / (nu - 4.0) * (1.0 + 10.0 * square + 5.0 * square * square)
    return (fourth - 4.0 * a * third + 6.0 * a * a * second - 3.0 * a**4) / b**4 - 3.0


def _raw_third(nu: float, skew: float) -> float:
    """Third moment of ``b z + a`` (Jondeau and Rockinger, 2003, appendix)."""
    c = math.exp(student_t_constant(1.0 / nu)[0])
    gap = (nu - 2.0) ** 2 / ((nu - 1.0) * (nu - 3.0))
    return 16.0 * c * skew * (1.0 + skew * skew) * gap


def _lower_partial_mean(quantile: Any, nu: float, skew: float, a: float, b: float) -> Any:
    """``E[z; z <= quantile]``."""
    shrink = math.sqrt((nu - 2.0) / nu)
    w = b * quantile + a
    left, right = 1.0 - skew, 1.0 + skew
    low, high = np.minimum(w, 0.0) / (left * shrink), np.maximum(w, 0.0) / (right * shrink)
    below = left * left * shrink * _partial_mean(low, nu) - a * left * special.stdtr(nu, low)
    middle = _partial_mean(np.zeros_like(high), nu)
    above = right * right * shrink * (_partial_mean(high, nu) - middle)
    above = above - a * right * (special.stdtr(nu, high) - 0.5)
    return (below + above) / b


def _partial_mean(y: Any, nu: float) -> Any:
    """``E[t; t <= y]`` of a standard Student-t."""
    log_c = student_t_constant(1.0 / nu)[0] + 0.5 * math.log((nu - 2.0) / nu)
    density = np.exp(log_c - 0.5 * (nu + 1.0) * np.log1p(y * y / nu))
    return -density * (nu + y * y) / (nu - 1.0)


def _probabilities(values: ArrayLike, *, field: str) -> Vector:
    p = np.asarray(values, dtype=np.float64)
    if not np.all((p > 0.0) & (p < 1.0)):
        raise ParameterError("must lie in (0, 1)", found=values, field=field)
    return p
