"""Random numbers from a seed and a counter: no state, the same in every thread and order.

SplitMix64 (Steele, Lea and Flood, 2014) of ``seed`` and ``counter``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_ONE = np.uint64(0xBF58476D1CE4E5B9)
_MIX_TWO = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 1.0 / 9007199254740992.0


@njit(cache=True, nogil=True)
def mixed_bits(seed: int, counter: int) -> np.uint64:
    """64 well-mixed bits for the pair."""
    z = (np.uint64(seed) + np.uint64(1)) * _MIX_TWO
    z = (z ^ (z >> np.uint64(31))) + (np.uint64(counter) + np.uint64(1)) * _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX_ONE
    z = (z ^ (z >> np.uint64(27))) * _MIX_TWO
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True)
def random_unit(seed: int, counter: int) -> float:
    """Uniform number in [0, 1)."""
    return float(mixed_bits(seed, counter) >> np.uint64(11)) * _TO_UNIT


@njit(cache=True, nogil=True)
def random_index(seed: int, counter: int, count: int) -> int:
    """Uniform index in 0 .. count - 1."""
    return int(random_unit(seed, counter) * count)
