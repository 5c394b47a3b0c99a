"""First guess of the implied total standard deviation, within 0.1 % over the usual domain.

Below half the bound the guess inverts Bachelier's formula, a function of one variable
``p = y / b'`` (``b'`` the price over ``sqrt(F K)``), and corrects it for the curvature of the
exponential by a polynomial in two variables. Above, ``d1`` is a polynomial in
``sqrt(-2 ln(1 - b))`` and ``1 / (1 + y / 2)``. The coefficients minimise the largest relative
error over standard deviations to 5.6 and moneyness to 29 of them; outside the iteration takes a
step or two more.
"""

from __future__ import annotations

import math

from numba import njit

from plimsoll.maths.elementary import log
from plimsoll.maths.machine_arithmetic import fma, polynomial

_INVERSE_SQRT_2PI = 0.3989422804014327
_TINY = 1e-9  # keeps the argument off 0, where the guess would be 0 / 0
# Bachelier: q**2 / a**2 over 1 + q in powers of q / (q + 4), q = ln(1 + p / sqrt(2 pi)).
_BACHELIER = (
    1.0007512,
    1.9274034,
    -8.18475,
    14.919753,
    -19.497773,
    15.320665,
    -4.9841223,
)
# Correction in powers of 1 / (1.5 + a), one row a power of v.
_BEND = (
    (1.311875, 3.722775, -7.775775, 9.218959),
    (64.80323, -996.4883, 3679.559, -3399.078),
    (-2321.94, 42601.82, -152672.7, 136328.6),
    (42724.49, -753197.4, 2602923.0, -2134560.0),
    (-203281.4, 4286725.0, -14720960.0, 11637000.0),
)
_LARGEST_BEND = 0.4142135623730951  # sqrt(2) - 1, the limit of large deviations at d1 = 0
# d1 above in powers of sqrt(-2 ln(1 - b)), one row a power of 1 / (1 + y / 2).
_ABOVE = (
    (-2.224553, 2.730933, -0.95067, 0.299653, -0.03937545),
    (0.6038656, 0.5950035, -0.2853247, -0.09247674, 0.04292516),
    (3.029461, -7.478979, 5.110735, -1.342871, 0.1037121),
    (-5.858321, 13.44866, -9.910239, 2.980749, -0.3057796),
    (4.311925, -8.956344, 6.441688, -1.949156, 0.2085607),
)
_LARGEST_ROOT = 3.5
"""The polynomial holds up to here; beyond, the iteration starts from it."""


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def bachelier_guess(y: float, inverse_price: float) -> tuple[float, float]:
    """Total standard deviation of a price under Bachelier's formula, and its moneyness in them.

    ``inverse_price`` is ``1 / b' = exp(y / 2 - ln b)``.
    """
    p = fma(y, inverse_price, _TINY)
    q = log(fma(_INVERSE_SQRT_2PI, p, 1.0))
    shifted = q + 4.0
    inverse = 1.0 / (q * shifted * inverse_price)  # one division for two
    root = math.sqrt((1.0 + q) * polynomial(inverse * inverse_price * q * q, _BACHELIER))
    return p * root * (inverse * shifted), q / root


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def bent_guess(s: float, a: float) -> float:
    """Black's standard deviation from Bachelier's ``s`` and ``a``, up to half the bound."""
    u = 1.0 / (1.5 + a)
    square = 0.25 * s * s
    v = square / (18.0 + fma(3.0 * a, a, square))
    bend = polynomial(u, _BEND[4])
    bend = fma(v, bend, polynomial(u, _BEND[3]))
    bend = fma(v, bend, polynomial(u, _BEND[2]))
    bend = fma(v, bend, polynomial(u, _BEND[1]))
    bend = v * fma(v, bend, polynomial(u, _BEND[0]))
    bend = 0.0 if bend < 0.0 else bend
    return fma(s, _LARGEST_BEND if bend > _LARGEST_BEND else bend, s)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def guess_above(y: float, target: float) -> float:
    """Guess from ``target = ln(1 - b)`` for prices above half the bound."""
    root = math.sqrt(-2.0 * target)
    root = _LARGEST_ROOT if root > _LARGEST_ROOT else root
    u = 1.0 / fma(0.5, y, 1.0)
    d1 = polynomial(root, _ABOVE[4])
    d1 = fma(u, d1, polynomial(root, _ABOVE[3]))
    d1 = fma(u, d1, polynomial(root, _ABOVE[2]))
    d1 = fma(u, d1, polynomial(root, _ABOVE[1]))
    d1 = fma(u, d1, polynomial(root, _ABOVE[0]))
    return d1 + math.sqrt(fma(d1, d1, 2.0 * y))
