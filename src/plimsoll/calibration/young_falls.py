"""A young market's margin falls no faster than the policy in force lets any margin fall.

Markets that are young, or on the class floor, have no number from a margin policy: they take the
forecaster's, or their peers', and are left out when policies are weighed. What a policy limits for
the sake of users, the fall of a margin in a day, holds for them all the same: from their first
margin on, and past their youth until the policy's own margin is reached. Nothing limits their rise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.risk_paths import RiskPaths

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NO_LIMIT = 1.0
"""A margin may fall to nothing within a day."""


def fall_limits(days: int, in_force: Iterable[tuple[int, float]]) -> FloatArray:
    """(D,) largest fall in a day, as a share of the margin of the day before.

    Parameters
    ----------
    in_force : iterable of (int, float)
        First row of each policy, rising, with its limit; none before the first.

    Examples
    --------
    >>> fall_limits(4, [(1, 0.02), (3, 1.0)]).tolist()
    [1.0, 0.02, 0.02, 1.0]
    """
    out = np.full(days, NO_LIMIT)
    for row, limit in in_force:
        out[row:] = limit
    return out


def slow_young_falls(paths: RiskPaths, fall: FloatArray) -> RiskPaths:
    """Return the paths with the falls of young markets' maintenance leg limited.

    Standard errors keep their share of the margin.

    Parameters
    ----------
    fall : (D,) float64
        `fall_limits`.
    """
    margin = paths.maintenance
    limited = limited_falls(margin, ~paths.mature, fall)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(margin > 0.0, limited / margin, 1.0)
    error = paths.maintenance_error * ratio
    return replace(paths, maintenance=limited, maintenance_error=error)


def limited_falls(margin: FloatArray, young: BoolArray, fall: FloatArray) -> FloatArray:
    """(D, N, 2) margins, never below the day before's times one less the limit, of the young.

    A limit that still holds a margin up when a market comes of age goes on until it does not.
    """
    out = margin.copy()
    raised = np.zeros(margin.shape[1:], dtype=bool)
    for day in range(1, len(margin)):
        least = out[day - 1] * (1.0 - fall[day])
        mine = young[day][:, None] | raised
        raised = mine & (margin[day] < least)
        out[day] = np.where(raised, least, margin[day])
    return out
