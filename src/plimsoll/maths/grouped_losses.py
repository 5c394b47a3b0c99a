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
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


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


@njit(cache=True, nogil=True)
def _add_segment(
    first: int,
    last: int,
    row: Codes,
    quantity: Vector,
    profit: Matrix,
    value: Vector,
    moved: Vector,
) -> float:
    """Sum the positions ``first`` to ``last - 1`` into ``moved`` (S,); return their value now."""
    now = 0.0
    moved[:] = 0.0
    for p in range(first, last):
        n, q = row[p], quantity[p]
        now += q * value[n]
        line = profit[n]
        for s in range(moved.size):
            moved[s] += q * line[s]
    return now


@njit(cache=True, nogil=True)
def _treat(moved: Vector, now: float, group: int, rules: GroupRules, total: Vector) -> None:
    """Treat a group's profits ``moved`` (S,) by its rules and add them to ``total``."""
    long, short = rules.long_factor[group], rules.short_factor[group]
    share, cap = rules.gain_share[group], rules.gain_cap[group]
    worse, fraction, dampener = rules.worse_side, rules.fraction, rules.dampener
    for s in range(moved.size):
        shocked = now + moved[s]
        factor = long if shocked >= 0.0 else short
        # Written so that a factor of one leaves the profit to the last bit.
        result = moved[s] if factor == 1.0 else factor * shocked - now
        if worse[s]:
            result = -abs(result)
        if result > 0.0:
            result = min(result * share, cap)
        result *= fraction[s]
        size = abs(result)
        if dampener[s] > 0.0:
            kept = max(size - dampener[s], 0.0)
            result = kept if result > 0.0 else -kept
        total[s] += result


@njit(cache=True, nogil=True)
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
    moved = np.empty(profit.shape[1])
    for c in range(cells.cell_offsets.size - 1):
        total = out[c]
        total[:] = 0.0
        for g in range(cells.cell_offsets[c], cells.cell_offsets[c + 1]):
            now = _add_segment(
                cells.segment_offsets[g],
                cells.segment_offsets[g + 1],
                cells.row,
                cells.quantity,
                profit,
                value,
                moved,
            )
            _treat(moved, now, cells.segment_group[g], rules, total)


@njit(cache=True, nogil=True)
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
    moved, total = np.empty(profit.shape[1]), np.empty(profit.shape[1])
    for c in range(cells.cell_offsets.size - 1):
        total[:] = 0.0
        for g in range(cells.cell_offsets[c], cells.cell_offsets[c + 1]):
            now = _add_segment(
                cells.segment_offsets[g],
                cells.segment_offsets[g + 1],
                cells.row,
                cells.quantity,
                profit,
                value,
                moved,
            )
            _treat(moved, now, cells.segment_group[g], rules, total)
        worst, place = total[0], 0
        for s in range(1, total.size):
            if total[s] < worst:
                worst, place = total[s], s
        loss[c], binding[c] = -worst, place
