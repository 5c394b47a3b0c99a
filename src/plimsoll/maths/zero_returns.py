"""Returns that are exactly 0: how many a fit bears, in one shot or on a window that rolls.

A Student-t with scale next to 0 makes a share p of equal returns as likely as it likes, at any
``nu < p / (1 - p)``. Long before that its degrees of freedom describe the zeros, not the tail.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]

LARGEST_ZERO_SHARE = 0.9
"""Of any model: a market that moves less often has no 99 % loss in its own history."""
LARGEST_ZERO_SHARE_HEAVY = 0.3
"""Of a fitted Student-t or skewed t."""
STUCK_SHARE = 1.0 / 400.0
"""Share of its variance at which an EWMA stands after zeros that are a stuck feed: a twentieth of
its volatility."""


@njit(cache=True, nogil=True)
def bears_zeros(returns: Vector, heavy: bool) -> bool:
    """Whether no more returns are 0 than a model bears; ``heavy`` where a t is fitted."""
    zeros = 0
    for value in returns:
        zeros += value == 0.0
    limit = LARGEST_ZERO_SHARE_HEAVY if heavy else LARGEST_ZERO_SHARE
    return bool(zeros / returns.size <= limit)


@njit(cache=True, nogil=True)
def is_stuck(returns: Vector, decay: float) -> bool:
    """Whether zeros at the end have left an EWMA a twentieth of its volatility or less."""
    run = 0
    while run < returns.size and returns[returns.size - 1 - run] == 0.0:
        run += 1
    return bool(decay**run < STUCK_SHARE)
