"""A SYNTHETIC venue with a past, and a coin of some days on it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np

from plimsoll.calibration.listing.listing import ListingRecord
from plimsoll.calibration.listing.request import ListingRequest
from plimsoll.calibration.problem import CalibrationProblem, RiskClass
from plimsoll.domain.finding import FindingPolicy
from plimsoll.domain.market import DAY_NS, HOUR_NS, Bars, PriceKind
from plimsoll.marketdata import assemble

DAYS = 400
FIRST_NS = 1_704_067_200 * 10**9  # 2024-01-01
END_NS = FIRST_NS + DAYS * DAY_NS
CLASS = RiskClass(
    name="alt",
    maintenance_horizon_hours=8,
    reaction_horizon_hours=8,
    liquidation_cost=0.001,
    liquidation_fee=0.002,
    adv_usd=1e8,
    tier_caps_usd=tuple(Decimal(x) for x in (5_000, 50_000, 250_000, 1_000_000, 5_000_000)),
)
PROBLEM = CalibrationProblem(
    venue="test", label="SYNTHETIC", markets=(), classes={"alt": CLASS}, seed=7
)
RECORD = ListingRecord(
    data_digest="0" * 64, code_version="test", command="", policy=FindingPolicy()
)


def bars(name: str, first_day: int, seed: int, *, size: float = 0.006) -> Bars:
    """Hourly closes of a market from a day on; volatility differs from day to day."""
    generator = np.random.default_rng(seed)
    times = FIRST_NS + HOUR_NS * np.arange(24 * first_day, 24 * DAYS)
    daily = np.exp(generator.normal(0.0, 0.3, DAYS + 1)).repeat(24)[: times.size]
    steps = size * daily * generator.standard_t(5, times.size)
    return Bars(
        market=name,
        time_ns=times,
        close=50.0 * np.exp(np.cumsum(steps)),
        interval_ns=HOUR_NS,
        price_kind=PriceKind.SYNTHETIC_MARK,
        volume=np.full(times.size, 1_000.0),
    )


def peers(count: int = 24, past: int = 6) -> list[Bars]:
    """Markets that were there, and listings of the past."""
    old = [bars(f"OLD{i}USDT", 0, i, size=0.004 + 0.0002 * i) for i in range(count)]
    return old + [bars(f"PAST{i}USDT", 60 + 40 * i, 100 + i) for i in range(past)]


def request(
    coin: Bars, others: list[Bars], *, as_of_ns: int = END_NS, **changes: object
) -> ListingRequest:
    """What is asked of the coin."""
    every = {one.market: one for one in [*others, coin]}
    history = assemble(every, until_ns=as_of_ns).history.before(as_of_ns)
    asked = ListingRequest(
        market=coin.market,
        asset="NEW",
        history=history,
        as_of_ns=as_of_ns,
        problem=PROBLEM,
        risk_class=CLASS,
        class_of={one.market: "alt" for one in others},
    )
    return replace(asked, **changes)  # type: ignore[arg-type]
