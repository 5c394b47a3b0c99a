"""Pooled, overlapping and ranking tests: definitions, degenerate panels, sizes under the null."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError, UsageError
from plimsoll.validation import (
    BlockResampling,
    Blocks,
    DayBootstrap,
    Direction,
    Equality,
    ForecastTest,
    NeweyWest,
    PooledLaw,
    ShortfallPanel,
    StudentLaw,
    costanzino_curran_test,
    daily_mean_scores,
    e_process,
    model_confidence_set,
    overlapping_coverage_test,
    overlapping_shortfall_test,
    pooled_calibration_test,
    pooled_coverage_test,
    pooled_dynamic_quantile_test,
    pooled_residual_test,
    pooled_severity_test,
    pooled_z2_test,
    score_difference_test,
    shortfall_e_values,
    shortfall_panel,
)
from plimsoll.validation.panels.day_bootstrap import (
    drawn_days,
    drawn_hit_moments,
    resampled_ratios,
)
from plimsoll.validation.pooled import pooled_coverage
from plimsoll.validation.shortfall.acerbi_szekely import shortfall_ratios, simulate_ratios

Matrix = NDArray[np.float64]
CONFIDENCE = 0.975
LEVEL = float(stats.t.isf(0.025, 4))
SHORTFALL = float(stats.t.pdf(LEVEL, 4) / 0.025 * (4.0 + LEVEL**2) / 3.0)


def _times(starts: int, hours: int = 8) -> NDArray[np.int64]:
    return np.arange(starts, dtype=np.int64) * hours * HOUR_NS


def _losses(days: int, markets: int, generator: np.random.Generator) -> Matrix:
    """t(4) losses of markets with one common factor (correlation 0.5)."""
    shape = (3 * days, markets)
    factor = generator.standard_normal((shape[0], 1))
    normal = np.sqrt(0.5) * (factor + generator.standard_normal(shape))
    return normal * np.sqrt(4.0 / generator.chisquare(4, (shape[0], 1)))


def _panel(losses: Matrix) -> ShortfallPanel:
    level, mean = np.full(losses.shape, LEVEL), np.full(losses.shape, SHORTFALL)
    return shortfall_panel(losses, level, mean, _times(len(losses)), 8 * HOUR_NS, CONFIDENCE)


def test_pooled_figures_are_those_of_the_cells() -> None:
    losses = _losses(120, 6, np.random.default_rng(1))
    losses[:40, 2] = np.nan
    panel = _panel(losses)
    broke = losses > LEVEL
    assert (
        f"mean {np.mean(losses[broke] / SHORTFALL - 1.0):.4f}"
        in pooled_residual_test(panel).convention
    )
    flat = losses[np.isfinite(losses)]
    z2 = shortfall_ratios(flat, LEVEL, SHORTFALL, CONFIDENCE).z2
    assert f"mean {-z2:.4f}" in pooled_z2_test(panel, CONFIDENCE).convention
    found = pooled_coverage_test(panel.broke, panel.scored, panel.time_ns, 8 * HOUR_NS, 0.025)
    whole = pooled_coverage(panel.broke, panel.scored, panel.time_ns, 8 * HOUR_NS, 0.025)
    assert (found.statistic, found.p_value) == (whole.breach_rate, whole.p_two_sided)


def test_one_market_a_day_is_the_series() -> None:
    # One market with one start a day and no lags: severity is the mean over its standard error.
    u = np.random.default_rng(4).random((400, 1))
    found = pooled_severity_test(u, _times(400, 24), 0.95, lags=0)
    severity = np.maximum(1.0 - u[:, 0] / 0.05, 0.0)
    expected = (severity.mean() - 0.025) / severity.std() * np.sqrt(400)
    assert found.statistic == pytest.approx(expected, rel=1e-9)


def test_degenerate_panels() -> None:
    calm = _panel(np.zeros((90, 4)))
    for make in (
        lambda: pooled_residual_test(calm),
        lambda: pooled_z2_test(calm, CONFIDENCE),
        lambda: pooled_calibration_test(calm, CONFIDENCE),
        lambda: pooled_dynamic_quantile_test(calm.broke, calm.scored, calm.time_ns, 0.025),
        lambda: pooled_severity_test(np.full((90, 4), 0.5), calm.time_ns, CONFIDENCE),
    ):
        with pytest.raises(InsufficientDataError, match="days with a breach"):
            make()
    assert (
        pooled_coverage_test(calm.broke, calm.scored, calm.time_ns, 8 * HOUR_NS, 0.025).p_value
        > 0.0
    )
    empty = np.full((6, 2), np.nan)
    with pytest.raises(InsufficientDataError, match="scored"):
        shortfall_panel(empty, empty, empty, _times(6), 8 * HOUR_NS, CONFIDENCE)
    with pytest.raises(UsageError, match="at least the value-at-risk"):
        shortfall_panel(
            np.ones((6, 2)), np.ones((6, 2)), np.zeros((6, 2)), _times(6), HOUR_NS, CONFIDENCE
        )
    with pytest.raises(UsageError, match="one time per row"):
        shortfall_panel(*[np.ones((6, 2))] * 3, _times(5), HOUR_NS, CONFIDENCE)


def test_pooled_sizes() -> None:
    # 80 panels of 400 days, 20 markets: four standard errors of 5 % are 9.8 points. t and F laws
    # reject two-sided nulls of so skewed sums in about a sixth of right panels (docs).
    generator = np.random.default_rng(11)
    few = DayBootstrap(resamples=199)
    asymptotic = DayBootstrap(law=PooledLaw.ASYMPTOTIC)
    right: dict[str, list[bool]] = {}
    plain: list[bool] = []
    for _ in range(80):
        losses = _losses(400, 20, generator)
        panel = _panel(losses)
        chances = stats.t.sf(losses, 4)
        cells = (panel.broke, panel.scored, panel.time_ns)
        for key, found in {
            "residual": pooled_residual_test(panel, bootstrap=few),
            "residual, two-sided": pooled_residual_test(
                panel, direction=Direction.TWO_SIDED, bootstrap=few
            ),
            "z2": pooled_z2_test(panel, CONFIDENCE, bootstrap=few),
            "severity": pooled_severity_test(chances, panel.time_ns, CONFIDENCE),
            "coverage": pooled_coverage_test(*cells, 8 * HOUR_NS, 0.025),
            "calibration": pooled_calibration_test(panel, CONFIDENCE, bootstrap=few),
            "dynamic quantile": pooled_dynamic_quantile_test(*cells, 0.025, bootstrap=few),
        }.items():
            right.setdefault(key, []).append(found.rejected)
        plain += [
            pooled_calibration_test(panel, CONFIDENCE, bootstrap=asymptotic).rejected,
            pooled_dynamic_quantile_test(*cells, 0.025, bootstrap=asymptotic).rejected,
        ]
    shares = {name: float(np.mean(r)) for name, r in right.items()}
    for name, share in shares.items():
        assert share <= 0.05 + 0.098, (name, shares)
    resampled = 0.5 * (shares["calibration"] + shares["dynamic quantile"])
    assert resampled < float(np.mean(plain)), shares


def test_resamples_of_days_are_seeded_and_stated() -> None:
    panel = _panel(_losses(300, 8, np.random.default_rng(2)))
    cells = (panel.broke, panel.scored, panel.time_ns, 0.025)
    makers: tuple[Callable[[DayBootstrap], ForecastTest], ...] = (
        lambda how: pooled_residual_test(panel, direction=Direction.TWO_SIDED, bootstrap=how),
        lambda how: pooled_residual_test(panel, direction=Direction.OVERSTATED, bootstrap=how),
        lambda how: pooled_calibration_test(panel, CONFIDENCE, bootstrap=how),
        lambda how: pooled_dynamic_quantile_test(*cells, bootstrap=how),
        lambda how: pooled_dynamic_quantile_test(*cells, daily_lags=2, bootstrap=how),
    )
    for make in makers:
        first, again = make(DayBootstrap(seed=3)), make(DayBootstrap(seed=3))
        assert (first.p_value, first.critical_value) == (again.p_value, again.critical_value)
        assert 0.0 < first.p_value <= 1.0
        assert first.standard_error > 0.0
        assert "399 resamples" in first.reference_law
        plain = make(DayBootstrap(law=PooledLaw.ASYMPTOTIC))
        assert plain.statistic == first.statistic
        assert plain.standard_error == 0.0
        assert 0.0 <= first.power.value <= 1.0
    with pytest.raises(ParameterError, match="at least 100"):
        DayBootstrap(resamples=20)
    with pytest.raises(ParameterError, match="one of"):
        DayBootstrap(law="normal")  # type: ignore[arg-type]


def test_resampled_ratio_is_the_t_law_where_sums_are_normal() -> None:
    # Normal daily sums over a constant: the studentised mean has the t law of D - 1 (no
    # correction for the degrees); quantiles of 4,000 resamples within a tenth.
    top = np.random.default_rng(8).standard_normal(200) + 0.3
    how = DayBootstrap(resamples=4_000, seed=1)
    null = resampled_ratios(top, np.ones(200), drawn_days(200, 0, how), 0)
    expected = stats.t.ppf([0.05, 0.5, 0.95], 199)
    np.testing.assert_allclose(
        np.quantile(null.statistics, [0.05, 0.5, 0.95]), expected, rtol=0.0, atol=0.15
    )


def test_rows_drawn_in_their_order_give_the_moments_of_the_panel() -> None:
    generator = np.random.default_rng(6)
    scored = generator.random((30, 4)) < 0.8
    hit = np.where(scored, (generator.random((30, 4)) < 0.2) - 0.1, 0.0)
    day = np.arange(30) // 3
    order = np.arange(30)[None, :]
    found = drawn_hit_moments(hit, scored.astype(np.float64), day, 10, order, 1)[0]
    usable = scored[1:] & scored[:-1]
    now = np.where(usable, hit[1:], 0.0)
    for column, rows in ((0, now.sum(axis=1)), (1, (now * hit[:-1]).sum(axis=1))):
        expected = np.bincount(day[1:], rows, 10)
        np.testing.assert_allclose(found[:, column], expected, rtol=0.0, atol=1e-12)


def test_understated_panels_are_found() -> None:
    losses = 1.25 * _losses(700, 20, np.random.default_rng(3))
    panel = _panel(losses)
    for found in (
        pooled_z2_test(panel, CONFIDENCE),
        pooled_calibration_test(panel, CONFIDENCE),
        pooled_severity_test(stats.t.sf(losses, 4), panel.time_ns, CONFIDENCE),
        pooled_coverage_test(panel.broke, panel.scored, panel.time_ns, 8 * HOUR_NS, 0.025),
    ):
        assert found.rejected, found
        assert found.power.value > 0.5


@pytest.mark.parametrize(
    "method",
    [
        None,
        BlockResampling(length=48, replications=100),
        BlockResampling(length=48, replications=100, kind=Blocks.MOVING),
    ],
)
def test_overlapping_sizes(method: BlockResampling | None) -> None:
    # Series of 4,000 overlapping horizons of 24 starts, fewer where each is resampled; bounds are
    # four standard errors of 5 %. A test that took the starts as independent rejects in half.
    paths = 200 if method is None else 40
    generator = np.random.default_rng(21)
    level, mean = stats.norm.isf(0.025), stats.norm.pdf(stats.norm.isf(0.025)) / 0.025
    shares = np.zeros(3)
    for _ in range(paths):
        x = np.convolve(generator.standard_normal(4_023), np.ones(24), "valid") / np.sqrt(24.0)
        hits = x > level
        shares += [
            overlapping_coverage_test(hits, 0.025, overlap=24, method=method).rejected,
            overlapping_shortfall_test(
                x, level, mean, CONFIDENCE, overlap=24, method=method
            ).rejected,
            overlapping_coverage_test(hits, 0.025, overlap=1).rejected,
        ]
    shares /= paths
    bound = 0.05 + 4.0 * np.sqrt(0.05 * 0.95 / paths)
    assert shares[0] <= bound
    assert shares[1] <= bound
    assert shares[2] > 0.3


def test_overlap_must_be_covered() -> None:
    hits = np.zeros(100)
    with pytest.raises(ParameterError, match="overlap of 24"):
        overlapping_coverage_test(hits, 0.01, overlap=24, method=NeweyWest(lags=5))
    with pytest.raises(ParameterError, match=r"1 \.\. 100"):
        overlapping_coverage_test(hits, 0.01, overlap=24, method=BlockResampling(length=200))
    with pytest.raises(ParameterError, match="whole"):
        BlockResampling(length=2.5, kind=Blocks.MOVING)
    with pytest.raises(EstimationError, match="must have a breach"):
        overlapping_shortfall_test(hits, 1.0, 1.2, CONFIDENCE, overlap=2)
    # No breach in 100 horizons of which four are worth of independent ones: no evidence.
    assert overlapping_coverage_test(hits, 0.01, overlap=24).p_value > 0.9


@pytest.mark.parametrize("statistic", list(Equality))
def test_confidence_set_keeps_equals_and_drops_the_worse(statistic: Equality) -> None:
    generator = np.random.default_rng(5)
    lost = 0
    for seed in range(100):
        scores = generator.standard_normal((250, 1)) + 0.5 * generator.standard_normal((250, 4))
        found = model_confidence_set(
            scores,
            "abcd",
            statistic=statistic,
            resampling=BlockResampling(length=2, replications=200, seed=seed),
        )
        lost += len(found.included(0.10)) < 4
    # Size 10 %: four standard errors of 100 sets are 12 points.
    assert lost / 100 <= 0.10 + 0.12
    worse = scores + np.array([0.0, 0.0, 0.0, 0.5])
    found = model_confidence_set(worse, "abcd", statistic=statistic)
    assert "d" not in found.included()
    assert found.models[3].position == 1
    assert "seed 0" in found.table().markdown()
    assert found == model_confidence_set(worse, "abcd", statistic=statistic)


def test_identical_models_stay_together() -> None:
    scores = np.random.default_rng(1).standard_normal((60, 2))
    twice = np.column_stack((scores[:, 0], scores[:, 0], scores[:, 1] + 2.0))
    found = model_confidence_set(twice, ["a", "b", "c"])
    assert [m.p_value for m in found.models][:2] == [1.0, 1.0]
    assert found.models[2].p_value < 0.05
    with pytest.raises(EstimationError, match="must differ"):
        model_confidence_set(np.ones((60, 2)), "ab")
    with pytest.raises(InsufficientDataError, match="ten rows"):
        model_confidence_set(np.full((60, 2), np.nan), "ab")
    with pytest.raises(UsageError, match="names must differ"):
        model_confidence_set(scores, "aa")


def test_power_of_the_confidence_set_rises_with_the_difference() -> None:
    scores = np.random.default_rng(2).standard_normal((300, 3))
    small, large = (
        model_confidence_set(scores, "abc", difference=d).models[0].power for d in (0.01, 0.5)
    )
    assert small < 0.1 < 0.95 < large


def test_daily_means_use_pairs_that_all_models_scored() -> None:
    scores = np.arange(2.0 * 3 * 2).reshape(2, 3, 2)
    scores[0, 1, 0] = np.nan
    times = np.array([5 * DAY_NS, 5 * DAY_NS + HOUR_NS])
    expected = np.delete(scores.reshape(6, 2), 1, axis=0).mean(axis=0)
    np.testing.assert_allclose(daily_mean_scores(scores, times), [expected])


def test_score_difference_size_and_power() -> None:
    generator = np.random.default_rng(9)
    times = _times(300, 24)
    rejected = []
    for _ in range(400):
        found = score_difference_test(
            generator.standard_normal(300), generator.standard_normal(300), times, difference=0.3
        )
        rejected.append(found.rejected)
    # Newey-West with five lags on 300 days: a little above 5 %; four standard errors are 4.4.
    assert float(np.mean(rejected)) <= 0.06 + 0.044
    # The difference of two means of 300 has error sqrt(2/300) = 0.082.
    expected = stats.norm.sf(1.96 - 0.3 / np.sqrt(2.0 / 300.0))
    assert found.power.value == pytest.approx(expected, abs=0.08)
    with pytest.raises(EstimationError, match="must vary"):
        score_difference_test(np.ones(300), np.zeros(300), times)


def test_sizes_of_the_simulated_and_the_anytime_tests() -> None:
    generator = np.random.default_rng(17)
    losses = stats.t.rvs(4, size=(500, 600), random_state=generator)
    # Ville: wealth ever reaches 20 in at most 5 % of right series (four errors of 600: 3.6 points).
    wealth = e_process(shortfall_e_values(losses, LEVEL, SHORTFALL, CONFIDENCE))
    assert float(np.mean(wealth.highest >= 20.0)) <= 0.05
    chances = stats.t.sf(losses, 4)
    share = np.mean([costanzino_curran_test(u, CONFIDENCE).rejected for u in chances.T])
    assert share == pytest.approx(0.05, abs=0.036)


def test_simulated_p_values_are_uniform_under_the_law() -> None:
    n = 250
    law = StudentLaw(
        mean=np.zeros(n), sigma=np.full(n, np.sqrt(2.0)), degrees_of_freedom=np.full(n, 4.0)
    )
    level, mean = np.full(n, LEVEL), np.full(n, SHORTFALL)
    null = simulate_ratios(law, level, mean, CONFIDENCE, paths=10_000, seed=1).z2
    fresh = simulate_ratios(law, level, mean, CONFIDENCE, paths=4_000, seed=2).z2
    p_values = np.searchsorted(np.sort(null), fresh, side="right") / null.size
    # Kolmogorov-Smirnov against uniform, ties of paths without a breach aside (0.2 % of paths).
    assert stats.kstest(p_values, "uniform").statistic < 0.035
