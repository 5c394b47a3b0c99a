"""What each of Derive's margins is told besides its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.derive.cash_pricing import CashPricing
from plimsoll.margin.quote_scope import Scope, by_own_quote, index_moved


@dataclass(frozen=True, slots=True, kw_only=True)
class DeriveModel:
    """Prices of cash and coins, and how old a surface may be.

    Parameters
    ----------
    pricing : CashPricing
        Cash, and the market whose index prices each asset of the collateral.
    spot_markets : mapping of str to str
        Market whose index is the spot price of a risk unit; where none is named, the one that
        prices the coin as collateral.
    oldest_surface_ns : int
        How much older than the snapshot a surface may be where the venue marks no volatility.
    """

    pricing: CashPricing = field(default_factory=CashPricing)
    spot_markets: Mapping[str, str] = field(default_factory=dict)
    oldest_surface_ns: int = 0

    def quote_scope(
        self,
        before: MarketSnapshot,
        after: MarketSnapshot,
        quoted: frozenset[str],
        instruments: Mapping[str, Instrument],
    ) -> Scope:
        """See `plimsoll.margin.quote_scope.QuoteScoped`.

        A risk unit's spot price, and how far it is trusted, also concern accounts that hold nothing
        of its coin: those whose collateral is margined in the unit.
        """
        spots = {*self.pricing.pricing_markets.values(), *self.spot_markets.values()}
        if any(index_moved(before, after, market) for market in quoted & spots):
            return Scope(everything=True)
        return by_own_quote(before, after, quoted, instruments, references=())
