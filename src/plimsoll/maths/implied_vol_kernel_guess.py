"""First guess of the implied total standard deviation, within 2 % over the usual domain.

Below half the bound the guess inverts Bachelier's formula, a function of one variable
``p = y / b'`` (``b'`` the price over ``sqrt(F K)``), and corrects it for the curvature of the
exponential by a polynomial in two variables. Above, ``-d1`` is a polynomial in
``sqrt(-2 ln(1 - b))`` and ``1 / (1 + y / 2)``. The coefficients minimise the largest relative
error over standard deviations to 6.5 and moneyness to 30 of them; outside the iteration takes a
step or two more.
"""

from __future__ import annotations

import math

from numba import njit

from plimsoll.maths.elementary import exp, log1p
from plimsoll.maths.machine_arithmetic import fma, polynomial

_INVERSE_SQRT_2PI = 0.3989422804014327
_TINY = 1e-12
# Bachelier: q**2 / a**2 over 1 + q in powers of q / (q + 4), q = ln(1 + p / sqrt(2 pi)).
_BACHELIER = (1.003054, 1.741246, -5.973132, 5.581315, -1.849632)
# Correction in powers of u = 1 / (2 + a), one row a power of v.
_BEND = ((0.12415, -3.3166, 11.8423), (5.75738, 20.8319, -58.1263))
# d1 above in powers of sqrt(-2 ln(1 - b)), one row a power of 1 / (1 + y / 2).
_ABOVE = (
    (-1.71871, 1.70266, -0.112215),
    (0.622303, -0.129365, 0.0152599),
    (0.673855, -0.680105, 0.127335),
)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def guess_below(y: float, target: float) -> float:
    """Guess from ``target = ln b`` for prices up to half the bound."""
    price = exp(fma(-0.5, y, target))
    p = y / price + _TINY
    q = log1p(_INVERSE_SQRT_2PI * p)
    a = q / math.sqrt((1.0 + q) * polynomial(q / (q + 4.0), _BACHELIER))
    s = p * price / a
    u = 1.0 / (2.0 + a)
    square = 0.25 * s * s
    v = square / (6.0 + fma(a, a, square))
    bend = fma(v, polynomial(u, _BEND[1]), polynomial(u, _BEND[0]))
    return s * fma(v, bend, 1.0)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def guess_above(y: float, target: float) -> float:
    """Guess from ``target = ln(1 - b)`` for prices above half the bound."""
    root = math.sqrt(-2.0 * target)
    u = 1.0 / fma(0.5, y, 1.0)
    d1 = polynomial(root, _ABOVE[2])
    d1 = fma(u, d1, polynomial(root, _ABOVE[1]))
    d1 = fma(u, d1, polynomial(root, _ABOVE[0]))
    return d1 + math.sqrt(fma(d1, d1, 2.0 * y))
