"""Prices in the stable coin that is Derive's cash; worthless cash prices nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing


@dataclass(frozen=True, slots=True, kw_only=True)
class CashPricing(CurrencyPricing):
    """`CurrencyPricing` whose numeraire is the cash; NaN where the cash has no positive price."""

    numeraire: str = "USDC"

    def price(
        self, currency: str, snapshot: MarketSnapshot, instruments: Mapping[str, Instrument]
    ) -> float:
        """Return the price of one unit of ``currency`` in cash.

        Raises
        ------
        UsageError
            Where nothing says how to price the currency.
        """
        if currency == self.numeraire:
            return 1.0
        stable = self.stable_price(snapshot)
        if not stable > 0.0:
            return math.nan
        return CurrencyPricing.price(self, currency, snapshot, instruments)

    def stable_price(self, snapshot: MarketSnapshot) -> float:
        """Return the price of the cash in USD: what peg terms look at.

        Raises
        ------
        UsageError
            Where the snapshot has none, or one that is no number.
        """
        price = snapshot.stable_price_usd.get(self.numeraire, math.nan)
        if not math.isfinite(price):
            raise UsageError(
                "must have a price",
                found="none",
                field=f"stable_price_usd[{self.numeraire}]",
                remedy="put the price of the cash into MarketSnapshot.stable_price_usd",
            )
        return float(price)

    def confidence(self, currency: str, snapshot: MarketSnapshot) -> float:
        """Return the confidence of the market that prices ``currency``; 1 where none is asked."""
        market = self.pricing_markets.get(currency)
        if market is None or market not in snapshot.quotes:
            return 1.0
        return float(snapshot.quotes[market].confidence)
