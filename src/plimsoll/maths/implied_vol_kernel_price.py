r"""Logarithm of the normalised Black price, without an exponential, and its derivatives.

With total standard deviation ``s``, log-moneyness ``y = |ln(K/F)|`` and the out-of-the-money price
``b`` in units of ``min(F, K)`` (``a = y / s``, ``t = s / 2``, ``d1 = t - a``, Mills' ratio ``R``)

.. math::
    b = \varphi(d_1)\,[R(a - t) - R(a + t)], \qquad
    1 - b = \varphi(d_1)\,[R(t - a) + R(t + a)], \qquad
    \frac{\partial b}{\partial s} = \varphi(d_1)

so that one difference (or sum) ``D`` of two Mills' ratios gives the logarithm of ``b`` (or of
``1 - b``), its slope ``1 / D`` (or ``-1 / D``) and with them all higher derivatives. No price is
too small for this: 1e-177 has the logarithm -405.4.

The difference cancels where ``t`` is small; there it is its Taylor series in ``t``, whose
coefficients follow from ``R' = a R - 1`` by ``R^(n+1) = a R^(n) + n R^(n-1)``.
"""

from __future__ import annotations

import math

from numba import njit

from plimsoll.maths.elementary import exp
from plimsoll.maths.machine_arithmetic import fma, polynomial

LOWER, UPPER = -1.0, 1.0
"""Side of a quote: ``LOWER`` solves for ``ln b`` (b up to a half), ``UPPER`` for ``ln(1 - b)``."""
HALF_LOG_2PI = 0.9189385332046727
LEAST_ARGUMENT = -0.75
"""Mills' ratio by polynomial holds from here; b <= 1/2 implies ``a - t >= -0.6745``."""
SERIES_BELOW = 0.0625
_POLE = 5.0
_SCALE = 8.5  # twice (pole + least argument): maps the half-line onto [-1, 1]
_SQRT_2PI = 2.5066282746310002

# R(z) (z + 5) at Chebyshev nodes of v = 8.5 / (z + 5) - 1, 50 digits, in powers of v.
_MILLS_EVEN = (
    2.265826036229902,
    2.4155188460780623,
    1.134360218948224,
    0.1564377863111647,
    -0.015587494485947892,
    0.0008000128223984785,
    2.1641546338833588e-05,
    -1.4282598525735036e-05,
    2.3231307148152553e-06,
    -2.1560786526601146e-08,
    -1.2180151898199597e-07,
    3.9827925140622786e-08,
    -5.143980553507603e-09,
)
_MILLS_ODD = (
    2.5758493859305207,
    1.85273611426461,
    0.5241463402365675,
    0.009655499421174985,
    -0.005929656844923101,
    0.0010578269813686055,
    -0.00017770213711836372,
    3.257789153056287e-05,
    -6.5020506319916385e-06,
    1.2849155861339534e-06,
    -2.08504555967342e-07,
    1.9199841888121707e-08,
)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _mills_of_inverse(w: float) -> float:
    """Mills' ratio of ``z = 1 / w - 5``."""
    v = fma(_SCALE, w, -1.0)
    square = v * v
    return w * fma(v, polynomial(square, _MILLS_ODD), polynomial(square, _MILLS_EVEN))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def mills_ratio_bounded(z: float) -> float:
    """``(1 - Phi(z)) / phi(z)`` for ``z >= -0.75``; smaller arguments are taken as -0.75."""
    return _mills_of_inverse(1.0 / ((LEAST_ARGUMENT if z < LEAST_ARGUMENT else z) + _POLE))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def mills_ratio(z: float) -> float:
    """``(1 - Phi(z)) / phi(z)`` of either sign; infinite below -37.6.

    Examples
    --------
    >>> round(mills_ratio(0.0), 12), round(mills_ratio(-5.0), 6)
    (1.253314137316, 672621.636723)
    """
    reflected = mills_ratio_bounded(abs(z))
    return _SQRT_2PI * exp(0.5 * z * z) - reflected if z < 0.0 else reflected


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def mills_difference_series(ratio: float, a: float, t: float) -> float:
    """``R(a - t) - R(a + t)`` for ``t <= 0.0625`` from ``ratio = R(a)``; truncated below 1e-16."""
    d1 = fma(a, ratio, -1.0)
    d2 = fma(a, d1, ratio)
    d3 = fma(a, d2, 2.0 * d1)
    d4 = fma(a, d3, 3.0 * d2)
    d5 = fma(a, d4, 4.0 * d3)
    d6 = fma(a, d5, 5.0 * d4)
    d7 = fma(a, d6, 6.0 * d5)
    d8 = fma(a, d7, 7.0 * d6)
    d9 = fma(a, d8, 8.0 * d7)
    square = t * t
    value = fma(square * (1.0 / 72.0), d9, d7)
    value = fma(square * (1.0 / 42.0), value, d5)
    value = fma(square * (1.0 / 20.0), value, d3)
    value = fma(square * (1.0 / 6.0), value, d1)
    return -2.0 * t * value


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def near_mills_ratio(a: float, t: float, side: float) -> float:
    """First term of ``D``: at ``a`` where the series is used, at ``-d1`` or ``d1`` elsewhere."""
    return mills_ratio_bounded(a if t <= SERIES_BELOW and side < 0.0 else side * (t - a))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def inverse_slope(near: float, a: float, t: float, side: float) -> float:
    """``D``: the derivative of ``s`` with respect to ``ln b``, or to ``-ln(1 - b)`` above."""
    series = mills_difference_series(near, a, t)
    direct = fma(side, mills_ratio_bounded(a + t), near)
    return series if t <= SERIES_BELOW and side < 0.0 else direct


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def householder_step(
    y: float, target: float, side: float, s: float, slope_inverse: float, log_slope_inverse: float
) -> float:
    """Relative change of ``s`` towards ``target``, the wanted ``ln b`` or ``ln(1 - b)``.

    Householder's method of order four, which makes a small relative error ``e`` less than
    ``5 e**5``. Below it works on ``(-ln b')**(-1/2)``, ``b' = b exp(-y / 2)``, which for small
    ``s`` is nearly ``sqrt(2) s / y``; above on ``ln(1 - b)``. All derivatives are with respect to
    ``s`` and in units of ``s``, so that none leaves the range of floats; ``slope_inverse`` is
    ``D`` and its logarithm comes with it.
    """
    inverse_s = 1.0 / s
    a, t = y * inverse_s, 0.5 * s
    difference, total = a - t, a + t
    value = fma(-0.5 * difference, difference, log_slope_inverse) - HALF_LOG_2PI
    # Derivatives of the price over its first: b'' / b' = c2, and what c2 becomes by derivation.
    c2, square = difference * total, a * a
    c3 = fma(-t, t, -3.0 * square)
    below = side < 0.0
    current = 0.5 * y - value if below else 1.0
    wanted = 0.5 * y - target if below else 1.0
    width = slope_inverse * inverse_s
    # Derivatives of the logarithm over its first.
    first = -side / width
    second = c2 - first
    change = fma(-first, second, c3)
    third = fma(second, second, change)
    fourth = fma(second - first, third, fma(2.0 * second, change, 12.0 * square))
    # Derivatives of its power -1/2 over its first; above there is none (p = 0).
    p = 1.5 * first / current if below else 0.0
    stretch = 2.0 * current / (wanted + math.sqrt(current * wanted))
    h2 = p + second
    h3 = fma(p, fma(5.0 / 3.0, p, 3.0 * second), third)
    inner = fma(p, fma(35.0 / 9.0, p, 10.0 * second), fma(3.0 * second, second, 4.0 * third))
    h4 = fma(p, inner, fourth)
    newton = -side * width * stretch * (target - value)
    above_line = fma(newton, fma(newton, 1.0 / 6.0 * h3, h2), 1.0)
    below_line = fma(newton, 1.0 / 24.0 * h4, fma(0.25 * h2, h2, 1.0 / 3.0 * h3))
    below_line = fma(newton, fma(newton, below_line, 1.5 * h2), 1.0)
    return newton * above_line / below_line
