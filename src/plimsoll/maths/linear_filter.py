"""First-order linear filter: each value is a share of the one before plus what comes in."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@njit(cache=True, nogil=True)
def first_order_filter(values: Matrix, gain: float, decay: float) -> Matrix:
    """Return ``y[t] = decay * y[t - 1] + gain * values[t]`` down each column, from rest.

    Parameters
    ----------
    values : (T, N) float64, contiguous
    gain, decay : float
        Gain ``1 - decay`` gives the exponential mean, gain 1 an AR(1) driven by ``values``.

    Examples
    --------
    >>> first_order_filter(np.array([[1.0], [0.0], [2.0]]), 1.0, 0.5).ravel()
    array([1.  , 0.5 , 2.25])
    """
    out = np.empty_like(values)
    for j in range(values.shape[1]):
        state = 0.0
        for t in range(values.shape[0]):
            state = decay * state + gain * values[t, j]
            out[t, j] = state
    return out
