"""What holds of revalued options whatever the option, the surface and the scenario.

Tolerance: 7e-15 of the largest of strike and both forwards, as in
``tests/unit/scenarios/test_option_revaluation.py``, times the number of rows compared.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from option_books import (
    AT,
    COIN,
    DAY,
    DOLLAR,
    TENORS,
    book,
    joint,
    moves_of_price,
    option,
    scale_of,
    scenarios,
    snapshot,
    surface,
    units,
)
from plimsoll.domain.instrument import Future, OptionRight, Pair, Payoff
from plimsoll.domain.market import Quote
from plimsoll.domain.scenario import ScenarioSet
from plimsoll.domain.surface import VolSurface
from plimsoll.estimators.surface.dynamics import SmileDynamics
from plimsoll.estimators.surface.query import forward_at
from plimsoll.scenarios import OptionRules, revalue
from plimsoll.scenarios.vol_scenarios import vol_factors

Array = NDArray[np.float64]
BOUND = 7e-15

days = st.sampled_from([1, 2, 5, 9, 17, 30, 77, 120])
strikes = st.integers(5_000, 900_000)
rights = st.sampled_from(list(OptionRight))
pairs = st.sampled_from([COIN, DOLLAR])
seeds = st.integers(0, 2**32 - 1)
rules = st.builds(
    OptionRules,
    dynamics=st.sampled_from(list(SmileDynamics)),
    elapsed_ns=st.integers(0, 40).map(lambda hours: hours * DAY // 24),
    minimum_vol=st.sampled_from([0.0, 0.2]),
    reach=st.floats(0.2, 6.0),
    lowest_ratio=st.floats(0.01, 1.0),
)


def forward_of(pair: Pair, day: int) -> float:
    return float(forward_at(surface(pair), AT + day * DAY))


def still(count: int, *, with_vol: bool) -> ScenarioSet:
    factors = vol_factors("HELM", TENORS)
    held = factors if with_vol else factors[:1]
    return scenarios(np.zeros((count, len(held))), held)


@settings(deadline=None)
@given(days, strikes, rights, pairs, rules, st.booleans(), st.integers(1, 40))
def test_nothing_moves_nothing_happens(day, strike, right, pair, rule, with_vol, count):
    """To the last bit, as long as no time passes and no floor lifts the smile."""
    rule = replace(rule, elapsed_ns=0, minimum_vol=0.0)
    held = {"O": option(day, strike, right, pair)}
    found = revalue(held, snapshot(), still(count, with_vol=with_vol), option_rules=rule)
    assert not found.profit.any()


@settings(deadline=None)
@given(days, strikes, pairs, rules, seeds)
def test_parity(day, strike, pair, rule, seed):
    """Call less put is the future of the expiry, under every rule, shock and passage of time."""
    call, put = (option(day, strike, right, pair) for right in OptionRight)
    inverse = call.payoff is Payoff.INVERSE
    future = Future(
        pair=pair,
        settle=call.settle,
        payoff=call.payoff,
        expiry_ns=call.expiry_ns,
        contract_size=Decimal(strike) / 10 if inverse else Decimal(2),
    )
    moves = joint(8, seed)
    marked = snapshot(quotes={"F": Quote(mark=forward_of(pair, day), index=95_000.0)})
    table = revalue({"C": call, "P": put, "F": future}, marked, moves, option_rules=rule)
    gap = np.abs(table.row("C") - table.row("P") - table.row("F"))
    assert np.all(gap <= 3 * BOUND * scale_of(call, moves.shocks[:, 0]))


@settings(deadline=None)
@given(days, strikes, rights, rules, seeds)
def test_inverse_is_linear_over_the_forward(day, strike, right, rule, seed):
    coin, dollar = (option(day, strike, right, pair) for pair in (COIN, DOLLAR))
    moves = joint(8, seed)
    table = revalue({"I": coin, "L": dollar}, snapshot(), moves, option_rules=rule)
    forward = forward_of(COIN, day)
    now, then = table.base_value[1] / 2.0, (table.base_value[1] + table.row("L")) / 2.0
    expected = 0.1 * (then / (forward * (1.0 + moves.shocks[:, 0])) - now / forward)
    bound = 2 * BOUND * scale_of(coin, moves.shocks[:, 0])
    assert np.all(np.abs(table.row("I") - expected) <= bound)


@settings(deadline=None)
@given(days, strikes, rights, pairs, rules, seeds)
def test_values_stay_between_intrinsic_and_the_most_an_option_can_pay(
    day, strike, right, pair, rule, seed
):
    one, moves = option(day, strike, right, pair), joint(8, seed)
    table = revalue({"O": one}, snapshot(), moves, option_rules=rule)
    forward = forward_of(pair, day) * (1.0 + moves.shocks[:, 0])
    per = forward if one.payoff is Payoff.INVERSE else 1.0
    side, most = (1.0, forward) if right is OptionRight.CALL else (-1.0, float(strike))
    least = np.maximum(side * (forward - strike), 0.0)
    value = (table.base_value[0] + table.row("O")) / units(one) * per
    slack = 2 * BOUND * scale_of(one, moves.shocks[:, 0]) / units(one) * per
    assert np.all((value >= least - slack) & (value <= most + slack))


@settings(deadline=None)
@given(days, strikes, rights, st.lists(st.floats(-0.95, 4.0), min_size=3, max_size=20), rules)
def test_sticky_strike_is_monotone_and_convex_in_the_forward(day, strike, right, moves, rule):
    """Linear options; slopes between -1 and 1 of the forward, rising."""
    rule = replace(rule, dynamics=SmileDynamics.STICKY_STRIKE)
    one, at = option(day, strike, right, DOLLAR), np.unique(np.round(moves, 3))
    profit = revalue({"O": one}, snapshot(), moves_of_price(*at), None, rule).row("O")
    forward = forward_of(DOLLAR, day) * (1.0 + at)
    slopes = np.diff(profit) / units(one) / np.diff(forward)
    slack = 3 * BOUND * scale_of(one, at).max() / 1e-3 / forward_of(DOLLAR, day)
    low = 0.0 if right is OptionRight.CALL else -1.0
    assert np.all((slopes >= low - slack) & (slopes <= low + 1.0 + slack))
    assert np.all(np.diff(slopes) >= -2 * slack)


@settings(deadline=None)
@given(days, strikes, rights, pairs, st.lists(st.floats(-2.0, 2.0), min_size=2, max_size=10))
def test_a_higher_level_never_costs_the_holder(day, strike, right, pair, levels):
    factors = vol_factors("HELM", TENORS)
    shocks = np.zeros((len(levels), len(factors)))
    shocks[:, 1:4] = np.sort(levels)[:, None]
    one = option(day, strike, right, pair)
    profit = revalue({"O": one}, snapshot(), scenarios(shocks, factors)).row("O")
    assert np.all(np.diff(profit) >= -2 * BOUND * scale_of(one, np.zeros(1)))


@settings(deadline=None, max_examples=25)
@given(seeds, rules)
def test_a_row_does_not_depend_on_its_neighbours(seed, rule):
    """Some of the options, in another order: the same bytes."""
    options, moves = book(), joint(7, seed)
    whole = revalue(options, snapshot(), moves, option_rules=rule)
    some = np.random.default_rng(seed).permutation(list(options))[:9].tolist()
    part = revalue({m: options[m] for m in some}, snapshot(), moves, option_rules=rule)
    for market in some:
        np.testing.assert_array_equal(part.row(market), whole.row(market))


def in_cents(held: VolSurface) -> VolSurface:
    """The surface of the same coin, quoted in hundredths."""
    smiles = tuple(replace(smile, forward=100.0 * smile.forward) for smile in held.smiles)
    return replace(held, smiles=smiles, index=100.0 * held.index)


@settings(deadline=None)
@given(days, strikes, rights, pairs, rules, seeds)
def test_the_currency_unit_does_not_matter(day, strike, right, pair, rule, seed):
    """In cents: a hundred times the dollars, and as many coins."""
    moves, one = joint(8, seed), option(day, strike, right, pair)
    dollars = revalue({"O": one}, snapshot(), moves, option_rules=rule).row("O")
    other = option(day, strike * 100, right, pair)
    cents = revalue({"O": other}, snapshot(in_cents(surface(pair))), moves, option_rules=rule)
    ratio = 1.0 if one.payoff is Payoff.INVERSE else 100.0
    bound = 2 * BOUND * scale_of(one, moves.shocks[:, 0])
    assert np.all(np.abs(cents.row("O") / ratio - dollars) <= bound)


@settings(deadline=None)
@given(days, strikes, rights, pairs, rules, st.integers(0, 2**10 - 1), seeds)
def test_the_wildest_shocks_give_finite_numbers(day, strike, right, pair, rule, signs, seed):
    factors = vol_factors("HELM", TENORS)
    sign = np.array([1.0 if signs >> bit & 1 else -1.0 for bit in range(len(factors))])
    size = np.array([0.0] + [13.0] * 3 + [1e4] * 6)
    shocks = (sign * size * np.random.default_rng(seed).random(len(factors)))[None, :]
    shocks[0, 0] = 1e6 if sign[0] > 0 else -1.0 + 1e-12
    one = option(day, strike, right, pair)
    found = revalue({"O": one}, snapshot(), scenarios(shocks, factors), option_rules=rule)
    assert np.isfinite(found.row("O")).all()
