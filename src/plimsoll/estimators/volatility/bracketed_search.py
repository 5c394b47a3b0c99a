"""The lowest point of a function of one variable that may have several dips."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize

from plimsoll.estimators.observations import Vector


def lowest_point(objective: Callable[[float], float], grid: Vector, tolerance: float) -> float:
    """Where ``objective`` is lowest: Brent's method between the neighbours of the best of a grid.

    Examples
    --------
    >>> round(lowest_point(lambda x: (x - 0.3) ** 2, np.linspace(-1.0, 1.0, 5), 1e-9), 6)
    0.3
    """
    best = int(np.argmin([objective(float(x)) for x in grid]))
    bounds = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, grid.size - 1)]))
    found = optimize.minimize_scalar(
        objective, bounds=bounds, method="bounded", options={"xatol": tolerance}
    )
    return float(found.x)
