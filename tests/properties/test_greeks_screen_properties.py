"""The pre-screen never passes what full revaluation would not: whatever book, set and measure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coin_books import (
    INSTRUMENTS,
    PRICING,
    SNAPSHOT,
    account,
    book,
    position,
    price_scenarios,
    random_book,
)
from plimsoll.domain.scenario import Factor, ScenarioSet
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.greeks import GreeksMargin, GreeksParameters, Screening, greeks_screen
from plimsoll.margin.joint.numeraire_table import numeraire_table
from plimsoll.margin.simulation import (
    PORTFOLIO,
    LossMeasure,
    SimulationMargin,
    SimulationParameters,
)
from plimsoll.scenarios.vol_scenarios import vol_factors

MARKETS = [
    "BTC-INV",
    "BTC-FUT",
    "ETH-LIN",
    "ETH-QUANTO",
    "BTC-I-9-1.0-C",
    "BTC-I-9-0.8-P",
    "BTC-L-120-1.25-C",
    "ETH-L-30-1.0-P",
]
HELD = {m: INSTRUMENTS[m] for m in [*MARKETS, "ETH-INV"]}
PARAMETERS = {"BTC": GreeksParameters(), "ETH": GreeksParameters()}
GREEKS = GreeksMargin(pricing=PRICING).prepare(SNAPSHOT, PARAMETERS, HELD)

quantities = st.dictionaries(
    st.sampled_from(MARKETS), st.integers(-300, 300).filter(bool), min_size=1, max_size=6
)
collateral = st.fixed_dictionaries(
    {"BTC": st.integers(-2, 4), "ETH": st.integers(-9, 9), "USDC": st.integers(-9_000, 90_000)}
)
measures = st.sampled_from(list(LossMeasure))


def with_smiles(seed: int, count: int = 150) -> ScenarioSet:
    """Prices of two coins, and the level, skew and curvature of the first one's smiles."""
    rng = np.random.default_rng(seed)
    factors = (*vol_factors("BTC", (7.0, 30.0, 90.0)), Factor(subject="ETH"))
    width = np.array([0.1] + [0.3] * 3 + [0.08] * 6 + [0.12])
    shocks = np.clip(rng.standard_t(4, (count, len(factors))), -8.0, 8.0) * width
    shocks[:, [0, -1]] = np.expm1(shocks[:, [0, -1]])
    weights = rng.random(count) + 0.01
    return ScenarioSet(
        names=tuple(f"s{row}" for row in range(count)),
        factors=factors,
        shocks=shocks,
        weights=weights / weights.sum(),
    )


def simulation(scenarios: ScenarioSet, measure: LossMeasure):
    model = SimulationMargin(scenarios=scenarios, measure=measure, pricing=PRICING)
    return model.prepare(SNAPSHOT, {PORTFOLIO: SimulationParameters()}, HELD)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(quantities, collateral), min_size=1, max_size=4),
    st.integers(0, 2**32 - 1),
    measures,
    st.sampled_from([1, 3, 16, 64, 400]),
    st.booleans(),
)
def test_never_a_false_pass(people, seed, measure, bins, smiles):
    scenarios = with_smiles(seed) if smiles else price_scenarios(150, seed, weighted=True)
    full = simulation(scenarios, measure)
    level = full.parameters.levels(measure)[1]
    screen = greeks_screen(GREEKS, full.table, measure, level, bins=bins)
    made = book(
        *(
            account(
                f"a{row}",
                *(position(m, x / 10) for m, x in amounts.items()),
                **{c: float(x) for c, x in coins.items()},
            )
            for row, (amounts, coins) in enumerate(people)
        )
    )
    judged, truth = screen.screen(made, full.floors(made)[:, 1]), full.requirements(made)
    assert np.all(judged.bound >= truth.terms[0].maintenance)
    assert not np.any(judged.holds & truth.under_maintenance)
    np.testing.assert_array_equal(judged.equity, truth.equity)
    assert np.array_equal(judged.must_be_revalued, ~judged.holds)


def judged(bins: int, scenarios: ScenarioSet, measure: LossMeasure) -> tuple[Screening, np.ndarray]:
    instruments = INSTRUMENTS
    greeks = GreeksMargin(pricing=PRICING).prepare(SNAPSHOT, PARAMETERS, instruments)
    model = SimulationMargin(scenarios=scenarios, measure=measure, pricing=PRICING)
    full = model.prepare(SNAPSHOT, {PORTFOLIO: SimulationParameters()}, instruments)
    made = random_book(60, 6, seed=8)
    screen = greeks_screen(greeks, full.table, measure, 0.975, bins=bins)
    return screen.screen(made), full.requirements(made).terms[0].maintenance


def test_the_bound_is_worth_something() -> None:
    """With 64 bins of 500 scenarios it is within a third of the measure for half of the books."""
    found, truth = judged(64, price_scenarios(500), LossMeasure.EXPECTED_SHORTFALL)
    positive = truth > 0.0
    assert np.median(found.bound[positive] / truth[positive]) < 1.33


def test_a_bin_for_every_scenario_is_full_revaluation() -> None:
    """Then nothing is lost but the slack for rounding, 1e-12 of the gross amounts."""
    found, truth = judged(10_000, price_scenarios(90), LossMeasure.VALUE_AT_RISK)
    assert np.all(found.bound >= truth)
    np.testing.assert_allclose(found.bound, truth, rtol=1e-6, atol=1e-3)


def test_more_bins_are_tighter_on_the_whole() -> None:
    scenarios = price_scenarios(300)
    bounds = [judged(b, scenarios, LossMeasure.WORST_CASE)[0].bound.sum() for b in (1, 8, 64)]
    assert bounds[0] > bounds[1] > bounds[2]


def test_what_has_no_number_must_be_revalued() -> None:
    full = simulation(price_scenarios(50), LossMeasure.WORST_CASE)
    screen = greeks_screen(GREEKS, full.table, LossMeasure.WORST_CASE, 0.0)
    made = book(account("gone", position("NOBODY", 1.0), USD=1e9), account("rich", USD=1e9))
    found = screen.screen(made)
    assert found.holds.tolist() == [False, True]
    assert np.isnan(found.bound[0])
    assert not screen.screen(made, np.array([0.0, 2e9])).holds[1]


def test_refusals() -> None:
    table = numeraire_table(INSTRUMENTS, SNAPSHOT, price_scenarios(10), PRICING)
    with pytest.raises(UsageError, match="same instruments"):
        greeks_screen(GREEKS, table, LossMeasure.WORST_CASE, 0.0)
    own = simulation(price_scenarios(10), LossMeasure.WORST_CASE).table
    with pytest.raises(ParameterError, match="at least 1"):
        greeks_screen(GREEKS, own, LossMeasure.WORST_CASE, 0.0, bins=0)


@settings(max_examples=40)
@given(quantities, collateral, st.integers(1, 9))
def test_more_points_never_lower_the_greeks_margin(amounts, coins, more):
    """And it is homogeneous, and the order of positions does not matter."""
    held = [position(m, x / 10) for m, x in amounts.items()]
    cash = {c: float(x) for c, x in coins.items()}
    made = book(
        account("a", *held, **cash),
        account("b", *held[::-1], **cash),
        account(
            "double",
            *(position(m, x / 5) for m, x in amounts.items()),
            **{c: 2.0 * x for c, x in cash.items()},
        ),
    )
    few = GreeksMargin(pricing=PRICING, price_points=(-1.0, 1.0))
    many = GreeksMargin(
        pricing=PRICING, price_points=(-1.0, *np.linspace(-0.9, 0.9, more).tolist(), 1.0)
    )
    margins = [
        m.prepare(SNAPSHOT, PARAMETERS, HELD).requirements(made).initial for m in (few, many)
    ]
    size = margins[1][0] + 1e6
    assert margins[1][0] >= margins[0][0] - 1e-12 * size
    assert abs(margins[1][1] - margins[1][0]) <= 1e-12 * size
    assert abs(margins[1][2] - 2.0 * margins[1][0]) <= 1e-12 * size
