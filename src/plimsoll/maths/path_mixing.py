"""What turns normal numbers of a step of paths into t numbers of unit variance.

With chi2 of nu degrees of freedom, common to all assets of a path's step, the factor is
sqrt((nu - 2) / chi2). chi2 is twice a gamma number by Marsaglia and Tsang (2000), whose tries draw
from counters of their own: a factor depends on seed and counter alone. The first try, which nearly
always holds, runs on whole registers; what it rejects goes on one by one.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.counter_normals import turn
from plimsoll.maths.counter_random import random_unit
from plimsoll.maths.elementary import log_positive

Vector = NDArray[np.float64]

_TRIES = 64  # of one gamma number; a 65th is needed with a probability below 1e-80
_SMALLEST = 1e-300


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _tried(d: float, c: float, seed: int, at: int) -> float:
    """A gamma number over ``d``, or -1 where the try is rejected."""
    cosine, _sine = turn(random_unit(seed, at + 1))
    x = math.sqrt(-2.0 * log_positive(1.0 - random_unit(seed, at))) * cosine
    root = 1.0 + c * x
    v = root * root * root
    bound = 0.5 * x * x + d * (1.0 - v + log_positive(v if v > _SMALLEST else _SMALLEST))
    taken = v > _SMALLEST and log_positive(1.0 - random_unit(seed, at + 2)) < bound
    return v if taken else -1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _tried_once(d: float, c: float, seed: int, first: int, stride: int, out: Vector) -> None:
    for i in range(out.size):
        out[i] = _tried(d, c, seed, 3 * _TRIES * (first + i * stride))


@njit(cache=True, nogil=True, error_model="numpy")
def _tried_again(d: float, c: float, seed: int, counter: int) -> float:
    """The first of the later tries that holds."""
    for attempt in range(1, _TRIES):
        v = _tried(d, c, seed, 3 * (_TRIES * counter + attempt))
        if v > 0.0:
            return v
    return 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def fill_mixing(nu: float, seed: int, first: int, stride: int, mix: Vector) -> None:
    """Fill one factor for each path; entry i belongs to counter ``first + i * stride``.

    ``nu`` above 2; infinite: ones.
    """
    if nu == np.inf:
        mix[:] = 1.0
        return
    d = 0.5 * nu - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    _tried_once(d, c, seed, first, stride, mix)
    for i in range(mix.size):
        if mix[i] < 0.0:
            mix[i] = _tried_again(d, c, seed, first + i * stride)
    scale = (nu - 2.0) / (2.0 * d)
    for i in range(mix.size):
        mix[i] = math.sqrt(scale / mix[i])
