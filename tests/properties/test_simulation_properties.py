"""What holds of the simulation margin whatever the book and the scenarios.

Tolerance 1e-10 of the book's gross scenario loss where sums are taken in another order.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coin_books import INSTRUMENTS, PRICING, SNAPSHOT, account, book, position
from plimsoll.domain.scenario import Factor, ScenarioSet
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.simulation import (
    PORTFOLIO,
    BrokenBetween,
    LossMeasure,
    SimulationMargin,
    SimulationParameters,
)
from plimsoll.scenarios.mixture import Leg, mixture

FACTORS = (Factor(subject="BTC"), Factor(subject="ETH"))
MARKETS = ["BTC-INV", "BTC-LIN", "ETH-FUT", "ETH-SPOT", "BTC-I-30-1.0-C", "ETH-L-9-0.8-P"]
HELD = {m: INSTRUMENTS[m] for m in [*MARKETS, "ETH-INV"]}
COHERENT = [LossMeasure.EXPECTED_SHORTFALL, LossMeasure.SPECTRAL, LossMeasure.WORST_CASE]

seeds = st.integers(0, 2**32 - 1)
quantities = st.dictionaries(
    st.sampled_from(MARKETS), st.integers(-500, 500).filter(bool), min_size=1, max_size=5
)
collateral = st.fixed_dictionaries(
    {"BTC": st.integers(-3, 3), "USDC": st.integers(-10_000, 10_000)}
)
measures = st.sampled_from(list(LossMeasure))


def scenarios(seed: int, count: int = 70, name: str = "s") -> ScenarioSet:
    rng = np.random.default_rng(seed)
    weights = rng.random(count) + 0.01
    return ScenarioSet(
        names=tuple(f"{name}{row}" for row in range(count)),
        factors=FACTORS,
        shocks=np.expm1(np.clip(rng.standard_t(3, (count, 2)) * 0.05, -2.0, 2.0)),
        weights=weights / weights.sum(),
    )


def ready(
    held: ScenarioSet, measure: LossMeasure, pricing: CurrencyPricing = PRICING, **parameters: str
):
    model = SimulationMargin(scenarios=held, measure=measure, pricing=pricing)
    chosen = SimulationParameters(**{k: Decimal(v) for k, v in parameters.items()})
    return model.prepare(SNAPSHOT, {PORTFOLIO: chosen}, HELD)


def person(amounts: dict[str, int], coins: dict[str, float], name: str = "a", scale: float = 1.0):
    held = [position(m, scale * q / 10) for m, q in amounts.items()]
    return account(name, *held, **{c: scale * float(x) for c, x in coins.items()})


def gross(prepared, amounts: dict[str, int], coins: dict[str, int]) -> float:
    rows = prepared.table.rows.markets
    found = sum(
        abs(q / 10) * np.abs(prepared.table.profit[rows.index(m)]).max() for m, q in amounts.items()
    )
    return float(found) + sum(abs(x) * 1e5 for x in coins.values()) + 1.0


@settings(max_examples=60)
@given(quantities, collateral, seeds, measures, st.integers(50, 99), st.integers(50, 99))
def test_initial_is_at_least_maintenance_is_at_least_zero(q, coins, seed, measure, one, other):
    low, high = sorted((one, other))
    prepared = ready(
        scenarios(seed),
        measure,
        initial_confidence=f"0.{high}",
        maintenance_confidence=f"0.{low}",
        standalone_floor="0.1",
    )
    found = prepared.requirements(book(person(q, coins)))
    assert found.initial[0] >= found.maintenance[0] >= 0.0


@settings(max_examples=60)
@given(quantities, collateral, seeds, measures, st.sampled_from([0.25, 3.0, 1000.0]))
def test_homogeneous(q, coins, seed, measure, scale):
    prepared = ready(scenarios(seed), measure, standalone_floor="0.3")
    one, many = prepared.requirements(book(person(q, coins), person(q, coins, "b", scale))).initial
    assert abs(many - scale * one) <= 1e-10 * scale * gross(prepared, q, coins)


@settings(max_examples=60)
@given(quantities, quantities, collateral, seeds, st.sampled_from(COHERENT))
def test_coherent_measures_are_subadditive(q, more, coins, seed, measure):
    """A merger never asks for more than both before."""
    prepared = ready(scenarios(seed), measure)
    both = {m: q.get(m, 0) + more.get(m, 0) for m in {*q, *more}}
    merged = person({m: x for m, x in both.items() if x}, coins, "ab")
    made = book(person(q, coins), person(more, {}, "b"), merged)
    a, b, ab = prepared.requirements(made).maintenance
    assert ab <= a + b + 1e-10 * (gross(prepared, q, coins) + gross(prepared, more, {}))


@settings(max_examples=60)
@given(quantities, quantities, collateral, seeds, st.sampled_from(COHERENT))
def test_a_broken_dependence_is_subadditive_and_grows_with_its_share(q, more, coins, seed, measure):
    """At a share of one it is the sum over coins, which a coherent measure never exceeds."""
    held = scenarios(seed)
    both = {m: q.get(m, 0) + more.get(m, 0) for m in {*q, *more}}
    merged = person({m: x for m, x in both.items() if x}, coins, "ab")
    made = book(person(q, coins), person(more, {}, "b"), merged)
    slack = 1e-10 * sum(gross(ready(held, measure), *x) for x in ((q, coins), (more, {})))
    before = np.zeros(3)
    for share in ("0", "0.2", "1"):
        margins = ready(held, measure, standalone_floor="0", dependence_break=share)
        found = margins.requirements(made).initial
        assert np.all(found >= before - slack)
        assert found[2] <= found[0] + found[1] + slack
        before = found


@settings(max_examples=40)
@given(quantities, seeds, st.sampled_from(COHERENT))
def test_between_positions_a_fifth_gives_four_fifths_of_the_difference(q, seed, measure):
    """EMIR RTS 153/2013, Article 27(4), of dollars lost by contracts without collateral."""
    held, legs = scenarios(seed), [person({m: x}, {}, m) for m, x in q.items()]
    made = book(person(q, {}), *legs)
    bare = ready(held, measure, standalone_floor="0").requirements(made).initial
    model = SimulationMargin(
        scenarios=held, measure=measure, pricing=PRICING, broken_between=BrokenBetween.POSITIONS
    )
    rule = SimulationParameters(standalone_floor=Decimal(0), dependence_break=Decimal("0.2"))
    found = model.prepare(SNAPSHOT, {PORTFOLIO: rule}, HELD).requirements(made).initial
    slack = 1e-10 * gross(ready(held, measure), q, {})
    alone = bare[1:].sum()
    # A measure below zero, a sure gain, stays what it is before the margin is lifted to zero.
    if bare[0] > slack:
        assert abs((alone - found[0]) - 0.8 * (alone - bare[0])) <= slack
    np.testing.assert_allclose(found[1:], bare[1:], rtol=1e-12, atol=slack)


@settings(max_examples=60)
@given(quantities, collateral, seeds, seeds, st.floats(0.05, 0.95))
def test_more_scenarios(q, coins, seed, other, share):
    """The worst case never falls; expected shortfall is at least the legs' mean by share."""
    first, second = scenarios(seed), scenarios(other, 40, "t")
    both = mixture(
        [
            Leg(name="first", scenarios=first, share=share),
            Leg(name="second", scenarios=second, share=1.0 - share),
        ]
    )
    made = book(person(q, coins))

    def margin(held: ScenarioSet, measure: LossMeasure) -> float:
        found = ready(held, measure).requirements(made)
        return float(found.terms[0].initial[0])

    worst = [margin(x, LossMeasure.WORST_CASE) for x in (first, second, both)]
    assert worst[2] == max(worst[0], worst[1])
    one, two, mixed = (margin(x, LossMeasure.EXPECTED_SHORTFALL) for x in (first, second, both))
    slack = 1e-10 * gross(ready(both, LossMeasure.WORST_CASE), q, coins)
    assert mixed >= share * one + (1.0 - share) * two - slack


@settings(max_examples=40)
@given(quantities, collateral, seeds, measures)
def test_order_of_accounts_positions_and_scenarios_does_not_matter(q, coins, seed, measure):
    held = scenarios(seed)
    order = np.random.default_rng(seed).permutation(len(held))
    turned = ScenarioSet(
        names=tuple(held.names[row] for row in order),
        factors=held.factors,
        shocks=held.shocks[order],
        weights=held.weights[order],
    )
    plain, other = ready(held, measure), ready(turned, measure)
    extra = person({"ETH-SPOT": 3}, {}, "z")
    back = person(dict(reversed(q.items())), dict(reversed(coins.items())))
    one = plain.requirements(book(person(q, coins), extra)).initial[0]
    slack = 1e-10 * gross(plain, q, coins)
    assert abs(plain.requirements(book(extra, back)).initial[1] - one) <= slack
    assert abs(other.requirements(book(back)).initial[0] - one) <= slack


@settings(max_examples=40)
@given(st.integers(-500, 500).filter(bool), seeds, measures)
def test_linear_inverse_parity(contracts, seed, measure):
    """100 USD inverse and 0.002 BTC linear at 50,000 ask for the same dollars."""
    prepared = ready(scenarios(seed), measure)
    made = book(
        account("inverse", position("BTC-INV", contracts)),
        account("linear", position("BTC-LIN", contracts * 0.2)),
    )
    inverse, linear = prepared.requirements(made).initial
    assert abs(inverse - linear) <= 1e-10 * abs(contracts) * 1e3


@settings(max_examples=40)
@given(quantities, seeds, measures)
def test_the_currency_unit_does_not_matter(q, seed, measure):
    """A numeraire that does not move and is worth half: twice the number."""
    held = scenarios(seed)
    half = replace(SNAPSHOT, stable_price_usd={"USDC": 1.0, "EURX": 0.5})
    made = book(person(q, {"USDC": 500.0}))
    numbers = []
    for numeraire in ("USD", "EURX"):
        pricing = replace(PRICING, numeraire=numeraire)
        model = SimulationMargin(scenarios=held, measure=measure, pricing=pricing)
        prepared = model.prepare(half, {PORTFOLIO: SimulationParameters()}, HELD)
        numbers.append(prepared.requirements(made))
    slack = 1e-10 * gross(prepared, q, {}) * 2
    assert abs(2.0 * numbers[0].initial[0] - numbers[1].initial[0]) <= slack
    assert abs(2.0 * numbers[0].equity[0] - numbers[1].equity[0]) <= slack


@settings(max_examples=40)
@given(quantities, collateral, seeds, measures)
def test_euler_contributions_add_up(q, coins, seed, measure):
    prepared = ready(scenarios(seed), measure)
    found = prepared.requirements(book(person(q, coins)))
    (told,) = found.explanations("a")
    parts = sum(c.contribution for c in told.contributions)
    assert abs(parts - told.terms[0].maintenance) <= 1e-10 * gross(prepared, q, coins)


@settings(max_examples=30)
@given(quantities, collateral, seeds)
def test_euler_contributions_are_derivatives(q, coins, seed):
    """Where the tail does not change within the step; expected shortfall is then linear."""
    prepared = ready(scenarios(seed), LossMeasure.EXPECTED_SHORTFALL)
    (told,) = prepared.requirements(book(person(q, coins))).explanations("a")
    market, step = next(iter(q)), 1e-6
    rows = prepared.table.rows.markets
    moved = []
    for sign in (1.0, -1.0):
        held = [
            position(m, x / 10 * (1.0 + sign * step if m == market else 1.0)) for m, x in q.items()
        ]
        made = book(account("a", *held, **{c: float(x) for c, x in coins.items()}))
        moved.append(float(prepared.requirements(made).terms[0].maintenance[0]))
    slope = (moved[0] - moved[1]) / (2.0 * step)
    middle = 0.5 * (moved[0] + moved[1]) - told.terms[0].maintenance
    part = next(c.contribution for c in told.contributions if c.market == market)
    assert market in rows
    noise = 1e-15 * gross(prepared, q, coins) / step
    # Convex in the position: a kink within the step shows as a rise of the middle.
    assert abs(slope - part) <= 1e2 * noise + 2.0 * max(middle, 0.0) / step
