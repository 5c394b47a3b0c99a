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

from plimsoll.maths.elementary import exp, log
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
_MILLS = (
    2.265826036229902,
    2.5758493859305207,
    2.4155188460780623,
    1.85273611426461,
    1.134360218948224,
    0.5241463402365675,
    0.1564377863111647,
    0.009655499421174985,
    -0.015587494485947892,
    -0.005929656844923101,
    0.0008000128223984785,
    0.0010578269813686055,
    2.1641546338833588e-05,
    -0.00017770213711836372,
    -1.4282598525735036e-05,
    3.257789153056287e-05,
    2.3231307148152553e-06,
    -6.5020506319916385e-06,
    -2.1560786526601146e-08,
    1.2849155861339534e-06,
    -1.2180151898199597e-07,
    -2.08504555967342e-07,
    3.9827925140622786e-08,
    1.9199841888121707e-08,
    -5.143980553507603e-09,
)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _mills_of_inverse(w: float) -> float:
    """Mills' ratio of ``z = 1 / w - 5``."""
    return w * polynomial(fma(_SCALE, w, -1.0), _MILLS)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def mills_ratio_bounded(z: float) -> float:
    """``(1 - Phi(z)) / phi(z)`` for ``z >= -0.75``; smaller arguments are taken as -0.75."""
    return _mills_of_inverse(1.0 / ((LEAST_ARGUMENT if z < LEAST_ARGUMENT else z) + _POLE))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def mills_ratio(z: float) -> float:
    """``(1 - Phi(z)) / phi(z)`` of either sign; infinite below -37.6.

    Examples
    --------
    >>> round(mills_ratio(0.0), 15), round(mills_ratio(-5.0), 6)
    (1.253314137315501, 672621.636723)
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
def inverse_slope(a: float, t: float, side: float) -> float:
    """``D``: the derivative of ``s`` with respect to ``ln b``, or to ``-ln(1 - b)`` above."""
    small = t <= SERIES_BELOW and side < 0.0
    argument = a if small else side * (t - a)
    p = (LEAST_ARGUMENT if argument < LEAST_ARGUMENT else argument) + _POLE
    q = a + t + _POLE
    inverse = 1.0 / (p * q)  # one division for two
    near = _mills_of_inverse(inverse * q)
    series = mills_difference_series(near, a, t)
    direct = fma(side, _mills_of_inverse(inverse * p), near)
    return series if small else direct


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def householder_step(y: float, target: float, side: float, s: float, inverse_s: float) -> float:
    """Change of ``s`` towards ``target``, the wanted ``ln b`` or ``ln(1 - b)``.

    Householder's method of order three (quartic convergence) on ``(-ln b')**(-1/2)`` below, with
    ``b' = b exp(-y / 2)``, which for small ``s`` is nearly ``sqrt(2) s / y``; and on
    ``ln(1 - b)`` above.
    """
    a, t = y * inverse_s, 0.5 * s
    difference, total = a - t, a + t
    slope_inverse = inverse_slope(a, t, side)
    value = fma(-0.5 * difference, difference, log(slope_inverse)) - HALF_LOG_2PI
    first = -side / slope_inverse
    # Derivatives of the target function over its first: b''/b' = (a^2 - t^2) / s and so on.
    c2 = difference * total * inverse_s
    c3 = -fma(3.0 * inverse_s * inverse_s, a * a, 0.25)
    second = c2 - first
    third = fma(second, second, c3) - first * second
    below = side < 0.0
    current = 0.5 * y - value
    wanted = 0.5 * y - target
    current = current if below else 1.0
    wanted = wanted if below else 1.0
    stretch = 2.0 * current / (wanted + math.sqrt(current * wanted))
    bend = 1.5 * first / current if below else 0.0
    h2 = bend + second
    h3 = fma(bend, fma(5.0 / 3.0, bend, 3.0 * second), third)
    newton = -side * slope_inverse * stretch * (target - value)
    return newton * fma(0.5 * h2, newton, 1.0) / fma(newton, fma(h3 / 6.0, newton, h2), 1.0)
