"""Random markets, parameters and books for the models that margin positions one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Pair, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.drift import CollateralRules, DriftMargin, DriftRules, PerpetualRules
from plimsoll.margin.dydx import DydxMargin, LiquidityTier
from plimsoll.margin.size_tiers import SizeRates, SizeTieredMargin
from plimsoll.margin.tiered import TieredMargin
from plimsoll.margin.vega import VegaMargin, VegaMarket

MARKETS = ("ONE", "TWO")
INSTRUMENTS: dict[str, Instrument] = {
    market: Perpetual(
        pair=Pair(base=market, quote="USDC"),
        settle="USDC",
        payoff=Payoff.LINEAR,
        contract_size=size,
    )
    for market, size in zip(MARKETS, (Decimal("0.01"), Decimal(10)), strict=True)
}
PRICING = CurrencyPricing()
MODELS = ("tiered", "size_tiers", "dydx", "drift", "vega")


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """A model with parameters and a snapshot."""

    model: Any
    parameters: Any
    snapshot: MarketSnapshot

    def prepared(self) -> Any:
        return self.model.prepare(self.snapshot, self.parameters, INSTRUMENTS)


def share(places: int = 4, low: str = "0", high: str = "1") -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=places)


@st.composite
def ordered(draw: st.DrawFn, count: int, low: str = "0.0001") -> list[Decimal]:
    return sorted(draw(share(low=low)) for _ in range(count))


@st.composite
def tier_tables(draw: st.DrawFn) -> TierTable:
    kept, opened = draw(ordered(2)), draw(ordered(2))
    pairs = [sorted(pair) for pair in zip(kept, opened, strict=True)]
    caps = [Decimal(draw(st.integers(1, 10**6))), None]
    return TierTable(
        tuple(
            Tier(cap_usd=cap, maintenance_rate=low, initial_rate=high, max_leverage=1 / high)
            for cap, (low, high) in zip(caps, pairs, strict=True)
        )
    )


@st.composite
def size_rates(draw: st.DrawFn) -> SizeRates:
    kept, opened, highest = draw(ordered(3))
    low, high = sorted((draw(share()), draw(share())))
    return SizeRates(
        initial_rate=opened,
        maintenance_rate=kept,
        initial_slope=high,
        maintenance_slope=low,
        highest_rate=highest,
    )


@st.composite
def liquidity_tiers(draw: st.DrawFn) -> LiquidityTier:
    lower, more = draw(st.integers(0, 10**9)), draw(st.integers(0, 10**9))
    return LiquidityTier(
        initial_margin=draw(share(6)),
        maintenance_fraction=draw(share(6)),
        open_interest_lower_usd=Decimal(lower),
        open_interest_upper_usd=Decimal(lower + more),
    )


@st.composite
def perpetual_rules(draw: st.DrawFn) -> PerpetualRules:
    high_kept, high_opened, kept, opened = draw(ordered(4))
    low, high = sorted((draw(share()), draw(share())))
    return PerpetualRules(
        initial_ratio=opened,
        maintenance_ratio=kept,
        size_factor=draw(share(6)),
        high_leverage_initial=high_opened,
        high_leverage_maintenance=high_kept,
        profit_initial_weight=low,
        profit_maintenance_weight=high,
        profit_size_factor=draw(share(6)),
    )


@st.composite
def collateral_rules(draw: st.DrawFn) -> CollateralRules:
    low, high = sorted((draw(share()), draw(share())))
    kept, opened = sorted((draw(share(low="1", high="3")), draw(share(low="1", high="3"))))
    return CollateralRules(
        initial_asset_weight=low,
        maintenance_asset_weight=high,
        initial_liability_weight=opened,
        maintenance_liability_weight=kept,
        size_factor=draw(share(6)),
    )


@st.composite
def vega_markets(draw: st.DrawFn) -> VegaMarket:
    return VegaMarket(
        volatility_annual=draw(share(2, "0.01", "5")),
        tail_probability=draw(share(6, "0.000001", "0.1")),
        horizon_years=draw(share(6, "0.000001", "0.5")),
        linear_slippage=draw(share()),
        quadratic_slippage=draw(share()),
    )


@st.composite
def venues(draw: st.DrawFn, name: str) -> Venue:
    def each(strategy: st.SearchStrategy[Any]) -> Mapping[str, Any]:
        return {market: draw(strategy) for market in MARKETS}

    parameters: Any
    if name == "tiered":
        model: Any = TieredMargin(pricing=PRICING)
        parameters = each(tier_tables())
    elif name == "size_tiers":
        model, parameters = SizeTieredMargin(pricing=PRICING), each(size_rates())
    elif name == "dydx":
        model, parameters = DydxMargin(pricing=PRICING), each(liquidity_tiers())
    elif name == "vega":
        model, parameters = VegaMargin(pricing=PRICING), each(vega_markets())
    else:
        model = DriftMargin(pricing=PRICING)
        rules = {"USDC": draw(collateral_rules())}
        parameters = DriftRules(perpetuals=each(perpetual_rules()), collateral=rules)
    return Venue(model=model, parameters=parameters, snapshot=draw(snapshots()))


@st.composite
def snapshots(draw: st.DrawFn) -> MarketSnapshot:
    marks = {m: draw(st.floats(0.01, 1e5)) for m in MARKETS}
    return MarketSnapshot(
        at_ns=0,
        quotes={
            m: Quote(mark=p, index=p, open_interest_usd=draw(st.floats(0, 1e10)))
            for m, p in marks.items()
        },
        stable_price_usd={"USDC": draw(st.floats(0.5, 1.5))},
    )


def quantities() -> st.SearchStrategy[float]:
    """Contracts in thousandths: venues have lots."""
    return st.integers(-(10**8), 10**8).map(lambda thousandths: thousandths / 1000)


@st.composite
def positions(draw: st.DrawFn, market: str) -> Position:
    isolated = draw(st.booleans())
    return Position(
        market=market,
        quantity=draw(quantities()),
        entry_price=draw(st.floats(0.01, 1e5)),
        mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        isolated_margin=draw(st.integers(0, 10**6)) if isolated else None,
        leverage=draw(st.none() | st.floats(1, 200)),
        funding=draw(st.integers(-1000, 1000)),
    )


@st.composite
def orders(draw: st.DrawFn, market: str) -> Order:
    quantity = draw(quantities().filter(lambda q: q != 0.0))
    return Order(market=market, quantity=quantity, price=draw(st.none() | st.floats(0.01, 1e5)))


@st.composite
def books(draw: st.DrawFn, *, with_orders: bool = True) -> Book:
    """Up to five accounts, some of them linked."""
    accounts = []
    for row in range(draw(st.integers(0, 5))):
        held = draw(st.lists(st.sampled_from(MARKETS), unique=True))
        ordered_in = draw(st.lists(st.sampled_from(MARKETS), max_size=3)) if with_orders else []
        accounts.append(
            Account(
                name=f"account {row}",
                positions=tuple(draw(positions(market)) for market in held),
                collateral={"USDC": draw(st.integers(-(10**6), 10**6))},
                orders=tuple(draw(orders(market)) for market in ordered_in),
                owner=draw(st.sampled_from(["", "x", "y"])),
            )
        )
    return Book.from_accounts(accounts)
