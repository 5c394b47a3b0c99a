"""A small venue for models whose risk units are underlyings: contracts of all kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from plimsoll.domain.account import Account, Position
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
from plimsoll.margin import CurrencyPricing
from plimsoll.margin.bybit import BybitMargin, BybitParameters
from plimsoll.margin.okx import FIRST_CLASS, OTHER_CLASS, OkxMargin
from plimsoll.margin.span import InterCommoditySpread, SpanMargin, SpanParameters

AT_NS = 1_780_000_000_000_000_000
DAYS = (0.5, 20.0, 120.0)
PRICES = {"BTC": 60_000.0, "ETH": 2_500.0}
RATES = {"USDT": 0.997, "USDC": 1.001}
PRICING = CurrencyPricing(numeraire="USD", pricing_markets={"BTC": "BTC-COIN", "ETH": "ETH-COIN"})


def expiry_ns(days: float) -> int:
    """UTC ns at a time after the snapshot."""
    return AT_NS + int(days * DAY_NS)


def _contracts(coin: str) -> dict[str, Instrument]:
    dollar, tether, circle = (Pair(base=coin, quote=q) for q in ("USD", "USDT", "USDC"))
    linear = {"payoff": Payoff.LINEAR, "contract_size": Decimal("0.1")}
    found: dict[str, Instrument] = {
        f"{coin}-SPOT": Spot(pair=tether),
        f"{coin}-USDT": Perpetual(pair=tether, settle="USDT", **linear),  # type: ignore[arg-type]
        f"{coin}-USDC": Perpetual(pair=circle, settle="USDC", **linear),  # type: ignore[arg-type]
        f"{coin}-COIN": Perpetual(
            pair=dollar, settle=coin, payoff=Payoff.INVERSE, contract_size=Decimal(100)
        ),
    }
    for days in DAYS[1:]:
        found[f"{coin}-F{days:g}"] = Future(
            pair=dollar,
            settle=coin,
            payoff=Payoff.INVERSE,
            contract_size=Decimal(100),
            expiry_ns=expiry_ns(days),
        )
    for days in DAYS:
        for step, right in ((90, "call"), (90, "put"), (100, "call"), (100, "put"), (115, "call")):
            for settle, pair in ((coin, dollar), ("USDC", circle)):
                found[f"{coin}-{days:g}-{step}-{right}-{settle}"] = Option(
                    pair=pair,
                    settle=settle,
                    payoff=Payoff.INVERSE if settle == coin else Payoff.LINEAR,
                    contract_size=Decimal(1),
                    expiry_ns=expiry_ns(days),
                    strike=Decimal(str(PRICES[coin])) * step / 100,
                    right=OptionRight(right),
                )
    return found


INSTRUMENTS: dict[str, Instrument] = {**_contracts("BTC"), **_contracts("ETH")}


def forward(coin: str, days: float) -> float:
    """Forwards rise by 8 % a year."""
    return PRICES[coin] * (1.0 + 0.08 * days / 365.0)


def volatility(option: Option) -> float:
    """A smile: one volatility for both rights of a strike."""
    step = 100.0 * float(option.strike) / PRICES[option.pair.base]
    days = (option.expiry_ns - AT_NS) / DAY_NS
    return 0.5 + 0.003 * abs(step - 105.0) + 0.1 / (1.0 + days / 10.0)


def quote_rate(instrument: Instrument) -> float:
    """Dollars per unit of an instrument's quote currency."""
    return RATES.get(instrument.pair.quote, 1.0)


def snapshot() -> MarketSnapshot:
    """Marks of all markets; options at an arbitrary mark, their volatility tells their risk."""
    quotes, expiries = {}, {}
    for market, held in INSTRUMENTS.items():
        coin = held.pair.base
        index = PRICES[coin] / quote_rate(held)
        mark, vol = index, float("nan")
        if isinstance(held, Future | Option):
            days = (held.expiry_ns - AT_NS) / DAY_NS
            mark = forward(coin, days) / quote_rate(held)
        if isinstance(held, Option):
            expiries[held.pair, held.settle, held.expiry_ns] = ExpiryQuote(floating=mark)
            mark, vol = 0.03 if held.payoff is Payoff.INVERSE else 0.03 * index, volatility(held)
        quotes[market] = Quote(mark=mark, index=index, implied_vol_annual=vol)
    return MarketSnapshot(
        at_ns=AT_NS, quotes=quotes, expiries=expiries, stable_price_usd=dict(RATES)
    )


SPAN_PARAMETERS = {
    "BTC": SpanParameters(
        price_scan_range=Decimal("0.09"),
        vol_scan_range=Decimal("0.3"),
        short_option_minimum=Decimal("0.004"),
    ),
    "ETH": SpanParameters(
        price_scan_range=Decimal("0.12"),
        vol_scan_range=Decimal("0.35"),
        initial_ratio=Decimal("1.25"),
    ),
}
OKX_PARAMETERS = {"BTC": FIRST_CLASS, "ETH": OTHER_CLASS}
BYBIT_PARAMETERS = {
    "BTC": BybitParameters(),
    "ETH": BybitParameters(price_range=Decimal("0.2"), initial_ratio=Decimal("1.5")),
}
SPAN = SpanMargin(
    pricing=PRICING,
    inter_spreads=(InterCommoditySpread(first="BTC", second="ETH", credit=Decimal("0.6")),),
)
MODELS = {
    "okx": (OkxMargin(pricing=PRICING), OKX_PARAMETERS),
    "span": (SPAN, SPAN_PARAMETERS),
    "bybit": (BybitMargin(pricing=PRICING), BYBIT_PARAMETERS),
}
"""Models with parameters of both coins; `CurrencyPricing` in dollars."""

Held = Mapping[str, float]


def book(accounts: Sequence[Held], collateral: Mapping[str, float] | None = None) -> Book:
    """Cross positions only, entered at 1,000 (nothing here looks at profit so far)."""
    return Book.from_accounts(
        [
            Account(
                name=f"account {row}",
                positions=tuple(
                    Position(market=market, quantity=quantity, entry_price=1_000.0)
                    for market, quantity in held.items()
                ),
                collateral=collateral or {},
            )
            for row, held in enumerate(accounts)
        ]
    )


HEDGED: dict[str, Held] = {
    "perpetual against a future of 120 days": {"BTC-COIN": 600.0, "BTC-F120": -600.0},
    "futures of 20 and 120 days": {"BTC-F20": 600.0, "BTC-F120": -600.0},
    "box of 120 days": {
        "BTC-120-90-call-USDC": 1.0,
        "BTC-120-100-call-USDC": -1.0,
        "BTC-120-100-put-USDC": 1.0,
        "BTC-120-90-put-USDC": -1.0,
    },
    "call of 20 days sold, hedged with USDC perpetuals": {
        "BTC-20-100-call-USDC": -1.0,
        "BTC-USDC": 5.48,
    },
    "USDT against coin-settled perpetual": {"BTC-USDT": 10.0, "BTC-COIN": -600.0},
    "spot against a USDT perpetual": {"BTC-SPOT": 1.0, "BTC-USDT": -10.0},
}
"""Hedged books of about 60,000 USD a leg."""
