"""Revaluation of options, against 40 digits cell by cell, QuantLib and the query of surfaces.

Tolerance of a profit: 7e-15 of the largest of strike and both forwards, times the contract's size
(twice the 3e-15 of one value, `tests/oracles/test_black76_grid_prices.py`, and a rounding).
"""

from __future__ import annotations

from decimal import Decimal

import mpmath as mp
import numpy as np
import pytest
import QuantLib as ql
from numpy.typing import NDArray

from option_books import (
    AT,
    COIN,
    DAY,
    DAYS,
    DOLLAR,
    FORWARDS,
    RAW,
    STICKY,
    TENORS,
    book,
    joint,
    moves_of_price,
    option,
    scale_of,
    scenarios,
    snapshot,
    surface,
    surface_of,
    units,
)
from plimsoll.domain.instrument import Future, Instrument, Option, OptionRight, Payoff
from plimsoll.domain.market import Quote
from plimsoll.domain.scenario import Factor, FactorKind
from plimsoll.estimators.surface.dynamics import SmileDynamics, moved_volatility
from plimsoll.estimators.surface.query import at_moneyness, at_strike, forward_at
from plimsoll.maths.black76 import price
from plimsoll.scenarios import OptionRules, revalue
from plimsoll.scenarios.vol_scenarios import shocked_vol, vol_factors

Array = NDArray[np.float64]
BOUND = 7e-15


def exact_smile(day: int, k: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    """Forward and total variance of an expiry at k, from the definition of the surface."""

    def variance(row: int) -> mp.mpf:
        a, b, rho, m, sigma = (mp.mpf(x) for x in RAW[row])
        return a + b * (rho * (k - m) + mp.sqrt((k - m) ** 2 + sigma**2))

    if day in DAYS:
        return variance(DAYS.index(day))
    if day < DAYS[0]:
        return variance(0) * day / DAYS[0]
    high = next(row for row, d in enumerate(DAYS) if d > day)
    weight = mp.mpf(day - DAYS[high - 1]) / (DAYS[high] - DAYS[high - 1])
    return (1 - weight) * variance(high - 1) + weight * variance(high)


def exact_forward(day: int) -> mp.mpf:
    if day in DAYS:
        return mp.mpf(FORWARDS[DAYS.index(day)])
    days, forwards = (0, *DAYS), (95_000.0, *FORWARDS)
    high = next(row for row, d in enumerate(days) if d > day)
    weight = mp.mpf(day - days[high - 1]) / (days[high] - days[high - 1])
    low_log, high_log = mp.log(mp.mpf(forwards[high - 1])), mp.log(mp.mpf(forwards[high]))
    return mp.exp((1 - weight) * low_log + weight * high_log)


def exact_shock(row: Array, kind: int, day: float) -> mp.mpf:
    """Linear in the logarithm of the tenor, flat outside; ``kind`` 0 level, 1 skew, 2 curvature."""
    values = [mp.mpf(float(x)) for x in row[1 + 3 * kind : 4 + 3 * kind]]
    if day <= TENORS[0]:
        return values[0]
    if day >= TENORS[-1]:
        return values[-1]
    high = next(i for i, t in enumerate(TENORS) if t > day)
    low_t, high_t = mp.mpf(TENORS[high - 1]), mp.mpf(TENORS[high])
    weight = mp.log(day / low_t) / mp.log(high_t / low_t)
    return (1 - weight) * values[high - 1] + weight * values[high]


def exact_value(o: Option, forward: mp.mpf, deviation: mp.mpf) -> mp.mpf:
    side, strike = (1 if o.right is OptionRight.CALL else -1), mp.mpf(str(o.strike))
    if deviation > 0:
        d1 = mp.log(forward / strike) / deviation + deviation / 2
        first, second = mp.ncdf(side * d1), mp.ncdf(side * (d1 - deviation))
        value = side * (forward * first - strike * second)
    else:
        value = max(side * (forward - strike), mp.mpf(0))
    size = mp.mpf(str(o.contract_size))
    return size * (value / forward if o.payoff is Payoff.INVERSE else value)


def exact_profit(o: Option, day: int, row: Array) -> mp.mpf:
    forward, strike, years = exact_forward(day), mp.mpf(str(o.strike)), mp.mpf(day) / 365
    now = exact_value(o, forward, mp.sqrt(exact_smile(day, mp.log(strike / forward))))
    moved = forward * (1 + mp.mpf(float(row[0])))
    k = mp.log(strike / moved)
    sigma = mp.sqrt(exact_smile(day, k) / years)
    z = max(min(k / mp.sqrt(years), 2 * sigma), -2 * sigma)
    level, skew, curvature = (exact_shock(row, kind, day) for kind in range(3))
    raised = sigma * mp.exp(level)
    sigma = max(raised + skew * z + curvature * z**2 / 2, raised / 10)
    return exact_value(o, moved, sigma * mp.sqrt(years)) - now


def test_profits_under_joint_scenarios_cell_by_cell() -> None:
    options, joints = book(), joint()
    table = revalue(options, snapshot(), joints)
    assert not table.reasons
    with mp.workdps(40):
        for i, (market, o) in enumerate(options.items()):
            day = int(market.split("-")[1])
            bound = BOUND * scale_of(o, joints.shocks[:, 0])
            for s, row in enumerate(joints.shocks):
                gap = mp.mpf(float(table.profit[i, s])) - exact_profit(o, day, row)
                assert abs(gap) <= bound[s], (market, s)


def test_values_and_profits_are_quantlibs() -> None:
    """Sticky strike: every cell is Black's formula at the strike's own volatility."""
    options, moves = book(), np.array([-0.6, -0.15, 0.0, 0.15, 1.2])
    table = revalue(options, snapshot(), moves_of_price(*moves))
    for i, o in enumerate(options.values()):
        kind = ql.Option.Call if o.right is OptionRight.CALL else ql.Option.Put
        values = at_strike(surface_of(o), float(o.strike), o.expiry_ns)
        forward = float(forward_at(surface_of(o), o.expiry_ns))
        root = float(np.sqrt(values.total_variance))
        found = [
            ql.blackFormula(kind, float(o.strike), f, root)
            / (f if o.payoff is Payoff.INVERSE else 1.0)
            for f in (forward, *(forward * (1.0 + moves)))
        ]
        expected = units(o) * (np.array(found[1:]) - found[0])
        # QuantLib's own normal law is good to about 1e-14 of the forward
        assert np.all(np.abs(table.profit[i] - expected) <= 3e-14 * scale_of(o, moves))
        assert abs(table.base_value[i] - units(o) * found[0]) <= 3e-14 * scale_of(o, moves).max()


def test_rows_agree_with_shocked_vol() -> None:
    """The volatility of a row is `shocked_vol` of the surface at the scenario's moneyness."""
    joints, rules = joint(40, 5), OptionRules(reach=1.5, lowest_ratio=0.4)
    options = {m: o for m, o in book((9, 30)).items() if o.payoff is Payoff.LINEAR}
    table = revalue(options, snapshot(), joints, option_rules=rules)
    shifts = {30: [1, 4, 7]}  # columns of the tenor of 30 days: level, skew, curvature
    move = joints.shocks[:, 0]
    for market, o in options.items():
        day = int(market.split("-")[1])
        if day == 30:
            level, skew, curvature = (joints.shocks[:, c + 1] for c in shifts[30])
        else:
            weight = np.log(9 / 7) / np.log(30 / 7)
            level, skew, curvature = (
                (1 - weight) * joints.shocks[:, c] + weight * joints.shocks[:, c + 1]
                for c in (1, 4, 7)
            )
        forward = float(forward_at(surface(DOLLAR), o.expiry_ns))
        k = np.log(float(o.strike) / (forward * (1.0 + move)))
        at = at_moneyness(surface(DOLLAR), k, o.expiry_ns)
        vol = shocked_vol(
            at.volatility, k, at.tau_years, level, skew, curvature, reach=1.5, lowest_ratio=0.4
        )
        is_call = o.right is OptionRight.CALL
        then = price(forward * (1.0 + move), float(o.strike), day / 365, vol, is_call)
        now = at_strike(surface(DOLLAR), float(o.strike), o.expiry_ns).volatility
        value = price(forward, float(o.strike), day / 365, now, is_call)
        gap = np.abs(table.row(market) - 2.0 * (then - value))
        assert np.all(gap <= 2e-14 * scale_of(o, move)), market


@pytest.mark.parametrize("dynamics", list(SmileDynamics))
def test_coins_without_vol_factors_follow_the_named_dynamics(dynamics: SmileDynamics) -> None:
    moves = np.array([-0.5, -0.1, 0.0, 0.08, 0.9])
    options = book()
    table = revalue(options, snapshot(), moves_of_price(*moves), None, STICKY[dynamics])
    for i, o in enumerate(options.values()):
        held, strike = surface_of(o), float(o.strike)
        forward = float(forward_at(held, o.expiry_ns))
        vol = moved_volatility(held, strike, o.expiry_ns, forward_move=moves, dynamics=dynamics)
        years = (o.expiry_ns - AT) / DAY / 365
        call = o.right is OptionRight.CALL
        then = price(forward * (1 + moves), strike, years, vol, call, payoff=o.payoff)
        profit = units(o) * then - table.base_value[i]
        assert np.all(np.abs(table.profit[i] - profit) <= 2e-14 * scale_of(o, moves))


def test_the_dynamics_differ() -> None:
    held = {"PUT": option(30, 80_000, OptionRight.PUT)}
    fall = moves_of_price(-0.2)
    strike, moneyness = (
        float(revalue(held, snapshot(), fall, None, STICKY[d]).row("PUT")[0])
        for d in (SmileDynamics.STICKY_STRIKE, SmileDynamics.STICKY_MONEYNESS)
    )
    assert abs(strike / moneyness - 1.0) > 0.02


def test_another_coins_vol_factors_leave_this_one_alone() -> None:
    factors = (Factor(subject="HELM"), *vol_factors("KEEL", TENORS))
    shocks = np.full((1, len(factors)), 0.3)
    found = revalue(book(), snapshot(), scenarios(shocks, factors)).profit
    np.testing.assert_array_equal(found, revalue(book(), snapshot(), moves_of_price(0.3)).profit)


def test_level_alone_leaves_skew_and_curvature() -> None:
    factor = Factor(subject="HELM", kind=FactorKind.IMPLIED_VOL_LEVEL, tenor_days=30.0)
    factors = (Factor(subject="HELM"), factor)
    held = {"CALL": option(30, 110_000, pair=DOLLAR)}
    found = revalue(held, snapshot(), scenarios(np.array([[0.0, np.log(1.5)]]), factors))
    vol = float(at_strike(surface(), 110_000, AT + 30 * DAY).volatility)
    then, now = (price(96_300.0, 110_000, 30 / 365, vol * s, True) for s in (1.5, 1.0))
    assert found.row("CALL")[0] == pytest.approx(2.0 * float(then - now), abs=1e-9)


@pytest.mark.parametrize("rules", [*STICKY.values(), OptionRules(reach=0.5)])
def test_no_shock_no_profit_to_the_last_bit(rules: OptionRules) -> None:
    options = book()
    still = scenarios(np.zeros((1003, 10)), vol_factors("HELM", TENORS))
    assert not revalue(options, snapshot(), still, option_rules=rules).profit.any()
    assert not revalue(options, snapshot(), moves_of_price(0.0), None, rules).profit.any()


def test_call_less_put_is_the_forward() -> None:
    """Linear: size futures; inverse: K dollars of an inverse future per coin, as 1 - K/F."""
    joints, day = joint(50), 30
    for pair in (COIN, DOLLAR):
        inverse = pair == COIN
        call, put = (option(day, 88_000, right, pair) for right in OptionRight)
        size = Decimal("8800") if inverse else Decimal(2)
        future = Future(
            pair=pair,
            settle=call.settle,
            payoff=call.payoff,
            expiry_ns=call.expiry_ns,
            contract_size=size,
        )
        held: dict[str, Instrument] = {"C": call, "P": put, "F": future}
        marked = snapshot(quotes={"F": Quote(mark=96_300.0, index=95_000.0)})
        table = revalue(held, marked, joints)
        gap = np.abs(table.row("C") - table.row("P") - table.row("F"))
        assert np.all(gap <= 2 * BOUND * scale_of(call, joints.shocks[:, 0]))


def test_inverse_is_linear_over_the_forward_of_its_moment() -> None:
    joints = joint(50)
    for right in OptionRight:
        held = {"I": option(9, 97_000, right), "L": option(9, 97_000, right, DOLLAR)}
        table = revalue(held, snapshot(), joints)
        value = (table.base_value[1] + table.row("L")) / 2.0
        forward = 95_400.0 * (1.0 + joints.shocks[:, 0])
        expected = 0.1 * value / forward - table.base_value[0]
        assert np.all(np.abs(table.row("I") - expected) <= 2 * BOUND * 0.2)
        assert table.base_value[0] == pytest.approx(0.05 * table.base_value[1] / 95_400.0)


def test_many_options_by_threads_are_the_same_bytes() -> None:
    options, joints = book(), joint(3_000)
    whole = revalue(options, snapshot(), joints).profit
    assert whole.size > 200_000
    for market in list(options)[::17]:
        alone = revalue({market: options[market]}, snapshot(), joints)
        np.testing.assert_array_equal(alone.profit[0], whole[list(options).index(market)])
