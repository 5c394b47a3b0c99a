"""GARCH volatility at the end of each day, refitted on what was known then."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.garch_constraints import CONSTRAINTS
from plimsoll.maths.garch_fit import presample_variance
from plimsoll.maths.garch_likelihood import WORK_ROWS
from plimsoll.maths.rolling import filter_window, refit_garch
from plimsoll.maths.zero_returns import bears_zeros

Vector = NDArray[np.float64]
Index = NDArray[np.int64]


@njit(cache=True, nogil=True)
def garch_day_path(
    returns: Vector,
    known: Index,
    window: int,
    minimum: int,
    refit_every: int,
    search_every: int,
    asymmetric: bool,
    start_rule: int,
    cap: float,
) -> Vector:
    """Forecast volatility of the return after the first ``known[d]`` returns, for each day d.

    Zero mean, Student-t innovations. Every ``refit_every`` days the model is refitted on the last
    ``window`` returns, every ``search_every``-th refit by a search over all starts, the others
    from the previous optimum.

    Parameters
    ----------
    returns : (M,) float64
        Finite, in time order, any unit.
    known : (D,) int64
        How many of them each day knows; rising.
    window, minimum : int
        Most and fewest returns a fit is made from.
    start_rule : int
    cap : float
        Upper limit of the persistence.

    Returns
    -------
    (D,) float64
        NaN with fewer than ``minimum`` returns, where a window is constant, and where more than
        30 % of it are 0.
    """
    out = np.full(known.size, np.nan)
    theta = np.empty(6)
    binding = np.zeros(CONSTRAINTS, dtype=np.bool_)
    work, losses = np.empty((WORK_ROWS, 1)), np.empty(1)
    held, ready, refits, since = 1.0, False, 0, 0
    for d in range(known.size):
        n = min(known[d], window)
        if n < minimum:
            continue
        part = returns[known[d] - n : known[d]]
        scale = math.sqrt(float(np.mean(part * part)))
        if not (scale > 0.0 and bears_zeros(part, True)):
            ready = False
            continue
        if work.shape[1] != n:
            work, losses = np.empty((WORK_ROWS, n)), np.empty(n)
        scaled = part / scale
        presample = presample_variance(scaled, 0.0, start_rule)
        theta[0] = 0.0
        theta[1] *= (held / scale) ** 2
        held = scale
        since += 1
        if not ready or since >= refit_every:
            fresh = not ready or refits % search_every == 0
            refit_garch(
                scaled, presample, 0.0, fresh, asymmetric, True, False, cap, theta, work, binding
            )
            ready, refits, since = True, refits + 1, 0
        out[d] = scale * math.sqrt(filter_window(scaled, theta, presample, losses))
    return out
