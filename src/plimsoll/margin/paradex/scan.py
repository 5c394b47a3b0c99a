"""Scan risk, minimum delta and provisions of cells: a margin unit in one underlying."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.paradex.scenarios import ScanTable
from plimsoll.margin.units.cell_sums import cell_sums
from plimsoll.margin.units.cells import Cells
from plimsoll.maths.grouped_losses import neutral_rules, worst_of_cells

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitScan:
    """What C cells ask, in the numeraire.

    Parameters
    ----------
    loss : (C,) float64
        Scan risk, not below 0.
    binding : (C,) int64
        Its scenario; -1 where none loses, or the minimum delta asks more.
    long, short : (C,) float64
        Positions' deltas of either sign, times price; both positive.
    delta_excess : (C,) float64
        What the minimum delta asks beyond the scan.
    funding : (C,) float64
        What perpetuals pay, netted; negative where they receive.
    fee : (C,) float64
    """

    loss: FloatArray
    binding: IntArray
    long: FloatArray
    short: FloatArray
    delta_excess: FloatArray
    funding: FloatArray
    fee: FloatArray

    @property
    def risk(self) -> FloatArray:
        """(C,) the larger of scan risk and minimum delta."""
        return self.loss + self.delta_excess


def scan_cells(table: ScanTable, cells: Cells) -> UnitScan:
    """Compute scan risk, minimum delta and provisions of every cell."""
    count = len(cells)
    loss, binding = np.zeros(count), np.zeros(count, dtype=np.int64)
    rules = neutral_rules(len(table.underlyings) + 1, table.profit.shape[1])
    worst_of_cells(cells.positions, table.profit, table.value, rules, loss, binding)
    sums = cell_sums(cells)
    long = sums.long_by_cell(table.delta_worth)
    short = sums.short_by_cell(table.delta_worth)
    least = minimum_delta(table, cells.risk_unit, long, short, np.abs(long - short))
    scan = np.maximum(loss, 0.0)
    excess = np.maximum(least - scan, 0.0)
    return UnitScan(
        loss=scan,
        binding=np.where((loss > 0.0) & (excess == 0.0), binding, -1).astype(np.int64),
        long=long,
        short=short,
        delta_excess=excess,
        funding=sums.by_cell(table.funding),
        fee=sums.gross_by_cell(table.fee),
    )


def minimum_delta(
    table: ScanTable, underlying: IntArray, long: FloatArray, short: FloatArray, net: FloatArray
) -> FloatArray:
    """Floor on the risk: rates on what is not hedged, and on what is.

    Parameters
    ----------
    underlying : (C,) int64
    long, short, net : (C,) float64
        Deltas times price, positive; ``net`` is what stays unhedged in the worse case.
    """
    unhedged = np.array([*(float(p.unhedged_rate) for p in table.parameters), 0.0])[underlying]
    hedged = np.array([*(float(p.hedged_rate) for p in table.parameters), 0.0])[underlying]
    both = np.maximum(np.maximum(long, short) - net, 0.0)
    return np.asarray(unhedged * net + hedged * both, dtype=np.float64)
