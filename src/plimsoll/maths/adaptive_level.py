"""Factors on a margin from an adaptive level and a decayed, weighted quantile of past ratios.

Row t knows the outcomes of rows up to ``t - lag``. Its level moves by the misses of row ``t - lag``
(Gibbs and Candes, NeurIPS 2021, with the delay of the outcome), and its factor is the smallest
number that past ratios, and one unseen ratio that may be as large as it likes, exceed with no more
than the level of all weight.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]

LEVEL_LOW, LEVEL_HIGH, FLOOR, CEILING, YOUNG = 1.0, 2.0, 4.0, 8.0, 16.0
"""What bound a row, added up: level at its lowest or highest, factor at floor or ceiling, and
too few rows known."""


@njit(cache=True, nogil=True)
def miss_rates(ratio: Vector, factor: Vector, weight: float, rate: Vector) -> bool:
    """Write the misses that each level is charged with; False where nothing was scored.

    ``factor`` and ``rate`` hold one number (all columns together) or one a column, which is then
    charged ``(1 - weight)`` of the pooled rate and ``weight`` of its own.
    """
    missed, scored = 0.0, 0
    for p in range(ratio.size):
        if not np.isnan(ratio[p]):
            scored += 1
            missed += 1.0 if ratio[p] > factor[p if factor.size > 1 else 0] else 0.0
    if scored == 0:
        return False
    pooled = missed / scored
    for g in range(rate.size):
        rate[g] = pooled
        if rate.size > 1 and not np.isnan(ratio[g]):
            own = 1.0 if ratio[g] > factor[g] else 0.0
            rate[g] = (1.0 - weight) * pooled + weight * own
    return True


@njit(cache=True, nogil=True)
def weighted_upper(ordered: Vector, heaped: Vector, total: float, level: float) -> float:
    """Smallest number exceeded by at most ``level`` of all weight, the unseen ratio's 1 included.

    ``ordered`` are the largest ratios, descending, and ``heaped`` their weights, cumulated; below
    the last of them the answer is 0 (the caller has a floor there). Infinite where the unseen
    ratio alone weighs more.
    """
    allowed = level * (total + 1.0) - 1.0
    if allowed < 0.0:
        return np.inf
    low, high = 0, ordered.size
    while low < high:
        middle = (low + high) // 2
        if heaped[middle] > allowed:
            high = middle
        else:
            low = middle + 1
    return ordered[low] if low < ordered.size else 0.0


@njit(cache=True, nogil=True)
def move_levels(
    t: int,
    rate: Vector,
    target: float,
    gain: float,
    lowest: float,
    highest: float,
    level: Matrix,
    clipped: Matrix,
    bound: Matrix,
) -> None:
    """Move the levels of row t by their misses, and write what clipping did."""
    for g in range(rate.size):
        moved = level[t, g] + gain * (target - rate[g])
        level[t, g] = min(max(moved, lowest), highest)
        clipped[t, g] = level[t, g] - moved
        if moved < lowest:
            bound[t, g] = LEVEL_LOW
        elif moved > highest:
            bound[t, g] = LEVEL_HIGH


@njit(cache=True, nogil=True)
def enter_row(
    row: Vector, index: int, floor: float, tail: Vector, tail_row: Index, back: int
) -> tuple[int, float]:
    """Append the ratios of a row above the floor; return the new end and the row's count."""
    count = 0.0
    for p in range(row.size):
        if not np.isnan(row[p]):
            count += 1.0
            if row[p] > floor:
                tail[back], tail_row[back] = row[p], index
                back += 1
    return back, count


@njit(cache=True, nogil=True)
def cumulated_tail(
    tail: Vector, tail_row: Index, newest: int, decay: float
) -> tuple[Vector, Vector]:
    """Ratios in descending order, and their weights cumulated."""
    order = np.argsort(-tail, kind="mergesort")
    ordered, heaped, so_far = np.empty(order.size), np.empty(order.size), 0.0
    for k in range(order.size):
        so_far += math.pow(decay, newest - tail_row[order[k]])
        ordered[k], heaped[k] = tail[order[k]], so_far
    return ordered, heaped


@njit(cache=True, nogil=True)
def adaptive_factors(
    ratio: Matrix,
    begin: int,
    lag: int,
    window: int,
    least_rows: int,
    decay: float,
    target: float,
    gain: float,
    lowest: float,
    highest: float,
    floor: float,
    ceiling: float,
    weight: float,
    level: Matrix,
    factor: Matrix,
    clipped: Matrix,
    bound: Matrix,
) -> None:
    """Write rows ``begin`` onwards of levels and factors; earlier rows are given.

    Parameters
    ----------
    ratio : (T, P) float64
        Loss over margin, NaN where not scored.
    begin, lag, window, least_rows : int
        In rows; ``begin`` is at least 1, row 0 being the state before the first.
    decay : float
        Weight of a row over that of the next.
    target, gain, lowest, highest, floor, ceiling, weight : float
    level, factor : (T, G) float64
        G is 1 or P.
    clipped : (T, G) float64
        What clipping added to the level.
    bound : (T, G) float64
        Sum of the codes above.
    """
    rate = np.empty(level.shape[1])
    tail, tail_row = np.empty(ratio.size), np.empty(ratio.size, dtype=np.int64)
    counts = np.zeros(ratio.shape[0])
    front, back, seen = 0, 0, 0
    for t in range(begin, ratio.shape[0]):
        level[t], clipped[t], bound[t] = level[t - 1], 0.0, 0.0
        if t - lag >= 0 and miss_rates(ratio[t - lag], factor[t - lag], weight, rate):
            move_levels(t, rate, target, gain, lowest, highest, level, clipped, bound)
        first = max(0, t - lag - window + 1)
        while seen <= t - lag:
            back, counts[seen] = enter_row(ratio[seen], seen, floor, tail, tail_row, back)
            seen += 1
        while front < back and tail_row[front] < first:
            front += 1
        total, rows = 0.0, 0
        for s in range(first, t - lag + 1):
            total += counts[s] * math.pow(decay, t - lag - s)
            rows += counts[s] > 0.0
        if rows < least_rows:
            factor[t] = floor
            bound[t] += YOUNG
            continue
        ordered, heaped = cumulated_tail(tail[front:back], tail_row[front:back], t - lag, decay)
        for g in range(rate.size):
            found = weighted_upper(ordered, heaped, total, level[t, g])
            factor[t, g] = min(max(found, floor), ceiling)
            bound[t, g] += CEILING if found > ceiling else FLOOR if found <= floor else 0.0
