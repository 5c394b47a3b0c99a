"""Two thousand contracts of two coins, scenario models on them, and a book, for bench_requirements.

Surfaces are those of `plimsoll.sandbox.option_chain`; marks are what they say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Future, Instrument, Option, OptionRight, Pair, Payoff
from plimsoll.domain.instrument import Perpetual as Perp
from plimsoll.domain.market import DAY_NS, MarketSnapshot, Quote
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.domain.surface import VolSurface
from plimsoll.estimators.surface.query import at_strike
from plimsoll.margin.bybit import BybitMargin, BybitParameters
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit import DeribitPair, DeribitPortfolioMargin, PortfolioMode
from plimsoll.margin.okx import FIRST_CLASS, OTHER_CLASS, OkxMargin
from plimsoll.margin.simulation import PORTFOLIO, SimulationMargin, SimulationParameters
from plimsoll.margin.span import SpanMargin, SpanParameters
from plimsoll.maths.black76 import price
from plimsoll.sandbox.option_chain import option_chain

COINS, POSITIONS, STRIKES, SCENARIOS = ("HELM", "KEEL"), 12, 41, 250
TRUTHS: Mapping[str, VolSurface] = {c: option_chain(7, currency=c).truth for c in COINS}
AT_NS = TRUTHS["HELM"].at_ns
LIQUID = {"open_interest_usd": 2e9, "depth_usd": 2e7, "volume_24h_usd": 1e9, "funding_rate": 1e-4}
PRICING = CurrencyPricing(pricing_markets={coin: f"{coin}-PERP" for coin in COINS})
RANGES = {
    "price_range": "0.16",
    "volatility_range_up": "0.5",
    "volatility_range_down": "0.25",
    "minimum_vol_up": "0.5",
    "short_vega_power": "0.3",
    "long_vega_power": "0.13",
    "extended_table_factor": "1",
    "extended_dampener_usd": "100000",
    "pnl_offset": "0.6",
    "max_offsetable_pnl_usd": "20000000",
    "annualised_move_risk": "0.075",
    "min_annualised_move": "0.01",
    "delta_shock_threshold_usd": "20000000",
    "delta_shock_slope": "0.00005",
    "max_delta_shock": "0.1",
}


def terms(coin: str, inverse: bool, size: str) -> dict[str, Any]:
    """Contract terms that all contracts of a coin and settlement share."""
    return {
        "pair": Pair(base=coin, quote="USD" if inverse else "USDC"),
        "settle": coin if inverse else "USDC",
        "payoff": Payoff.INVERSE if inverse else Payoff.LINEAR,
        "contract_size": Decimal(size),
    }


def instruments() -> dict[str, Instrument]:
    """Perpetuals, and a future and 82 options of each of six expiries, in coin and in dollars."""
    found: dict[str, Instrument] = {}
    for coin in COINS:
        ratios = np.linspace(0.6, 1.6, STRIKES)
        strikes = [Decimal(round(TRUTHS[coin].index * r, 1)) for r in ratios.tolist()]
        for inverse in (True, False):
            root, size = (coin, "10") if inverse else (f"{coin}_USDC", "0.01")
            found[f"{root}-PERP"] = Perp(**terms(coin, inverse, size))
            for smile in TRUTHS[coin].smiles[-6:]:
                end = smile.expiry_ns
                found[f"{root}-{end}"] = Future(**terms(coin, inverse, size), expiry_ns=end)
                for strike in strikes:
                    for right in OptionRight:
                        found[f"{root}-{end}-{strike}-{right.value[0]}"] = Option(
                            **terms(coin, inverse, "1"), expiry_ns=end, strike=strike, right=right
                        )
    return found


def _quote(instrument: Instrument, index: float) -> Quote:
    truth = TRUTHS[instrument.pair.base]
    if isinstance(instrument, Perp):
        return Quote(mark=index, index=index, **LIQUID)
    assert isinstance(instrument, Future | Option)
    end = instrument.expiry_ns
    forward = next(s.forward for s in truth.smiles if s.expiry_ns == end) * index / truth.index
    if isinstance(instrument, Future):
        return Quote(mark=forward, index=index, **LIQUID)
    strike = float(instrument.strike)
    vol = float(at_strike(truth, strike, end).volatility)
    call = instrument.right is OptionRight.CALL
    worth = float(price(forward, strike, (end - AT_NS) / (365 * DAY_NS), vol, call))
    worth = worth / forward if instrument.payoff is Payoff.INVERSE else worth
    return Quote(mark=worth, index=index, implied_vol_annual=vol, **LIQUID)


def snapshot(listed: Mapping[str, Instrument], moved: float = 1.0) -> MarketSnapshot:
    """Every price times ``moved``; surfaces stay."""
    surfaces, expiries = {}, {}
    for coin, truth in TRUTHS.items():
        pair = Pair(base=coin, quote="USDC")
        linear = replace(truth, pair=pair, settle="USDC", payoff=Payoff.LINEAR)
        for surface in (truth, linear):
            surfaces[surface.pair, surface.settle] = surface
            for smile in truth.smiles:
                key = (surface.pair, surface.settle, smile.expiry_ns)
                expiries[key] = ExpiryQuote(floating=smile.forward * moved, rate_annual=0.045)
    return MarketSnapshot(
        at_ns=AT_NS,
        quotes={m: _quote(i, TRUTHS[i.pair.base].index * moved) for m, i in listed.items()},
        stable_price_usd={"USDC": 1.0},
        surfaces=surfaces,
        expiries=expiries,
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


def models() -> dict[str, tuple[Any, Any]]:
    """Model and parameters by name."""
    pairs = [f"{coin}_{quote}" for coin in COINS for quote in ("USD", "USDC")]
    matrix = DeribitPair(**{name: Decimal(value) for name, value in RANGES.items()})
    span = SpanParameters(price_scan_range=Decimal("0.1"), vol_scan_range=Decimal("0.3"))
    return {
        "okx": (OkxMargin(pricing=PRICING), {"HELM": FIRST_CLASS, "KEEL": OTHER_CLASS}),
        "span": (SpanMargin(pricing=PRICING), dict.fromkeys(COINS, span)),
        "bybit": (BybitMargin(pricing=PRICING), dict.fromkeys(COINS, BybitParameters())),
        "deribit X:PM": (
            DeribitPortfolioMargin(pricing=PRICING, mode=PortfolioMode.CROSS),
            dict.fromkeys(pairs, matrix),
        ),
        "simulation, expected shortfall": (
            SimulationMargin(scenarios=_scenarios(), pricing=PRICING),
            {PORTFOLIO: SimulationParameters()},
        ),
    }


def profits(prepared: Any, listed: Mapping[str, Instrument]) -> np.ndarray:
    """(N, S) profits of one contract under the model's scenarios, for the bare kernel."""
    if hasattr(prepared, "risk"):
        return np.array(prepared.risk.profit[: len(listed)])
    if hasattr(prepared, "profits"):
        return np.array(prepared.profits.instrument[: len(listed)])
    row = {market: place for place, market in enumerate(listed)}
    found = np.zeros((len(listed), len(prepared.pairs[0].scenarios.grid)))
    for pair in prepared.pairs:
        own = [place for place, m in enumerate(pair.table.markets) if m in row]  # no collateral
        found[[row[pair.table.markets[place]] for place in own]] = pair.table.profit[own]
    return found


def held(listed: Mapping[str, Instrument], quotes: Mapping[str, Quote], accounts: int) -> Book:
    """Accounts of twelve different contracts each."""
    rng, count = np.random.default_rng(1), accounts * POSITIONS
    start = rng.integers(0, len(listed), accounts)
    market = (start[:, None] + np.arange(POSITIONS) * 37).ravel() % len(listed)
    marks = np.array([max(quotes[m].mark, 1e-4) for m in listed])
    return Book(
        accounts=tuple(map(str, range(accounts))),
        markets=tuple(listed),
        offsets=np.arange(accounts + 1) * POSITIONS,
        market=market.astype(np.int64),
        quantity=np.round(rng.normal(size=count), 2) + 0.005,
        entry_price=marks[market],
        isolated_margin=np.full(count, np.nan),
        leverage=np.full(count, np.nan),
        currencies=("USDC",),
        collateral=np.full((accounts, 1), 1e5),
    )
