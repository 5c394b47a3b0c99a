"""Standard normal numbers from a seed and a counter, branch-free: the same in every thread.

Box and Muller (1958) on two uniforms of `plimsoll.maths.counter_random`'s generator:

    z = sqrt(-2 ln u) cos(2 pi v),   sqrt(-2 ln u) sin(2 pi v).

u has 53 bits and is never 0, so |z| stays below 8.7. Sine and cosine are polynomials on a quarter
turn, wrong by less than 3e-16.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.counter_random import mixed_bits
from plimsoll.maths.elementary import log_positive
from plimsoll.maths.machine_arithmetic import bits_of, float_of, polynomial

Vector = NDArray[np.float64]

_TO_UNIT = 1.0 / 9007199254740992.0
_COS = tuple((-1.0) ** n / math.factorial(2 * n) for n in range(9))
_SIN = tuple((-1.0) ** n / math.factorial(2 * n + 1) for n in range(9))
_TURN = 2.0 * math.pi
_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves an integer in the low bits


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def turn(v: float) -> tuple[float, float]:
    """Cosine and sine of ``2 pi v``, for v in [0, 1)."""
    quarters = np.floor(4.0 * v + 0.5)
    angle = (v - 0.25 * quarters) * _TURN
    square = angle * angle
    cosine, sine = polynomial(square, _COS), angle * polynomial(square, _SIN)
    # The angle lies within an eighth of a turn; odd quarters swap the two, and the second and
    # third change the cosine's sign, the third and fourth the sine's.
    count = bits_of(quarters + _ROUND)
    odd = (count & 1) != 0
    x, y = (sine, cosine) if odd else (cosine, sine)
    x = float_of(bits_of(x) ^ (((count + 1) & 2) << 62))
    y = float_of(bits_of(y) ^ ((count & 2) << 62))
    return x, y


@njit(cache=True, nogil=True, error_model="numpy")
def normal_pairs(seed: int, counter: int, stride: int, first: Vector, second: Vector) -> None:
    """Fill two rows with independent normals; entry i belongs to ``counter + i * stride``."""
    for i in range(first.size):
        at = 2 * (counter + i * stride)
        u = (float(mixed_bits(seed, at) >> np.uint64(11)) + 0.5) * _TO_UNIT
        v = float(mixed_bits(seed, at + 1) >> np.uint64(11)) * _TO_UNIT
        radius = math.sqrt(-2.0 * log_positive(u))
        cosine, sine = turn(v)
        first[i] = radius * cosine
        second[i] = radius * sine
