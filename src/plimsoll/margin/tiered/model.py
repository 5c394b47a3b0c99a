"""The tier model: maintenance and initial margin by size, isolated and cross.

Equation, symbols and source: `plimsoll.maths.tiered_margin`. Applies to linear, inverse and quanto
perpetuals and dated futures, each margined on its own; positions in different markets do not
offset. Tier tables count notional in the market's quote currency (settlement currency for quanto),
contracts, or coins. Page: ``docs/models/tiers.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Future, Instrument, Perpetual
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import PositionParts, Requirements, RequirementTerm, total_of
from plimsoll.domain.tiers import TierTable
from plimsoll.margin.contracts.linked_sizes import LinkedSizes, linked_contracts, linked_sizes
from plimsoll.margin.contracts.open_interest import OpenInterestCaps
from plimsoll.margin.contracts.order_fills import Exposures, OrderFills, fill_charges, order_fills
from plimsoll.margin.contracts.position_explanation import POSITIONS, PositionExplainer
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.protocol import MarginParameters
from plimsoll.margin.tiered.columns import TierMeasure, TierReading, market_columns
from plimsoll.margin.tiered.terms import TieredTerms
from plimsoll.maths.tiered_margin import (
    MarketColumns,
    PositionColumns,
    PositionMargin,
    UnitMargin,
    tiered_margin,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class InitialRule(StrEnum):
    """How the initial rates of a tier table are applied."""

    WHOLE_NOTIONAL = "whole_notional"  # the reached tier's rate on all of it (Binance, Bybit, OKX)
    MARGINAL = "marginal"  # each tier's rate on its slice, like maintenance


class MaintenanceRule(StrEnum):
    """How the maintenance rates of a tier table are applied."""

    MARGINAL = "marginal"  # each tier's rate on its slice (Binance, Hyperliquid)
    WHOLE_NOTIONAL = "whole_notional"  # the reached tier's rate on all of it (OKX)


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredMargin:
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
        have the reason NOT_MARGINED.

        Raises
        ------
        UsageError
            For a contract without size, for a settlement currency nothing prices, and for a
            quanto contract whose table counts coins.
        """
        contracts = {
            market: instrument
            for market, instrument in instruments.items()
            if isinstance(instrument, Perpetual | Future)
        }
        reading = TierReading(
            marginal_maintenance=self.maintenance_rule is MaintenanceRule.MARGINAL,
            marginal_initial=self.initial_rule is InitialRule.MARGINAL,
            measure=self.measure,
            open_interest=self.open_interest,
        )
        columns = market_columns(
            contracts,
            [_table(parameters, market) for market in contracts],
            reading,
            pricing=self.pricing,
            snapshot=snapshot,
            instruments=instruments,
        )
        return PreparedTiered(
            model=self,
            snapshot=snapshot,
            instruments=instruments,
            markets=tuple(contracts),
            columns=columns,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedTiered:
    """A tier model with marks and tiers; immutable, serves any number of books.

    The columns have a row for each market, one for unknown ones, and one for instruments that the
    model does not margin.
    """

    model: TieredMargin
    snapshot: MarketSnapshot
    instruments: Mapping[str, Instrument]
    markets: tuple[str, ...]
    columns: MarketColumns

    def requirements(self, book: Book) -> Requirements:
        """Return initial margin, maintenance margin and equity of every margin unit.

        Open orders add what the worst of their fills would, to the initial margin of the cross
        pool. A position or order that has no number has a reason, and so has its unit.

        Raises
        ------
        UsageError
            For a collateral currency nothing prices.
        """
        rows, sizes = self._rows(book), linked_sizes(book)
        part, total = tiered_margin(self._positions(book, rows, sizes), self.columns)
        collateral = total.isolated_margin
        collateral[: len(book)], reason = self._collateral_value(book, len(total.account))
        terms = [_positions_term(total)]
        fills = order_fills(book)
        if fills is not None:
            terms.append(self._orders_term(fills, sizes, rows, reason))
        initial, maintenance = total_of(terms, len(total.account))
        numeraire = self.model.pricing.numeraire
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
            explainer=self._terms(book, rows, part),
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
                maintenance=part.maintenance,
            ),
        )

    def _positions(
        self, book: Book, rows: IntArray, sizes: LinkedSizes | None = None
    ) -> PositionColumns:
        return PositionColumns(
            offsets=book.offsets,
            market=rows[book.market],
            quantity=book.quantity,
            entry_price=book.entry_price,
            isolated_margin=book.isolated_margin,
            leverage=book.leverage,
            funding=np.zeros(book.market.size) if book.funding is None else book.funding,
            linked=linked_contracts(book, sizes),
        )

    def _orders_term(
        self, fills: OrderFills, sizes: LinkedSizes | None, rows: IntArray, reason: IntArray
    ) -> RequirementTerm:
        """Charge cross pools for their orders; note in ``reason`` (U,) those without a number."""

        def margins(exposures: Exposures) -> tuple[FloatArray, FloatArray]:
            return _margins_of(exposures, rows, self.columns)

        added, _ = fill_charges(fills, sizes, margins)
        unknown = np.flatnonzero(np.isnan(added))
        held = fills.position[unknown]
        why = self.columns.reason[rows[fills.market[unknown]]]
        size = np.where(np.isnan(held), MarginReason.NO_QUANTITY, MarginReason.BEYOND_LAST_TIER)
        reason[fills.account[unknown]] = np.where(why != 0, why, size)
        return RequirementTerm(
            name="open_orders",
            title="Open orders",
            initial=np.bincount(fills.account, added, reason.size).astype(np.float64),
            maintenance=np.zeros(reason.size),
        )

    def _terms(self, book: Book, rows: IntArray, part: PositionMargin) -> TieredTerms:
        return TieredTerms(
            book=book,
            row_of_market=rows,
            instruments=tuple(self.instruments[m] for m in self.markets),
            columns=self.columns,
            notional=part.notional,
            size=part.size,
            tier=part.tier,
        )

    def _rows(self, book: Book) -> IntArray:
        """(M,) row of each of the book's markets in the columns."""
        row_of = {market: row for row, market in enumerate(self.markets)}
        unknown = len(self.markets)
        return np.array(
            [row_of.get(m, unknown + (m in self.instruments)) for m in book.markets],
            dtype=np.int64,
        )

    def _collateral_value(self, book: Book, units: int) -> tuple[FloatArray, IntArray]:
        """(A,) value of cross collateral, and (U,) reasons of pools that hold what has no price."""
        value, reason = np.zeros(len(book)), np.zeros(units, dtype=np.int64)
        for column, currency in enumerate(book.currencies):
            price = self.model.pricing.price(currency, self.snapshot, self.instruments)
            held = book.collateral[:, column]
            value += np.where(held == 0.0, 0.0, held * price)
            if not (np.isfinite(price) and price > 0.0):
                reason[np.flatnonzero(held != 0.0)] = MarginReason.NO_COLLATERAL_PRICE
        return value, reason


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


def _margins_of(
    exposures: Exposures, rows: IntArray, columns: MarketColumns
) -> tuple[FloatArray, FloatArray]:
    count = exposures.market.size
    alone = PositionColumns(
        offsets=np.array([0, count], dtype=np.int64),
        market=rows[exposures.market],
        quantity=exposures.quantity,
        entry_price=np.ones(count),
        isolated_margin=np.full(count, np.nan),
        leverage=exposures.leverage,
        funding=np.zeros(count),
        linked=exposures.linked,
    )
    part, _ = tiered_margin(alone, columns)
    return part.initial, part.maintenance


def _table(parameters: MarginParameters, market: str) -> TierTable | None:
    if isinstance(parameters, ParameterSet):
        return parameters.tiers(market) if market in parameters.markets else None
    return parameters.get(market)
