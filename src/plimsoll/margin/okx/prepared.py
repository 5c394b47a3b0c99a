"""OKX portfolio margin with marks and parameters: charges of cells, terms of margin units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.grids.cash_sensitivities import CashSensitivities
from plimsoll.margin.grids.underlying_cells import UnderlyingCells, binding_of_units, unit_term
from plimsoll.margin.grids.worst_fills import order_requirement
from plimsoll.margin.okx.brackets import progressive
from plimsoll.margin.okx.parameters import OkxAccountParameters, OkxParameters
from plimsoll.margin.okx.scenarios import NAMES
from plimsoll.margin.okx.unit_charges import (
    basis_charge,
    depeg_charge,
    interest_rate_charge,
    raw_minimum_charge,
    term_structure_charge,
)
from plimsoll.margin.units.assembly import assemble
from plimsoll.margin.units.cell_sums import cell_sums
from plimsoll.margin.units.cells import Cells, UnitLayout, sum_by_unit, unit_layout
from plimsoll.margin.units.market_rows import book_values

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_DAYS_A_YEAR = 365.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellCharges:
    """(C,) charges of each cell, in the numeraire, none negative.

    Parameters
    ----------
    scenario_loss : (C,) float64
        The largest of MR1, MR2 and MR6.
    binding : (C,) int64
        Its scenario; -1 where none loses.
    term_structure, basis, interest_rate : (C,) float64
        MR3, MR4, MR5.
    minimum : (C,) float64
        MR7, after its brackets.
    depeg : (C,) float64
        MR9.
    """

    scenario_loss: FloatArray
    binding: IntArray
    term_structure: FloatArray
    basis: FloatArray
    interest_rate: FloatArray
    minimum: FloatArray
    depeg: FloatArray

    @property
    def risk(self) -> FloatArray:
        """What the minimum charge is compared with."""
        return self.scenario_loss + self.term_structure + self.basis + self.interest_rate

    @property
    def top_up(self) -> FloatArray:
        """What the minimum charge adds to the risk."""
        return np.maximum(self.minimum - self.risk, 0.0)

    @property
    def total(self) -> FloatArray:
        """Maintenance margin of each cell."""
        return np.maximum(self.risk, self.minimum) + self.depeg


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedOkx:
    """Immutable; serves any number of books.

    Parameters
    ----------
    risk : UnderlyingCells
        Scenarios are `plimsoll.margin.okx.scenarios.NAMES`, MR6 at the share that counts.
    units : tuple of R OkxParameters
        Those of units without parameters are read by nobody.
    cash : CashSensitivities
    legs : tuple of L str
        Currencies whose legs are hedged against one another, in that order.
    leg_of_row : (N + 1,) int64
    peg : mapping of str to float
        Price of each leg's currency in USD.
    usd_price : float
        Of the dollar, in the numeraire: brackets are in dollars.
    """

    snapshot: MarketSnapshot
    pricing: CurrencyPricing
    risk: UnderlyingCells
    units: tuple[OkxParameters, ...]
    account: OkxAccountParameters
    cash: CashSensitivities
    legs: tuple[str, ...]
    leg_of_row: IntArray
    peg: Mapping[str, float]
    usd_price: float

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
        terms = (*self._terms(book, layout, cells, charges), orders)
        of_cell = np.where(charges.top_up > 0.0, -1, charges.binding)
        return assemble(
            book=book,
            layout=layout,
            rows=rows,
            values=values,
            terms=terms,
            numeraire=numeraire,
            binding_scenario=binding_of_units(layout, cells, of_cell, charges.total),
            scenario_names=NAMES,
            unit_explainer=self.risk.explainer(
                book,
                layout,
                values,
                cells,
                terms,
                numeraire,
                initial_ratio=self._of_cells(cells, "initial_ratio"),
                about=_ABOUT,
                notes=_NOTES,
            ),
        )

    def charges(self, cells: Cells) -> CellCharges:
        """Return every charge of every cell."""
        loss, binding = self.risk.worst(cells)
        sums, years = cell_sums(cells), self.risk.groups.days_of_group / _DAYS_A_YEAR

        def of(name: str) -> FloatArray:
            return self._of_cells(cells, name)

        raw = raw_minimum_charge(sums, self.cash, of("linear_charge"), of("option_charge"))
        return CellCharges(
            scenario_loss=loss,
            binding=binding,
            term_structure=term_structure_charge(sums, self.cash, of("term_structure_move")),
            basis=basis_charge(sums, self.cash, years, of("annualised_basis_move")),
            interest_rate=interest_rate_charge(sums, self.cash, years, of("interest_rate_move")),
            minimum=self._bracketed(
                cells, raw, lambda unit, usd: progressive(usd, unit.minimum_charge_multipliers)
            ),
            depeg=self._bracketed(
                cells,
                sums.by_class(self.cash.delta, self.leg_of_row, len(self.legs)),
                lambda unit, usd: depeg_charge(usd, self.legs, self.peg, unit.depeg_bands),
            ),
        )

    def _initial_of_pools(self, book: Book) -> FloatArray:
        """(A,) initial margin of cross pools, but for what they borrow."""
        layout = unit_layout(book)
        cells = self.risk.known_cells(book, layout)
        total = self.charges(cells).total * self._of_cells(cells, "initial_ratio")
        return sum_by_unit(layout, cells.unit, total)

    def _of_cells(self, cells: Cells, name: str) -> FloatArray:
        """(C,) a parameter of each cell's risk unit."""
        by_unit = np.array([float(getattr(unit, name)) for unit in self.units])
        return by_unit[cells.risk_unit]

    def _bracketed(
        self,
        cells: Cells,
        amount: FloatArray,
        charge: Callable[[OkxParameters, FloatArray], FloatArray],
    ) -> FloatArray:
        """(C,) charge in brackets that are in dollars, by each cell's own risk unit."""
        out = np.zeros(len(cells))
        for unit, parameters in enumerate(self.units):
            at = cells.in_risk_unit(unit)
            out[at] = charge(parameters, amount[at] / self.usd_price) * self.usd_price
        return out

    def _terms(
        self, book: Book, layout: UnitLayout, cells: Cells, charges: CellCharges
    ) -> tuple[RequirementTerm, ...]:
        ratio = self._of_cells(cells, "initial_ratio")
        columns = (
            ("scenario_loss", "Worst of MR1, MR2, MR6", charges.scenario_loss),
            ("term_structure", "MR3 vega term structure", charges.term_structure),
            ("basis", "MR4 basis", charges.basis),
            ("interest_rate", "MR5 interest rate", charges.interest_rate),
            ("minimum_charge", "MR7 on top", charges.top_up),
            ("depeg", "MR9 stablecoin depeg", charges.depeg),
        )
        return (
            *(unit_term(layout, cells, *column, ratio) for column in columns),
            self._borrowing(book, layout),
        )

    def _borrowing(self, book: Book, layout: UnitLayout) -> RequirementTerm:
        """MR8: the value of what cross pools owe, at the borrowing rate."""
        known = dict(zip(self.risk.rows.markets, self.risk.rows.instruments, strict=True))
        debt = np.zeros(len(layout))
        for column, currency in enumerate(book.currencies):
            owed = np.maximum(-book.collateral[:, column], 0.0)
            price = self.pricing.price(currency, self.snapshot, known)
            debt[: len(book)] += np.where(owed > 0.0, owed * price, 0.0)
        maintenance = debt * float(self.account.borrowing_rate)
        return RequirementTerm(
            name="borrowing",
            title="MR8 borrowing",
            initial=maintenance * float(self.account.initial_ratio),
            maintenance=maintenance,
        )


_ABOUT = (
    ("scenario_loss", "largest loss over price and volatility, a day's decay, half the extreme"),
    ("term_structure", "vega hedged between expiries, times a relative move"),
    ("basis", "cash delta of each expiry, times years and annualised move"),
    ("interest_rate", "present value of options, times years and a move of the rate"),
    ("minimum_charge", "what fees and slippage in brackets exceed the terms above by"),
    ("depeg", "size hedged between currencies, in brackets by peg"),
    ("borrowing", "value of debts, at the borrowing rate"),
    ("open_orders", "by how much the worst of fills raises initial margin"),
)
_NOTES = (
    "Accuracy: near-exact for perpetuals, futures and spot, but for the raw minimum charge; "
    "partial for options and borrowing, whose formulas are not published in full.",
)
