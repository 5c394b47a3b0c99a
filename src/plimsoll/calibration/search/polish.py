"""A short local descent over the continuous dimensions, from the best point that was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from plimsoll.calibration.search.trials import Score

Vector = NDArray[np.float64]
_SIDE = 0.02
_CLOSE = 1e-9


class _Exhausted(Exception):
    """The budget is spent."""


def polished(
    scores: Callable[[Sequence[Vector]], list[Score]], best: Vector, strides: Vector, budget: int
) -> None:
    """Run Nelder and Mead's simplex, asking at most ``budget`` scores one by one.

    Points that break a constraint count as worse than where it began, by their violation.
    """
    free = strides == 0.0
    if not free.any() or budget < 1:
        return
    level: list[float] = []

    def value(moved: Vector) -> float:
        if len(level) >= budget:
            raise _Exhausted
        place = best.copy()
        place[free] = np.clip(moved, 0.0, 1.0)
        score = scores([place])[0]
        first = level[0] if level else 0.0
        found = (
            score.objective if score.feasible else first + (1.0 + score.violation) * _size(first)
        )
        level.append(found)
        return found

    begin = best[free]
    corners = np.vstack((begin, begin + _SIDE * np.eye(begin.size) * np.where(begin < 0.5, 1, -1)))
    try:
        optimize.minimize(
            value,
            begin,
            method="Nelder-Mead",
            bounds=[(0.0, 1.0)] * begin.size,
            options={
                "initial_simplex": corners,
                "xatol": _CLOSE,
                "fatol": 0.0,
                "maxfev": budget + 1,
            },
        )
    except _Exhausted:
        return


def _size(first: float) -> float:
    return max(1.0, abs(first))
