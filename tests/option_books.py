"""Options of a generated coin, inverse and linear, their surfaces, and scenarios of both."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Option, OptionRight, Pair, Payoff
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.domain.surface import CALENDAR, SviSmile, VarianceClock, VolSurface
from plimsoll.estimators.surface.dynamics import SmileDynamics
from plimsoll.estimators.surface.query import forward_at
from plimsoll.maths.black76 import price
from plimsoll.maths.variance_clock import variance_years
from plimsoll.scenarios import OptionRules
from plimsoll.scenarios.vol_scenarios import vol_factors

Array = NDArray[np.float64]
DAY = 86_400 * 10**9
AT = 1_767_258_000 * 10**9  # 1 January 2026, 09:00 UTC
COIN = Pair(base="HELM", quote="USD")
DOLLAR = Pair(base="HELM", quote="USDC")
DAYS = (2, 9, 30, 120)
BETWEEN = 17  # days; no expiry of the surface
RAW = (
    (0.0006, 0.010, -0.35, 0.004, 0.05),
    (0.0030, 0.022, -0.30, 0.010, 0.11),
    (0.0120, 0.060, -0.25, 0.020, 0.20),
    (0.0500, 0.130, -0.20, 0.040, 0.35),
)
FORWARDS = (95_100.0, 95_400.0, 96_300.0, 99_000.0)
TENORS = (7.0, 30.0, 90.0)
WEEKEND = VarianceClock(day_weights=(1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5))
STICKY = {d: OptionRules(dynamics=d) for d in SmileDynamics}


def surface(
    pair: Pair = COIN, at_ns: int = AT, clock: VarianceClock = CALENDAR, bump: float = 0.0
) -> VolSurface:
    inverse = pair == COIN
    ends = [at_ns + day * DAY for day in DAYS]
    years = variance_years(clock.day_weights, at_ns, ends)
    return VolSurface(
        at_ns=at_ns,
        pair=pair,
        settle="HELM" if inverse else "USDC",
        payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        index=95_000.0,
        clock=clock,
        smiles=tuple(
            SviSmile(
                expiry_ns=end,
                tau_years=day / 365,
                variance_years=float(year),
                forward=forward * (1.0 + bump),
                a=a,
                b=b,
                rho=rho,
                m=m,
                sigma=sigma,
            )
            for end, day, year, forward, (a, b, rho, m, sigma) in zip(
                ends, DAYS, years, FORWARDS, RAW, strict=True
            )
        ),
    )


def option(
    day: float, strike: float, right: OptionRight = OptionRight.CALL, pair: Pair = COIN
) -> Option:
    inverse = pair == COIN
    return Option(
        pair=pair,
        settle="HELM" if inverse else "USDC",
        payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        expiry_ns=AT + int(day * DAY),
        strike=Decimal(str(strike)),
        right=right,
        contract_size=Decimal("0.1") if inverse else Decimal(2),
    )


def book(days: tuple[int, ...] = (*DAYS, BETWEEN, 1)) -> dict[str, Option]:
    return {
        f"{pair.quote}-{day}-{ratio}-{right.value}": option(day, round(95_000 * ratio), right, pair)
        for pair in (COIN, DOLLAR)
        for day in days
        for ratio in (0.5, 0.8, 0.97, 1.0, 1.05, 1.3, 2.2)
        for right in OptionRight
    }


def snapshot(*surfaces: VolSurface, quotes: Mapping[str, Quote] | None = None) -> MarketSnapshot:
    held = surfaces or (surface(), surface(DOLLAR))
    return MarketSnapshot(
        at_ns=AT, quotes=quotes or {}, surfaces={(s.pair, s.settle): s for s in held}
    )


def scenarios(shocks: Array, factors: tuple[Factor, ...]) -> ScenarioSet:
    count = shocks.shape[0]
    names = tuple(str(row) for row in range(count))
    return ScenarioSet(names=names, factors=factors, shocks=shocks, weights=equal_weights(count))


def moves_of_price(*moves: float) -> ScenarioSet:
    return scenarios(np.array(moves)[:, None], (Factor(subject="HELM"),))


def joint(count: int = 12, seed: int = 4) -> ScenarioSet:
    rng = np.random.default_rng(seed)
    factors = vol_factors("HELM", TENORS)
    width = np.array([0.12] + [0.35] * 3 + [0.10] * 3 + [0.40] * 3)
    shocks = rng.standard_normal((count, len(factors))) * width
    shocks[:, 0] = np.expm1(shocks[:, 0])
    shocks[0] = 0.0
    return scenarios(shocks, factors)


def units(o: Option) -> float:
    return float(o.required_contract_size())


def surface_of(o: Option) -> VolSurface:
    return surface(o.pair)


def scale_of(o: Option, moves: Array) -> Array:
    """Largest of strike and both forwards in the row's currency, times size."""
    forward = float(forward_at(surface_of(o), o.expiry_ns))
    largest = np.maximum(np.maximum(forward, float(o.strike)), forward * (1.0 + moves))
    coin = forward * np.minimum(1.0, 1.0 + moves) if o.payoff is Payoff.INVERSE else 1.0
    return units(o) * largest / coin


def black(days: float, strike: float, vol: float, forward: float) -> float:
    """Call in quote currency."""
    return float(price(forward, strike, days / 365, vol, True))
