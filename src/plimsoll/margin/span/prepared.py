"""SPAN with risk arrays and tables: charges of cells, credits between them, terms of units."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.grids.underlying_cells import UnderlyingCells, binding_of_units, unit_term
from plimsoll.margin.grids.worst_fills import order_requirement
from plimsoll.margin.span.parameters import SpanParameters
from plimsoll.margin.span.risk_arrays import NAMES, PriceRiskMethod, paired_price_risk
from plimsoll.margin.span.spreads import (
    form_calendar_spreads,
    inter_commodity_credit,
    spot_month_charge,
    spread_families,
)
from plimsoll.margin.span.tables import UNDATED, InterCommoditySpread
from plimsoll.margin.units.assembly import assemble
from plimsoll.margin.units.cell_sums import CellSums, cell_sums
from plimsoll.margin.units.cells import Cells, UnitLayout, sum_by_unit, unit_layout
from plimsoll.margin.units.market_rows import book_values

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellCharges:
    """(C,) charges of each cell, in the numeraire, none negative.

    Parameters
    ----------
    scan, calendar, spot_month : (C,) float64
    credit : (C,) float64
        Between commodities; not more than the three charges.
    short_minimum : (C,) float64
    binding : (C,) int64
        Scenario of the scan risk; -1 where none loses.
    """

    scan: FloatArray
    calendar: FloatArray
    spot_month: FloatArray
    credit: FloatArray
    short_minimum: FloatArray
    binding: IntArray

    @property
    def risk(self) -> FloatArray:
        """What the short option minimum is compared with."""
        return np.maximum(self.scan + self.calendar + self.spot_month - self.credit, 0.0)

    @property
    def top_up(self) -> FloatArray:
        """What the short option minimum adds to the risk."""
        return np.maximum(self.short_minimum - self.risk, 0.0)

    @property
    def total(self) -> FloatArray:
        """Maintenance margin of each cell."""
        return np.maximum(self.risk, self.short_minimum)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedSpan:
    """Immutable; serves any number of books.

    Parameters
    ----------
    risk : UnderlyingCells
        Risk arrays; the extremes at the share that counts.
    units : tuple of R SpanParameters or None
        None for units without parameters, whose markets have a reason.
    delta : (N + 1,) float64
        Composite, in cash.
    call_notional, put_notional : (N + 1,) float64
        Of one option of each right.
    larger_side : bool
        Whether the short option minimum counts the larger of calls and puts, not both.
    price_risk : PriceRiskMethod
    inter_spreads : tuple of InterCommoditySpread
    """

    snapshot: MarketSnapshot
    pricing: CurrencyPricing
    risk: UnderlyingCells
    units: tuple[SpanParameters | None, ...]
    delta: FloatArray
    call_notional: FloatArray
    put_notional: FloatArray
    larger_side: bool
    price_risk: PriceRiskMethod
    inter_spreads: tuple[InterCommoditySpread, ...]

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
        charges = self.charges(layout, cells)
        orders, lacking = order_requirement(
            book,
            len(layout),
            rows,
            self.risk.groups,
            self.delta,
            self._initial_of_pools,
            spread_families(self.risk.groups.units, self.inter_spreads),
        )
        values = replace(values, unit_reason=np.where(lacking != 0, lacking, values.unit_reason))
        terms = (*self._terms(layout, cells, charges), orders)
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

    def charges(self, layout: UnitLayout, cells: Cells) -> CellCharges:
        """Return every charge of every cell."""
        scan, binding = self.risk.worst(cells)
        sums = cell_sums(cells)
        calendar, spot = self._spread_charges(cells, sums)
        credit = self._credit(layout, cells, sums, binding)
        calls = sums.net_short_by_cell(self.call_notional)
        puts = sums.net_short_by_cell(self.put_notional)
        short = np.maximum(calls, puts) if self.larger_side else calls + puts
        return CellCharges(
            scan=scan,
            calendar=calendar,
            spot_month=spot,
            credit=np.minimum(credit, scan + calendar + spot),
            short_minimum=short * self._of_cells(cells, "short_option_minimum"),
            binding=binding,
        )

    def _initial_of_pools(self, book: Book) -> FloatArray:
        """(A,) initial margin of cross pools."""
        layout = unit_layout(book)
        cells = self.risk.known_cells(book, layout)
        total = self.charges(layout, cells).total * self._of_cells(cells, "initial_ratio")
        return sum_by_unit(layout, cells.unit, total)

    def _of_cells(self, cells: Cells, name: str) -> FloatArray:
        """(C,) a parameter of each cell's risk unit."""
        by_unit = [np.nan if unit is None else float(getattr(unit, name)) for unit in self.units]
        return np.array(by_unit, dtype=np.float64)[cells.risk_unit]

    def _spread_charges(self, cells: Cells, sums: CellSums) -> tuple[FloatArray, FloatArray]:
        """Calendar and spot-month charges (C,), by the tables of each cell's risk unit."""
        tiers = 1 + max((len(own.tiers) for own in self.units if own is not None), default=0)
        long, short = sums.by_sides(self.delta, self._tier_of_group(), tiers)
        calendar, spot = np.zeros(len(cells)), np.zeros(len(cells))
        for unit, own in enumerate(self.units):
            at = cells.in_risk_unit(unit)
            if own is None or not at.size:
                continue
            mine = slice(len(own.tiers) + 1)
            formed = form_calendar_spreads(long[at, mine], short[at, mine], own.calendar_spreads)
            calendar[at] = formed.charge
            spread = np.array([0.0, *(float(t.spread_charge) for t in own.tiers)])
            outright = np.array([0.0, *(float(t.outright_charge) for t in own.tiers)])
            spot[at] = spot_month_charge(formed, spread, outright)
        return calendar, spot

    def _tier_of_group(self) -> IntArray:
        """(K,) tier of each expiry, by the table of its risk unit."""
        groups = self.risk.groups
        tier = np.full(groups.days_of_group.size, UNDATED, dtype=np.int64)
        for unit, own in enumerate(self.units):
            at = np.flatnonzero(groups.unit_of_group == unit)
            if own is not None:
                tier[at] = tier_of_days(own, groups.days_of_group[at])
        return tier

    def _credit(
        self, layout: UnitLayout, cells: Cells, sums: CellSums, binding: IntArray
    ) -> FloatArray:
        """(C,) credit of each cell for what other cells of its margin unit offset."""
        if not self.inter_spreads or not len(cells):
            return np.zeros(len(cells))
        delta = sums.by_cell(self.delta)
        scanned = self._of_cells(cells, "price_scan_range")
        risk = scanned
        if self.price_risk is not PriceRiskMethod.SCAN_RANGE:
            risk = paired_price_risk(self.risk.losses(cells), binding, delta)
        if self.price_risk is PriceRiskMethod.CAPPED:
            risk = np.minimum(risk, scanned)
        shape = (len(layout), len(self.risk.groups.units))
        by_unit, risk_by_unit = np.zeros(shape), np.zeros(shape)
        by_unit[cells.unit, cells.risk_unit] = delta
        risk_by_unit[cells.unit, cells.risk_unit] = risk
        credit = inter_commodity_credit(
            by_unit, risk_by_unit, self.risk.groups.units, self.inter_spreads
        )
        out: FloatArray = credit[cells.unit, cells.risk_unit]
        return out

    def _terms(
        self, layout: UnitLayout, cells: Cells, charges: CellCharges
    ) -> tuple[RequirementTerm, ...]:
        ratio = self._of_cells(cells, "initial_ratio")

        def term(name: str, title: str, column: FloatArray) -> RequirementTerm:
            return unit_term(layout, cells, name, title, column, ratio)

        scan = term("scenario_loss", "Scan risk", charges.scan)
        calendar = term("calendar", "Calendar spreads", charges.calendar)
        spot = term("spot_month", "Spot month", charges.spot_month)
        credit = term("inter_commodity", "Credit between commodities", -charges.credit)
        top_up = term("short_option_minimum", "Short option minimum on top", charges.top_up)
        return scan, calendar, spot, _bounded(credit, (scan, calendar, spot)), top_up


def tier_of_days(parameters: SpanParameters, days: FloatArray) -> IntArray:
    """Tier of each time to expiry; what has none stands in `UNDATED`."""
    caps = [float(t.up_to_days) for t in parameters.tiers if t.up_to_days is not None]
    tier = 1 + np.searchsorted(np.array(caps, dtype=np.float64), days, side="left")
    return np.where(days > 0.0, tier, UNDATED).astype(np.int64)


def _bounded(credit: RequirementTerm, charges: tuple[RequirementTerm, ...]) -> RequirementTerm:
    """Keep a credit from taking more than the charges before it, by whatever rounding.

    Credits of cells never do, but sums over cells may, by their last bits; and initial margin must
    not fall below maintenance margin by them.
    """
    maintenance, initial = np.zeros(credit.initial.size), np.zeros(credit.initial.size)
    for charge in charges:
        maintenance, initial = maintenance + charge.maintenance, initial + charge.initial
    least = np.maximum(credit.maintenance, -maintenance)
    floor = maintenance + least
    taken = np.maximum(credit.initial, floor - initial)
    for _ in range(2):
        taken = np.where(initial + taken < floor, np.nextafter(taken, np.inf), taken)
    return replace(credit, maintenance=least, initial=taken)


_ABOUT = (
    ("scenario_loss", "largest loss of the sixteen scenarios, one day ahead"),
    ("calendar", "charges on deltas matched between expiries"),
    ("spot_month", "charges on deltas of the spot month"),
    ("inter_commodity", "price risk of deltas matched between underlyings"),
    ("short_option_minimum", "what the minimum of short options exceeds the risk by"),
    ("open_orders", "by how much the worst of fills raises initial margin"),
)
_NOTES = (
    "Accuracy: exact in method, partial in parameters: scan ranges, tiers and charges are each "
    "clearing house's own, and the defaults of tiers and charges are assumed.",
)
