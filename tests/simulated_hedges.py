"""Hedged and arbitrage books next to their legs, under the models that take any scenario set."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np

from coin_books import INSTRUMENTS, PRICING, SNAPSHOT, account, book, position
from plimsoll.domain.account import Position
from plimsoll.domain.instrument import Option
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.margin.greeks import Correlations, GreeksMargin, GreeksParameters
from plimsoll.margin.protocol import Prepared
from plimsoll.margin.simulation import PORTFOLIO, SimulationMargin, SimulationParameters
from plimsoll.scenarios.revaluation import revalue
from plimsoll.scenarios.vol_scenarios import vol_factors

BOOKS: dict[str, tuple[tuple[str, float], ...]] = {
    "basis: 1 BTC spot, perpetual sold": (("BTC-SPOT", 1.0), ("BTC-LIN", -100.0)),
    "calendar: future bought, perpetual sold": (("BTC-FUT", 500.0), ("BTC-INV", -500.0)),
    "cross-venue: linear bought, inverse sold": (("BTC-LIN", 100.0), ("BTC-INV", -500.0)),
    "box 40,000 / 62,500 of 30 days": (
        ("BTC-L-30-0.8-C", 10.0),
        ("BTC-L-30-0.8-P", -10.0),
        ("BTC-L-30-1.25-C", -10.0),
        ("BTC-L-30-1.25-P", 10.0),
    ),
    "delta-hedged: 1 call sold, perpetual bought": (("BTC-L-30-1.0-C", -10.0), ("BTC-LIN", 55.0)),
    "pair: 1 BTC bought, 20 ETH sold": (("BTC-LIN", 100.0), ("ETH-LIN", -2_000.0)),
}
"""Contracts of 0.01 or 0.1 coins, or of 100 USD."""


def scenarios(count: int = 1_000) -> ScenarioSet:
    """Joint moves of spot and smiles: prices heavy-tailed, volatility up where they fall."""
    rng = np.random.default_rng(2026)
    factors = (*vol_factors("BTC", (30.0,)), *vol_factors("ETH", (30.0,)))
    common, own = rng.standard_t(4, (count, 1)), rng.standard_t(4, (count, 2))
    logs = np.clip(0.03 * (0.85 * common + 0.53 * own), -1.0, 1.0)
    shocks = np.zeros((count, len(factors)))
    for coin in (0, 1):
        shocks[:, 4 * coin] = np.expm1(logs[:, coin])
        shocks[:, 4 * coin + 1] = -1.5 * logs[:, coin] + 0.08 * rng.standard_normal(count)
        shocks[:, 4 * coin + 2] = 0.02 * rng.standard_normal(count)
    return ScenarioSet(
        names=tuple(f"day {row + 1}" for row in range(count)),
        factors=factors,
        shocks=shocks,
        weights=equal_weights(count),
    )


def at_model() -> MarketSnapshot:
    """Options marked at the values of their surfaces, so that no mark is wrong."""
    options = {m: i for m, i in INSTRUMENTS.items() if isinstance(i, Option)}
    still = ScenarioSet(
        names=("now",),
        factors=(Factor(subject="BTC"), Factor(subject="ETH")),
        shocks=np.zeros((1, 2)),
        weights=equal_weights(1),
    )
    table = revalue(options, SNAPSHOT, still)
    worth = zip(options.items(), table.base_value, strict=True)
    marks = {
        m: replace(SNAPSHOT.quotes[m], mark=float(v) / float(o.required_contract_size()))
        for (m, o), v in worth
    }
    return replace(SNAPSHOT, quotes={**SNAPSHOT.quotes, **marks})


def models() -> dict[str, Prepared]:
    """Simulation and Greeks, each bare and with a floor of a fifth of the legs alone."""
    snapshot, found = at_model(), dict[str, Prepared]()
    rho = Correlations(underlyings=("BTC", "ETH"), matrix=np.array([[1.0, 0.8], [0.8, 1.0]]))
    for name, floor in (("", Decimal(0)), (" floored", Decimal("0.2"))):
        simulation = SimulationMargin(scenarios=scenarios(), pricing=PRICING)
        own = {PORTFOLIO: SimulationParameters(standalone_floor=floor)}
        found[f"simulation{name}"] = simulation.prepare(snapshot, own, INSTRUMENTS)
        greeks = GreeksMargin(pricing=PRICING, correlations=rho)
        ranges = dict.fromkeys(("BTC", "ETH"), GreeksParameters(standalone_floor=floor))
        found[f"greeks{name}"] = greeks.prepare(snapshot, ranges, INSTRUMENTS)
    return found


def initial(model: Prepared, legs: tuple[tuple[str, float], ...]) -> tuple[float, float]:
    """Initial margin of a book, and of its legs each alone, added."""
    held = [_at_mark(market, quantity) for market, quantity in legs]
    made = book(account("book", *held), *(account(p.market, p) for p in held))
    margins = model.requirements(made).initial
    return float(margins[0]), float(margins[1:].sum())


def _at_mark(market: str, quantity: float) -> Position:
    return position(market, quantity)
