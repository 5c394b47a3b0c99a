"""Bybit portfolio margin with marks and parameters: charges of cells, terms of margin units."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.bybit.contingencies import (
    ShortOptionNetting,
    delta_spread,
    hedged_across_expiries,
    hedged_across_legs,
    net_short_options,
)
from plimsoll.margin.bybit.parameters import BybitParameters
from plimsoll.margin.bybit.scenarios import NAMES
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.grids.cash_sensitivities import CashSensitivities
from plimsoll.margin.grids.underlying_cells import UnderlyingCells, binding_of_units, unit_term
from plimsoll.margin.grids.worst_fills import order_requirement
from plimsoll.margin.units.assembly import assemble
from plimsoll.margin.units.cell_sums import cell_sums
from plimsoll.margin.units.cells import Cells, UnitLayout, sum_by_unit, unit_layout
from plimsoll.margin.units.market_rows import book_values

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellCharges:
    """(C,) charges of each cell, in the numeraire, none negative; margin is their sum.

    Parameters
    ----------
    scenario_loss, short_options, vega_spread, stable_spread, delta_spread, futures : (C,) float64
    binding : (C,) int64
        Scenario of the stress loss; -1 where none loses.
    """

    scenario_loss: FloatArray
    short_options: FloatArray
    vega_spread: FloatArray
    stable_spread: FloatArray
    delta_spread: FloatArray
    futures: FloatArray
    binding: IntArray

    @property
    def total(self) -> FloatArray:
        """Maintenance margin of each cell."""
        return np.asarray(np.sum([column for *_, column in self.titled()], axis=0))

    def titled(self) -> tuple[tuple[str, str, FloatArray], ...]:
        """Name, title and column of each charge."""
        return (
            ("scenario_loss", "Maximum stress loss", self.scenario_loss),
            ("short_options", "Net short options", self.short_options),
            ("vega_spread", "Vega spread", self.vega_spread),
            ("stable_spread", "Stablecoin spread", self.stable_spread),
            ("delta_spread", "Delta spread", self.delta_spread),
            ("futures", "Perpetuals and futures", self.futures),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedBybit:
    """Immutable; serves any number of books.

    Parameters
    ----------
    risk : UnderlyingCells
    units : tuple of R BybitParameters
        Those of units without parameters are read by nobody.
    cash : CashSensitivities
    leg_of_row : (N + 1,) int64
        Currency of each contract's value, numbered.
    legs : int
    short_options : ShortOptionNetting
    """

    snapshot: MarketSnapshot
    pricing: CurrencyPricing
    risk: UnderlyingCells
    units: tuple[BybitParameters, ...]
    cash: CashSensitivities
    leg_of_row: IntArray
    legs: int
    short_options: ShortOptionNetting

    def requirements(self, book: Book) -> Requirements:
        """Return initial margin, maintenance margin and equity of every margin unit.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        layout, rows, numeraire = unit_layout(book), self.risk.rows, self.pricing.numeraire
        values = book_values(book, layout, rows, self.pricing, self.snapshot)
        cells = self.risk.cells(book, layout, values.reason != 0)
        charges = self.charges(cells)
        orders, lacking = order_requirement(
            book, len(layout), rows, self.risk.groups, self.cash.delta, self._initial_of_pools
        )
        values = replace(values, unit_reason=np.where(lacking != 0, lacking, values.unit_reason))
        terms = (*self._terms(layout, cells, charges), orders)
        return assemble(
            book=book,
            layout=layout,
            rows=rows,
            values=values,
            terms=terms,
            numeraire=numeraire,
            binding_scenario=binding_of_units(layout, cells, charges.binding, charges.total),
            scenario_names=NAMES,
            unit_explainer=self.risk.explainer(
                book,
                layout,
                values,
                cells,
                terms,
                numeraire,
                initial_ratio=self._initial_ratio(cells),
                about=_ABOUT,
                notes=_NOTES,
            ),
        )

    def charges(self, cells: Cells) -> CellCharges:
        """Return every charge of every cell."""
        loss, binding = self.risk.worst(cells)
        sums, days = cell_sums(cells), self.risk.groups.days_of_group
        vega, vega_days = hedged_across_expiries(sums, self.cash.vega, days)
        delta, delta_days = hedged_across_expiries(sums, self.cash.delta, days)
        across = hedged_across_legs(sums, self.cash.delta, self.leg_of_row, self.legs)

        def of(name: str) -> FloatArray:
            by_unit = np.array([float(getattr(unit, name)) for unit in self.units])
            return by_unit[cells.risk_unit]

        return CellCharges(
            scenario_loss=loss,
            short_options=net_short_options(
                sums, self.cash, self.short_options, of("short_option_rate")
            ),
            vega_spread=vega * vega_days * of("vega_spread_rate"),
            stable_spread=across * of("stable_spread_rate"),
            delta_spread=delta_spread(delta, delta_days, of("basis_rate_annual"), of("basis_cap")),
            futures=sums.gross_by_cell(self.cash.contract_notional) * of("futures_rate"),
            binding=binding,
        )

    def _initial_of_pools(self, book: Book) -> FloatArray:
        """(A,) initial margin of cross pools."""
        layout = unit_layout(book)
        cells = self.risk.known_cells(book, layout)
        total = self.charges(cells).total * self._initial_ratio(cells)
        return sum_by_unit(layout, cells.unit, total)

    def _initial_ratio(self, cells: Cells) -> FloatArray:
        return np.array([float(unit.initial_ratio) for unit in self.units])[cells.risk_unit]

    def _terms(
        self, layout: UnitLayout, cells: Cells, charges: CellCharges
    ) -> tuple[RequirementTerm, ...]:
        ratio = self._initial_ratio(cells)
        return tuple(unit_term(layout, cells, *column, ratio) for column in charges.titled())


_ABOUT = (
    ("scenario_loss", "largest loss over price and volatility"),
    ("short_options", "notional of options sold net, at a rate"),
    ("vega_spread", "vega hedged between expiries, times days between them and a rate"),
    ("stable_spread", "delta hedged between currencies, at a rate"),
    ("delta_spread", "delta hedged between expiries, times years between them and a basis"),
    ("futures", "gross notional of perpetuals and futures, at a rate"),
    ("open_orders", "by how much the worst of fills raises initial margin"),
)
_NOTES = (
    "Accuracy: partial. Published: the terms, the price range of BTC and ETH, the vega and basis "
    "rates; steps of the grid, volatility moves and the other rates are assumed.",
)
