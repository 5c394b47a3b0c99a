"""Worked cases: each parameter of simulation and Greeks margin at its least and largest.

One BTC linear (100 contracts of 0.01 at 50,000) unless said otherwise; arithmetic in comments.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from bound_trials import Trial, by_name, of
from scipy.stats import norm

from coin_books import INSTRUMENTS, PRICING, SNAPSHOT, account, book, position
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.estimators.surface.query import at_strike
from plimsoll.margin.greeks import GreeksMargin, GreeksParameters
from plimsoll.margin.simulation import (
    PORTFOLIO,
    LossMeasure,
    SimulationMargin,
    SimulationParameters,
)

# Ten equal scenarios: falls of 1 % to 10 %, so one BTC loses 500, 1,000, ... 5,000.
TEN = ScenarioSet(
    names=tuple(f"-{n} %" for n in range(1, 11)),
    factors=(Factor(subject="BTC"), Factor(subject="ETH")),
    shocks=np.column_stack([-0.01 * np.arange(1, 11), np.zeros(10)]),
    weights=equal_weights(10),
)
LONG = account("long", position("BTC-LIN", 100.0))
HEDGED = account("hedged", position("BTC-SPOT", 1.0), position("BTC-LIN", -100.0))


def spectral(aversion: float) -> float:
    """Sum of (e^(-k u) - e^(-k (u + 0.1))) / (1 - e^-k) times 5,000, 4,500, ... 500."""
    parts = [math.exp(-aversion * n / 10) - math.exp(-aversion * (n + 1) / 10) for n in range(10)]
    losses = range(5_000, 0, -500)
    return sum(p * x for p, x in zip(parts, losses, strict=True)) / -math.expm1(-aversion)


SIMULATION = [
    # Worst half of ten: (5,000 + 4,500 + 4,000 + 3,500 + 3,000) / 5 = 4,000
    ({"initial_confidence": "0.5", "maintenance_confidence": "0.5"}, "es", 4_000.0, 4_000.0),
    # Less than one scenario: the worst. Maintenance at 97.5 % is it too.
    ({"initial_confidence": "0.9999"}, "es", 5_000.0, 5_000.0),
    ({"maintenance_confidence": "0.5"}, "es", 5_000.0, 4_000.0),
    (
        {"initial_confidence": "0.9999", "maintenance_confidence": "0.9999"},
        "es",
        5_000.0,
        5_000.0,
    ),
    # The worst, beside the worst half
    (
        {"initial_confidence": "0.9999", "maintenance_confidence": "0.5"},
        "es",
        5_000.0,
        4_000.0,
    ),
    # Value-at-risk at 50 %: the fifth smallest of ten, 2,500
    ({"initial_confidence": "0.5", "maintenance_confidence": "0.5"}, "var", 2_500.0, 2_500.0),
    (
        {"initial_aversion": "1", "maintenance_aversion": "1"},
        "spectral",
        spectral(1.0),
        spectral(1.0),
    ),
    ({"initial_aversion": "1000"}, "spectral", spectral(1000.0), spectral(50.0)),
    (
        {"initial_aversion": "1000", "maintenance_aversion": "1"},
        "spectral",
        spectral(1000.0),
        spectral(1.0),
    ),
    ({"maintenance_aversion": "1"}, "spectral", spectral(100.0), spectral(1.0)),
    (
        {"initial_aversion": "1000", "maintenance_aversion": "1000"},
        "spectral",
        spectral(1000.0),
        spectral(1000.0),
    ),
    # 5,000 / 0.1 and 5,000 / 1
    ({"maintenance_to_initial": "0.1"}, "es", 50_000.0, 5_000.0),
    ({"maintenance_to_initial": "1"}, "es", 5_000.0, 5_000.0),
]
MEASURES = {
    "es": LossMeasure.EXPECTED_SHORTFALL,
    "var": LossMeasure.VALUE_AT_RISK,
    "spectral": LossMeasure.SPECTRAL,
}


def simulated(person, measure: str = "es", scenarios: ScenarioSet = TEN, **values: str):
    model = SimulationMargin(scenarios=scenarios, measure=MEASURES[measure], pricing=PRICING)
    held = SimulationParameters(**{k: Decimal(v) for k, v in values.items()})
    found = model.prepare(SNAPSHOT, {PORTFOLIO: held}, INSTRUMENTS).requirements(book(person))
    return float(found.initial[0]), float(found.maintenance[0])


@pytest.mark.parametrize(("values", "measure", "initial", "maintenance"), SIMULATION)
def test_simulation(values, measure, initial, maintenance) -> None:
    assert simulated(LONG, measure, **values) == pytest.approx((initial, maintenance), rel=1e-12)


FLOORS = [("0", 0.0), ("1", 5_000.0)]
# Sold 10 ETH at 2,500 beside one BTC, both 10 % up or down: BTC alone loses 5,000, ETH 2,500, both
# together 5,000 - 2,500 = 2,500, which nothing breaks, or 7,500, where nothing else counts.
BREAKS = [("0", 2_500.0), ("1", 7_500.0)]
UP_AND_DOWN = ScenarioSet(
    names=("down", "up"),
    factors=(Factor(subject="BTC"), Factor(subject="ETH")),
    shocks=np.array([[-0.1, -0.1], [0.1, 0.1]]),
    weights=equal_weights(2),
)
PAIR = account("pair", position("BTC-LIN", 100.0), position("ETH-LIN", -1_000.0))


@pytest.mark.parametrize(("share", "expected"), BREAKS)
def test_simulation_of_coins_apart(share: str, expected: float) -> None:
    found = simulated(PAIR, scenarios=UP_AND_DOWN, dependence_break=share)
    assert found == pytest.approx((expected, expected), abs=1e-8)


@pytest.mark.parametrize(("share", "expected"), FLOORS)
def test_simulation_floor_of_a_hedged_book(share: str, expected: float) -> None:
    """Spot long loses 5,000 at worst alone; the perpetual sold alone never loses on falls."""
    found = simulated(HEDGED, standalone_floor=share)
    assert found == pytest.approx((expected, expected), abs=1e-8)


GREEKS = [
    # 50,000 x 1 % and x 90 %, times the factor of 0.8
    ({"price_range": "0.01"}, LONG, 500.0, 400.0),
    ({"price_range": "0.9"}, LONG, 45_000.0, 36_000.0),
    # 50,000 x 15 % = 7,500
    ({"maintenance_factor": "0.1"}, LONG, 7_500.0, 750.0),
    ({"maintenance_factor": "1"}, LONG, 7_500.0, 7_500.0),
    # Spot against perpetual: nothing, or both legs alone, 2 x 7,500
    ({"standalone_floor": "0"}, HEDGED, 0.0, 0.0),
    ({"standalone_floor": "1"}, HEDGED, 15_000.0, 12_000.0),
]


def greeks(person, **values: str):
    held = replace(GreeksParameters(), **{k: Decimal(v) for k, v in values.items()})
    model = GreeksMargin(
        pricing=PRICING, price_points=(0.0,) if "vol" in person.name else (-1.0, 0.0, 1.0)
    )
    return model.prepare(SNAPSHOT, {"BTC": held, "ETH": held}, INSTRUMENTS).requirements(
        book(person)
    )


@pytest.mark.parametrize(("values", "person", "initial", "maintenance"), GREEKS)
def test_greeks(values, person, initial, maintenance) -> None:
    found = greeks(person, **values)
    assert found.initial[0] == pytest.approx(initial, abs=1e-8)
    assert found.maintenance[0] == pytest.approx(maintenance, abs=1e-8)


OPTION = "BTC-L-9-1.0-C"


def vega_of_one() -> tuple[float, float, float, float]:
    """Forward, deviation, and per contract of 0.1 BTC vega times volatility, and theta a year."""
    option = INSTRUMENTS[OPTION]
    surface = SNAPSHOT.surface(option.pair, option.settle)
    assert surface is not None
    sigma = float(at_strike(surface, 50_000.0, option.expiry_ns).volatility)
    forward, tau = 50_000.0 * 1.002, 9 / 365
    dev = sigma * math.sqrt(tau)
    d1 = math.log(forward / 50_000.0) / dev + dev / 2
    density = forward * norm.pdf(d1)
    volga = density * math.sqrt(tau) * d1 * (d1 - dev) / sigma
    vega = 0.1 * density * math.sqrt(tau) * sigma
    return vega, 0.1 * volga * sigma**2, sigma, -0.1 * density * sigma / (2 * math.sqrt(tau))


VOLS = [
    # Ten sold lose 10 (vega y + volga y^2 / 2), y = range (30 / 9)^power, spot standing still
    ({"vol_range_up": "0"}, -10.0, 0.0),
    ({"vol_range_up": "3"}, -10.0, 3.0 * (30 / 9) ** 0.3),
    ({"vol_range_down": "0", "vol_range_up": "0"}, 10.0, 0.0),
    # Bought they lose by a fall
    ({"vol_range_down": "1"}, 10.0, -1.0 * (30 / 9) ** 0.3),
    ({"short_power": "0"}, -10.0, 0.5),
    ({"short_power": "1"}, -10.0, 0.5 * 30 / 9),
]


@pytest.mark.parametrize(("values", "quantity", "move"), VOLS)
def test_greeks_of_volatility(values, quantity, move) -> None:
    person = account("vol", position(OPTION, quantity))
    vega, volga, *_ = vega_of_one()
    expected = -quantity * (vega * move + volga * move**2 / 2.0)
    assert greeks(person, **values).initial[0] == pytest.approx(max(expected, 0.0), rel=1e-9)


POWERS = [("0", 1.0), ("1", 0.25)]


@pytest.mark.parametrize(("power", "scale"), POWERS)
def test_greeks_beyond_thirty_days(power: str, scale: float) -> None:
    """At 120 days (30 / 120)^power: a quarter of the move at a power of one."""
    person = account("vol", position("BTC-L-120-1.0-C", -1.0))
    terms = {t.name: t.initial[0] for t in greeks(person, long_power=power).terms}
    level = {t.name: t.initial[0] for t in greeks(person, long_power="0").terms}
    assert terms["vega"] == pytest.approx(scale * level["vega"], rel=1e-12)
    assert terms["volga"] == pytest.approx(scale**2 * level["volga"], rel=1e-12)


DECAYS = [("0", 0.0), ("168", 168 / 8760)]


@pytest.mark.parametrize(("hours", "share"), DECAYS)
def test_greeks_decay(hours: str, share: float) -> None:
    """Bought options lose theta over the horizon; volatility and spot stand still at best."""
    person = account("vol", position(OPTION, 10.0))
    found = greeks(person, horizon_hours=hours, vol_range_up="0", vol_range_down="0")
    assert found.initial[0] == pytest.approx(-10.0 * vega_of_one()[3] * share, rel=1e-9, abs=1e-9)


def of_simulation() -> Iterator[Trial]:
    yield from by_name(test_simulation, SIMULATION)
    yield from of("standalone_floor", test_simulation_floor_of_a_hedged_book, FLOORS)
    yield from of("dependence_break", test_simulation_of_coins_apart, BREAKS)


def of_greeks() -> Iterator[Trial]:
    yield from by_name(test_greeks, GREEKS)
    yield from by_name(test_greeks_of_volatility, VOLS)
    yield from of("long_power", test_greeks_beyond_thirty_days, POWERS)
    yield from of("horizon_hours", test_greeks_decay, DECAYS)


TRIALS = {SimulationParameters: of_simulation, GreeksParameters: of_greeks}
