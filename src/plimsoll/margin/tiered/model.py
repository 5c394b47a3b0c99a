"""The tier model: maintenance and initial margin by size, isolated and cross.

Equation, symbols and source: `plimsoll.maths.tiered_margin`. Applies to linear, inverse and quanto
perpetuals and dated futures, each margined on its own; positions in different markets do not
offset. Tier tables count notional in the market's quote currency (settlement currency for quanto),
contracts, or coins. Page: ``docs/models/tiers.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import cast

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Future, Instrument, Perpetual
from plimsoll.domain.listing import Listing, listing_of
from plimsoll.domain.magnitudes import is_price
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import PositionParts, Requirements, RequirementTerm, total_of
from plimsoll.margin.contracts.linked_sizes import LinkedSizes, linked_contracts, linked_sizes
from plimsoll.margin.contracts.open_interest import OpenInterestCaps
from plimsoll.margin.contracts.open_loss import worst_of_fills
from plimsoll.margin.contracts.order_fills import Exposures, OrderFills, order_fills
from plimsoll.margin.contracts.position_explanation import POSITIONS, PositionExplainer
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.protocol import MarginParameters
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.sided_tiers import venue_tiers
from plimsoll.margin.tiered.columns import TierMeasure, TierReading, market_columns, rows_apart
from plimsoll.margin.tiered.next_tiers import next_tiers
from plimsoll.margin.tiered.table_rows import TableRows, table_rows
from plimsoll.margin.tiered.terms import TieredTerms
from plimsoll.margin.tiered.unknown_positions import say_why, without_unknown
from plimsoll.margin.units.book_faults import book_faults
from plimsoll.margin.units.cells import UnitLayout
from plimsoll.margin.units.fill_losses import FilledContracts, loss_at_fill
from plimsoll.maths.tiered_margin import (
    MarketColumns,
    PositionColumns,
    PositionMargin,
    UnitMargin,
    read_only,
    tiered_margin,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class InitialRule(StrEnum):
    """How the initial rates of a tier table are applied."""

    WHOLE_NOTIONAL = "whole_notional"  # the reached tier's rate on all of it (Binance, Bybit, OKX)
    MARGINAL = "marginal"  # each tier's rate on its slice, like maintenance


class MaintenanceRule(StrEnum):
    """How the maintenance rates of a tier table are applied."""

    MARGINAL = "marginal"  # each tier's rate on its slice (Binance, Hyperliquid)
    WHOLE_NOTIONAL = "whole_notional"  # the reached tier's rate on all of it (OKX)


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredMargin(OwnQuotes):
    """The tier model of a venue.

    Parameters
    ----------
    pricing : CurrencyPricing
        Numeraire, and where currencies get their prices.
    initial_rule : InitialRule
    maintenance_rule : MaintenanceRule
    measure : mapping of str to TierMeasure
        What the caps of a market's table count; notional for markets it does not name.
    open_interest : mapping of str to OpenInterestCaps
        Markets whose initial rates rise with open interest.
    """

    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    initial_rule: InitialRule = InitialRule.WHOLE_NOTIONAL
    maintenance_rule: MaintenanceRule = MaintenanceRule.MARGINAL
    measure: Mapping[str, TierMeasure] = field(default_factory=dict)
    open_interest: Mapping[str, OpenInterestCaps] = field(default_factory=dict)

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: MarginParameters,
        instruments: Mapping[str, Instrument],
    ) -> PreparedTiered:
        """Lay marks, contract terms and tiers into columns; see `MarginModel.prepare`.

        Spot and options may be among the instruments (to price currencies); positions in them
        have the reason NOT_MARGINED. A dated future without tiers of its own has those of the
        bucket that its time to expiry falls into, where the market of its underlying is among the
        instruments (`plimsoll.margin.sided_tiers`).

        Raises
        ------
        UsageError
            For a quanto contract whose table counts coins, and tables that cannot be read.
        """
        contracts = listing_of(instruments).part(_is_contract, _is_contract)
        reading = TierReading(
            marginal_maintenance=self.maintenance_rule is MaintenanceRule.MARGINAL,
            marginal_initial=self.initial_rule is InitialRule.MARGINAL,
            measure=self.measure,
            open_interest=self.open_interest,
        )
        terms = cast(Mapping[str, Perpetual | Future], contracts)
        tables = venue_tiers(parameters).margining(terms, instruments, snapshot.at_ns)
        apart = rows_apart(tables)
        columns = market_columns(
            terms,
            tables,
            apart,
            reading,
            pricing=self.pricing,
            snapshot=snapshot,
            instruments=instruments,
        )
        return PreparedTiered(
            model=self,
            snapshot=snapshot,
            instruments=instruments,
            contracts=contracts,
            columns=columns,
            rows=table_rows(contracts, tables, apart),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedTiered:
    """A tier model with marks and tiers; immutable, serves any number of books.

    The columns have a row for each market, one for unknown ones, one for instruments that the
    model does not margin, and one for each market whose shorts have a table of their own.
    """

    model: TieredMargin
    snapshot: MarketSnapshot
    instruments: Mapping[str, Instrument]
    contracts: Listing
    columns: MarketColumns
    rows: TableRows = field(default_factory=TableRows)

    @property
    def markets(self) -> tuple[str, ...]:
        """Markets of the rows."""
        return self.contracts.markets

    def requirements(self, book: Book) -> Requirements:
        """Return initial margin, maintenance margin and equity of every margin unit.

        Open orders add what the worst of their fills would, to the initial margin of the cross
        pool, and what their fills lose at once. A position or order that has no number has a
        reason, and so has its unit; a unit with a reason has neither level, maintenance included,
        even where only an order is at fault.
        """
        rows, sizes = self._rows(book), linked_sizes(book)
        held, unknown = without_unknown(book, self._positions(book, rows, sizes))
        part, total = tiered_margin(read_only(held), self.columns)
        say_why(part.reason, unknown)
        collateral, reason = self._collateral(book, part, total)
        terms = [_positions_term(total)]
        fills = order_fills(book)
        if fills is not None:
            terms += self._order_terms(book, fills, sizes, rows, reason)
        terms = [_without_number(term, reason != 0) for term in terms]
        initial, maintenance = total_of(terms, len(total.account))
        numeraire, source = self.model.pricing.numeraire, self._terms(book, rows, part)
        return Requirements(
            book=book,
            numeraire=numeraire,
            initial=initial,
            maintenance=maintenance,
            unrealised=total.unrealised,
            collateral=collateral,
            account=total.account,
            position=total.position,
            parts=_parts(part),
            explainer=source,
            terms=tuple(terms),
            unit_reason=reason,
            unit_explainer=PositionExplainer(
                book=book,
                numeraire=numeraire,
                terms=tuple(terms),
                unit_of_position=part.unit,
                account=total.account,
                position=total.position,
                equity=collateral + total.unrealised,
                initial=part.initial,
                maintenance=part.maintenance,
                source=source,
                next_tiers=partial(next_tiers, source),
            ),
        )

    def _positions(
        self, book: Book, rows: IntArray, sizes: LinkedSizes | None = None
    ) -> PositionColumns:
        return PositionColumns(
            offsets=book.offsets,
            market=self.rows.of(rows[book.market], book.quantity),
            quantity=book.quantity,
            entry_price=book.entry_price,
            isolated_margin=book.isolated_margin,
            leverage=book.leverage,
            funding=np.zeros(book.market.size) if book.funding is None else book.funding,
            linked=linked_contracts(book, sizes),
        )

    def _order_terms(
        self,
        book: Book,
        fills: OrderFills,
        sizes: LinkedSizes | None,
        rows: IntArray,
        reason: IntArray,
    ) -> list[RequirementTerm]:
        """Charge cross pools for their orders; note in ``reason`` (U,) those without a number."""
        assert book.orders is not None

        def margins(exposures: Exposures) -> tuple[FloatArray, FloatArray]:
            row = self.rows.of(rows[exposures.market], exposures.quantity)
            return _margins_of(exposures, row, self.columns)

        columns, row = self.columns, rows[book.orders.market]
        contracts = FilledContracts(
            columns.payoff[row],
            columns.contract_size[row],
            columns.mark[row],
            columns.settle_price[row],
        )
        loss = loss_at_fill(book.orders, contracts)
        worst = worst_of_fills(book, fills, sizes, margins, loss)
        unknown = np.flatnonzero(np.isnan(worst.margin))
        held = fills.position[unknown]
        why = self.columns.reason[rows[fills.market[unknown]]]
        size = np.where(np.isnan(held), MarginReason.NO_QUANTITY, MarginReason.BEYOND_LAST_TIER)
        found = np.where(why != 0, why, size).astype(np.int64)
        reason[fills.account[unknown]] = np.where(
            reason[fills.account[unknown]] == 0, found, reason[fills.account[unknown]]
        )
        return worst.terms(fills.account, reason.size)

    def _terms(self, book: Book, rows: IntArray, part: PositionMargin) -> TieredTerms:
        return TieredTerms(
            book=book,
            row=self.rows.of(rows[book.market], book.quantity),
            row_of_market=rows,
            table_names=self.rows.names,
            instruments=self.contracts.instruments,
            columns=self.columns,
            notional=part.notional,
            size=part.size,
            tier=part.tier,
        )

    def _rows(self, book: Book) -> IntArray:
        """(M,) row of each of the book's markets in the columns."""
        rows = self.contracts.rows_in(book.markets)
        absent = np.flatnonzero(rows < 0)
        if not absent.size:
            return rows
        found, unknown = rows.copy(), len(self.contracts)
        found[absent] = [unknown + (book.markets[m] in self.instruments) for m in absent.tolist()]
        return found

    def _collateral(
        self, book: Book, part: PositionMargin, total: UnitMargin
    ) -> tuple[FloatArray, IntArray]:
        """(U,) collateral of pools and isolated positions, and why it is not known (U,)."""
        layout = UnitLayout(
            account=total.account, position=total.position, unit_of_position=part.unit
        )
        reason = book_faults(book).unit_reasons(layout)
        aside = total.isolated_margin
        value = np.where(np.isfinite(aside), aside, np.nan)
        for column, currency in enumerate(book.currencies):
            price = self.model.pricing.price(currency, self.snapshot, self.instruments)
            held = book.collateral[:, column]
            value[: len(book)] += np.where(held == 0.0, 0.0, held * price)
            if not is_price(price):
                owes = (held != 0.0) & (reason[: len(book)] == 0)
                reason[np.flatnonzero(owes)] = int(MarginReason.NO_COLLATERAL_PRICE)
        return value, reason


def _is_contract(instrument: Instrument) -> bool:
    return isinstance(instrument, Perpetual | Future)


def _parts(part: PositionMargin) -> PositionParts:
    return PositionParts(
        unit=part.unit,
        initial=part.initial,
        maintenance=part.maintenance,
        unrealised=part.unrealised,
        reason=part.reason,
    )


def _positions_term(total: UnitMargin) -> RequirementTerm:
    return RequirementTerm(
        name=POSITIONS,
        title="Positions",
        initial=total.initial,
        maintenance=total.maintenance,
    )


def _without_number(term: RequirementTerm, bad: BoolArray) -> RequirementTerm:
    return replace(
        term,
        initial=np.where(bad, np.nan, term.initial),
        maintenance=np.where(bad, np.nan, term.maintenance),
    )


def _margins_of(
    exposures: Exposures, row: IntArray, columns: MarketColumns
) -> tuple[FloatArray, FloatArray]:
    count = exposures.market.size
    alone = PositionColumns(
        offsets=np.array([0, count], dtype=np.int64),
        market=row,
        quantity=exposures.quantity,
        entry_price=np.ones(count),
        isolated_margin=np.full(count, np.nan),
        leverage=exposures.leverage,
        funding=np.zeros(count),
        linked=exposures.linked,
    )
    part, _ = tiered_margin(read_only(alone), columns)
    return part.initial, part.maintenance
