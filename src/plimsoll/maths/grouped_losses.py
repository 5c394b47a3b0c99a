"""Losses of many portfolios under scenarios, with a rule for each group of positions.

A *cell* is what offsets fully once its groups have been treated: the positions of one margin unit
in one risk unit (an underlying, say). A *group* within it is what a venue treats as a whole first:
an expiry, or a trading pair. With signed quantities ``q``, the profit ``x`` of one contract under
scenario ``s`` and its value ``v`` now::

    V = sum of q (v + x)                      shocked value of a group
    M = sum of q v                            its value now
    r = V long  (V >= 0),  V short  (V < 0)   sign-dependent discount
    r = r - M
    r = -|r|                                  where the scenario takes the worse side
    r = min(r gain_share, gain_cap)           where r > 0
    r = fraction r
    r = sign(r) max(|r| - dampener, 0)        small results of far scenarios are ignored

and a cell's profit is the sum of ``r`` over its groups. With all factors neutral it is the plain
sum of ``q x``. Which of these a venue uses: ``docs/models``; the sum over groups goes from left to
right, so results do not depend on the number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.grouped_losses_kernels import (
    profits_of_chunk,
    profits_of_chunks,
    sums_of_chunk,
    sums_of_chunks,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

_PARALLEL_PRODUCTS = 8_000_000  # a few ms of work by one thread
_PARALLEL_CELLS = 1_000_000  # a ms or two


class CellPositions(NamedTuple):
    """P positions in G segments (one group of one cell each) in C cells."""

    row: Codes  # (P,) row of the scenario table
    quantity: Vector  # (P,) signed contracts
    segment_offsets: Codes  # (G + 1,) into positions
    segment_group: Codes  # (G,) row of the group rules
    cell_offsets: Codes  # (C + 1,) into segments


class GroupRules(NamedTuple):
    """How K groups and S scenarios are treated; neutral: ones, infinity, zeros, no worse side."""

    long_factor: Vector  # (K,) of a group's shocked value where it is positive
    short_factor: Vector  # (K,) where it is negative
    gain_share: Vector  # (K,)
    gain_cap: Vector  # (K,) in the unit of the table
    worse_side: Flags  # (S,)
    fraction: Vector  # (S,)
    dampener: Vector  # (S,) in the unit of the table


def neutral_rules(groups: int, scenarios: int) -> GroupRules:
    """Return rules under which a cell's profit is the plain sum of its positions'."""
    return GroupRules(
        np.ones(groups),
        np.ones(groups),
        np.ones(groups),
        np.full(groups, np.inf),
        np.zeros(scenarios, dtype=np.bool_),
        np.ones(scenarios),
        np.zeros(scenarios),
    )


def cell_profits(
    cells: CellPositions, profit: Matrix, value: Vector, rules: GroupRules, out: Matrix
) -> None:
    """Fill ``out`` (C, S) with the profit of every cell under every scenario.

    Parameters
    ----------
    cells : CellPositions
    profit : (N, S) float64
        Profit of one long contract.
    value : (N,) float64
        Its value now.
    rules : GroupRules
    out : (C, S) float64
    """
    _treat(cells, profit, value, rules, out, np.empty(0), np.empty(0, dtype=np.int64))


def worst_of_cells(
    cells: CellPositions,
    profit: Matrix,
    value: Vector,
    rules: GroupRules,
    loss: Vector,
    binding: Codes,
) -> None:
    """Fill the largest loss (C,) of every cell, signed, and its scenario (the first of equals).

    A cell that gains under every scenario has a negative loss: flooring is the model's affair.
    """
    _treat(cells, profit, value, rules, np.empty((0, profit.shape[1])), loss, binding)


def unit_losses_of(loss: Vector, cell_offsets: Codes, out: Vector | None = None) -> Vector:
    """Add the losses of each unit's cells; a cell that gains everywhere offsets nothing.

    Parameters
    ----------
    loss : (C,) float64
        Of cells, sorted by unit.
    cell_offsets : (U + 1,) int64
        Cells of unit ``u`` are ``cell_offsets[u]`` to ``cell_offsets[u + 1] - 1``.
    out : (U,) float64, optional
        Filled and returned.

    Returns
    -------
    (U,) float64
        Summed from left to right.

    Examples
    --------
    >>> unit_losses_of(np.array([1.0, -5.0, 2.0]), np.array([0, 2, 2, 3])).tolist()
    [1.0, 0.0, 2.0]
    """
    found = np.empty(cell_offsets.size - 1) if out is None else out
    if loss.size < _PARALLEL_CELLS:
        sums_of_chunk(0, found.size, loss, cell_offsets, found)
    else:
        sums_of_chunks(loss, cell_offsets, found)
    return found


def _treat(
    cells: CellPositions,
    profit: Matrix,
    value: Vector,
    rules: GroupRules,
    out: Matrix,
    loss: Vector,
    binding: Codes,
) -> None:
    """Run the kernel, by all threads where there is more than about 1 ms of work."""
    count = cells.cell_offsets.size - 1
    columns = (*cells, profit, value, *rules, out, loss, binding)
    if count == 0:
        return
    if cells.row.size * profit.shape[1] < _PARALLEL_PRODUCTS:
        profits_of_chunk(0, count, *columns)
    else:
        profits_of_chunks(*columns)
