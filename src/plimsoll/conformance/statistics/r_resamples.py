"""The indices that R draws, so that a bootstrap of R can be repeated resample by resample."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

IndexMatrix = NDArray[np.int64]

_WARM_UP, _STATE = 50, 625


def r_resamples(size: int, resamples: int, *, seed: int = 1) -> IndexMatrix:
    """``sample(size, size * resamples, replace = TRUE)`` of R from 3.6 on, after ``set.seed``.

    R scrambles the seed by a congruential generator, fills the Mersenne Twister with it, and draws
    indices by rejection from the upper 16 bits.

    Returns
    -------
    (resamples, size) int64
        From 0, filled as R's ``boot`` fills its matrix of indices, column by column.
    """
    count = size * resamples
    twister = np.random.RandomState()
    twister.set_state(("MT19937", _scrambled(seed), _STATE - 1, 0, 0.0))
    bits = max(1, math.ceil(math.log2(size)))
    kept = np.empty(0, dtype=np.int64)
    while kept.size < count:
        raw = twister.randint(0, 2**32, size=2 * count, dtype=np.uint32)
        upper = np.floor(raw * 2.3283064365386963e-10 * 65_536.0).astype(np.int64)
        drawn = upper & ((1 << bits) - 1)
        kept = np.concatenate((kept, drawn[drawn < size]))
    return np.ascontiguousarray(kept[:count].reshape(size, resamples).T)


def _scrambled(seed: int) -> NDArray[np.uint32]:
    state = []
    for step in range(_WARM_UP + _STATE):
        seed = (69_069 * seed + 1) % 2**32
        if step >= _WARM_UP:
            state.append(seed)
    return np.array(state[1:], dtype=np.uint32)
