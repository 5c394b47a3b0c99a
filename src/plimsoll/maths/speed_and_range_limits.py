"""Speed limit, and cap and floor, on rows of margins: day t from the days up to t alone."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@njit(cache=True, nogil=True)
def limited_row(
    margin: Vector, loss: Vector, rise: float, fall: float, gap: float, out: Vector
) -> None:
    """Write the path that rises by at most ``rise`` and falls by at most ``fall`` a step.

    ``loss`` (T,) is the worst loss that became known since the step before, NaN where none did: one
    that exceeds the margin held by more than the share ``gap`` lifts the limit on the rise on that
    step; the fall stays limited, as no breach may lower a margin further than a calm day does. A
    step without a margin holds the last one's place.
    """
    last = np.nan
    for t in range(margin.size):
        out[t] = margin[t]
        if np.isnan(margin[t]):
            continue
        if not np.isnan(last):
            out[t] = max(margin[t], last * (1.0 - fall))
            if not loss[t] > last * (1.0 + gap):
                out[t] = min(out[t], last * (1.0 + rise))
        last = out[t]


@njit(cache=True, nogil=True)
def capped_row(
    margin: Vector, loss: Vector, low: float, high: float, least: int, released: int, out: Vector
) -> None:
    """Write margins clipped to the quantiles ``low`` and ``high`` of their own past.

    The past is that of ``margin`` itself, today included, once it holds ``least`` numbers. A loss
    above the margin held switches the cap off for ``released`` steps.
    """
    past = np.empty(margin.size)
    size, free, last = 0, 0, np.nan
    for t in range(margin.size):
        free = released if loss[t] > last else max(0, free - 1)
        out[t] = margin[t]
        if np.isnan(margin[t]):
            continue
        at = np.searchsorted(past[:size], margin[t])
        for j in range(size, at, -1):
            past[j] = past[j - 1]
        past[at] = margin[t]
        size += 1
        if size >= least:
            out[t] = max(margin[t], past[int(low * (size - 1))])
            if free == 0:
                out[t] = min(out[t], past[int(np.ceil(high * (size - 1)))])
        last = out[t]


@njit(cache=True, nogil=True)
def limited_table(margin: Matrix, loss: Matrix, rise: float, fall: float, gap: float) -> Matrix:
    """(M, T) `limited_row` of every row."""
    out = np.empty(margin.shape)
    for i in range(margin.shape[0]):
        limited_row(margin[i], loss[i], rise, fall, gap, out[i])
    return out


@njit(cache=True, nogil=True)
def capped_table(
    margin: Matrix, loss: Matrix, low: float, high: float, least: int, released: int
) -> Matrix:
    """(M, T) `capped_row` of every row."""
    out = np.empty(margin.shape)
    for i in range(margin.shape[0]):
        capped_row(margin[i], loss[i], low, high, least, released, out[i])
    return out
