"""Maximum likelihood of Hansen's skewed Student-t with location and scale.

The model of :mod:`plimsoll.maths.garch_family_likelihood` without its dynamics: constant variance
``omega``. Climbs start from the symmetric Student-t and from a lean to either side.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.garch_family_constraints import FAMILY_CONSTRAINTS, family_limits
from plimsoll.maths.garch_family_likelihood import FAMILY_PARAMETERS, GARCH, START_FIXED
from plimsoll.maths.garch_family_optimiser import maximise_family

Vector = NDArray[np.float64]

_STARTS = ((0.2, 0.0), (0.35, 0.2), (0.35, -0.2), (0.05, 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def hansen_skew_t_fit(values: Vector) -> tuple[float, float, float, float, float, bool]:
    """Location, scale (standard deviation), nu, lambda, log-likelihood, converged.

    ``2.05 <= nu <= 500`` and ``|lambda| <= 0.99``. NaN where the values do not vary.
    """
    n = values.size
    mean = float(np.mean(values))
    scale = math.sqrt(float(np.mean((values - mean) ** 2)))
    if not scale > 0.0 or not np.min(values) < np.max(values):
        return np.nan, np.nan, np.nan, np.nan, np.nan, False
    scaled = values / scale
    held = np.zeros(FAMILY_PARAMETERS, dtype=np.bool_)
    held[2:5] = True
    limits = family_limits(GARCH, 1.0, False)
    binding = np.zeros(FAMILY_CONSTRAINTS, dtype=np.bool_)
    scores = np.empty((n, FAMILY_PARAMETERS))
    theta, trial = np.zeros(FAMILY_PARAMETERS), np.zeros(FAMILY_PARAMETERS)
    best, converged = -np.inf, False
    for eta, skew in _STARTS:
        trial[:] = 0.0
        trial[0], trial[1], trial[5], trial[6] = mean / scale, 0.8, eta, skew
        value, _, fine = maximise_family(
            scaled,
            GARCH,
            START_FIXED,
            1.0,
            0.0,
            0.0,
            trial,
            limits,
            held,
            scores,
            binding,
            theta,
            best,
        )
        if value > best:
            best, converged = value, fine
            theta[:] = trial
    deviation = scale * math.sqrt(theta[1])
    total = best - n * math.log(scale)
    return theta[0] * scale, deviation, 1.0 / theta[5], theta[6], total, converged
