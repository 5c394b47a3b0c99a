"""Holdings of many small portfolios sorted into cells and segments, in one go.

A cell is what one unit holds in one risk unit, a segment what a cell holds in one group
(`plimsoll.maths.grouped_losses`).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.unit_order import order_within_units

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

LEFT_OUT = -1
"""Row of a holding that stands in no cell."""


@njit(cache=True, nogil=True)
def _kept(unit: Codes, row: Codes, group: Codes, risk_unit: Codes) -> tuple[Codes, Codes, Codes]:
    """Holdings that have a row, and the unit and sorting key of each of them."""
    kept, of, key = np.empty_like(row), np.empty_like(row), np.empty_like(row)
    count, groups = 0, risk_unit.size
    for e in range(row.size):
        if row[e] < 0:
            continue
        k = group[row[e]]
        kept[count], of[count], key[count] = e, unit[e], risk_unit[k] * groups + k
        count += 1
    return kept[:count], of[:count], key[:count]


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
    kept, of, key = _kept(unit, row, group, risk_unit)
    place = order_within_units(of, key, units)
    count, groups = place.size, max(risk_unit.size, 1)
    order, laid, held = np.empty_like(kept), np.empty_like(kept), np.empty(count)
    segment_at, segment_group = np.empty(count + 1, np.int64), np.empty_like(kept)
    cell_at, cell_unit, cell_risk = np.empty(count + 1, np.int64), np.empty_like(kept), kept * 0
    segments, cells, last_unit, last_key = 0, 0, -1, -1
    for p in range(count):
        e, own, mine = kept[place[p]], of[place[p]], key[place[p]]
        order[p], laid[p], held[p] = e, row[e], quantity[e]
        if own != last_unit or mine != last_key:
            if own != last_unit or mine // groups != last_key // groups:
                cell_at[cells], cell_unit[cells], cell_risk[cells] = segments, own, mine // groups
                cells += 1
            segment_at[segments], segment_group[segments] = p, mine % groups
            segments += 1
            last_unit, last_key = own, mine
    segment_at[segments], cell_at[cells] = count, segments
    return (
        laid,
        held,
        segment_at[: segments + 1].copy(),
        segment_group[:segments].copy(),
        cell_at[: cells + 1].copy(),
        order,
        cell_unit[:cells].copy(),
        cell_risk[:cells].copy(),
    )
