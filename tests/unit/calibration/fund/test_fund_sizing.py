"""Cover-k by brute force; ruin against closed forms; prices of risk add up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.calibration.fund.cover import (
    cover_requirement,
    uncovered_losses,
    with_error,
)
from plimsoll.calibration.fund.requirement import fund_part, fund_target
from plimsoll.calibration.fund.risk_price import risk_price_table, risk_prices
from plimsoll.calibration.fund.ruin import RuinRule, ruin_of_books, ruin_requirement
from plimsoll.domain.evidence import Verdict
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError

MONEY = st.floats(0.0, 1e6)


@given(
    st.lists(st.lists(MONEY, min_size=4, max_size=4), min_size=1, max_size=5),
    st.integers(1, 5),
)
def test_cover_is_the_dearest_choice_of_owners(rows: list[list[float]], members: int) -> None:
    found = cover_requirement(rows, "abcd", [str(i) for i in range(len(rows))], members)
    dearest = max(sum(c) for row in rows for c in combinations(row, min(members, 4)))
    assert found.required_usd == pytest.approx(dearest, rel=1e-12)
    assert found.all_defaults_usd >= found.required_usd * (1.0 - 1e-12)
    named = sum(d.uncovered_usd for d in found.defaults)
    assert named == pytest.approx(found.required_usd, rel=1e-12)


def test_an_owner_defaults_with_all_his_accounts_and_none_pays_for_another() -> None:
    owners, found = uncovered_losses([[10.0, 3.0, 9.0]], [4.0, 8.0, 5.0], ["a", "b", "a"])
    # a: 10 - 4 and 9 - 5; b keeps 5 that nobody gets.
    assert owners == ("a", "b")
    assert found.tolist() == [[10.0, 0.0]]


def test_the_fund_for_a_lone_certain_day() -> None:
    """One day in 500 costs 1000: a year holds one or more with 52 %, five or more with 0.08 %."""
    losses = np.zeros(500)
    losses[17] = 1000.0
    rule = RuinRule(probability_annual=0.01, block_days=1.0, error_draws=0, years=20_000)
    found = ruin_requirement(losses, rule)
    # Poisson(0.73): P(N > 3) = 0.68 %, P(N > 2) = 3.9 %: the 99 % quantile is three days.
    assert found.required_usd == 3000.0
    assert found.expected_loss_annual_usd == pytest.approx(730.0)
    assert not found.pays_for_itself


def test_ruin_of_exponential_days_against_the_exact_law() -> None:
    """Without inflow the deepest fall is the year's sum: Gamma(365) for exponential days.

    Tolerance: Monte-Carlo error of a 99 % quantile of 20,000 years and the sampling error of the
    mean of 4,000 days (1.6 %), three of them; the tail beyond is the sample's own (no Pareto law).
    """
    from scipy.stats import gamma

    losses = np.random.default_rng(5).exponential(100.0, 4000)
    rule = RuinRule(probability_annual=0.01, block_days=1.0, tail_share=0.0, years=20_000)
    found = ruin_requirement(losses, rule)
    exact = float(gamma(365, scale=100.0).ppf(0.99))
    assert found.required_usd == pytest.approx(exact, rel=0.05)
    # Error of the yearly sum from 4,000 days: 365 * 100 / sqrt(4000) = 577; within a half.
    assert 0.5 * 577 < found.standard_error_usd < 1.5 * 577


def test_inflow_by_the_cramer_lundberg_bound() -> None:
    """Exponential claims once in ten days, loading t = 50 %: psi(u) = exp(-u t/(1+t)/mu)/(1+t).

    The infinite horizon bounds the year's; the claims arrive on whole days, which differs from
    Poisson by little at one in ten. Tolerance 15 %: three standard errors of the history's tail.
    """
    generator = np.random.default_rng(11)
    losses = np.where(generator.random(20_000) < 0.1, generator.exponential(100.0, 20_000), 0.0)
    rule = RuinRule(probability_annual=0.01, block_days=1.0, tail_share=0.0, error_draws=0)
    found = ruin_requirement(losses, rule, daily_inflow_usd=15.0)
    exact = -100.0 * 1.5 / 0.5 * np.log(0.01 * 1.5)
    assert found.required_usd == pytest.approx(exact, rel=0.15)
    assert found.pays_for_itself


def test_the_tail_law_looks_beyond_the_worst_day() -> None:
    losses = np.random.default_rng(3).pareto(2.5, 2000)
    kinds = {
        share: ruin_requirement(
            losses, RuinRule(probability_annual=0.01, tail_share=share, error_draws=0, years=2000)
        )
        for share in (0.0, 0.1)
    }
    assert np.isnan(kinds[0.0].tail_shape)
    # Pareto(2.5) has shape 0.4; probability-weighted moments of 200 days are within 0.3 of it.
    assert kinds[0.1].tail_shape == pytest.approx(0.4, abs=0.3)


def test_a_smaller_probability_asks_for_more_and_a_seed_repeats() -> None:
    losses = np.random.default_rng(1).exponential(10.0, 800)
    funds = [ruin_requirement(losses, _rule(p)).required_usd for p in (0.05, 0.02, 0.01)]
    assert funds == sorted(funds)
    again = ruin_requirement(losses, _rule(0.05))
    assert again.required_usd == funds[0]


def _rule(probability: float) -> RuinRule:
    return RuinRule(probability_annual=probability, error_draws=0, years=4000)


def test_units_scale_through() -> None:
    losses = np.random.default_rng(1).exponential(10.0, 800)
    rule = RuinRule(probability_annual=0.01, error_draws=0, years=4000)
    one, thousand = (ruin_requirement(losses * k, rule).required_usd for k in (1.0, 1000.0))
    assert thousand == pytest.approx(1000.0 * one, rel=1e-9)


def test_prices_of_risk_add_up_to_the_shortfall_of_the_sum() -> None:
    losses = np.random.default_rng(2).exponential(1.0, (1000, 3)) * [1.0, 5.0, 20.0]
    found = risk_prices(
        losses,
        ("A", "B", "C"),
        open_interest_usd=[1e3, 1e3, 1e3],
        daily_volume_usd=[1e4, 1e4, 1e4],
        hurdle_annual=0.1,
    )
    total = np.sort(losses.sum(axis=1))[-10:].mean()
    assert sum(p.capital_usd for p in found) == pytest.approx(total, rel=1e-12)
    for j, price in enumerate(found):
        expected = losses[:, j].mean() * 365.0
        assert price.price_annual_usd == pytest.approx(expected + 0.1 * price.capital_usd)
        assert float(price.carry_rate_annual) * 1e3 >= price.price_annual_usd * (1 - 1e-9)
    assert [row[0] for row in risk_price_table(found, "test").rows] == ["A", "B", "C"]


def test_the_target_is_the_larger_demand_and_rounds_up() -> None:
    losses = np.zeros(500)
    losses[17] = 1000.0
    ruin = ruin_requirement(
        losses, RuinRule(probability_annual=0.01, block_days=1.0, error_draws=3, years=4000)
    )
    covers = [cover_requirement([[9000.4, 1.0, 0.0]], "abc", ["crash"], k) for k in (2, 5)]
    target = fund_target(ruin, covers, available_usd=9_000.0)
    assert (target.target_usd, target.binding) == (Decimal(10_000), "cover-2")
    part = fund_part(target, owner="risk", label="test")
    assert [c.verdict for c in part.checks] == [Verdict.BREACH, Verdict.BREACH]
    assert part.parameters[0].value == Decimal(10_000)
    with pytest.raises(UsageError, match="Cover-3 once"):
        fund_target(ruin, covers, covers_required=3)


def test_wrong_inputs_are_refused() -> None:
    with pytest.raises(InsufficientDataError, match="250 days"):
        ruin_requirement(np.zeros(10), RuinRule())
    with pytest.raises(UsageError, match="not negative"):
        ruin_requirement(np.full(300, -1.0), RuinRule())
    with pytest.raises(ParameterError, match="20 years"):
        RuinRule(probability_annual=0.0001)
    with pytest.raises(UsageError, match="finite"):
        uncovered_losses([[np.nan]], [1.0], ["a"])
    with pytest.raises(UsageError, match="positive amount"):
        risk_prices([[1.0]], ["A"], open_interest_usd=[0.0], daily_volume_usd=[1.0])


def test_a_fund_is_the_mean_of_its_books_and_bears_their_spread() -> None:
    draw = np.random.default_rng(5)
    days = draw.exponential(1.0, (3, 400)) * (draw.random((3, 400)) < 0.1)
    rule = RuinRule(probability_annual=0.01, years=2_000, error_draws=4, tail_share=0.0, seed=1)
    alone = [ruin_requirement(one, rule).required_usd for one in days]
    first, *others = (ruin_requirement(one, rule) for one in days)
    found = ruin_of_books(list(days), rule, daily_inflow_usd=[0.0] * 3)
    assert found.books_usd == tuple(alone)
    assert found.required_usd == pytest.approx(np.mean(alone), rel=1e-12)
    spread = np.std(alone, ddof=1)
    assert found.book_spread_usd == pytest.approx(spread, rel=1e-12)
    errors = [one.standard_error_usd for one in (first, *others)]
    assert np.ptp(errors) > 0.0  # else any book's would do
    both = np.hypot(np.sqrt(np.mean(np.square(errors))), spread / np.sqrt(3.0))
    assert found.standard_error_usd == pytest.approx(both, rel=1e-12)
    single = ruin_of_books([days[0]], rule, daily_inflow_usd=[0.0])
    assert single.required_usd == first.required_usd
    assert single.standard_error_usd == first.standard_error_usd
    with pytest.raises(UsageError):
        ruin_of_books([], rule, daily_inflow_usd=[])


@pytest.mark.parametrize(
    ("ruin_usd", "ruin_error", "cover_error"),
    [(494e6, 190e6, 0.0), (494e6, 190e6, 60e6), (600e6, 190e6, 0.0), (100e6, 0.0, 60e6)],
)
def test_the_targets_error_is_that_of_the_larger_demand(
    ruin_usd: float, ruin_error: float, cover_error: float
) -> None:
    """Against a million draws: a standard deviation within five of its own errors, 0.5 %."""
    losses = np.zeros(500)
    losses[17] = 1000.0
    rule = RuinRule(probability_annual=0.01, block_days=1.0, error_draws=0, years=2000)
    ruin = replace(
        ruin_requirement(losses, rule), required_usd=ruin_usd, standard_error_usd=ruin_error
    )
    cover = replace(
        cover_requirement([[525e6]], "a", ["ladder"], 2), standard_error_usd=cover_error
    )
    target = fund_target(ruin, [cover])
    (parameter,) = fund_part(target, owner="risk", label="test").parameters
    draw = np.random.default_rng(4).standard_normal((2, 1_000_000))
    larger = np.maximum(ruin_usd + ruin_error * draw[0], 525e6 + cover_error * draw[1])
    assert parameter.standard_error is not None
    assert float(parameter.standard_error) == pytest.approx(larger.std(), rel=0.005)


def test_a_ladder_far_above_ruin_has_no_error() -> None:
    losses = np.zeros(500)
    losses[17] = 1000.0
    rule = RuinRule(probability_annual=0.01, block_days=1.0, error_draws=0, years=2000)
    ruin = replace(ruin_requirement(losses, rule), standard_error_usd=100.0)
    cover = replace(cover_requirement([[525e6]], "a", ["ladder"], 2), standard_error_usd=0.0)
    (parameter,) = fund_part(fund_target(ruin, [cover]), owner="risk", label="test").parameters
    assert parameter.standard_error is None


def test_cover_has_the_error_of_a_largest_day_and_none_of_a_ladder() -> None:
    """One day of loss 1 among n: a draw of n misses it with (1 - 1/n)^n, so the error is known."""
    days = 250
    losses = np.zeros((days, 2))
    losses[100, 0] = 1.0
    names = [str(i) for i in range(days + 1)]
    seen = np.vstack([losses, np.zeros((1, 2))])
    cover = cover_requirement(seen, "ab", names, 2)
    found = with_error(cover, seen, stated=1, block_days=1, replicates=4_000, seed=3)
    miss = (1.0 - 1.0 / days) ** days
    # Four thousand draws leave 0.001 of the standard deviation of a coin.
    assert found.standard_error_usd == pytest.approx(np.sqrt(miss * (1.0 - miss)), abs=0.01)
    assert found.seen_usd == 1.0
    ladder = np.vstack([losses, np.full((1, 2), 5.0)])
    cover = cover_requirement(ladder, "ab", names, 2)
    found = with_error(cover, ladder, stated=1, replicates=50)
    assert (found.required_usd, found.standard_error_usd) == (10.0, 0.0)
    assert found.seen_usd == 1.0
    assert found.seen_error_usd > 0.0
