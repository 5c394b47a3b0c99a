"""Deribit's portfolio margin with marks and parameters; serves any number of books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit.portfolio_books import HeldBook, unchanged, with_collateral
from plimsoll.margin.deribit.portfolio_explanation import ABOUT, NOTES, PortfolioGrids
from plimsoll.margin.deribit.portfolio_losses import RiskMatrix, risk_matrix
from plimsoll.margin.deribit.portfolio_orders import PortfolioOrders
from plimsoll.margin.deribit.portfolio_parameters import DeribitGeneral
from plimsoll.margin.deribit.portfolio_shocks import DeltaRamp
from plimsoll.margin.deribit.portfolio_table import PairTable
from plimsoll.margin.grids.grid_explanation import SCENARIO_LOSS, GridExplainer
from plimsoll.margin.units.assembly import assemble
from plimsoll.margin.units.cells import Cells, UnitLayout, cells_of, unit_layout
from plimsoll.margin.units.market_rows import BookValues, MarketRows, book_values
from plimsoll.maths.cell_layout import LEFT_OUT

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCharges:
    """What the venue asks of one account for things that a book does not tell; numeraire.

    Parameters
    ----------
    spot : float
        Spot margin.
    market_maker_protection : float
        Margin for quotes under market-maker protection, by the account's own limits.
    open_orders : float
        Beyond what the book's orders give.
    """

    spot: float = 0.0
    market_maker_protection: float = 0.0
    open_orders: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedPortfolio:
    """Immutable.

    Parameters
    ----------
    pairs : tuple of PairTable
        Their scenarios have the same names.
    rows : MarketRows
        Of contracts; reasons of the tables included.
    foreign : frozenset of str
        Markets that settle in another currency than the account's.
    coins : tuple of str
        Coins that move with the market when held as collateral.
    segregated : bool
    """

    pairs: tuple[PairTable, ...]
    rows: MarketRows
    foreign: frozenset[str]
    coins: tuple[str, ...]
    segregated: bool
    general: DeribitGeneral
    pricing: CurrencyPricing
    snapshot: MarketSnapshot
    per_usd: float
    ramp: DeltaRamp
    decimals: int | None
    charges: Mapping[str, AccountCharges]

    def requirements(self, book: Book) -> Requirements:
        """Return initial and maintenance margin of every margin unit.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        layout = unit_layout(book)
        values = self._values(book, layout)
        held = unchanged(book) if self.segregated else with_collateral(book, self.coins)
        held_layout = unit_layout(held.book)
        cells = self._cells(held, held_layout, values.reason)
        matrix = self._matrix(cells, len(layout))
        contingency = self._contingency(matrix)
        orders, lacking = self._order_margin(book, held.book, len(layout))
        values = replace(values, unit_reason=np.where(lacking, lacking, values.unit_reason))
        terms = self._terms(book, layout, matrix, contingency, orders)
        numeraire = self.pricing.numeraire
        grids = PortfolioGrids(
            pairs=self.pairs, cells=cells, maintenance_factor=float(self.general.maintenance_factor)
        )
        return assemble(
            book=book,
            layout=layout,
            rows=self.rows,
            values=values,
            terms=terms,
            numeraire=numeraire,
            binding_scenario=matrix.binding,
            scenario_names=self.pairs[0].scenarios.grid.names if self.pairs else (),
            unit_explainer=GridExplainer(
                book=book,
                layout=layout,
                values=values,
                terms=terms,
                numeraire=numeraire,
                grids_of_unit=grids.of_unit,
                about=ABOUT,
                notes=NOTES,
                holdings=held.book,
            ),
        )

    def _values(self, book: Book, layout: UnitLayout) -> BookValues:
        """Marks and collateral; in a segregated account other currencies give a reason."""
        own = self._own_collateral(book) if self.segregated else book
        values = book_values(own, layout, self.rows, self.pricing, self.snapshot)
        foreign = np.array([m in self.foreign for m in book.markets], dtype=np.bool_)
        unknown = np.flatnonzero(values.reason == int(MarginReason.UNKNOWN_INSTRUMENT))
        reason = values.reason.copy()
        reason[unknown[foreign[book.market[unknown]]]] = int(MarginReason.WRONG_SETTLEMENT)
        unit_reason = values.unit_reason.copy()
        if self.segregated:
            other = [c != self.pricing.numeraire for c in book.currencies]
            elsewhere = np.flatnonzero(np.any(book.collateral[:, other] != 0.0, axis=1))
            unit_reason[elsewhere] = int(MarginReason.WRONG_SETTLEMENT)
        else:
            strange = [c for c in self._unmoved(book) if c in book.currencies]
            columns = [book.currencies.index(c) for c in strange]
            some = np.flatnonzero(np.any(book.collateral[:, columns] != 0.0, axis=1))
            unit_reason[some] = int(MarginReason.NO_PARAMETERS)
        return replace(values, reason=reason, unit_reason=unit_reason)

    def _own_collateral(self, book: Book) -> Book:
        numeraire = self.pricing.numeraire
        own = [c == numeraire for c in book.currencies]
        if all(own):
            return book
        return replace(
            book,
            currencies=tuple(c for c in book.currencies if c == numeraire),
            collateral=book.collateral[:, own],
        )

    def _unmoved(self, book: Book) -> tuple[str, ...]:
        """Coins of a book that no pair's scenarios move: their risk would be left out."""
        still = {self.pricing.numeraire, "USD", *self.snapshot.stable_price_usd, *self.coins}
        return tuple(c for c in book.currencies if c not in still)

    def _cells(self, held: HeldBook, layout: UnitLayout, reason: IntArray) -> tuple[Cells, ...]:
        """Positions of each pair, those without a number left out."""
        bad = np.append(reason != 0, False)[held.origin]  # the last is of what was added
        bad |= np.isnan(held.book.quantity)
        return tuple(self._cells_of_pair(held.book, layout, pair, bad) for pair in self.pairs)

    def _cells_of_pair(
        self, book: Book, layout: UnitLayout, pair: PairTable, bad: NDArray[np.bool_]
    ) -> Cells:
        row = pair.listing.rows_in(book.markets).copy()
        lacks = np.append(pair.table.reason != 0, True)  # the last is what is in no row
        row[lacks[row]] = LEFT_OUT
        return cells_of(
            book,
            layout,
            row_of_market=row,
            group_of_row=pair.group,
            risk_unit_of_group=np.zeros(pair.roll_rate.size, dtype=np.int64),
            skip=bad,
        )

    def _matrix(self, cells: Sequence[Cells], units: int) -> RiskMatrix:
        found = risk_matrix(self.pairs, cells, units, per_usd=self.per_usd, ramp=self.ramp)
        if self.decimals is None:
            return found
        return replace(found, worst_case=np.round(found.worst_case, self.decimals))

    def _contingency(self, matrix: RiskMatrix) -> FloatArray:
        saved = np.maximum(matrix.stand_alone - matrix.worst_case, 0.0)
        return float(self.general.correlation_contingency) * saved

    def _order_margin(self, book: Book, held: Book, units: int) -> tuple[FloatArray, IntArray]:
        """What orders add to the risk matrix (U,), and why it is unknown; ``held`` with coins."""
        own = len(book.markets)

        def cells_of(ways: Book, pair: PairTable) -> Cells:
            lacks = self.rows.reason[self.rows.rows_of(ways)] != 0
            lacks[own:] = False  # coins held as collateral
            bad = lacks[ways.market] | np.isnan(ways.quantity)
            return self._cells_of_pair(ways, unit_layout(ways), pair, bad)

        orders = PortfolioOrders(
            pairs=self.pairs,
            rows=self.rows,
            per_usd=self.per_usd,
            ramp=self.ramp,
            contingency=float(self.general.correlation_contingency),
            decimals=self.decimals,
            cells_of=cells_of,
        )
        added, lacking = np.zeros(units), np.zeros(units, dtype=np.int64)
        added[: len(book)], lacking[: len(book)] = orders.added(held)
        return added, lacking

    def _terms(
        self,
        book: Book,
        layout: UnitLayout,
        matrix: RiskMatrix,
        contingency: FloatArray,
        orders: FloatArray,
    ) -> tuple[RequirementTerm, ...]:
        factor = float(self.general.maintenance_factor)
        matrix_terms = (
            (SCENARIO_LOSS, "Worst case", matrix.worst_case),
            ("roll_shock", "Roll shock", matrix.roll_shock),
            ("delta_shock", "Delta shock", matrix.delta_shock),
            ("correlation_contingency", "Correlation contingency", contingency),
        )
        none = np.zeros(len(layout))
        stated = self._stated(book, len(layout))
        initial_only = (
            ("spot", "Spot margin", stated["spot"]),
            (
                "market_maker_protection",
                "Market-maker protection",
                stated["market_maker_protection"],
            ),
            ("open_orders", "Open orders", orders + stated["open_orders"]),
        )
        return (
            *(
                RequirementTerm(name=n, title=t, initial=a, maintenance=factor * a)
                for n, t, a in matrix_terms
            ),
            *(
                RequirementTerm(name=n, title=t, initial=a, maintenance=none)
                for n, t, a in initial_only
            ),
        )

    def _stated(self, book: Book, units: int) -> dict[str, FloatArray]:
        """What the venue states of accounts, by name of the charge: (U,) each."""
        found = {name: np.zeros(units) for name in AccountCharges.__dataclass_fields__}
        for account in self.charges:
            for row in (r for r, name in enumerate(book.accounts) if name == account):
                for name, column in found.items():
                    column[row] = getattr(self.charges[account], name)
        return found
