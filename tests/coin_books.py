"""Coins, contracts of every payoff, snapshots, scenarios and books for portfolio models."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from option_books import AT, DAY, RAW
from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.book import Book
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
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.domain.surface import CALENDAR, SviSmile, VolSurface
from plimsoll.margin.currency import CurrencyPricing

SPOT = {"BTC": 50_000.0, "ETH": 2_500.0}
DAYS = (9, 30, 120)
CARRY = {9: 1.002, 30: 1.006, 120: 1.02}
PRICING = CurrencyPricing(pricing_markets={"BTC": "BTC-INV", "ETH": "ETH-INV"})


def _pair(coin: str, quote: str) -> Pair:
    return Pair(base=coin, quote=quote)


def _option(coin: str, days: int, ratio: float, right: OptionRight, inverse: bool) -> Option:
    return Option(
        pair=_pair(coin, "USD" if inverse else "USDC"),
        settle=coin if inverse else "USDC",
        payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        expiry_ns=AT + days * DAY,
        strike=Decimal(str(round(SPOT[coin] * ratio))),
        right=right,
        contract_size=Decimal("0.1"),
    )


def _delta_one(coin: str) -> dict[str, Instrument]:
    inverse, linear = _pair(coin, "USD"), _pair(coin, "USDC")
    size = Decimal("0.01")
    return {
        f"{coin}-INV": Perpetual(
            pair=inverse, settle=coin, payoff=Payoff.INVERSE, contract_size=Decimal(100)
        ),
        f"{coin}-LIN": Perpetual(
            pair=linear, settle="USDC", payoff=Payoff.LINEAR, contract_size=size
        ),
        f"{coin}-FUT": Future(
            pair=inverse,
            settle=coin,
            payoff=Payoff.INVERSE,
            contract_size=Decimal(100),
            expiry_ns=AT + 120 * DAY,
        ),
        f"{coin}-SPOT": Spot(pair=linear),
    }


def _options(coin: str) -> dict[str, Instrument]:
    return {
        f"{coin}-{'I' if inverse else 'L'}-{days}-{ratio}-{right.value[0].upper()}": _option(
            coin, days, ratio, right, inverse
        )
        for inverse in (True, False)
        for days in DAYS
        for ratio in (0.8, 1.0, 1.25)
        for right in OptionRight
    }


QUANTO = Perpetual(
    pair=_pair("ETH", "USD"), settle="BTC", payoff=Payoff.QUANTO, contract_size=Decimal("0.000001")
)
INSTRUMENTS: dict[str, Instrument] = {
    **_delta_one("BTC"),
    **_delta_one("ETH"),
    **_options("BTC"),
    **_options("ETH"),
    "ETH-QUANTO": QUANTO,
}


def _surface(coin: str, inverse: bool) -> VolSurface:
    return VolSurface(
        at_ns=AT,
        pair=_pair(coin, "USD" if inverse else "USDC"),
        settle=coin if inverse else "USDC",
        payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        index=SPOT[coin],
        clock=CALENDAR,
        smiles=tuple(
            SviSmile(
                expiry_ns=AT + days * DAY,
                tau_years=days / 365,
                variance_years=days / 365,
                forward=SPOT[coin] * CARRY[days],
                a=raw[0],
                b=raw[1],
                rho=raw[2],
                m=raw[3],
                sigma=raw[4],
            )
            for days, raw in zip(DAYS, RAW[1:], strict=True)
        ),
    )


def _marks() -> dict[str, Quote]:
    """Delta-one contracts at spot, futures at their forward, options near their worth."""
    found = {}
    for market, instrument in INSTRUMENTS.items():
        spot = SPOT[instrument.pair.base]
        if isinstance(instrument, Option):
            coin = instrument.payoff is Payoff.INVERSE
            found[market] = Quote(mark=0.05 if coin else 0.05 * spot, index=spot)
        else:
            future = isinstance(instrument, Future)
            found[market] = Quote(mark=spot * (CARRY[120] if future else 1.0), index=spot)
    return found


SNAPSHOT = MarketSnapshot(
    at_ns=AT,
    quotes=_marks(),
    stable_price_usd={"USDC": 1.0},
    surfaces={(s.pair, s.settle): s for s in (_surface(c, i) for c in SPOT for i in (True, False))},
)


def price_scenarios(count: int = 200, seed: int = 1, weighted: bool = False) -> ScenarioSet:
    """Joint heavy-tailed moves of BTC and ETH."""
    rng = np.random.default_rng(seed)
    heavy = rng.standard_t(4, (count, 2)) * 0.04
    logs = heavy @ np.array([[1.0, 0.8], [0.0, 0.8]])
    weights = rng.random(count) + 0.05 if weighted else np.ones(count)
    return ScenarioSet(
        names=tuple(f"s{row}" for row in range(count)),
        factors=(Factor(subject="BTC"), Factor(subject="ETH")),
        shocks=np.expm1(np.clip(logs, -1.5, 1.5)),
        weights=weights / weights.sum() if weighted else equal_weights(count),
    )


def position(market: str, quantity: float, entry: float | None = None, **more: object) -> Position:
    mark = SNAPSHOT.quotes[market].mark if market in SNAPSHOT.quotes else 1.0
    return Position(
        market=market,
        quantity=quantity,
        entry_price=entry if entry is not None else mark,
        **more,  # type: ignore[arg-type]
    )


def isolated(market: str, quantity: float, margin: float, entry: float | None = None) -> Position:
    return position(market, quantity, entry, mode=MarginMode.ISOLATED, isolated_margin=margin)


def account(name: str, *positions: Position, **collateral: float) -> Account:
    return Account(name=name, positions=positions, collateral=collateral)


def book(*accounts: Account) -> Book:
    return Book.from_accounts(accounts)


def random_book(accounts: int = 6, positions: int = 5, seed: int = 0) -> Book:
    """Mixed books with collateral in coins and dollars, some of them in debt."""
    rng = np.random.default_rng(seed)
    markets = list(INSTRUMENTS)
    made = []
    for row in range(accounts):
        chosen = rng.choice(len(markets), positions, replace=False)
        held = [
            position(
                markets[m],
                float(np.round(rng.normal() * 20, 2)) or 1.0,
                SNAPSHOT.quotes[markets[m]].mark * float(np.exp(rng.normal() * 0.1)),
            )
            for m in chosen
        ]
        coins = {"BTC": 0.3, "ETH": -1.0, "USDC": 5_000.0, "USD": 100.0}
        made.append(account(f"a{row}", *held, **coins))
    return book(*made)
