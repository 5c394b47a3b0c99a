"""Coverage tests against published tables and closed forms; needs no reference data.

Tables: Basel's cumulative probabilities (BCBS 1996, table 2) to the two printed decimals of
percent; zones and Kupiec acceptance regions of the methodology notes, exact. Closed forms are
evaluated by mpmath with 50 digits, so 1e-11 is all float64 rounding of ours (the likelihood ratio
is a difference of logs of up to 1e3).
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy import stats

from plimsoll.validation.binomial import (
    binomial_cdf,
    binomial_pmf,
    binomial_two_sided,
    binomial_upper,
    chi_square_survival,
)
from plimsoll.validation.coverage import (
    Alternative,
    ConditionalCoverage,
    christoffersen_independence,
    conditional_coverage,
    count_transitions,
    exact_binomial_p,
    kupiec_acceptance,
    kupiec_pof,
    kupiec_tuff,
)
from plimsoll.validation.likelihood import unconditional_ratio
from plimsoll.validation.traffic_light import Zone, traffic_light, zone_limits, zone_table

BASEL_PERCENT = [8.11, 28.58, 54.32, 75.81, 89.22, 95.88, 98.63, 99.60, 99.89, 99.97, 99.99]


def _log_bernoulli(x: int, n: int, p: mpmath.mpf) -> mpmath.mpf:
    out = mpmath.mpf(0)
    if x:
        out += x * mpmath.log(p)
    if n - x:
        out += (n - x) * mpmath.log(1 - p)
    return out


def _pof(x: int, n: int, p: float) -> mpmath.mpf:
    with mpmath.workdps(50):
        exact = mpmath.mpf(p)
        return 2 * (_log_bernoulli(x, n, mpmath.mpf(x) / n) - _log_bernoulli(x, n, exact))


def test_basel_cumulative_table() -> None:
    table = zone_table(250, 0.01, up_to=10)
    for row, percent in zip(table, BASEL_PERCENT, strict=True):
        assert 100.0 * row.cumulative == pytest.approx(percent, abs=0.005 + 1e-9)
    assert [row.zone for row in table] == [Zone.GREEN] * 5 + [Zone.YELLOW] * 5 + [Zone.RED]


@pytest.mark.parametrize(
    ("n", "rate", "yellow", "red"),
    [
        (250, 0.01, 5, 10),
        (250, 0.005, 3, 7),
        (365, 0.01, 7, 13),
        (365, 0.005, 4, 9),
        (500, 0.01, 9, 15),
        (750, 0.01, 12, 20),
        (1000, 0.01, 15, 24),
    ],
)
def test_zones(n: int, rate: float, yellow: int, red: int) -> None:
    limits = zone_limits(n, rate)
    assert (limits.yellow_from, limits.red_from) == (yellow, red)
    assert traffic_light(yellow - 1, n, rate) is Zone.GREEN
    assert traffic_light(yellow, n, rate) is Zone.YELLOW
    assert traffic_light(red - 1, n, rate) is Zone.YELLOW
    assert traffic_light(red, n, rate) is Zone.RED


@pytest.mark.parametrize("rate", [0.001, 0.005, 0.01, 0.025, 0.05])
@pytest.mark.parametrize("n", [1, 2, 7, 30, 100, 1_250, 26_000])
def test_zones_of_any_sample_meet_their_definition(n: int, rate: float) -> None:
    limits = zone_limits(n, rate)
    cdf = stats.binom(n, rate).cdf
    for first, probability in ((limits.yellow_from, 0.95), (limits.red_from, 0.9999)):
        assert cdf(first) >= probability
        assert first == 1 or cdf(first - 1) < probability
    assert traffic_light(0, n, rate) is Zone.GREEN


@pytest.mark.parametrize(
    ("n", "rate", "lowest", "highest", "power"),
    [
        (250, 0.01, 1, 6, 0.24),
        (365, 0.01, 1, 7, 0.45),
        (730, 0.01, 3, 13, 0.60),
        (1000, 0.01, 5, 16, 0.78),
        (1460, 0.01, 8, 22, 0.90),
        (250, 0.005, 0, 4, 0.11),
        (1000, 0.005, 2, 9, 0.54),
    ],
)
def test_kupiec_acceptance_and_power(
    n: int, rate: float, lowest: int, highest: int, power: float
) -> None:
    region = kupiec_acceptance(n, rate)
    assert (region.lowest, region.highest) == (lowest, highest)
    assert region.power == pytest.approx(power, abs=0.005)
    assert region.alternative_rate == 2.0 * rate
    law = stats.binom(n, rate)
    assert region.size == pytest.approx(law.cdf(lowest - 1) + law.sf(highest), rel=1e-9)
    if (n, rate) == (250, 0.01):
        assert region.size == pytest.approx(0.095, abs=0.0005)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.05])
@pytest.mark.parametrize(
    ("x", "n"), [(0, 1), (1, 1), (0, 250), (250, 250), (3, 250), (10, 1000), (2600, 26_000)]
)
def test_proportion_of_failures(x: int, n: int, rate: float) -> None:
    expected = _pof(x, n, rate)
    found = kupiec_pof(x, n, rate)
    assert found.statistic == pytest.approx(float(expected), rel=1e-11, abs=1e-12)
    if expected > 1e-6:
        p_value = float(mpmath.erfc(mpmath.sqrt(expected / 2)))  # chi2(1) in closed form
        assert found.p_value == pytest.approx(p_value, rel=1e-8, abs=1e-300)


def test_nothing_broke_has_a_closed_form() -> None:
    # x = 0: -2 n ln(1 - p).
    assert kupiec_pof(0, 365, 0.01).statistic == pytest.approx(-730.0 * np.log(0.99), rel=1e-13)
    flags = np.zeros(365, dtype=bool)
    assert np.isnan(kupiec_tuff(flags, 0.01).statistic)
    assert christoffersen_independence(flags).statistic == 0.0
    as_sum = conditional_coverage(flags, 0.01)
    pairs = conditional_coverage(flags, 0.01, ConditionalCoverage.FROM_TRANSITIONS)
    assert as_sum.statistic == pytest.approx(-730.0 * np.log(0.99), rel=1e-13)
    assert pairs.statistic == pytest.approx(-728.0 * np.log(0.99), rel=1e-13)


def test_everything_broke_has_a_closed_form() -> None:
    # x = n: -2 n ln p; all pairs are breach after breach, so there is nothing to test.
    flags = np.ones(20, dtype=bool)
    assert kupiec_pof(20, 20, 0.01).statistic == pytest.approx(-40.0 * np.log(0.01), rel=1e-13)
    assert christoffersen_independence(flags).statistic == 0.0
    pairs = conditional_coverage(flags, 0.01, ConditionalCoverage.FROM_TRANSITIONS)
    assert pairs.statistic == pytest.approx(-38.0 * np.log(0.01), rel=1e-13)
    assert kupiec_tuff(flags, 0.01).statistic == pytest.approx(-2.0 * np.log(0.01), rel=1e-13)


@pytest.mark.parametrize("first", [1, 2, 40, 100, 117, 5_000])
def test_time_until_first_failure(first: int) -> None:
    flags = np.zeros(first, dtype=bool)
    flags[-1] = True
    with mpmath.workdps(50):
        p, v = mpmath.mpf(0.01), mpmath.mpf(first)
        expected = 2 * (_log_bernoulli(1, first, 1 / v) - _log_bernoulli(1, first, p))
    found = kupiec_tuff(flags, 0.01).statistic
    assert found == pytest.approx(float(expected), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_independence_is_the_likelihood_ratio_of_a_contingency_table(seed: int) -> None:
    # The G statistic of the 2 x 2 table of transitions, by scipy: an independent derivation.
    generator = np.random.default_rng(seed)
    flags = generator.random(400) < 0.08
    flags[1:] |= flags[:-1] & (generator.random(399) < 0.3)
    t = count_transitions(flags)
    assert t.n00 + t.n01 + t.n10 + t.n11 == 399
    table = np.array([[t.n00, t.n01], [t.n10, t.n11]])
    g, p_value, _, _ = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    found = christoffersen_independence(flags)
    assert found.statistic == pytest.approx(g, rel=1e-9)
    assert found.p_value == pytest.approx(p_value, rel=1e-9)


def test_the_two_joint_definitions_differ_by_the_first_horizon_only() -> None:
    # as_sum holds POF on n, from_transitions on the last n - 1: the rest is the same.
    flags = np.random.default_rng(3).random(1_000) < 0.013
    tail = flags[1:]
    as_sum = conditional_coverage(flags, 0.01, ConditionalCoverage.AS_SUM).statistic
    pairs = conditional_coverage(flags, 0.01, ConditionalCoverage.FROM_TRANSITIONS).statistic
    gap = kupiec_pof(int(flags.sum()), 1_000, 0.01).statistic
    gap -= kupiec_pof(int(tail.sum()), 999, 0.01).statistic
    assert as_sum - pairs == pytest.approx(gap, abs=1e-10)
    assert as_sum != pairs


@pytest.mark.parametrize("rate", [0.005, 0.01, 0.05])
@pytest.mark.parametrize(("x", "n"), [(0, 250), (1, 250), (7, 250), (25, 1000), (5, 5), (0, 1)])
def test_exact_binomial_p_values(x: int, n: int, rate: float) -> None:
    for alternative, name in (
        (Alternative.TWO_SIDED, "two-sided"),
        (Alternative.TOO_MANY, "greater"),
        (Alternative.TOO_FEW, "less"),
    ):
        expected = stats.binomtest(x, n, rate, alternative=name).pvalue
        assert exact_binomial_p(x, n, rate, alternative) == pytest.approx(expected, rel=1e-10)


def test_binomial_probabilities() -> None:
    for n, p in ((250, 0.01), (26_000, 0.005), (3, 0.3)):
        counts = np.arange(min(n, 400) + 1)
        law = stats.binom(n, p)
        np.testing.assert_allclose(binomial_pmf(n, p)[counts], law.pmf(counts), rtol=1e-10)
        np.testing.assert_allclose(binomial_cdf(counts, n, p), law.cdf(counts), rtol=1e-10)
        np.testing.assert_allclose(binomial_upper(counts, n, p), law.sf(counts - 1), rtol=1e-10)
    assert binomial_cdf(-1, 10, 0.1) == 0.0
    assert binomial_upper(11, 10, 0.1) == 0.0
    assert binomial_two_sided(10, 1_000, 0.01) == pytest.approx(1.0, abs=1e-12)


def test_chi_square_survival_has_closed_forms() -> None:
    for x in (0.0, 0.5, 3.841458820694124, 40.0):
        assert chi_square_survival(x, 2) == pytest.approx(np.exp(-x / 2.0), rel=1e-13)
        one = float(mpmath.erfc(mpmath.sqrt(mpmath.mpf(x) / 2)))
        assert chi_square_survival(x, 1) == pytest.approx(one, rel=1e-12)


def test_the_ratio_is_smallest_at_the_target_and_rises_on_both_sides() -> None:
    ratios = unconditional_ratio(np.arange(1_001), 1_000, 0.01)
    assert ratios.argmin() == 10
    assert np.all(np.diff(ratios[:11]) < 0.0)
    assert np.all(np.diff(ratios[10:]) > 0.0)
