"""A venue of two coins with thousands of options and a book at random: matter of bench_engine."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

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
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.estimators.surface.query import at_strike
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit import DeribitPair, DeribitPortfolioMargin, PortfolioMode
from plimsoll.margin.okx import FIRST_CLASS, OTHER_CLASS, OkxMargin
from plimsoll.margin.simulation import PORTFOLIO, SimulationMargin, SimulationParameters
from plimsoll.maths.black76 import price
from plimsoll.sandbox.option_chain import option_chain
from requirements_venue import terms

COINS, POSITIONS, STRIKES, SCENARIOS = ("HELM", "KEEL"), 12, 40, 250
EXPIRIES = slice(2, None)
TRUTHS = {coin: option_chain(7, currency=coin).truth for coin in COINS}
AT_NS = TRUTHS["HELM"].at_ns
PRICING = CurrencyPricing(pricing_markets={coin: f"{coin}-PERP" for coin in COINS})


def instruments() -> dict[str, Instrument]:
    """Perpetuals, futures and options of both coins, settled in coin and in dollars."""
    found: dict[str, Instrument] = {}
    for coin in COINS:
        for inverse in (True, False):
            root, size = (coin, "10") if inverse else (f"{coin}_USDC", "0.01")
            found[f"{root}-PERP"] = Perpetual(**terms(coin, inverse, size))
            for smile in TRUTHS[coin].smiles[EXPIRIES]:
                end = smile.expiry_ns
                found[f"{root}-{end}"] = Future(**terms(coin, inverse, size), expiry_ns=end)
                for ratio in np.linspace(0.6, 1.6, STRIKES):
                    strike = Decimal(round(TRUTHS[coin].index * float(ratio), 1))
                    for right in OptionRight:
                        found[f"{root}-{end}-{strike}-{right.value[0].upper()}"] = Option(
                            **terms(coin, inverse, "1"),
                            expiry_ns=end,
                            strike=strike,
                            right=right,
                        )
    return found


def _quote(instrument: Instrument) -> Quote:
    truth = TRUTHS[instrument.pair.base]
    if not isinstance(instrument, Future | Option):
        return Quote(mark=truth.index, index=truth.index)
    forward = next(s.forward for s in truth.smiles if s.expiry_ns == instrument.expiry_ns)
    if isinstance(instrument, Future):
        return Quote(mark=forward, index=truth.index)
    strike = float(instrument.strike)
    vol = float(at_strike(truth, strike, instrument.expiry_ns).volatility)
    years = (instrument.expiry_ns - AT_NS) / (365 * DAY_NS)
    worth = float(price(forward, strike, years, vol, instrument.right is OptionRight.CALL))
    worth = worth / forward if instrument.payoff is Payoff.INVERSE else worth
    return Quote(mark=worth, index=truth.index, implied_vol_annual=vol)


def snapshot(listed: dict[str, Instrument]) -> MarketSnapshot:
    """Marks, forwards and surfaces that agree with each other."""
    surfaces, expiries = {}, {}
    for coin, truth in TRUTHS.items():
        pair = Pair(base=coin, quote="USDC")
        linear = replace(truth, pair=pair, settle="USDC", payoff=Payoff.LINEAR)
        for surface in (truth, linear):
            key = (surface.pair, surface.settle)
            surfaces[key] = surface
            for smile in truth.smiles:
                expiries[(*key, smile.expiry_ns)] = ExpiryQuote(floating=smile.forward)
    return MarketSnapshot(
        at_ns=AT_NS,
        quotes={market: _quote(i) for market, i in listed.items()},
        stable_price_usd={"USDC": 1.0},
        surfaces=surfaces,
        expiries=expiries,
    )


def book(now: MarketSnapshot, accounts: int) -> Book:
    """Accounts with a dozen positions each, all over the venue, and dollars."""
    rng, markets = np.random.default_rng(1), tuple(now.quotes)
    held = np.concatenate(
        [rng.choice(len(markets), POSITIONS, replace=False) for _ in range(accounts)]
    )
    entry = np.array([max(quote.mark, 1e-4) for quote in now.quotes.values()])[held]
    nothing = np.full(held.size, np.nan)
    return Book(
        accounts=tuple(f"a{row}" for row in range(accounts)),
        markets=markets,
        offsets=np.arange(accounts + 1) * POSITIONS,
        market=held.astype(np.int64),
        quantity=np.round(rng.normal(size=held.size), 2) + 0.01,
        entry_price=entry,
        isolated_margin=nothing,
        leverage=nothing.copy(),
        currencies=("USDC",),
        collateral=np.full((accounts, 1), 1e5),
    )


def _scenarios() -> ScenarioSet:
    rng = np.random.default_rng(3)
    logs = rng.standard_t(4, (SCENARIOS, 2)) * 0.035 @ np.array([[1.0, 0.9], [0.0, 0.7]])
    return ScenarioSet(
        names=tuple(f"day {row}" for row in range(SCENARIOS)),
        factors=tuple(Factor(subject=coin) for coin in COINS),
        shocks=np.expm1(np.clip(logs, -1.5, 1.5)),
        weights=equal_weights(SCENARIOS),
    )


def _pair() -> DeribitPair:
    """Figures of the size that the venue publishes."""
    return DeribitPair(
        price_range=Decimal("0.16"),
        volatility_range_up=Decimal("0.5"),
        volatility_range_down=Decimal("0.25"),
        minimum_vol_up=Decimal("0.5"),
        short_vega_power=Decimal("0.3"),
        long_vega_power=Decimal("0.13"),
        extended_dampener_usd=Decimal(100_000),
        annualised_move_risk=Decimal("0.075"),
        min_annualised_move=Decimal("0.01"),
        delta_shock_threshold_usd=Decimal(20_000_000),
        delta_shock_slope=Decimal("0.00005"),
        max_delta_shock=Decimal("0.1"),
    )


def models() -> dict[str, tuple[Any, Any]]:
    """Models with their parameters."""
    cross = DeribitPortfolioMargin(pricing=PRICING, mode=PortfolioMode.CROSS)
    pairs = [f"{coin}_{quote}" for coin in COINS for quote in ("USD", "USDC")]
    return {
        "OKX": (OkxMargin(pricing=PRICING), {"HELM": FIRST_CLASS, "KEEL": OTHER_CLASS}),
        "Deribit X:PM": (cross, dict.fromkeys(pairs, _pair())),
        f"expected shortfall, {SCENARIOS} scenarios": (
            SimulationMargin(scenarios=_scenarios(), pricing=PRICING),
            {PORTFOLIO: SimulationParameters()},
        ),
    }
