"""Risk matrix of margin units: worst case over pairs and scenarios, shocks, contingency.

All in columns; accounts x scenarios is never held as a whole, but in blocks of units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.deribit.portfolio_shocks import DeltaRamp, cell_deltas, delta_shocks
from plimsoll.margin.deribit.portfolio_table import PairTable
from plimsoll.margin.units.cells import Cells
from plimsoll.maths.grouped_losses import CellPositions, cell_profits, worst_of_cells
from plimsoll.maths.unit_totals import add_profits

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BLOCK = 65_536
"""Margin units whose losses are held at once where several pairs are added."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskMatrix:
    """What U margin units lose, in the numeraire; all (U,) and not below 0.

    Parameters
    ----------
    worst_case : float64
        Largest loss over the scenarios, pairs added.
    stand_alone : float64
        Sum of the pairs' own worst cases.
    roll_shock, delta_shock : float64
    binding : int64
        Scenario of the worst case; -1 where none loses.
    """

    worst_case: FloatArray
    stand_alone: FloatArray
    roll_shock: FloatArray
    delta_shock: FloatArray
    binding: IntArray


def by_pair(cells: Cells) -> CellPositions:
    """Cells as the rules see them: a pair is one group, whatever its expiries."""
    laid = cells.positions
    count = len(cells)
    return CellPositions(
        laid.row,
        laid.quantity,
        cells.offsets,
        np.zeros(count, dtype=np.int64),
        np.arange(count + 1),
    )


def risk_matrix(
    pairs: Sequence[PairTable],
    laid: Sequence[Cells],
    units: int,
    *,
    per_usd: float,
    ramp: DeltaRamp,
    block: int = BLOCK,
) -> RiskMatrix:
    """Compute the risk matrix of margin units 0 to ``units - 1``.

    Parameters
    ----------
    pairs : sequence of PairTable
    laid : sequence of Cells
        Positions of each pair; a cell is a margin unit, its groups are expiries.
    """
    roll, delta = np.zeros(units), np.zeros(units)
    worst, binding = np.zeros(units), np.zeros(units, dtype=np.int64)
    for pair, cells in zip(pairs, laid, strict=True):
        deltas = cell_deltas(cells, pair.table.delta, pair.price, pair.roll_rate)
        roll[cells.unit] += deltas.roll_shock
        delta[cells.unit] += delta_shocks(deltas, pair.pair, per_usd, ramp)
        if len(pairs) == 1:
            worst[cells.unit], binding[cells.unit] = _worst(pair, cells)
    alone = np.maximum(worst, 0.0)
    if len(pairs) > 1:
        worst, alone, binding = _worst_over_pairs(pairs, laid, units, block)
    return RiskMatrix(
        worst_case=np.maximum(worst, 0.0),
        stand_alone=alone,
        roll_shock=roll,
        delta_shock=delta,
        binding=np.where(worst > 0.0, binding, -1).astype(np.int64),
    )


def _worst(pair: PairTable, cells: Cells) -> tuple[FloatArray, IntArray]:
    """Largest loss (C,) of each cell, and its scenario."""
    loss, binding = np.zeros(len(cells)), np.zeros(len(cells), dtype=np.int64)
    table = pair.table
    worst_of_cells(by_pair(cells), table.profit, table.value, pair.rules, loss, binding)
    return loss, binding


def _worst_over_pairs(
    pairs: Sequence[PairTable], laid: Sequence[Cells], units: int, block: int
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Largest loss (U,) of each unit, signed, the sum of its pairs' own, and its scenario."""
    worst, alone, binding = np.zeros(units), np.zeros(units), np.zeros(units, dtype=np.int64)
    held = min(block, units), len(pairs[0].scenarios.grid)
    sums, own = np.empty(held), np.empty(held)  # written anew for every block: memory that is there
    for first in range(0, units, block):
        last = min(first + block, units)
        total = sums[: last - first]
        total[:] = 0.0
        for pair, cells in zip(pairs, laid, strict=True):
            _add_profits(pair, cells, first, own, total, alone[first:last])
        place = np.argmin(total, axis=1)
        worst[first:last] = -total[np.arange(last - first), place]
        binding[first:last] = place
    return worst, alone, binding


def _add_profits(
    pair: PairTable,
    cells: Cells,
    first: int,
    own: FloatArray,
    total: FloatArray,
    alone: FloatArray,
) -> None:
    """Add a pair's profits to ``total`` (B, S) of the units from ``first``, and its own worst.

    ``own`` (B, S) is overwritten.
    """
    last = first + total.shape[0]
    start, end = (int(c) for c in np.searchsorted(cells.unit, [first, last]))
    if start == end:
        return
    laid = by_pair(cells)
    held = laid._replace(cell_offsets=laid.cell_offsets[start : end + 1])
    out = own[: end - start]
    cell_profits(held, pair.table.profit, pair.table.value, pair.rules, out)
    add_profits(cells.unit[start:end] - first, out, total, alone)
