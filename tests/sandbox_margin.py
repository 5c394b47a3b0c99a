"""One generated market for every margin model: two coins of the sandbox, contracts of all kinds.

Spot, surfaces and expiries are those of `plimsoll.sandbox.option_chain`; marks are what they say.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

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
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.domain.surface import VolSurface
from plimsoll.estimators.surface.query import at_strike
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.maths.black76 import price
from plimsoll.sandbox.option_chain import EXPIRY_DAYS, option_chain

COINS = ("HELM", "KEEL")
TRUTHS: dict[str, VolSurface] = {coin: option_chain(7, currency=coin).truth for coin in COINS}
AT_NS = TRUTHS["HELM"].at_ns
MONTH, QUARTER = (TRUTHS["HELM"].smiles[EXPIRY_DAYS.index(d)].expiry_ns for d in (24, 87))
EXPIRIES = {"M": MONTH, "Q": QUARTER}
RATIOS = (80, 100, 120)
LIQUID = {"open_interest_usd": 2e9, "depth_usd": 2e7, "volume_24h_usd": 1e9, "funding_rate": 1e-4}
PRICING = CurrencyPricing(pricing_markets={coin: f"{coin}-PERP" for coin in COINS})


def strike(coin: str, ratio: int) -> Decimal:
    """A round strike at about that percentage of spot."""
    step = 1000 if coin == "HELM" else 50
    return Decimal(round(TRUTHS[coin].index * ratio / 100 / step) * step)


def _terms(coin: str, inverse: bool, size: str) -> dict[str, Any]:
    return {
        "pair": Pair(base=coin, quote="USD" if inverse else "USDC"),
        "settle": coin if inverse else "USDC",
        "payoff": Payoff.INVERSE if inverse else Payoff.LINEAR,
        "contract_size": Decimal(size),
    }


def instruments() -> dict[str, Instrument]:
    """Names: ``HELM-PERP`` settles in coin, ``HELM_USDC-PERP`` in dollars."""
    found: dict[str, Instrument] = {}
    for coin in COINS:
        found[f"{coin}-SPOT"] = Spot(pair=Pair(base=coin, quote="USDC"))
        for inverse in (True, False):
            root, delta_one = (coin, "10") if inverse else (f"{coin}_USDC", "0.01")
            found[f"{root}-PERP"] = Perpetual(**_terms(coin, inverse, delta_one))
            for name, end in EXPIRIES.items():
                found[f"{root}-{name}"] = Future(**_terms(coin, inverse, delta_one), expiry_ns=end)
                for ratio in RATIOS:
                    for right in OptionRight:
                        found[f"{root}-{name}-{ratio}-{right.value[0].upper()}"] = Option(
                            **_terms(coin, inverse, "1"),
                            expiry_ns=end,
                            strike=strike(coin, ratio),
                            right=right,
                        )
    return found


INSTRUMENTS = instruments()


def _forward(coin: str, end: int) -> float:
    return next(s.forward for s in TRUTHS[coin].smiles if s.expiry_ns == end)


def _quote(instrument: Instrument) -> Quote:
    coin = instrument.pair.base
    spot = TRUTHS[coin].index
    if isinstance(instrument, Spot | Perpetual):
        return Quote(mark=spot, index=spot, **LIQUID)
    forward = _forward(coin, instrument.expiry_ns)
    if isinstance(instrument, Future):
        return Quote(mark=forward, index=spot, **LIQUID)
    vol = float(at_strike(TRUTHS[coin], float(instrument.strike), instrument.expiry_ns).volatility)
    years = (instrument.expiry_ns - AT_NS) / (365 * DAY_NS)
    call = instrument.right is OptionRight.CALL
    worth = float(price(forward, float(instrument.strike), years, vol, call))
    worth = worth / forward if instrument.payoff is Payoff.INVERSE else worth
    return Quote(mark=worth, index=spot, implied_vol_annual=vol, **LIQUID)


def snapshot() -> MarketSnapshot:
    surfaces, expiries = {}, {}
    for coin, truth in TRUTHS.items():
        linear = replace(
            truth, pair=Pair(base=coin, quote="USDC"), settle="USDC", payoff=Payoff.LINEAR
        )
        for surface in (truth, linear):
            key = (surface.pair, surface.settle)
            surfaces[key] = surface
            for end in EXPIRIES.values():
                expiries[(*key, end)] = ExpiryQuote(floating=_forward(coin, end), rate_annual=0.045)
    return MarketSnapshot(
        at_ns=AT_NS,
        quotes={market: _quote(i) for market, i in INSTRUMENTS.items()},
        stable_price_usd={"USDC": 1.0},
        surfaces=surfaces,
        expiries=expiries,
    )


SNAPSHOT = snapshot()


def scenarios(count: int = 250, seed: int = 3) -> ScenarioSet:
    """Joint heavy-tailed moves of both coins over a day."""
    rng = np.random.default_rng(seed)
    logs = rng.standard_t(4, (count, 2)) * 0.035 @ np.array([[1.0, 0.9], [0.0, 0.7]])
    return ScenarioSet(
        names=tuple(f"day {row}" for row in range(count)),
        factors=tuple(Factor(subject=coin) for coin in COINS),
        shocks=np.expm1(np.clip(logs, -1.5, 1.5)),
        weights=equal_weights(count),
    )
