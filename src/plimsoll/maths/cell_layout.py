"""Holdings of many small portfolios sorted into cells and segments, in one go.

A cell is what one unit holds in one risk unit, a segment what a cell holds in one group
(`plimsoll.maths.grouped_losses`).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

LEFT_OUT = -1
"""Row of a holding that stands in no cell."""
_SMALL = 48


@njit(cache=True, nogil=True)
def _by_unit(unit: Codes, row: Codes, units: int) -> tuple[Codes, Codes]:
    """Return holdings (P,) that have a row by rising unit, and where each unit begins (U + 1,)."""
    starts = np.zeros(units + 1, np.int64)
    for e in range(unit.size):
        starts[unit[e] + 1] += row[e] >= 0
    for u in range(units):
        starts[u + 1] += starts[u]
    place, order = starts[:-1].copy(), np.empty(starts[-1], np.int64)
    for e in range(unit.size):
        if row[e] >= 0:
            order[place[unit[e]]] = e
            place[unit[e]] += 1
    return order, starts


@njit(cache=True, nogil=True)
def _sort(values: Codes) -> None:
    """Sort numbers that all differ; insertion is the fastest for a few."""
    if values.size > _SMALL:
        values.sort()
        return
    for i in range(1, values.size):
        value, j = values[i], i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@njit(cache=True, nogil=True)
def _sort_units(order: Codes, starts: Codes, row: Codes, group: Codes, risk_unit: Codes) -> Codes:
    """Sort each unit's stretch of ``order`` by risk unit and group; return that key (P,)."""
    groups, key = risk_unit.size, np.empty_like(order)
    most = np.diff(starts).max() if starts.size > 1 else 0
    held, ranks = np.empty(most, np.int64), np.empty(most, np.int64)
    for u in range(starts.size - 1):
        first, count = starts[u], starts[u + 1] - starts[u]
        for i in range(count):
            held[i] = order[first + i]
            k = group[row[held[i]]]
            ranks[i] = (risk_unit[k] * groups + k) * count + i  # ties as they stood
        _sort(ranks[:count])
        for i in range(count):
            key[first + i] = ranks[i] // count
            order[first + i] = held[ranks[i] - key[first + i] * count]
    return key


@njit(cache=True, nogil=True)
def _count(starts: Codes, key: Codes, groups: int) -> tuple[int, int]:
    """Return how many segments and cells there are."""
    segments, cells = 0, 0
    for u in range(starts.size - 1):
        last = -1
        for p in range(starts[u], starts[u + 1]):
            if key[p] != last:
                segments += 1
                cells += last < 0 or key[p] // groups != last // groups
                last = key[p]
    return segments, cells


@njit(cache=True, nogil=True)
def cell_layout(
    unit: Codes, row: Codes, quantity: Vector, group: Codes, risk_unit: Codes, units: int
) -> tuple[Codes, Vector, Codes, Codes, Codes, Codes, Codes, Codes]:
    """Sort holdings by unit, risk unit and group; those that came first stay first.

    Parameters
    ----------
    unit : (E,) int64
        0 to ``units - 1``.
    row : (E,) int64
        Of a table; negative (`LEFT_OUT`) for what stands in no cell.
    quantity : (E,) float64
    group : (N,) int64
        Of each row.
    risk_unit : (K,) int64
        Of each group.
    units : int

    Returns
    -------
    row, quantity : (P,)
        Of the holdings that stand in a cell.
    segment_offsets : (G + 1,) int64
        Into them.
    segment_group : (G,) int64
    cell_offsets : (C + 1,) int64
        Into segments.
    order : (P,) int64
        Where each holding stood.
    cell_unit, cell_risk_unit : (C,) int64
    """
    order, starts = _by_unit(unit, row, units)
    key = _sort_units(order, starts, row, group, risk_unit)
    count = order.size
    segments, cells = _count(starts, key, risk_unit.size)
    laid, held = np.empty(count, np.int64), np.empty(count)
    segment_at, segment_group = np.empty(segments + 1, np.int64), np.empty(segments, np.int64)
    cell_at, cell_unit = np.empty(cells + 1, np.int64), np.empty(cells, np.int64)
    cell_risk, segments, cells = np.empty(cells, np.int64), 0, 0
    for u in range(units):
        last_key, last_risk = -1, -1
        for p in range(starts[u], starts[u + 1]):
            laid[p], held[p] = row[order[p]], quantity[order[p]]
            if key[p] == last_key:
                continue
            last_key = key[p]
            risk = last_key // risk_unit.size
            if risk != last_risk:
                cell_at[cells], cell_unit[cells], cell_risk[cells] = segments, u, risk
                cells, last_risk = cells + 1, risk
            segment_at[segments], segment_group[segments] = p, last_key - risk * risk_unit.size
            segments += 1
    segment_at[segments], cell_at[cells] = count, segments
    return laid, held, segment_at, segment_group, cell_at, order, cell_unit, cell_risk
