"""Results of tests of forecasts: power on request, tables, and answers to degenerate series."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import plimsoll.validation as validation
from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
    UsageError,
)
from plimsoll.validation import (
    Alternative,
    Direction,
    ForecastTest,
    Power,
    StudentLaw,
    acerbi_szekely_tests,
    acerbi_szekely_z2,
    acerbi_szekely_z3,
    berkowitz_tail_test,
    berkowitz_test,
    conditional_calibration_test,
    conditional_coverage_test,
    costanzino_curran_test,
    dynamic_quantile_test,
    e_process,
    e_process_test,
    exact_binomial_test,
    first_failure_test,
    haas_test,
    hits_of,
    independence_test,
    kupiec_test,
    mcneil_frey_test,
    pooled_e_values,
    shortfall_intercept_test,
    shortfall_regression_test,
    student_draws,
    traffic_light_test,
    value_at_risk_e_values,
    weibull_duration_test,
)
from plimsoll.validation.power_table import BREACH_TESTS as BREACH_MAKERS
from plimsoll.validation.power_table import SHORTFALL_TESTS as SHORTFALL_MAKERS
from plimsoll.validation.power_table import power_table, right_forecasts

Vector = NDArray[np.float64]
N, CONFIDENCE = 400, 0.95
LEVEL, SHORTFALL = 1.6448536269514722, 2.0627128027825736
MISSING = float("nan")

BREACH_TESTS: dict[str, Callable[[object], ForecastTest]] = {
    "kupiec": lambda h: kupiec_test(h, 0.05),
    "exact": lambda h: exact_binomial_test(h, 0.05),
    "tuff": lambda h: first_failure_test(h, 0.05),
    "independence": lambda h: independence_test(h, 0.05),
    "conditional": lambda h: conditional_coverage_test(h, 0.05),
    "light": lambda h: traffic_light_test(h, 0.05),
    "haas": lambda h: haas_test(h, 0.05),
    "haas_mixed": lambda h: haas_test(h, 0.05, mixed=True),
    "weibull": lambda h: weibull_duration_test(h, 0.05),
    "dynamic": lambda h: dynamic_quantile_test(h, 0.05),
}


def _series(seed: int = 1) -> tuple[Vector, Vector, Vector, Vector]:
    sigma = np.exp(0.3 * np.sin(np.arange(N) / 30.0))
    loss = sigma * np.random.default_rng(seed).standard_normal(N)
    return loss, LEVEL * sigma, SHORTFALL * sigma, sigma


def _all_results() -> list[ForecastTest]:
    loss, level, mean, sigma = _series()
    law = StudentLaw(mean=0.0 * sigma, sigma=sigma, degrees_of_freedom=np.full(N, np.inf))
    hits = hits_of(loss, level)
    pit = stats.norm.cdf(loss / sigma)
    return [
        *(make(hits) for make in BREACH_TESTS.values()),
        *acerbi_szekely_tests(loss, level, mean, CONFIDENCE, law=law, seed=1, paths=2_000),
        acerbi_szekely_z3(loss, CONFIDENCE, law=law, seed=1, paths=2_000),
        berkowitz_test(pit),
        berkowitz_tail_test(pit, CONFIDENCE),
        costanzino_curran_test(1.0 - pit, CONFIDENCE),
        mcneil_frey_test(loss, level, mean),
        mcneil_frey_test(loss, level, mean, sigma=sigma),
        conditional_calibration_test(loss, level, mean, CONFIDENCE),
        conditional_calibration_test(loss, level, mean, CONFIDENCE, sigma=sigma),
        shortfall_intercept_test(loss, mean, CONFIDENCE),
        e_process_test(loss, level, mean, confidence=CONFIDENCE),
        e_process_test(loss, level, confidence=CONFIDENCE),
    ]


def test_every_result_has_a_p_value_and_a_power_beside_it() -> None:
    results = _all_results()
    table = validation.test_table(results)
    assert len(table) == len(results)
    assert len({r.name for r in results}) == len(results)
    for row in table:
        assert 0.0 <= row["p_value"] <= 1.0
        assert 0.0 <= row["power"] <= 1.0
        assert row["power_error"] < 0.03
        assert row["power_against"]
        assert np.isfinite(row["statistic"])
    assert "Power at 5 %" in table.markdown()


def test_power_costs_nothing_until_asked_for() -> None:
    asked = []

    def power() -> Power:
        asked.append(1)
        return Power(value=0.5, size=0.05, standard_error=0.0, alternative="x", method="exact")

    result = ForecastTest(
        name="x",
        statistic=1.0,
        p_value=0.01,
        reference_law="N(0, 1)",
        null="a",
        alternative="b",
        observations=3,
        power_of=power,
    )
    assert result.rejected
    assert not asked
    assert result.power.value == 0.5
    assert asked == [1]


def test_results_are_values() -> None:
    # The same input and seed give the same result; results travel between processes.
    for first, second in zip(_all_results(), _all_results(), strict=True):
        assert first == second
        assert pickle.loads(pickle.dumps(first)) == first
    hits = hits_of(*_series()[:2])
    assert haas_test(hits, 0.05, seed=3).power == haas_test(hits, 0.05, seed=3).power


@pytest.mark.parametrize("name", BREACH_TESTS)
def test_degenerate_breaches(name: str) -> None:
    for hits in (np.zeros(250), np.ones(250), np.zeros(29), np.eye(1, 29)[0], [1.0]):
        refused = (name == "weibull") or (name == "dynamic" and len(hits) == 1)
        if refused:
            with pytest.raises((InsufficientDataError, EstimationError)):
                BREACH_TESTS[name](hits)
            continue
        found = BREACH_TESTS[name](hits)
        assert np.isfinite(found.statistic)
        assert 0.0 <= found.p_value <= 1.0


@pytest.mark.parametrize("name", BREACH_TESTS)
def test_unscored_rows_at_the_ends_change_nothing(name: str) -> None:
    hits = hits_of(*_series()[:2])
    padded = np.concatenate(([MISSING] * 7, hits, [MISSING] * 3))
    plain, found = BREACH_TESTS[name](hits), BREACH_TESTS[name](padded)
    assert found.statistic == pytest.approx(plain.statistic, rel=1e-12)
    assert found.observations == plain.observations


def test_unscored_rows_inside_are_not_bridged() -> None:
    # Two breaches with a hole between are no pair of neighbours.
    together = np.zeros(100)
    together[[50, 51]] = 1.0
    apart = np.insert(together, 51, MISSING)
    assert independence_test(together, 0.05).statistic > 1.0
    assert independence_test(apart, 0.05).statistic < 0.5
    assert kupiec_test(apart, 0.05).statistic == kupiec_test(together, 0.05).statistic
    # The four rows after the hole lack a lag, and the hole itself is no row.
    lost = dynamic_quantile_test(together, 0.05).observations
    assert lost + 1 - 5 == dynamic_quantile_test(apart, 0.05).observations


def test_no_breach_leaves_dynamic_quantile_a_test_of_the_rate() -> None:
    # h = -p throughout, explained by the constant alone: n p / (1 - p), one degree.
    found = dynamic_quantile_test(np.zeros(254), 0.01, value_at_risk=np.full(254, 2.0))
    assert found.statistic == pytest.approx(250 * 0.01 / 0.99, rel=1e-9)
    assert found.reference_law == "chi2(1)"


def test_no_breach_in_the_shortfall_tests() -> None:
    loss, level, mean = np.zeros(300), np.full(300, 2.0), np.full(300, 2.5)
    law = StudentLaw(mean=np.zeros(300), sigma=np.ones(300), degrees_of_freedom=np.full(300, 5.0))
    z2 = acerbi_szekely_z2(loss, level, mean, 0.99, law=law, seed=1, paths=500)
    assert z2.statistic == 1.0
    assert z2.p_value == 1.0
    with pytest.raises(InsufficientDataError, match="must have a breach"):
        acerbi_szekely_tests(loss, level, mean, 0.99, law=law, seed=1, paths=500)
    with pytest.raises(InsufficientDataError, match="two breaches"):
        mcneil_frey_test(loss, level, mean)
    with pytest.raises(EstimationError, match="must have a breach"):
        conditional_calibration_test(loss, level, mean, 0.99)
    with pytest.raises(InsufficientDataError, match="5 breaches"):
        shortfall_regression_test(loss, mean, 0.99)
    with pytest.raises(EstimationError, match="vary"):
        shortfall_regression_test(np.arange(600.0) / 300.0, np.full(600, 2.5), 0.99)
    with pytest.raises(EstimationError, match="differ"):
        shortfall_intercept_test(np.zeros(600), np.full(600, 2.5), 0.99)
    assert e_process_test(loss, level, mean, confidence=0.99).p_value == 1.0
    assert costanzino_curran_test(np.full(300, 0.5), 0.99).p_value > 0.5
    # The supremum of the censored likelihood is 1: Kupiec's ratio for no breach.
    tail = berkowitz_tail_test(np.full(300, 0.5), 0.99)
    assert tail.statistic == pytest.approx(-600.0 * np.log(0.99), rel=1e-12)


def test_everything_breaks_in_the_shortfall_tests() -> None:
    generator = np.random.default_rng(2)
    level, mean = np.full(60, 1.0), np.full(60, 1.2)
    loss = 3.0 + generator.random(60)
    law = StudentLaw(mean=np.zeros(60), sigma=np.ones(60), degrees_of_freedom=np.full(60, 5.0))
    for found in (
        *acerbi_szekely_tests(loss, level, mean, 0.9, law=law, seed=1, paths=500),
        acerbi_szekely_z3(loss, 0.9, law=law, seed=1, paths=500),
        mcneil_frey_test(loss, level, mean),
        conditional_calibration_test(loss, level, mean, 0.9),
        shortfall_intercept_test(loss, mean, 0.9),
        costanzino_curran_test(np.full(60, 0.001), 0.9),
        berkowitz_tail_test(1.0 - 0.01 * generator.random(60), 0.9),
        e_process_test(loss, level, mean, confidence=0.9),
    ):
        assert np.isfinite(found.statistic)
        assert found.p_value < 0.01, found.name


def test_any_sampler_serves_as_forecast_law() -> None:
    loss, level, mean, sigma = _series()
    nu = np.full(N, 5.0)
    law = StudentLaw(mean=0.0 * sigma, sigma=sigma, degrees_of_freedom=nu)
    draws = student_draws(0.0 * sigma, sigma, nu)
    by_law = acerbi_szekely_z2(loss, level, mean, CONFIDENCE, law=law, seed=1)
    by_draws = acerbi_szekely_z2(loss, level, mean, CONFIDENCE, law=draws, seed=1)
    # Two simulations of 20,000 paths: four joint errors.
    assert by_law.p_value == pytest.approx(by_draws.p_value, abs=4.0 * 0.005)
    with pytest.raises(UsageError, match="must draw losses"):
        acerbi_szekely_z2(
            loss, level, mean, CONFIDENCE, law=lambda g, paths: g.random((paths, 3)), seed=1
        )


def test_progress_is_told_of_every_path() -> None:
    told: list[tuple[str, object]] = []

    class Watched:
        def start(self, label: str, total: int | None = None) -> None:
            told.append((label, total))

        def advance(self, count: int = 1) -> None:
            told.append(("advance", count))

        def finish(self) -> None:
            told.append(("finish", None))

    loss, level, mean, sigma = _series()
    law = StudentLaw(mean=0.0 * sigma, sigma=sigma, degrees_of_freedom=np.full(N, 5.0))
    acerbi_szekely_tests(
        loss, level, mean, CONFIDENCE, law=law, seed=1, paths=7_000, progress=Watched()
    )
    assert told[0] == ("forecast paths", 7_000)
    assert sum(int(n) for label, n in told if label == "advance") == 7_000  # type: ignore[call-overload]
    assert told[-1] == ("finish", None)


def test_what_is_wrong_is_said() -> None:
    loss, level, mean, sigma = _series()
    with pytest.raises(ParameterError, match="Direction"):
        mcneil_frey_test(loss, level, mean, direction="sideways")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="at least the value-at-risk"):
        mcneil_frey_test(loss, mean, level)
    with pytest.raises(UsageError, match="series of 400"):
        conditional_calibration_test(loss, level[:5], mean, CONFIDENCE)
    with pytest.raises(DataFormatError, match="finite or NaN"):
        costanzino_curran_test([0.5, np.inf], CONFIDENCE)
    with pytest.raises(DataFormatError, match="strictly between"):
        berkowitz_test([0.5, 1.0, 0.3, 0.2])
    with pytest.raises(UsageError, match="no unscored rows"):
        berkowitz_test([0.5, MISSING, 0.3, 0.2, 0.7])
    with pytest.raises(UsageError, match="True/False"):
        kupiec_test([0.0, 2.0], 0.05)
    with pytest.raises(ParameterError, match="above 2"):
        StudentLaw(mean=sigma, sigma=sigma, degrees_of_freedom=np.full(N, 2.0))
    with pytest.raises(UsageError, match="number in every row"):
        acerbi_szekely_z2(
            [1.0, MISSING],
            1.0,
            2.0,
            0.9,
            law=StudentLaw(mean=np.ones(2), sigma=np.ones(2), degrees_of_freedom=np.full(2, 9.0)),
            seed=1,
        )
    with pytest.raises(ParameterError, match="at least 100"):
        acerbi_szekely_z3(loss, CONFIDENCE, law=_normal_law(sigma), seed=1, paths=3)


def _normal_law(sigma: Vector) -> StudentLaw:
    return StudentLaw(
        mean=np.zeros(sigma.size), sigma=sigma, degrees_of_freedom=np.full(sigma.size, np.inf)
    )


def test_unscored_rows_are_left_out_of_the_shortfall_tests() -> None:
    loss, level, mean, sigma = _series()
    holes = np.insert(loss, [3, 90, 200], MISSING)
    others = [np.insert(c, [3, 90, 200], 1.0) for c in (level, mean, sigma)]

    def results(x: Vector, v: Vector, e: Vector, s: Vector) -> list[ForecastTest]:
        return [
            mcneil_frey_test(x, v, e, sigma=s),
            conditional_calibration_test(x, v, e, CONFIDENCE, sigma=s),
            shortfall_intercept_test(x, e, CONFIDENCE),
            e_process_test(x, v, v + 0.5, confidence=CONFIDENCE),
        ]

    plain_results = results(loss, level, mean, sigma)
    for plain, found in zip(plain_results, results(holes, *others), strict=True):
        assert found.statistic == pytest.approx(plain.statistic, rel=1e-12)
        assert found.observations == N


def test_directions_share_one_statistic() -> None:
    loss, level, mean, _ = _series()
    found = {d: mcneil_frey_test(loss, level, mean, direction=d) for d in Direction}
    assert found[Direction.UNDERSTATED].p_value + found[
        Direction.OVERSTATED
    ].p_value == pytest.approx(1.0, abs=1e-12)
    smaller = min(found[d].p_value for d in (Direction.UNDERSTATED, Direction.OVERSTATED))
    assert found[Direction.TWO_SIDED].p_value == pytest.approx(2.0 * smaller, rel=1e-12)


def test_exact_binomial_power_is_in_each_direction() -> None:
    hits = np.zeros(500)
    hits[:25] = 1.0
    many = exact_binomial_test(hits, 0.05, alternative=Alternative.TOO_MANY).power
    few = exact_binomial_test(hits, 0.05, alternative=Alternative.TOO_FEW).power
    law = stats.binom(500, 0.05)
    critical = int(law.isf(0.05)) + 1  # P(X >= critical) < 5 %
    assert many.size == pytest.approx(law.sf(critical - 1), rel=1e-9)
    assert many.value == pytest.approx(stats.binom(500, 0.1).sf(critical - 1), rel=1e-9)
    assert few.alternative == "breach rate 0.025"
    assert few.value > 0.5 > few.size


def test_wealth_is_the_product_of_bets() -> None:
    e = np.array([0.0, 4.0, 0.0, MISSING, 6.0, 2.0])
    found = e_process(e)
    wealth, past = 1.0, []
    for value in e:
        if not np.isnan(value):
            gains = np.array(past) - 1.0
            bet = np.clip(gains.mean() / np.mean(gains**2), 0.0, 0.5) if past else 0.0
            wealth *= 1.0 - bet + bet * value
            past.append(value)
    assert found.wealth[-1] == pytest.approx(wealth, rel=1e-12)
    assert found.highest >= found.wealth[-1]
    assert found.first_at(1e9) == -1


def test_pooled_e_values_average_the_scored_markets() -> None:
    e = np.array([[1.0, 3.0], [MISSING, 4.0], [MISSING, MISSING]])
    np.testing.assert_array_equal(pooled_e_values(e), [2.0, 4.0, MISSING])
    values = value_at_risk_e_values([1.0, 3.0, MISSING], 2.0, 0.9)
    np.testing.assert_allclose(values, [0.0, 10.0, MISSING])
    with pytest.raises(UsageError, match="not negative"):
        e_process([-1.0])


def test_power_table_has_the_published_powers_of_kupiec() -> None:
    # Doubled breach rate at 1 %: 0.24, 0.45, 0.78 by the published table, to its two digits.
    found = power_table(0.99, BREACH_MAKERS[:1])
    (row,) = found.rows
    assert row[2::2] == pytest.approx((0.24, 0.45, 0.78), abs=0.005)
    assert row[3] == pytest.approx(0.095, abs=0.0005)


def test_power_table_leaves_cells_empty_where_a_series_is_too_short() -> None:
    (row,) = power_table(0.99, SHORTFALL_MAKERS[7:8], lengths=(250, 1_000)).rows
    assert row[2:4] == (None, None)
    assert isinstance(row[4], float)


def test_right_forecasts_have_the_shortfall_of_their_law() -> None:
    made = right_forecasts(1_000, 0.975)
    q = stats.t.isf(0.025, 5)
    expected = stats.t.pdf(q, 5) / 0.025 * (5.0 + q * q) / 4.0 / q
    np.testing.assert_allclose(made.expected_shortfall / made.value_at_risk, expected, rtol=1e-9)
    assert made.hits.sum() == 25
