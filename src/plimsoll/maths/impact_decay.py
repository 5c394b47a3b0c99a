"""How fast a disturbance dies away: ``m(t) = m0 exp(-k t)``, by least squares."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Vector = NDArray[np.float64]


class Decay(NamedTuple):
    """A fitted decay."""

    half_life: float  # in the unit of the lags
    start: float  # m0
    r_squared: float  # about zero


def fit_decay(lags: Vector, path: Vector) -> Decay:
    """Fit an exponential decay to the mean response after an event.

    Parameters
    ----------
    lags : (J,) float64
        Not negative, rising; J at least 3.
    path : (J,) float64
        Not all zero.

    Examples
    --------
    >>> t = np.arange(10.0)
    >>> round(fit_decay(t, -3.0 * 0.5 ** (t / 2.0)).half_life, 6)
    2.0
    """

    def lost(log_half_life: float) -> float:
        shape = 0.5 ** (lags / np.exp(log_half_life))
        return float(((path - shape * (shape @ path) / (shape @ shape)) ** 2).sum())

    positive = lags[lags > 0.0]
    low, high = np.log(positive[0] / 64.0), np.log(positive[-1] * 64.0)
    grid = np.linspace(low, high, 97)  # several minima are possible: the best one's surroundings
    best = grid[int(np.argmin([lost(point) for point in grid]))]
    step = grid[1] - grid[0]
    bounds = max(low, best - step), min(high, best + step)
    found = minimize_scalar(lost, bounds=bounds, method="bounded", options={"xatol": 1e-10})
    half_life = float(np.exp(found.x))
    shape = 0.5 ** (lags / half_life)
    start = float((shape @ path) / (shape @ shape))
    return Decay(half_life, start, 1.0 - float(found.fun) / float(path @ path))
