"""A surface free of arbitrage whatever the quotes: the last resort, should eSSVI fail too.

SSVI with psi = eta sqrt(theta) and one rho: no butterflies while eta^2 (1 + |rho|) <= 4 and
psi (1 + |rho|) <= 4, no crossings while theta rises (Gatheral and Jacquier, 2014, theorems 4.1
and 4.2).
"""

from __future__ import annotations

import numpy as np

from plimsoll.domain.option_chain import FloatArray
from plimsoll.estimators.surface.starts import FitInput
from plimsoll.maths.ssvi import ssvi_to_raw
from plimsoll.maths.surface_fit_curve import LOG_LEFT, LOG_RIGHT, coordinates_of_raw

_LEAST_GROWTH = 1e-3
_STEEPEST_SKEW = 0.9
_ROOM = 0.95


def safe_surface(theta: FloatArray, given: FitInput) -> FloatArray:
    """(n, 5) coordinates of an SSVI near the levels and the mean wings of a fit.

    Parameters
    ----------
    theta : (n, 5) float64
        Any fit's coordinates.
    given : FitInput
    """
    level = np.exp(theta[:, 0]) * given.deviation**2
    growth = (1.0 + _LEAST_GROWTH) ** np.arange(level.size)
    level = np.maximum.accumulate(level / growth) * growth
    left, right = np.exp(np.median(theta[:, (LOG_LEFT, LOG_RIGHT)], axis=0))
    rho = float(np.clip((right - left) / (right + left), -_STEEPEST_SKEW, _STEEPEST_SKEW))
    skewed = 1.0 + abs(rho)
    highest = 4.0 / (skewed * np.sqrt(level[-1]))
    eta = _ROOM * min(left + right, 2.0 / np.sqrt(skewed), highest)
    slices = np.stack((level, np.full(level.size, rho), eta * np.sqrt(level)), axis=1)
    return coordinates_of_raw(ssvi_to_raw(slices), given.deviation)
