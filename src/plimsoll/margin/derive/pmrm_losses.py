"""Losses of many portfolios in one risk unit: worst scenario, basis contingency, contingencies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.derive.pmrm_table import PmrmTable
from plimsoll.margin.units.cell_sums import CellSums, cell_sums
from plimsoll.margin.units.cells import Cells
from plimsoll.maths.grouped_losses import cell_profits, worst_of_cells
from plimsoll.maths.unpaired_shorts import unpaired_shorts

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PmrmLosses:
    """What C portfolios may lose in one risk unit; positive, in cash.

    Parameters
    ----------
    worst : (C,) float64
        The larger of the worst scenario's loss and the basis contingency; never negative, since
        the contingency is not.
    binding : (C,) int64
        Scenario that sets it (the first of equals); -1 where the basis contingency does.
    basis : (C,) float64
    perpetual_notional, unpaired_notional : (C,) float64
        At the spot price: perpetuals long or short, short options that nothing pairs up with.
    doubted_notional : (C,) float64
        Notional of positions whose prices are not trusted, times what is lacking in confidence.
    """

    worst: FloatArray
    binding: IntArray
    basis: FloatArray
    perpetual_notional: FloatArray
    unpaired_notional: FloatArray
    doubted_notional: FloatArray


def pmrm_losses(table: PmrmTable, cells: Cells) -> PmrmLosses:
    """Compute the losses of all cells of one risk unit."""
    scenario, place = np.empty(len(cells)), np.empty(len(cells), dtype=np.int64)
    worst_of_cells(cells.positions, table.profit, table.value, table.rules, scenario, place)
    sums = cell_sums(cells)
    basis = basis_contingency(table, cells, sums)
    perpetual = _perpetual_notional(table, sums)
    return PmrmLosses(
        worst=np.maximum(scenario, basis),
        binding=np.where(basis > scenario, -1, place),
        basis=basis,
        perpetual_notional=perpetual,
        unpaired_notional=_unpaired_notional(table, sums),
        doubted_notional=_doubted_notional(table, cells, sums, perpetual),
    )


def basis_contingency(table: PmrmTable, cells: Cells, sums: CellSums) -> FloatArray:
    """(C,) the worse of two moves of every expiry by itself, weighted by time, summed."""
    group = sums.group_of_segment
    count = group.size
    single = cells.positions._replace(cell_offsets=np.arange(count + 1))
    loss, place = np.empty(count), np.empty(count, dtype=np.int64)
    worst_of_cells(single, table.basis_profit, table.value, table.basis_rules, loss, place)
    weight = table.basis_weight[group]
    return sums.of_segments(np.where(weight > 0.0, np.maximum(loss, 0.0) * weight, 0.0))


def scenario_losses(table: PmrmTable, cells: Cells) -> FloatArray:
    """(C, S) losses of the cells under every scenario, as they count."""
    profit = np.empty((len(cells), table.profit.shape[1]))
    cell_profits(cells.positions, table.profit, table.value, table.rules, profit)
    return -profit


def confidence_charge(confidence: FloatArray, threshold: float) -> FloatArray:
    """Return what is lacking in confidences below ``threshold``; 0 for the others."""
    return np.where(confidence < threshold, 1.0 - confidence, 0.0)


def _perpetual_notional(table: PmrmTable, sums: CellSums) -> FloatArray:
    size = np.abs(sums.quantity) * table.units[sums.row]
    amount = sums.of_positions(np.where(table.is_perpetual[sums.row], size, 0.0))
    return sums.of_segments(amount) * table.spot.price


def _unpaired_notional(table: PmrmTable, sums: CellSums) -> FloatArray:
    chosen = table.is_option[sums.row]
    row = sums.row[chosen]
    naked = unpaired_shorts(
        sums.segment_of_position[chosen],
        table.strike_rank[row],
        sums.quantity[chosen] * table.units[row],
        table.is_call[row],
        sums.group_of_segment.size,
    )
    return sums.of_segments(naked) * table.spot.price


def _doubted_notional(
    table: PmrmTable, cells: Cells, sums: CellSums, perpetual: FloatArray
) -> FloatArray:
    """Perpetuals by their own and the spot's confidence; expiries by all that they hang on."""
    held, count = cells.positions, len(cells)
    if not count:
        return np.empty(0)
    own, spot, threshold = table.confidence[held.row], table.spot, table.rule.confidence_threshold
    is_option = table.is_option[held.row]
    of_perpetual = np.where(table.is_perpetual[held.row], own, 1.0)
    cell_first = held.segment_offsets[held.cell_offsets[:-1]]
    perpetual_confidence = np.minimum.reduceat(of_perpetual, cell_first)
    least = np.minimum(perpetual_confidence, spot.confidence)
    of_expiry = np.minimum.reduceat(np.where(is_option, own, 1.0), held.segment_offsets[:-1])
    of_expiry = np.minimum(of_expiry, least[sums.cell_of_segment])
    size = np.where(is_option, np.abs(held.quantity) * table.units[held.row], 0.0)
    notional = sums.of_positions(size) * spot.price
    return perpetual * confidence_charge(least, threshold) + sums.of_segments(
        notional * confidence_charge(of_expiry, threshold)
    )
