"""What cells of a margin unit add up to, and which of them asks most: one pass over cells."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]


@njit(cache=True, nogil=True, error_model="numpy")
def unit_totals(
    offsets: Codes, charge: Vector, ratio: Vector, scaled: Vector, plain: Vector
) -> None:
    """Add charges by unit, in the order of cells, times a ratio and as they are.

    Parameters
    ----------
    offsets : (U + 1,) int64
        Into cells.
    charge, ratio : (C,) float64
    scaled, plain : (U,) float64
        Filled.

    Examples
    --------
    >>> scaled, plain = np.empty(2), np.empty(2)
    >>> unit_totals(np.array([0, 2, 2]), np.array([1.0, 2.0]), np.array([2.0, 3.0]), scaled, plain)
    >>> scaled.tolist(), plain.tolist()
    ([8.0, 0.0], [3.0, 0.0])
    """
    for u in range(plain.size):
        more, total = 0.0, 0.0
        for c in range(offsets[u], offsets[u + 1]):
            more += charge[c] * ratio[c]
            total += charge[c]
        scaled[u], plain[u] = more, total


@njit(cache=True, nogil=True, error_model="numpy")
def place_of_largest(offsets: Codes, value: Vector, place: Codes) -> None:
    """Fill in the cell (U,) with each unit's largest value, the first of equals.

    A unit without cells, or with a value that is not a number, has -1.

    Examples
    --------
    >>> place = np.empty(3, dtype=np.int64)
    >>> place_of_largest(np.array([0, 3, 3, 4]), np.array([1.0, 5.0, 5.0, np.nan]), place)
    >>> place.tolist()
    [1, -1, -1]
    """
    for u in range(place.size):
        best = -1
        for c in range(offsets[u], offsets[u + 1]):
            if np.isnan(value[c]):
                best = -1
                break
            if best < 0 or value[c] > value[best]:
                best = c
        place[u] = best


@njit(cache=True, nogil=True, error_model="numpy")
def add_profits(unit: Codes, profit: Matrix, total: Matrix, alone: Vector) -> None:
    """Add profits of cells to those of their units, and each cell's largest loss, not below 0.

    Parameters
    ----------
    unit : (C,) int64
    profit : (C, S) float64
    total : (U, S) float64
        Added to.
    alone : (U,) float64
        Added to.

    Examples
    --------
    >>> total, alone = np.zeros((2, 2)), np.zeros(2)
    >>> add_profits(np.array([1, 1]), np.array([[3.0, -5.0], [-4.0, 1.0]]), total, alone)
    >>> total.tolist(), alone.tolist()
    ([[0.0, 0.0], [-1.0, -4.0]], [0.0, 9.0])
    """
    for c in range(unit.size):
        u, lowest = unit[c], np.inf
        for s in range(profit.shape[1]):
            total[u, s] += profit[c, s]
        for s in range(profit.shape[1]):
            lowest = min(lowest, profit[c, s])
        alone[u] += max(-lowest, 0.0)
