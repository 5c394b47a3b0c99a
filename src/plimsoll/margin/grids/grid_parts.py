"""What a grid model sums for one margin unit: positions, their table, the rules of their groups."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import UsageError
from plimsoll.margin.units.cells import Cells
from plimsoll.maths.grouped_losses import CellPositions, GroupRules, cell_profits, worst_of_cells
from plimsoll.scenarios.risk_grid import RiskGrid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridPart:
    """P positions of one margin unit that share a table and its group rules.

    Parameters
    ----------
    positions : (P,) int64
        Rows of the book.
    row, group : (P,) int64
        Of the table, and of the rules; ``group`` does not fall.
    quantity : (P,) float64
        Signed contracts.
    profit, value : (N, S), (N,) float64
        Of one long contract, in the numeraire.
    rules : GroupRules

    Raises
    ------
    UsageError
        Where the groups are not sorted.
    """

    positions: IntArray
    row: IntArray
    group: IntArray
    quantity: FloatArray
    profit: FloatArray
    value: FloatArray
    rules: GroupRules

    def __post_init__(self) -> None:
        if np.any(np.diff(self.group) < 0):
            raise UsageError("must not fall", found="a fall", field="GridPart.group")

    @property
    def values(self) -> FloatArray:
        """(P,) values of the positions now."""
        return self.quantity * self.value[self.row]

    def treated(self) -> tuple[IntArray, FloatArray]:
        """First position (G,) of each group, and profits (G, S) of groups under their rules."""
        starts = np.flatnonzero(np.diff(self.group, prepend=-1))
        out = np.empty((starts.size, self.profit.shape[1]))
        ends = np.append(starts, self.group.size)
        each = np.arange(starts.size + 1)
        cells = CellPositions(self.row, self.quantity, ends, self.group[starts], each)
        cell_profits(cells, self.profit, self.value, self.rules, out)
        return starts, out

    def standalone(self) -> FloatArray:
        """(P,) largest loss of each position as if it were the only one; at least 0."""
        count = self.row.size
        loss, binding = np.empty(count), np.empty(count, dtype=np.int64)
        each = np.arange(count + 1)
        cells = CellPositions(self.row, self.quantity, each, self.group, each)
        worst_of_cells(cells, self.profit, self.value, self.rules, loss, binding)
        return np.maximum(loss, 0.0)

    def shares(self, scenario: int) -> FloatArray:
        """(P,) what each position adds to the part's loss under one scenario.

        A group's profit after its rules is shared out in proportion to what its positions make of
        it before dampener, share and cap: ``f q (v + x) - q v`` with the discount factor ``f`` of
        the group's shocked value. Without rules that is ``q x``, the marginal profit.
        """
        now = self.values
        moved = self.quantity * self.profit[self.row, scenario]
        starts, treated = self.treated()
        ends = np.append(starts[1:], self.group.size)
        shares = np.zeros(self.group.size)
        for first, last, result in zip(starts, ends, treated[:, scenario], strict=True):
            made = self._made(slice(first, last), now, moved)
            whole = float(made.sum())
            if whole != 0.0:
                shares[first:last] = -made * (float(result) / whole)
        return shares

    def _made(self, held: slice, now: FloatArray, moved: FloatArray) -> FloatArray:
        group = int(self.group[held.start])
        shocked = float(now[held].sum() + moved[held].sum())
        factors = self.rules.long_factor if shocked >= 0.0 else self.rules.short_factor
        factor = float(factors[group])
        if factor == 1.0:
            return moved[held]
        return factor * (now[held] + moved[held]) - now[held]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskUnitGrid:
    """The scenarios of one risk unit of one margin unit.

    Parameters
    ----------
    name : str
    grid : RiskGrid
        Names, moves and what volatility does; of several parts, those of the first.
    parts : tuple of GridPart
        Profits of all of them are added scenario by scenario.
    initial_scale, maintenance_scale : float
        What the largest loss is multiplied by in the term of scenario losses.
    """

    name: str
    grid: RiskGrid
    parts: tuple[GridPart, ...]
    initial_scale: float = 1.0
    maintenance_scale: float = 1.0

    def losses(self) -> FloatArray:
        """(S,) losses under the scenarios, as the model counts them."""
        total = np.zeros(len(self.grid))
        for part in self.parts:
            for profit in part.treated()[1]:
                total += profit
        return -total

    def losses_after(self, part: int, place: int, contracts: float) -> FloatArray:
        """(S,) losses after a trade of so many contracts in one position of a part."""
        quantity = self.parts[part].quantity.copy()
        quantity[place] += contracts
        traded = replace(self.parts[part], quantity=quantity)
        return replace(self, parts=(*self.parts[:part], traded, *self.parts[part + 1 :])).losses()


def part_of_cell(
    cells: Cells, cell: int, profit: FloatArray, value: FloatArray, rules: GroupRules
) -> GridPart:
    """Return one cell of a layout, as the part of a margin unit that it is."""
    laid = cells.positions
    first, last = int(laid.cell_offsets[cell]), int(laid.cell_offsets[cell + 1])
    counts = np.diff(laid.segment_offsets[first : last + 1])
    held = cells.entries(cell)
    return GridPart(
        positions=cells.order[held],
        row=laid.row[held],
        group=np.repeat(laid.segment_group[first:last], counts),
        quantity=laid.quantity[held],
        profit=profit,
        value=value,
        rules=rules,
    )
