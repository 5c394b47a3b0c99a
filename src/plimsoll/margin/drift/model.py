"""Drift v2's margin of cross-margined accounts: size premium, weighted collateral and profit.

Drift compares weighted collateral with margin requirements. Here equity stands at spot, and what
weights take from it is asked as a requirement, so that the excess is the same (`Requirements`)::

    requirement = sum |value| ratio(size) + deposits and debts by weight
                + profit that is not counted + open orders

Page: ``docs/models/drift.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Payoff
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.margin.contracts.position_by_position import model_reasons, parameter_column
from plimsoll.margin.contracts.stand_alone_book import StandAloneMarkets
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.drift.parameters import DriftRules, PerpetualRules, drift_rules
from plimsoll.margin.drift.prepared import PreparedDrift, RuleColumns
from plimsoll.margin.drift.scaled_ratios import MarginLevel
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.units.market_rows import market_rows

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftMargin(OwnQuotes):
    """Drift v2.

    Parameters
    ----------
    pricing : CurrencyPricing
    opening_level : MarginLevel
        Whether ``initial`` is the level to open or the one to be filled.
    average_prices : mapping of str to float
        Five-minute average by currency, in the numeraire: to open, deposits count at the lower and
        debts at the higher of it and spot. Currencies not named count at spot.
    deposits_usd : mapping of str to float
        Value of the market's deposits by currency, for weights that fall with it.
    """

    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    opening_level: MarginLevel = MarginLevel.INITIAL
    average_prices: Mapping[str, float] = field(default_factory=dict)
    deposits_usd: Mapping[str, float] = field(default_factory=dict)

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | DriftRules,
        instruments: Mapping[str, Instrument],
    ) -> PreparedDrift:
        """Lay marks and rules into columns; see `MarginModel.prepare`.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        rows = market_rows(snapshot, instruments, self.pricing)
        rules = drift_rules(parameters, rows.markets)
        held = [rules.perpetuals.get(market) for market in rows.markets]
        return PreparedDrift(
            markets=StandAloneMarkets(
                pricing=self.pricing,
                snapshot=snapshot,
                rows=rows,
                reason=model_reasons(rows, held, (Payoff.LINEAR,)),
            ),
            average_prices=self.average_prices,
            deposits_usd=self.deposits_usd,
            rules=self._columns(held),
            collateral=rules.collateral,
        )

    def _columns(self, held: list[PerpetualRules | None]) -> RuleColumns:
        def column(name: str) -> FloatArray:
            return parameter_column(held, lambda rules: float(getattr(rules, name)))

        def opening(initial: str, maintenance: str) -> FloatArray:
            mean = 0.5 * (column(initial) + column(maintenance))
            return {
                MarginLevel.INITIAL: column(initial),
                MarginLevel.FILL: mean,
                MarginLevel.MAINTENANCE: column(maintenance),
            }[self.opening_level]

        # A market has the mode where both of its ratios are set.
        mode = (column("high_leverage_initial") > 0.0) & (column("high_leverage_maintenance") > 0.0)
        return RuleColumns(
            opening=opening("initial_ratio", "maintenance_ratio"),
            opening_high=mode * opening("high_leverage_initial", "high_leverage_maintenance"),
            initial=column("initial_ratio"),
            keeping=column("maintenance_ratio"),
            keeping_high=mode * column("high_leverage_maintenance"),
            size_factor=column("size_factor"),
            profit_opening=column("profit_initial_weight"),
            profit_keeping=column("profit_maintenance_weight"),
            profit_factor=column("profit_size_factor"),
        )
