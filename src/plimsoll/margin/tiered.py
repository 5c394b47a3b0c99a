"""The tier model: maintenance and initial margin by notional, isolated and cross.

Equation, symbols and source: `plimsoll.maths.tiered_margin`. Applies to linear, inverse and quanto
perpetuals and dated futures, each margined on its own; positions in different markets do not
offset. Tier tables are in the market's quote currency (settlement currency for quanto).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Future, Instrument, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import PositionParts, Requirements
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.protocol import MarginParameters
from plimsoll.margin.tiered_terms import TieredTerms
from plimsoll.maths import payoffs
from plimsoll.maths.tiered_margin import MarketColumns, PositionColumns, tiered_margin

PAYOFF_CODES = {
    Payoff.LINEAR: payoffs.LINEAR,
    Payoff.INVERSE: payoffs.INVERSE,
    Payoff.QUANTO: payoffs.QUANTO,
}


class InitialRule(StrEnum):
    """How the initial rates of a tier table are applied."""

    WHOLE_NOTIONAL = "whole_notional"  # the reached tier's rate on all of it (Binance, Bybit, OKX)
    MARGINAL = "marginal"  # each tier's rate on its slice, like maintenance


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredMargin:
    """The tier model of a venue.

    Parameters
    ----------
    pricing : CurrencyPricing
        Numeraire, and where currencies get their prices.
    initial_rule : InitialRule
    """

    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    initial_rule: InitialRule = InitialRule.WHOLE_NOTIONAL

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: MarginParameters,
        instruments: Mapping[str, Instrument],
    ) -> PreparedTiered:
        """Lay marks, contract terms and tiers into columns; see `MarginModel.prepare`.

        Spot and options may be among the instruments (to price currencies); positions in them
        are refused by `PreparedTiered.requirements`.

        Raises
        ------
        UsageError
            For a contract without size, and for a settlement currency nothing prices.
        """
        contracts = {
            market: instrument
            for market, instrument in instruments.items()
            if isinstance(instrument, Perpetual | Future)
        }
        tables = [_table(parameters, market) for market in contracts]
        columns = MarketColumns(
            payoff=np.array([PAYOFF_CODES[c.payoff] for c in contracts.values()], dtype=np.int64),
            contract_size=_floats([float(c.required_contract_size()) for c in contracts.values()]),
            mark=_floats([_mark(snapshot, market) for market in contracts]),
            settle_price=_floats(
                [self.pricing.price(c.settle, snapshot, instruments) for c in contracts.values()]
            ),
            tier_offsets=np.cumsum([0, *(len(t.tiers) if t else 0 for t in tables)]).astype(
                np.int64
            ),
            **_tier_columns([t for t in tables if t is not None], self.initial_rule),
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
    """A tier model with marks and tiers; immutable, serves any number of books."""

    model: TieredMargin
    snapshot: MarketSnapshot
    instruments: Mapping[str, Instrument]
    markets: tuple[str, ...]
    columns: MarketColumns

    def requirements(self, book: Book) -> Requirements:
        """Return initial margin, maintenance margin and equity of every margin unit.

        Raises
        ------
        UsageError
            For a position in a market that was not prepared (unknown, spot or option), and for
            a collateral currency nothing prices.
        """
        part, total = tiered_margin(self._positions(book), self.columns)
        collateral = total.isolated_margin
        collateral[: len(book)] = self._collateral_value(book)
        return Requirements(
            book=book,
            numeraire=self.model.pricing.numeraire,
            initial=total.initial,
            maintenance=total.maintenance,
            unrealised=total.unrealised,
            collateral=collateral,
            account=total.account,
            position=total.position,
            parts=PositionParts(
                unit=part.unit,
                initial=part.initial,
                maintenance=part.maintenance,
                unrealised=part.unrealised,
                reason=part.reason,
            ),
            explainer=TieredTerms(
                book=book,
                row_of_market=self._rows(book),
                instruments=tuple(self.instruments[m] for m in self.markets),
                columns=self.columns,
                notional=part.notional,
                tier=part.tier,
            ),
        )

    def _positions(self, book: Book) -> PositionColumns:
        return PositionColumns(
            offsets=book.offsets,
            market=self._rows(book)[book.market],
            quantity=book.quantity,
            entry_price=book.entry_price,
            isolated_margin=book.isolated_margin,
            leverage=book.leverage,
        )

    def _rows(self, book: Book) -> NDArray[np.int64]:
        row_of = {market: row for row, market in enumerate(self.markets)}
        missing = [market for market in book.markets if market not in row_of]
        if missing:
            known = self.instruments.get(missing[0])
            raise UsageError(
                "must be a perpetual or dated future among the prepared instruments",
                found=f"{missing[0]} ({type(known).__name__ if known else 'unknown'})",
                field="book.markets",
                remedy="the tier model margins delta-one contracts only",
            )
        return np.array([row_of[market] for market in book.markets], dtype=np.int64)

    def _collateral_value(self, book: Book) -> NDArray[np.float64]:
        value = np.zeros(len(book))
        for column, currency in enumerate(book.currencies):
            price = self.model.pricing.price(currency, self.snapshot, self.instruments)
            held = book.collateral[:, column]
            value += np.where(held == 0.0, 0.0, held * price)
        return value


def _table(parameters: MarginParameters, market: str) -> TierTable | None:
    if isinstance(parameters, ParameterSet):
        return parameters.tiers(market) if market in parameters.markets else None
    return parameters.get(market)


def _mark(snapshot: MarketSnapshot, market: str) -> float:
    return snapshot.quotes[market].mark if market in snapshot.quotes else float("nan")


def _tier_columns(tables: list[TierTable], rule: InitialRule) -> dict[str, NDArray[np.float64]]:
    tiers = [tier for table in tables for tier in table.tiers]
    whole = rule is InitialRule.WHOLE_NOTIONAL
    return {
        "cap": _floats([np.inf if t.cap_usd is None else float(t.cap_usd) for t in tiers]),
        "maintenance_rate": _floats([float(t.maintenance_rate) for t in tiers]),
        "deduction": _floats([float(d) for table in tables for d in table.deductions_usd]),
        "initial_rate": _floats([float(t.initial_rate) for t in tiers]),
        "initial_deduction": _floats(
            [0.0 if whole else float(d) for table in tables for d in table.initial_deductions_usd]
        ),
        "max_leverage": _floats([float(t.max_leverage) for t in tiers]),
    }


def _floats(values: list[float]) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64)
