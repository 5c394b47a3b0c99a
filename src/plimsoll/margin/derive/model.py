"""What each of Derive's margins is told besides its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from plimsoll.margin.derive.cash_pricing import CashPricing


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
