"""dYdX v4's prices of a liquidation: where a subaccount is bankrupt, and what an order may fill at.

Both prices are per closing of a part of one position, in quote quantums: positive is received for
selling a long, negative is paid for buying a short back (dydxprotocol/v4-chain at 84d4664).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from plimsoll.errors import UsageError
from plimsoll.margin.dydx.quantums import MILLION, OracleMarket, TierPpm, margin_quantums


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A position in base quantums, signed, with its market and tier."""

    base_quantums: int
    market: OracleMarket
    tier: TierPpm

    @property
    def notional(self) -> int:
        """Signed quote quantums."""
        return self.market.quote_quantums(self.base_quantums)

    @property
    def maintenance(self) -> int:
        """Maintenance margin in quote quantums; open interest plays no part."""
        return margin_quantums(self.notional, self.tier, 0).maintenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Subaccount:
    """Quote balance and positions by market."""

    quote_quantums: int
    holdings: Mapping[str, Holding]

    @property
    def net_collateral(self) -> int:
        """Quote balance plus the notional of all positions."""
        return self.quote_quantums + sum(h.notional for h in self.holdings.values())

    @property
    def maintenance(self) -> int:
        """Sum over positions."""
        return sum(h.maintenance for h in self.holdings.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class FillablePriceRule:
    """How far from the oracle a liquidation may fill.

    Parameters
    ----------
    bankruptcy_adjustment_ppm : int
        How fast the price falls with the shortfall; at least 1,000,000.
    spread_to_maintenance_ppm : int
        Largest distance from the oracle, as a share of the maintenance fraction.
    """

    bankruptcy_adjustment_ppm: int = MILLION
    spread_to_maintenance_ppm: int = 100_000


def bankruptcy_quote_quantums(account: Subaccount, market: str, delta_base_quantums: int) -> int:
    """Return the quote quantums at which a closing leaves the account with nothing too little.

    The closed part takes its share of the account's net collateral, by maintenance margin; rounded
    in the account's favour against the insurance fund.

    Raises
    ------
    UsageError
        Where the account has no such position, or the change does not reduce it, or nothing of
        the account needs maintenance margin.

    Examples
    --------
    A long of 0.1 at 50,000 bought with 4,501 borrowed: bankrupt at 4,501.

    >>> market = OracleMarket(price=50_000, exponent=0, atomic_resolution=-8)
    >>> tier = TierPpm(initial_ppm=200_000, maintenance_fraction_ppm=500_000)
    >>> held = Holding(base_quantums=10_000_000, market=market, tier=tier)
    >>> account = Subaccount(quote_quantums=-4_501_000_000, holdings={"BTC": held})
    >>> bankruptcy_quote_quantums(account, "BTC", -10_000_000)
    4501000000
    """
    before = _reduced(account, market, delta_base_quantums)
    after = Holding(
        base_quantums=before.base_quantums + delta_base_quantums,
        market=before.market,
        tier=before.tier,
    )
    change = after.notional - before.notional
    released = abs(after.maintenance - before.maintenance)
    share = account.net_collateral * released // _positive_maintenance(account)
    return -change - share


def fillable_quote_price(
    account: Subaccount, market: str, rule: FillablePriceRule | None = None
) -> Fraction:
    """Return the limit price of a liquidation, quote per base quantum, exact.

    From the oracle price down (for a long) by at most the rule's share of the maintenance fraction,
    in proportion to how far the account's collateral is short of its maintenance margin.
    """
    chosen = rule or FillablePriceRule()
    held = _held(account, market)
    short = 1 - Fraction(account.net_collateral, _positive_maintenance(account))
    adjustment = Fraction(chosen.bankruptcy_adjustment_ppm, MILLION) * short
    rating = min(max(adjustment, Fraction(0)), Fraction(1))
    spread = Fraction(chosen.spread_to_maintenance_ppm, MILLION)
    return (held.notional - rating * spread * held.maintenance) / held.base_quantums


def _held(account: Subaccount, market: str) -> Holding:
    if market not in account.holdings or account.holdings[market].base_quantums == 0:
        raise UsageError("must hold a position", found="none", field=f"subaccount.{market}")
    return account.holdings[market]


def _reduced(account: Subaccount, market: str, delta: int) -> Holding:
    held = _held(account, market)
    if delta == 0 or delta * held.base_quantums > 0 or abs(delta) > abs(held.base_quantums):
        raise UsageError(
            f"must reduce the position of {held.base_quantums}",
            found=delta,
            field="delta_base_quantums",
        )
    return held


def _positive_maintenance(account: Subaccount) -> int:
    if account.maintenance == 0:
        raise UsageError("must need maintenance margin", found=0, field="subaccount.maintenance")
    return account.maintenance
