"""Deribit markets, parameters as published, and accounts, for tests of its margin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from plimsoll.domain.account import Account, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import (
    Future,
    Instrument,
    Option,
    OptionRight,
    Pair,
    Payoff,
    Perpetual,
    expiry_at,
)
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit import DeribitPair, DeribitPortfolioMargin, PortfolioMode

DAY = 86_400 * 10**9
AT = 1_718_619_740 * 10**9  # 17 June 2024, 10:22:20 UTC
BTC, ETH = Pair(base="BTC", quote="USD"), Pair(base="ETH", quote="USD")
SOL = Pair(base="SOL", quote="USDC")
END = expiry_at(date(2024, 6, 28))
LATE = expiry_at(date(2024, 9, 27))

# Response to pme/simulate in the API's documentation, 17 June 2024.
BTC_PAIR = {
    "price_range": "0.16",
    "volatility_range_up": "0.5",
    "volatility_range_down": "0.25",
    "minimum_vol_up": "0.5",
    "short_vega_power": "0.3",
    "long_vega_power": "0.13",
    "extended_table_factor": "1",
    "extended_dampener_usd": "100000",
    "pnl_offset": "0",
    "max_offsetable_pnl_usd": "0",
    "annualised_move_risk": "0.075",
    "min_annualised_move": "0.01",
    "delta_shock_threshold_usd": "20000000",
    "delta_shock_slope": "0.00005",
    "max_delta_shock": "0.1",
}
# A response of 15 February 2026.
ETH_PAIR = BTC_PAIR | {
    "price_range": "0.18",
    "volatility_range_up": "0.4",
    "extended_dampener_usd": "200000",
    "pnl_offset": "0.6",
    "max_offsetable_pnl_usd": "20000000",
    "annualised_move_risk": "0.05",
    "min_annualised_move": "0.005",
    "delta_shock_slope": "0.000004",
}


def pair(values: Mapping[str, str] = BTC_PAIR, **changes: str) -> DeribitPair:
    return DeribitPair(**{name: Decimal(v) for name, v in {**values, **changes}.items()})


def inverse(of: Pair, size: str) -> dict[str, object]:
    return {
        "pair": of,
        "settle": of.base,
        "payoff": Payoff.INVERSE,
        "contract_size": Decimal(size),
    }


def linear(of: Pair, size: str) -> dict[str, object]:
    return {
        "pair": of,
        "settle": of.quote,
        "payoff": Payoff.LINEAR,
        "contract_size": Decimal(size),
    }


def option(strike: int, right: OptionRight, end: int = END, of: Pair = BTC) -> Option:
    terms = inverse(of, "1") if of.quote == "USD" else linear(of, "1")
    return Option(**terms, expiry_ns=end, strike=Decimal(strike), right=right)  # type: ignore[arg-type]


def instruments() -> dict[str, Instrument]:
    calls = {
        f"BTC-{'28JUN24' if end == END else '27SEP24'}-{strike}-{right.value[0].upper()}": option(
            strike, right, end
        )
        for end in (END, LATE)
        for strike in (50_000, 60_000, 65_000, 70_000, 80_000, 200_000)
        for right in OptionRight
    }
    return {
        "BTC-PERPETUAL": Perpetual(**inverse(BTC, "10")),  # type: ignore[arg-type]
        "BTC-28JUN24": Future(**inverse(BTC, "10"), expiry_ns=END),  # type: ignore[arg-type]
        "BTC-27SEP24": Future(**inverse(BTC, "10"), expiry_ns=LATE),  # type: ignore[arg-type]
        "ETH-PERPETUAL": Perpetual(**inverse(ETH, "1")),  # type: ignore[arg-type]
        "SOL_USDC-PERPETUAL": Perpetual(**linear(SOL, "0.1")),  # type: ignore[arg-type]
        "BTC_USDC-PERPETUAL": Perpetual(**linear(Pair(base="BTC", quote="USDC"), "0.0001")),  # type: ignore[arg-type]
        **calls,
    }


INDEX = {"BTC": 65_666.19, "ETH": 1_949.34, "SOL": 140.0}
MARKS = {
    "BTC-PERPETUAL": 65_910.57,
    "BTC-28JUN24": 67_371.75,
    "BTC-27SEP24": 67_500.0,
    "ETH-PERPETUAL": 1_949.49,
    "SOL_USDC-PERPETUAL": 140.0,
    "BTC_USDC-PERPETUAL": 65_700.0,
}
FORWARDS = {END: 65_900.0, LATE: 67_500.0}


def snapshot(vol: float = 0.55, at_ns: int = AT) -> MarketSnapshot:
    """Marks as above; options at one volatility, their marks those of Black-76."""
    from plimsoll.maths.black76 import price

    quotes = {}
    for market, instrument in instruments().items():
        index = INDEX[instrument.pair.base]
        if isinstance(instrument, Option):
            years = (instrument.expiry_ns - at_ns) / (365 * DAY)
            forward = FORWARDS[instrument.expiry_ns]
            call = instrument.right is OptionRight.CALL
            worth = float(price(forward, float(instrument.strike), years, vol, call)) / forward
            quotes[market] = Quote(mark=worth, index=index, implied_vol_annual=vol)
        else:
            quotes[market] = Quote(mark=MARKS[market], index=index)
    return MarketSnapshot(
        at_ns=at_ns,
        quotes=quotes,
        stable_price_usd={"USDC": 1.0},
        expiries={(BTC, "BTC", end): ExpiryQuote(floating=f) for end, f in FORWARDS.items()},
    )


def account(
    name: str = "a",
    positions: Mapping[str, float] | None = None,
    collateral: Mapping[str, float] | None = None,
    orders: tuple[Order, ...] = (),
) -> Account:
    """Entries are at the mark, so that nothing is unrealised."""
    return Account(
        name=name,
        positions=tuple(
            Position(market=m, quantity=q, entry_price=MARKS.get(m, 1.0))
            for m, q in (positions or {}).items()
        ),
        collateral=dict(collateral or {}),
        orders=orders,
    )


PRICING = {"BTC": "BTC-PERPETUAL", "ETH": "ETH-PERPETUAL"}


def segregated(currency: str = "BTC", **more: object) -> DeribitPortfolioMargin:
    pricing = CurrencyPricing(numeraire=currency, pricing_markets=PRICING)
    return DeribitPortfolioMargin(pricing=pricing, **more)  # type: ignore[arg-type]


def cross(**more: object) -> DeribitPortfolioMargin:
    pricing = CurrencyPricing(numeraire="USD", pricing_markets=PRICING)
    return DeribitPortfolioMargin(pricing=pricing, mode=PortfolioMode.CROSS, **more)  # type: ignore[arg-type]


PARAMETERS = {
    "BTC_USD": pair(),
    "ETH_USD": pair(ETH_PAIR),
    "SOL_USDC": pair(),
    "BTC_USDC": pair(),
}


def margin(model: DeribitPortfolioMargin, *accounts: Account) -> Requirements:
    prepared = model.prepare(snapshot(), PARAMETERS, instruments())
    return prepared.requirements(Book.from_accounts(accounts))


def coins(market: str, amount: float) -> float:
    """Contracts of an inverse future that are worth ``amount`` coins."""
    size = instruments()[market].required_contract_size()
    return amount * MARKS[market] / float(size)
