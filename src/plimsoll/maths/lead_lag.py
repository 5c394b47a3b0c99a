r"""Hayashi-Yoshida contrast of two asynchronously observed paths over lags.

.. math::
    U(\theta) = \sum_{i,j} \Delta X_i\,\Delta Y_j\,
    \mathbf 1\{(t_{i-1}, t_i] \cap (s_{j-1} - \theta, s_j - \theta] \ne \emptyset\}

Nothing is resampled: an increment meets every increment of the other path that it overlaps. Those
are neighbours, and their sum is one difference of ``Y``, so a lag costs one pass over both paths.
Sources: Hayashi and Yoshida, Bernoulli 11 (2005); Hoffmann, Rosenbaum and Yoshida, *Estimation of
the lead-lag parameter from non-synchronous data*, Bernoulli 19 (2013), section 3.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]
Codes = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _contrast_by_block(
    x_time: Index, x: Vector, y_time: Index, y: Vector, lag: Index, block: Codes, contrast: Matrix
) -> None:
    """Add to each lag's row, in the column of the block in which the interval of ``X`` ends."""
    last = y_time.size - 1
    for k in range(lag.size):
        first_at, end_at = 0, 0
        for i in range(1, x_time.size):
            begin, end = x_time[i - 1] + lag[k], x_time[i] + lag[k]
            while first_at < last and y_time[first_at + 1] <= begin:
                first_at += 1
            while end_at < last and y_time[end_at] < end:
                end_at += 1
            contrast[k, block[i - 1]] += (x[i] - x[i - 1]) * (y[end_at] - y[first_at])


def contrast_by_block(
    x_time: Index, x: Vector, y_time: Index, y: Vector, lag: Index, block: Codes, blocks: int
) -> Matrix:
    """Return U at each lag, split by block of time; a row's sum is U.

    Parameters
    ----------
    x_time, y_time : (n,), (m,) int64
        Strictly rising.
    x, y : (n,), (m,) float64
    lag : (L,) int64
        In the units of time; positive: ``X`` leads, ``Y`` follows that much later.
    block : (n - 1,) int64
        Block of each increment of ``X``, 0 to ``blocks - 1``.
    blocks : int

    Returns
    -------
    (L, blocks) float64

    Examples
    --------
    ``Y`` repeats the jump of ``X`` two later.

    >>> times = np.arange(6)
    >>> x, y = np.array([0.0, 0, 1, 1, 1, 1]), np.array([0.0, 0, 0, 0, 1, 1])
    >>> same = np.zeros(5, dtype=np.int64)
    >>> contrast_by_block(times, x, times, y, np.array([0, 2, 4]), same, 1).ravel().tolist()
    [0.0, 1.0, 0.0]
    """
    contrast = np.zeros((lag.size, blocks))
    times = np.array(x_time, dtype=np.int64), np.array(y_time, dtype=np.int64)
    values = np.array(x, dtype=np.float64), np.array(y, dtype=np.float64)
    lags, codes = np.array(lag, dtype=np.int64), np.array(block, dtype=np.int64)
    _contrast_by_block(times[0], values[0], times[1], values[1], lags, codes, contrast)
    return contrast
