"""Cells of books whose risk units are underlyings: their worst scenario, and its explanation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.requirement import RequirementTerm
from plimsoll.margin.grids.grid_explanation import GridExplainer
from plimsoll.margin.grids.grid_parts import RiskUnitGrid, part_of_cell
from plimsoll.margin.underlying import UnderlyingGroups
from plimsoll.margin.units.cells import Cells, UnitLayout, cells_of
from plimsoll.margin.units.market_rows import BookValues, MarketRows
from plimsoll.maths.grouped_losses import GroupRules, cell_profits, neutral_rules, worst_of_cells
from plimsoll.maths.unit_totals import place_of_largest, unit_totals
from plimsoll.scenarios.risk_grid import RiskGrid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnderlyingCells:
    """N markets revalued under the grids of R underlyings; what cells of any book need of them.

    Parameters
    ----------
    rows : MarketRows
    groups : UnderlyingGroups
    grids : tuple of R RiskGrid
        Names of all are the same.
    profit : (N + 1, S) float64
        Of one long contract, as it counts, in the numeraire.
    value : (N + 1,) float64
        Of one option now, in the numeraire; zero for anything else.
    """

    rows: MarketRows
    groups: UnderlyingGroups
    grids: tuple[RiskGrid, ...]
    profit: FloatArray
    value: FloatArray

    @property
    def rules(self) -> GroupRules:
        """Neutral: a cell's profit is the plain sum of its positions'."""
        return neutral_rules(self.groups.unit_of_group.size, self.profit.shape[1])

    def cells(self, book: Book, layout: UnitLayout, skip: BoolArray) -> Cells:
        """Lay a book out by margin unit, underlying and expiry."""
        return cells_of(
            book,
            layout,
            row_of_market=self.rows.rows_of(book),
            group_of_row=self.groups.group_of_row,
            risk_unit_of_group=self.groups.unit_of_group,
            skip=skip,
        )

    def known_cells(self, book: Book, layout: UnitLayout) -> Cells:
        """Lay out the positions of a book that have no reason of their own."""
        row = self.rows.rows_of(book)[book.market]
        lacks = (self.rows.reason[row] != 0) | np.isnan(book.quantity)
        return self.cells(book, layout, lacks)

    def worst(self, cells: Cells) -> tuple[FloatArray, IntArray]:
        """Largest loss (C,), not below 0, and its scenario (C,), -1 where none loses."""
        loss, binding = np.zeros(len(cells)), np.zeros(len(cells), dtype=np.int64)
        worst_of_cells(cells.positions, self.profit, self.value, self.rules, loss, binding)
        return np.maximum(loss, 0.0), np.where(loss > 0.0, binding, -1).astype(np.int64)

    def losses(self, cells: Cells) -> FloatArray:
        """(C, S) losses of every cell under every scenario, positive = loss."""
        profits = np.zeros((len(cells), self.profit.shape[1]))
        cell_profits(cells.positions, self.profit, self.value, self.rules, profits)
        return -profits

    def grids_of(
        self, cells: Cells, unit: int, initial_ratio: FloatArray
    ) -> tuple[RiskUnitGrid, ...]:
        """Return the risk units of one margin unit, for explanations; a ratio (C,) by cell."""
        return tuple(
            RiskUnitGrid(
                name=self.groups.units[int(cells.risk_unit[cell])],
                grid=self.grids[int(cells.risk_unit[cell])],
                parts=(part_of_cell(cells, cell, self.profit, self.value, self.rules),),
                initial_scale=float(initial_ratio[cell]),
            )
            for cell in cells.of_unit(unit)
        )

    def explainer(
        self,
        book: Book,
        layout: UnitLayout,
        values: BookValues,
        cells: Cells,
        terms: Sequence[RequirementTerm],
        numeraire: str,
        *,
        initial_ratio: FloatArray,
        about: tuple[tuple[str, str], ...],
        notes: tuple[str, ...],
    ) -> GridExplainer:
        """Explain units by the scenarios of their cells; initial over maintenance (C,) by cell."""
        return GridExplainer(
            book=book,
            layout=layout,
            values=values,
            terms=terms,
            numeraire=numeraire,
            grids_of_unit=lambda unit: self.grids_of(cells, unit, initial_ratio),
            about=about,
            notes=notes,
        )


def binding_of_units(
    layout: UnitLayout, cells: Cells, of_cell: IntArray, total: FloatArray
) -> IntArray:
    """(U,) what binds in the cell of a unit that asks most, the first of equals; -1: no cell.

    Parameters
    ----------
    of_cell : (C,) int64
    total : (C,) float64
        Margin of each cell.
    """
    place = np.empty(len(layout), dtype=np.int64)
    place_of_largest(cells.offsets_of_units(layout), np.require(total, requirements="W"), place)
    return np.append(of_cell, -1)[place].astype(np.int64, copy=False)


def unit_term(
    layout: UnitLayout,
    cells: Cells,
    name: str,
    title: str,
    maintenance: FloatArray,
    ratio: FloatArray,
) -> RequirementTerm:
    """Add a charge (C,) of cells into margin units; initial margin is ``ratio`` (C,) times it."""
    initial, plain = charges_of_units(layout, cells, maintenance, ratio)
    return RequirementTerm(name=name, title=title, initial=initial, maintenance=plain)


def charges_of_units(
    layout: UnitLayout, cells: Cells, charge: FloatArray, ratio: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(U,) charges (C,) of cells added into margin units, times ``ratio`` (C,), and as they are."""
    scaled, plain = np.empty(len(layout)), np.empty(len(layout))
    amount, times = (np.require(c, np.float64, ["C", "W"]) for c in (charge, ratio))
    unit_totals(cells.offsets_of_units(layout), amount, times, scaled, plain)
    return scaled, plain
