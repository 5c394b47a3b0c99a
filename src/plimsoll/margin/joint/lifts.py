"""What lifts a requirement to a floor, so that the sum is never below it, not by a last place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def lift_to(total: FloatArray, least: FloatArray) -> FloatArray:
    """(U,) what has to be added to ``total`` (U,) for a sum of at least ``least`` (U,).

    >>> lift_to(np.array([1.0, 5.0]), np.array([3.0, 3.0])).tolist()
    [2.0, 0.0]
    """
    lift: FloatArray = np.maximum(least - total, 0.0)
    # Rounding may leave the sum a place short; one place of the largest number mends it.
    short = total + lift < least
    place = np.spacing(np.maximum(np.abs(total), lift))
    return np.where(short, lift + place, lift).astype(np.float64)
