"""Paradex's portfolio margin: a scan of 24 scenarios with a floor on delta, and provisions.

Per underlying ``u``, then added::

    risk         = max(scan, minimum delta)
    initial      = risk of positions and orders + funding + fees
    maintenance  = maintenance factor x risk of positions + funding + fees

    scan          = max over scenarios of  - weight (value there - mark), not below 0
    minimum delta = unhedged rate |net| + hedged rate (gross - |net|) / 2, of delta times price

Sources and examples: ``docs/models/paradex.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.grids.grid_explanation import SCENARIO_LOSS, GridExplainer
from plimsoll.margin.grids.grid_parts import RiskUnitGrid, part_of_cell
from plimsoll.margin.grids.underlying_cells import binding_of_units, charges_of_units
from plimsoll.margin.paradex.order_charges import order_charges
from plimsoll.margin.paradex.parameters import ParadexParameters, ParadexUnderlying
from plimsoll.margin.paradex.scan import UnitScan, scan_cells
from plimsoll.margin.paradex.scenarios import ScanTable, kept_scan_table
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.underlying import parameters_by_unit, underlying
from plimsoll.margin.units.assembly import assemble
from plimsoll.margin.units.cells import Cells, UnitLayout, cells_of, unit_layout
from plimsoll.margin.units.instrument_columns import instrument_columns, named_column
from plimsoll.margin.units.market_rows import BookValues, MarketRows, book_values, market_rows
from plimsoll.maths import payoffs
from plimsoll.maths.grouped_losses import neutral_rules
from plimsoll.scenarios.grid_rules import GridRules

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ABOUT = (
    (SCENARIO_LOSS, "largest weighted loss of each underlying over 24 scenarios"),
    ("minimum_delta", "what the floor on net and hedged delta asks beyond it"),
    ("funding", "what perpetuals would pay over the hours provided for, netted"),
    ("fees", "of closing every position"),
    ("open_orders", "what orders add to the risk, the funding and the fees"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParadexPortfolioMargin(OwnQuotes):
    """The model; linear contracts only.

    Parameters
    ----------
    pricing : CurrencyPricing
    grid_rules : GridRules
        Options are discounted with the rate of their expiry.
    """

    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    grid_rules: GridRules = field(default_factory=lambda: GridRules(discounted=True))

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParadexParameters,
        instruments: Mapping[str, Instrument],
    ) -> PreparedParadex:
        """Revalue every contract under its underlying's scenarios; see `MarginModel.prepare`.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        rows = market_rows(snapshot, instruments, self.pricing)
        units = named_column(rows.listing, "underlying", underlying)
        known = parameters_by_unit(ParadexUnderlying, parameters, units.names)
        table = kept_scan_table(rows, snapshot, known, self.grid_rules)
        nonlinear = instrument_columns(rows.listing).payoff != payoffs.LINEAR
        reason = np.where(nonlinear, int(MarginReason.NOT_MARGINED), table.reason)
        return PreparedParadex(
            model=self,
            snapshot=snapshot,
            rows=replace(rows, reason=rows.with_reasons(reason.astype(np.int64))),
            table=table,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedParadex:
    """The table and the marks; immutable, serves any number of books."""

    model: ParadexPortfolioMargin
    snapshot: MarketSnapshot
    rows: MarketRows
    table: ScanTable

    def requirements(self, book: Book) -> Requirements:
        """Return initial and maintenance margin of every margin unit.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        layout = unit_layout(book)
        values = book_values(book, layout, self.rows, self.model.pricing, self.snapshot)
        cells = self._cells(book, layout, values.reason)
        scan = scan_cells(self.table, cells)
        orders = order_charges(self.table, self.rows, book, layout, cells, scan)
        values = self._with_order_reasons(values, orders.lacking)
        terms = self._terms(layout, cells, scan, orders.added)
        numeraire = self.model.pricing.numeraire
        return assemble(
            book=book,
            layout=layout,
            rows=self.rows,
            values=values,
            terms=terms,
            numeraire=numeraire,
            binding_scenario=binding_of_units(layout, cells, scan.binding, scan.risk),
            scenario_names=self.table.grids[0].names if self.table.grids else (),
            unit_explainer=GridExplainer(
                book=book,
                layout=layout,
                values=values,
                terms=terms,
                numeraire=numeraire,
                grids_of_unit=lambda unit: self._grids(cells, unit),
                about=_ABOUT,
            ),
        )

    def _cells(self, book: Book, layout: UnitLayout, reason: IntArray) -> Cells:
        count = len(self.table.underlyings)
        return cells_of(
            book,
            layout,
            row_of_market=self.rows.rows_of(book),
            group_of_row=np.append(self.table.underlying, count),
            risk_unit_of_group=np.arange(count + 1),
            skip=reason != 0,
        )

    def _with_order_reasons(self, values: BookValues, lacking: IntArray) -> BookValues:
        unit_reason = np.where(values.unit_reason == 0, lacking, values.unit_reason)
        return replace(values, unit_reason=unit_reason.astype(np.int64))

    def _terms(
        self, layout: UnitLayout, cells: Cells, scan: UnitScan, orders: FloatArray
    ) -> tuple[RequirementTerm, ...]:
        factors = [float(p.maintenance_factor) for p in self.table.parameters]
        factor = np.array([*factors, 0.0])[cells.risk_unit]

        def term(name: str, title: str, initial: FloatArray, share: FloatArray) -> RequirementTerm:
            maintenance, whole = charges_of_units(layout, cells, initial, share)
            return RequirementTerm(name=name, title=title, initial=whole, maintenance=maintenance)

        one = np.ones(len(cells))
        return (
            term(SCENARIO_LOSS, "Scan risk", scan.loss, factor),
            term("minimum_delta", "Minimum delta", scan.delta_excess, factor),
            term("funding", "Funding provision", np.maximum(scan.funding, 0.0), one),
            term("fees", "Fee provision", scan.fee, one),
            RequirementTerm(
                name="open_orders",
                title="Open orders",
                initial=orders,
                maintenance=np.zeros(len(layout)),
            ),
        )

    def _grids(self, cells: Cells, unit: int) -> tuple[RiskUnitGrid, ...]:
        table = self.table
        rules = neutral_rules(len(table.underlyings) + 1, table.profit.shape[1])
        found = []
        for cell in cells.of_unit(unit):
            number = int(cells.risk_unit[cell])
            found.append(
                RiskUnitGrid(
                    name=table.underlyings[number],
                    grid=table.grids[number],
                    parts=(part_of_cell(cells, cell, table.profit, table.value, rules),),
                    maintenance_scale=float(table.parameters[number].maintenance_factor),
                )
            )
        return tuple(found)
