"""Portfolios with an open risk: one contract, straddles, ratio spreads, random ones."""

from __future__ import annotations

import numpy as np

from plimsoll.calibration.grids.portfolios import (
    EXPIRING,
    Desk,
    Portfolio,
    PortfolioFamily,
    both_sides,
)

_TENORS = (EXPIRING, 2.0, 7.0, 30.0, 90.0, 365.0)
FUTURES = (30.0, 180.0, 365.0)
_DELTAS = (0.5, 0.25, 0.1)


def delta_one(desk: Desk) -> list[Portfolio]:
    """Perpetual and futures."""
    found = both_sides("perpetual", PortfolioFamily.DELTA_ONE, [(desk.perpetual, 1.0)])
    for told, future in desk.futures(FUTURES):
        found += both_sides(f"future {told}", PortfolioFamily.DELTA_ONE, [(future, 1.0)])
    return found


def single_options(desk: Desk) -> list[Portfolio]:
    """One call or put, by maturity and delta."""
    found = []
    for told, days in desk.tenors(_TENORS):
        for size in _DELTAS:
            for right, delta in (("call", size), ("put", -size)):
                legs = [(desk.option(days, delta), 1.0)]
                name = f"{right} {told} {100 * size:g} delta"
                found += both_sides(name, PortfolioFamily.SINGLE_OPTION, legs)
    return found


def straddles(desk: Desk) -> list[Portfolio]:
    """Straddles at the money and strangles of 25 delta."""
    found = []
    for told, days in desk.tenors(_TENORS):
        call = desk.option(days, 0.5)
        legs = [(call, 1.0), (desk.twin(call), 1.0)]
        found += both_sides(f"straddle {told}", PortfolioFamily.STRADDLE, legs)
        legs = [(desk.option(days, 0.25), 1.0), (desk.option(days, -0.25), 1.0)]
        found += both_sides(f"strangle {told}", PortfolioFamily.STRADDLE, legs)
    return found


def ratio_spreads(desk: Desk) -> list[Portfolio]:
    """One option against two further out."""
    found = []
    for days in (7.0, 30.0, 90.0, 365.0):
        for right, sign in (("call", 1.0), ("put", -1.0)):
            legs = [(desk.option(days, 0.4 * sign), 1.0), (desk.option(days, 0.15 * sign), -2.0)]
            found += both_sides(f"{right} 1x2 {days:g} d", PortfolioFamily.RATIO, legs)
    return found


def random_books(desk: Desk, seed: int, count: int = 12) -> list[Portfolio]:
    """A few contracts at random; the same draws of maturity and delta on every day."""
    found = []
    for number in range(count):
        draw = np.random.default_rng((seed, number, 1))
        legs = []
        for _ in range(int(draw.integers(2, 7))):
            days = float(np.exp(draw.uniform(np.log(1.0), np.log(365.0))))
            delta = float(draw.choice([-1.0, 1.0]) * draw.uniform(0.05, 0.6))
            legs.append((desk.option(days, delta), float(draw.choice([-1.0, 1.0]))))
        if draw.uniform() < 0.5:
            legs.append((desk.perpetual, float(draw.uniform(-1.0, 1.0))))
        found += both_sides(f"random {number}", PortfolioFamily.RANDOM, legs)
    return found
