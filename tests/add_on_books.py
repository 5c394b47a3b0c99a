"""Markets, tiers and models for tests of add-ons, collateral and liquidation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

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
)
from plimsoll.domain.market import DAY_NS, MarketSnapshot, Quote
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.margin.currency import CurrencyPricing

AT_NS = 1_780_000_000 * 10**9
EXPIRY_NS = AT_NS + 73 * DAY_NS  # a fifth of a year
PRICING = CurrencyPricing(pricing_markets={"BTC": "COIN", "STETH": "STETH"})


def linear(base: str, quote: str = "USDT", **more: Any) -> Any:
    kind = Future if "expiry_ns" in more else Perpetual
    return kind(
        pair=Pair(base=base, quote=quote),
        settle=quote,
        payoff=Payoff.LINEAR,
        contract_size=Decimal(1),
        **more,
    )


INSTRUMENTS: dict[str, Instrument] = {
    "PERP": linear("BTC"),
    "PERPC": linear("BTC", "USDC"),
    "ETH": linear("ETH"),
    "FUT": linear("BTC", expiry_ns=EXPIRY_NS),
    "STETH": linear("STETH", "USDC"),
    "COIN": Perpetual(
        pair=Pair(base="BTC", quote="USD"),
        settle="BTC",
        payoff=Payoff.INVERSE,
        contract_size=Decimal(100),
    ),
    "CALL": Option(
        pair=Pair(base="BTC", quote="USDT"),
        settle="USDT",
        payoff=Payoff.LINEAR,
        contract_size=Decimal(1),
        expiry_ns=EXPIRY_NS,
        strike=Decimal(100),
        right=OptionRight.CALL,
    ),
}
LIQUIDITY = {"depth_usd": 1_000.0, "volume_24h_usd": 10_000.0, "open_interest_usd": 50_000.0}
QUOTES = {
    "PERP": Quote(mark=100.0, index=100.0, **LIQUIDITY),
    "PERPC": Quote(mark=100.0, index=100.0, **LIQUIDITY),
    "ETH": Quote(mark=10.0, index=10.0, **LIQUIDITY),
    "FUT": Quote(mark=100.0, index=100.0, **LIQUIDITY),
    "STETH": Quote(mark=9.8, index=9.8, **LIQUIDITY),
    "COIN": Quote(mark=100.0, index=100.0, **LIQUIDITY),
    "CALL": Quote(mark=14.24, index=100.0, implied_vol_annual=0.8, **LIQUIDITY),
}
STABLE = {"USDT": 1.0, "USDC": 1.0}


def snapshot(
    changes: Mapping[str, Mapping[str, float]] | None = None,
    stable: Mapping[str, float] = STABLE,
) -> MarketSnapshot:
    quotes = {m: replace(q, **dict((changes or {}).get(m, {}))) for m, q in QUOTES.items()}
    forward = quotes["CALL"].index
    key = (Pair(base="BTC", quote="USDT"), "USDT", EXPIRY_NS)
    return MarketSnapshot(
        at_ns=AT_NS,
        quotes=quotes,
        stable_price_usd=dict(stable),
        expiries={key: ExpiryQuote(floating=forward)},
    )


def tiers(*rows: tuple[str | None, str]) -> TierTable:
    return TierTable(
        tuple(
            Tier(
                cap_usd=None if cap is None else Decimal(cap),
                maintenance_rate=Decimal(rate),
                initial_rate=2 * Decimal(rate),
                max_leverage=1 / (2 * Decimal(rate)),
            )
            for cap, rate in rows
        )
    )


FLAT = tiers((None, "0.05"))
TABLES = {m: FLAT for m, i in INSTRUMENTS.items() if not isinstance(i, Option)}


def position(market: str, quantity: float, entry: float | None = None, **more: Any) -> Position:
    at = QUOTES[market].mark if entry is None else entry
    mode = MarginMode.ISOLATED if "isolated_margin" in more else MarginMode.CROSS
    return Position(market=market, quantity=quantity, entry_price=at, mode=mode, **more)


def account(
    held: Mapping[str, float], collateral: Mapping[str, float] | None = None, name: str = "a"
) -> Account:
    return Account(
        name=name,
        positions=tuple(position(m, q) for m, q in held.items()),
        collateral=collateral or {},
    )


def book(*accounts: Account) -> Book:
    return Book.from_accounts(accounts)
