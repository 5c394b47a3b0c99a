"""Standard normal numbers from a seed and a counter, branch-free: the same in every thread.

Box and Muller (1958) on two uniforms of `plimsoll.maths.counter_random`'s generator:

    z = sqrt(-2 ln u) cos(2 pi v),   sqrt(-2 ln u) sin(2 pi v).

u has 53 bits and is never 0, so |z| stays below 8.7. Sine and cosine are polynomials on a half
turn, wrong by less than 3e-16.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.counter_random import mixed_bits
from plimsoll.maths.elementary import log
from plimsoll.maths.machine_arithmetic import polynomial

Vector = NDArray[np.float64]

_TO_UNIT = 1.0 / 9007199254740992.0
_COS = tuple((-1.0) ** n / math.factorial(2 * n) for n in range(13))
_SIN = tuple((-1.0) ** n / math.factorial(2 * n + 1) for n in range(12))
_TURN = 2.0 * math.pi


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def turn(v: float) -> tuple[float, float]:
    """Cosine and sine of ``2 pi v``, for v in [0, 1)."""
    halves = np.floor(2.0 * v + 0.5)
    angle = (v - 0.5 * halves) * _TURN
    # The angle now lies within a quarter turn; every half turn changes both signs.
    sign = 1.0 - 2.0 * (halves - 2.0 * np.floor(0.5 * halves))
    square = angle * angle
    return sign * polynomial(square, _COS), sign * angle * polynomial(square, _SIN)


@njit(cache=True, nogil=True, error_model="numpy")
def normal_pairs(seed: int, counter: int, stride: int, first: Vector, second: Vector) -> None:
    """Fill two rows with independent normals; entry i belongs to ``counter + i * stride``."""
    for i in range(first.size):
        at = 2 * (counter + i * stride)
        u = (float(mixed_bits(seed, at) >> np.uint64(11)) + 0.5) * _TO_UNIT
        v = float(mixed_bits(seed, at + 1) >> np.uint64(11)) * _TO_UNIT
        radius = math.sqrt(-2.0 * log(u))
        cosine, sine = turn(v)
        first[i] = radius * cosine
        second[i] = radius * sine
