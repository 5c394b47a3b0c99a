"""Portfolios of which one leg covers another: spreads, butterflies, basis, market makers."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from plimsoll.calibration.grids.outright_portfolios import FUTURES
from plimsoll.calibration.grids.portfolios import (
    EXPIRING,
    Desk,
    Portfolio,
    PortfolioFamily,
    both_sides,
)

_TENORS = (7.0, 30.0, 90.0, 365.0)
_LASTING = 0.75
_CALENDARS = ((7.0, 30.0), (30.0, 90.0), (90.0, 180.0), (180.0, 365.0))


def verticals(desk: Desk) -> list[Portfolio]:
    """Call and put spreads within one expiry."""
    found = []
    for days in _TENORS:
        for near, far in ((0.5, 0.25), (0.25, 0.1)):
            for right, sign in (("call", 1.0), ("put", -1.0)):
                legs = [
                    (desk.option(days, near * sign), 1.0),
                    (desk.option(days, far * sign), -1.0),
                ]
                name = f"{right} spread {days:g} d {100 * near:g}/{100 * far:g}"
                found += both_sides(name, PortfolioFamily.VERTICAL, legs)
    return found


def butterflies(desk: Desk) -> list[Portfolio]:
    """Straddle against the strangle around it."""
    found = []
    for days in _TENORS:
        for wing in (0.25, 0.1):
            call = desk.option(days, 0.5)
            legs = [
                (desk.option(days, wing), 1.0),
                (desk.option(days, -wing), 1.0),
                (call, -1.0),
                (desk.twin(call), -1.0),
            ]
            name = f"iron butterfly {days:g} d {100 * wing:g}"
            found += both_sides(name, PortfolioFamily.BUTTERFLY, legs)
    return found


def calendars(desk: Desk) -> list[Portfolio]:
    """A far option against a near one of like delta, both of which outlive the margin period.

    Against one that does not, no parallel shock of volatility helps: it runs out where it stands
    while the far one rises. Only a charge on every expiry's delta would cover it.
    """
    found = []
    for near, far in _CALENDARS:
        for right, delta in (("call", 0.5), ("call", 0.25), ("put", -0.25)):
            legs = [(desk.option(far, delta), 1.0), (desk.option(near, delta), -1.0)]
            name = f"{right} calendar {near:g}/{far:g} d {100 * abs(delta):g}"
            found += both_sides(name, PortfolioFamily.CALENDAR, legs)
    return found


def collars(desk: Desk) -> list[Portfolio]:
    """A coin in the perpetual with a put bought and a call sold."""
    found = []
    for days in (30.0, 90.0, 365.0):
        for size in (0.25, 0.1):
            legs = [
                (desk.perpetual, 1.0),
                (desk.option(days, -size), 1.0),
                (desk.option(days, size), -1.0),
            ]
            found += both_sides(f"collar {days:g} d {100 * size:g}", PortfolioFamily.COLLAR, legs)
    return found


def delta_hedged(desk: Desk) -> list[Portfolio]:
    """An option with the perpetual against its delta."""
    found = []
    for told, days in desk.tenors((EXPIRING, 2.0, *_TENORS), least=_LASTING):
        for delta in (0.5, 0.25, -0.25):
            legs = desk.neutral(((desk.option(days, delta), 1.0),))
            right = "call" if delta > 0 else "put"
            name = f"hedged {right} {told} {100 * abs(delta):g}"
            found += both_sides(name, PortfolioFamily.DELTA_HEDGED, legs)
    return [*found, *_hedged_with_futures(desk)]


def _hedged_with_futures(desk: Desk) -> list[Portfolio]:
    """Options against the dated future of their own expiry, and collars on it."""
    found = []
    for told, future in desk.futures(FUTURES):
        days = desk.days_of(future)
        call, put = desk.option(days, 0.25), desk.option(days, -0.25)
        for right, own in (("call", call), ("put", put)):
            legs = desk.neutral(((own, 1.0),), future)
            name = f"{right} {told} 25 hedged with its future"
            found += both_sides(name, PortfolioFamily.DELTA_HEDGED, legs)
        collar = [(future, 1.0), (put, 1.0), (call, -1.0)]
        name = f"collar {told} 25 on its future"
        found += both_sides(name, PortfolioFamily.COLLAR, collar)
    return found


def basis(desk: Desk) -> list[Portfolio]:
    """Perpetual against future, future against future, and butterflies of three futures."""
    found, dated = [], desk.futures(FUTURES)
    for told, future in dated:
        legs = [(desk.perpetual, 1.0), (future, -1.0)]
        found += both_sides(f"perpetual, future {told}", PortfolioFamily.BASIS, legs)
    for (near, one), (far, other) in combinations(dated, 2):
        name = f"futures {near.removesuffix(' d')}/{far}"
        found += both_sides(name, PortfolioFamily.BASIS, [(one, 1.0), (other, -1.0)])
    if len(dated) == len(FUTURES):
        first, middle, last = (future for _, future in dated)
        legs = [(first, 1.0), (middle, -2.0), (last, 1.0)]
        found += both_sides("futures butterfly 30/180/365 d", PortfolioFamily.BASIS, legs)
    return found


def market_makers(desk: Desk, seed: int, count: int = 10) -> list[Portfolio]:
    """Many strikes and expiries, delta neutral; the same draws on every day.

    Every other one is neutral in vega too, the rest in gamma: pure books of volatility.
    """
    found = []
    for number in range(count):
        draw = np.random.default_rng((seed, number, 2))
        legs = []
        for _ in range(int(draw.integers(16, 33))):
            days = float(np.exp(draw.uniform(np.log(1.0), np.log(365.0))))
            delta = float(draw.choice([-1.0, 1.0]) * draw.uniform(0.08, 0.5))
            legs.append((desk.option(days, delta), float(draw.normal())))
        call = desk.option(30.0, 0.5)
        straddle = ((call, 1.0), (desk.twin(call), 1.0))
        neutral_in = desk.gamma if number % 2 else desk.vega
        against = -neutral_in(tuple(legs)) / neutral_in(straddle)
        neutral = (*legs, *((market, against * coins) for market, coins in straddle))
        legs = list(desk.neutral(neutral))
        found += both_sides(f"market maker {number}", PortfolioFamily.MARKET_MAKER, legs)
    return found


def coin_pairs(one: Desk, other: Desk) -> list[Portfolio]:
    """One coin against the other for the same dollars; volatility of one against the other's."""
    ratio = one.chain.index / other.chain.index
    pair = PortfolioFamily.COIN_PAIR
    found = both_sides("perpetuals", pair, [(one.perpetual, 1.0), (other.perpetual, -ratio)])
    for (told, future), (_, against) in zip(
        one.futures(FUTURES[1:]), other.futures(FUTURES[1:]), strict=False
    ):
        found += both_sides(f"futures {told}", pair, [(future, 1.0), (against, -ratio)])
    for days in _TENORS:
        straddles = []
        for desk in (one, other):
            call = desk.option(days, 0.5)
            straddles.append(((call, 1.0), (desk.twin(call), 1.0)))
        size = one.vega(straddles[0]) / other.vega(straddles[1])
        legs = [*straddles[0], *((market, -size * coins) for market, coins in straddles[1])]
        found += both_sides(f"straddles {days:g} d", pair, legs)
    for delta in (0.5, -0.25):
        legs = [(one.option(30.0, delta), 1.0), (other.option(30.0, delta), -ratio)]
        right = "calls" if delta > 0 else "puts"
        found += both_sides(f"{right} 30 d {100 * abs(delta):g}", pair, legs)
    return found
