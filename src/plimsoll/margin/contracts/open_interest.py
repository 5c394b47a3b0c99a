"""Initial margin that rises with open interest, as on dYdX: between two caps from its base to one.

A crowded market is dearer to leave than a single position's size tells, so new risk becomes dearer
with what is open already. Maintenance stays, or accounts would be liquidated because others traded
(dydxprotocol/v4-chain, liquidity_tier.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.market import MarketSnapshot
from plimsoll.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInterestCaps:
    """Open interest in dollars at which initial rates start to rise, and where they are one.

    An upper cap of 0 switches it off.
    """

    lower_usd: Decimal
    upper_usd: Decimal

    def __post_init__(self) -> None:
        unordered = self.upper_usd > 0 and self.lower_usd > self.upper_usd
        if min(self.lower_usd, self.upper_usd) < 0 or unordered:
            raise ParameterError(
                "must satisfy 0 <= lower <= upper, or upper 0 for none",
                found=f"{self.lower_usd}, {self.upper_usd}",
                field="open interest caps",
            )

    def share(self, open_interest_usd: float) -> float:
        """Return how far the initial rate has risen towards one; NaN where nobody knows.

        >>> caps = OpenInterestCaps(lower_usd=Decimal(1_000_000), upper_usd=Decimal(2_000_000))
        >>> [caps.share(oi) for oi in (1e6, 1.5e6, 3e6)]
        [0.0, 0.5, 1.0]
        """
        lower, upper = float(self.lower_usd), float(self.upper_usd)
        if upper == 0.0 or open_interest_usd <= lower:
            return 0.0
        if open_interest_usd >= upper:
            return 1.0
        return (open_interest_usd - lower) / (upper - lower)


def risen_share(
    snapshot: MarketSnapshot, market: str, caps: Mapping[str, OpenInterestCaps]
) -> float:
    """Return the share of one market; 0 where it has no caps."""
    if market not in caps:
        return 0.0
    known = market in snapshot.quotes
    interest = snapshot.quotes[market].open_interest_usd if known else float("nan")
    return caps[market].share(interest)
