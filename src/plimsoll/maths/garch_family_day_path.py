"""Volatility at the end of each day by EGARCH or with skewed innovations, refitted as it was known.

The counterpart of :mod:`plimsoll.maths.garch_day_path` for the models its kernel does not know.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.egarch_recursion import LOG_VARIANCE_SPAN
from plimsoll.maths.garch_family_constraints import FAMILY_CONSTRAINTS, family_limits
from plimsoll.maths.garch_family_fit import NORMAL, held_parameters, search_family
from plimsoll.maths.garch_family_likelihood import (
    EGARCH,
    FAMILY_PARAMETERS,
    START_FIXED,
    family_next_variance,
)
from plimsoll.maths.garch_family_optimiser import maximise_family
from plimsoll.maths.garch_fit import presample_variance
from plimsoll.maths.zero_returns import bears_zeros

Vector = NDArray[np.float64]
Index = NDArray[np.int64]


@njit(cache=True, nogil=True, error_model="numpy")
def rescale_theta(theta: Vector, kind: int, ratio: float, cap: float) -> None:
    """Translate an optimum to returns of another scale; ``ratio`` is old over new."""
    if kind == EGARCH:
        theta[1] += (1.0 - theta[4]) * 2.0 * math.log(ratio)
        theta[1] = min(max(theta[1], -9.0), 9.0)
        theta[4] = min(theta[4], cap)
    else:
        theta[1] = min(max(theta[1] * ratio * ratio, 1e-7), 9.0)


@njit(cache=True, nogil=True, error_model="numpy")
def family_day_path(
    returns: Vector,
    known: Index,
    window: int,
    minimum: int,
    refit_every: int,
    search_every: int,
    kind: int,
    law: int,
    asymmetric: bool,
    backcast: int,
    cap: float,
) -> Vector:
    """Forecast volatility of the return after the first ``known[d]`` returns, for each day d.

    Zero mean. Arguments and result as :func:`plimsoll.maths.garch_day_path.garch_day_path`, with
    the codes ``kind`` and ``law`` of the family; a normal law bears up to 90 % zeros.
    """
    out = np.full(known.size, np.nan)
    theta, binding = np.zeros(FAMILY_PARAMETERS), np.zeros(FAMILY_CONSTRAINTS, dtype=np.bool_)
    limits = family_limits(kind, cap, False)
    held = held_parameters(kind, law, asymmetric, False)
    rival = np.zeros(FAMILY_PARAMETERS)
    low, high = -LOG_VARIANCE_SPAN, LOG_VARIANCE_SPAN
    scale_held, ready, refits, since = 1.0, False, 0, 0
    for d in range(known.size):
        n = min(known[d], window)
        if n < minimum:
            continue
        part = returns[known[d] - n : known[d]]
        scale = math.sqrt(float(np.mean(part * part)))
        scaled = part / scale if scale > 0.0 else part
        presample = presample_variance(scaled, 0.0, backcast)
        if not (scale > 0.0 and presample > 0.0 and bears_zeros(part, law != NORMAL)):
            ready = False
            continue
        if ready:
            rescale_theta(theta, kind, scale_held / scale, cap)
        scale_held = scale
        since += 1
        if not ready or (refits % search_every == 0 and since >= refit_every):
            search_family(
                scaled,
                kind,
                law,
                START_FIXED,
                presample,
                0.0,
                asymmetric,
                False,
                cap,
                False,
                theta,
                binding,
            )
            ready, refits, since = True, refits + 1, 0
        elif since >= refit_every:
            scores = np.empty((n, FAMILY_PARAMETERS))
            maximise_family(
                scaled,
                kind,
                START_FIXED,
                presample,
                low,
                high,
                theta,
                limits,
                held,
                scores,
                binding,
                rival,
                -np.inf,
            )
            refits, since = refits + 1, 0
        variance = family_next_variance(scaled, theta, kind, START_FIXED, presample, low, high)
        out[d] = scale * math.sqrt(variance)
    return out
