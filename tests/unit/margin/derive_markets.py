"""A small Derive market for tests: ETH and BTC with perpetuals and options, priced in USDC."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from plimsoll.domain.account import Account, MarginMode, Position
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
    Spot,
)
from plimsoll.domain.market import DAY_NS, MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.derive import (
    CashPricing,
    CollateralRule,
    DerivePmrm1,
    DerivePmrm2,
    DeriveSrm,
    Pmrm1Parameters,
    Pmrm2Parameters,
    SrmParameters,
)

AT_NS = 1_735_689_600_000_000_000
MONTH, QUARTER = AT_NS + 30 * DAY_NS, AT_NS + 90 * DAY_NS
SPOT = {"ETH": 2000.0, "BTC": 50_000.0}
PRICING = CashPricing(pricing_markets={coin: f"{coin}-SPOT" for coin in SPOT} | {"WST": "WST-SPOT"})
COLLATERAL = {
    "ETH": CollateralRule(
        maintenance_haircut=Decimal("0.02"),
        initial_extra=Decimal("0.01"),
        cancels_risk=Decimal(1),
    ),
    "WST": CollateralRule(maintenance_haircut=Decimal("0.2")),
}


def terms(coin: str) -> dict[str, Any]:
    return {
        "pair": Pair(base=coin, quote="USDC"),
        "settle": "USDC",
        "payoff": Payoff.LINEAR,
        "contract_size": Decimal(1),
    }


def option(coin: str, expiry_ns: int, strike: int, right: str) -> Option:
    side = OptionRight.CALL if right == "C" else OptionRight.PUT
    return Option(**terms(coin), expiry_ns=expiry_ns, strike=Decimal(strike), right=side)


def instruments() -> dict[str, Instrument]:
    found: dict[str, Instrument] = {"WST-SPOT": Spot(pair=Pair(base="WST", quote="USD"))}
    for coin, strikes in (("ETH", (1600, 2000, 2400)), ("BTC", (40_000, 50_000))):
        found[f"{coin}-SPOT"] = Spot(pair=Pair(base=coin, quote="USD"))
        found[f"{coin}-PERP"] = Perpetual(**terms(coin))
        for name, expiry in (("M", MONTH), ("Q", QUARTER)):
            for strike in strikes:
                for right in "CP":
                    contract = option(coin, expiry, strike, right)
                    found[f"{coin}-{name}-{strike}-{right}"] = contract
    found["ETH-OLD-2000-C"] = option("ETH", AT_NS, 2000, "C")
    found["ETH-GONE-2000-C"] = option("ETH", AT_NS - DAY_NS, 2000, "C")
    found["ETH-FUTURE"] = Future(**terms("ETH"), expiry_ns=MONTH)
    found["ETH-INVERSE"] = Perpetual(
        pair=Pair(base="ETH", quote="USD"),
        settle="ETH",
        payoff=Payoff.INVERSE,
        contract_size=Decimal(1),
    )
    found["SOL-PERP"] = Perpetual(**terms("SOL"))
    found["ETH-DARK"] = replace(Perpetual(**terms("ETH")), contract_size=Decimal(2))
    return found


def snapshot(stable: float = 1.0, **changes: Any) -> MarketSnapshot:
    quotes = {"WST-SPOT": Quote(mark=2500.0, index=2500.0)}
    expiries = {}
    for coin, price in SPOT.items():
        pair = Pair(base=coin, quote="USDC")
        quotes[f"{coin}-SPOT"] = Quote(mark=price, index=price)
        quotes[f"{coin}-PERP"] = Quote(mark=1.001 * price, index=price)
        for expiry, rate in ((MONTH, 0.05), (QUARTER, 0.08)):
            expiries[pair, "USDC", expiry] = ExpiryQuote(floating=1.01 * price, rate_annual=rate)
    for name in ("ETH-FUTURE", "ETH-INVERSE"):
        quotes[name] = Quote(mark=2000.0, index=2000.0)
    quotes["SOL-PERP"] = Quote(mark=150.0, index=150.0)
    for market, instrument in instruments().items():
        if isinstance(instrument, Option):
            quotes[market] = Quote(mark=math.nan, index=math.nan, implied_vol_annual=0.6)
    eth = Pair(base="ETH", quote="USDC")
    expiries[eth, "USDC", AT_NS] = ExpiryQuote(floating=0.0, fixed=2150.0)
    given = {
        "at_ns": AT_NS,
        "quotes": quotes | changes.pop("quotes", {}),
        "expiries": expiries | changes.pop("expiries", {}),
        "stable_price_usd": {"USDC": stable},
    }
    return MarketSnapshot(**(given | changes))


def account(
    name: str,
    held: Mapping[str, float],
    collateral: Mapping[str, float] | None = None,
    isolated: Mapping[str, float] | None = None,
) -> Account:
    aside = isolated or {}
    return Account(
        name=name,
        positions=tuple(
            Position(
                market=market,
                quantity=quantity,
                entry_price=2000.0,
                mode=MarginMode.ISOLATED if market in aside else MarginMode.CROSS,
                isolated_margin=aside.get(market),
            )
            for market, quantity in held.items()
        ),
        collateral=collateral or {},
    )


PMRM2 = Pmrm2Parameters(collateral=COLLATERAL)
MODELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "pmrm2": (DerivePmrm2(pricing=PRICING), {"ETH": PMRM2, "BTC": Pmrm2Parameters()}),
    "pmrm1": (DerivePmrm1(pricing=PRICING), {"ETH": Pmrm1Parameters(), "BTC": Pmrm1Parameters()}),
    "srm": (DeriveSrm(pricing=PRICING), {"ETH": SrmParameters(), "BTC": SrmParameters()}),
}
every_model = pytest.mark.parametrize("name", MODELS)


def margin(name: str, *accounts: Account, market: Any = None) -> Requirements:
    model, parameters = MODELS[name]
    prepared = model.prepare(market or snapshot(), parameters, instruments())
    found: Requirements = prepared.requirements(Book.from_accounts(accounts))
    return found


SHORT = account("short", {"ETH-M-2000-C": -2.0}, {"USDC": 500.0})
CONDOR = account(
    "condor",
    {"ETH-M-1600-P": 1.0, "ETH-M-2000-P": -1.0, "ETH-M-2000-C": -1.0, "ETH-M-2400-C": 1.0},
    {"USDC": 100.0},
)
CALENDAR = account("calendar", {"ETH-M-2000-C": -1.0, "ETH-Q-2000-C": 1.0, "ETH-PERP": 0.5})
