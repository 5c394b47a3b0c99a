"""Multipliers of classes into the level: price risk times what outages add, before tiers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError, UsageError

FloatArray = NDArray[np.float64]


def level_multiplier(
    level: FloatArray,
    classes: Sequence[str],
    by_class: Mapping[str, float],
    *,
    from_row: int = 0,
) -> FloatArray:
    """Return price risk multiplied market by market from a day on; a class without one keeps its.

    Standard errors are multiplied by the same call. A multiplier of today's data belongs to no
    earlier day: pass the row of the set (``-1``, the last) where paths are walked forward.

    Parameters
    ----------
    level : (D, N, ...) float64
        Quantile of loss, or its standard error; NaN stays.
    classes : sequence of N str
        Risk class of each market.
    by_class : mapping of str to float
        At least 1.
    from_row : int
        First day multiplied; negative counts from the end.

    Raises
    ------
    UsageError
        Where classes and markets do not match, or the row is none of the paths'.
    ParameterError
        For a multiplier below 1 or not finite.

    Examples
    --------
    >>> level_multiplier(np.array([[0.1, 0.2]]), ("major", "thin"), {"thin": 2.0}).tolist()
    [[0.1, 0.4]]
    """
    if level.ndim < 2 or level.shape[1] != len(classes):
        raise UsageError(
            f"must be one class a market ({level.shape[1:2]})", found=len(classes), field="classes"
        )
    if not -level.shape[0] <= from_row < level.shape[0]:
        raise UsageError(f"must be one of {level.shape[0]} days", found=from_row, field="from_row")
    for name, value in by_class.items():
        if not (math.isfinite(value) and value >= 1.0):
            raise ParameterError("must be finite and at least 1", found=value, field=name)
    each = np.array([by_class.get(name, 1.0) for name in classes])
    out: FloatArray = np.array(level, dtype=np.float64)
    out[from_row:] *= each.reshape(1, -1, *(1,) * (level.ndim - 2))
    return out
