"""Figures of a comparison, each against arithmetic done another way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.estimators.reference.forecast import ForecastPaths
from plimsoll.estimators.reference.methods import forecasters
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.validation.comparison.compare import (
    HorizonComparison,
    Period,
    compare_forecasters,
)
from plimsoll.validation.comparison.cost_figures import equal_coverage_cost
from plimsoll.validation.comparison.coverage_figures import (
    clustered_rate,
    kupiec_rejections,
    rates_by_year,
    rates_in_windows,
    worst_quartile,
)
from plimsoll.validation.comparison.definitions import definitions_table
from plimsoll.validation.comparison.sample import common_pairs, comparison_sample
from plimsoll.validation.comparison.score_tests import daily_means
from plimsoll.validation.comparison.shortfall_figures import (
    clustered_mean,
    shortfall_residual,
    shortfall_z,
)
from plimsoll.validation.comparison.tables import comparison_tables
from plimsoll.validation.coverage import kupiec_pof
from synthetic_panel import closes, day, history_of

TIME = day(0) + 8 * HOUR_NS * np.arange(3 * 400, dtype=np.int64)


def panel_of_breaches(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    scored = generator.random((TIME.size, 20, 2)) < 0.9
    return scored & (generator.random(scored.shape) < 0.02), scored


def test_the_clustered_rate_of_independent_breaches_has_the_binomial_error() -> None:
    broke, scored = panel_of_breaches()
    found = clustered_rate(broke, scored, TIME)
    assert found.rate == broke.sum() / scored.sum()
    binomial = np.sqrt(found.rate * (1 - found.rate) / scored.sum())
    # 400 days estimate the variance to about 10 %, and so the error to 5 %: three of those.
    assert found.standard_error == pytest.approx(binomial, rel=0.2)


def test_the_same_breach_in_every_market_is_one_event() -> None:
    days = np.random.default_rng(2).random(TIME.size) < 0.02
    broke = np.broadcast_to(days[:, None, None], (TIME.size, 20, 2))
    one = clustered_rate(broke[:, :1, :1], np.ones((TIME.size, 1, 1), dtype=bool), TIME)
    all_of_them = clustered_rate(broke, np.ones(broke.shape, dtype=bool), TIME)
    assert all_of_them.rate == pytest.approx(one.rate, rel=1e-12)
    assert all_of_them.standard_error == pytest.approx(one.standard_error, rel=1e-12)


def test_years_and_windows_partition_the_pairs() -> None:
    broke, scored = panel_of_breaches()
    years = rates_by_year(broke, scored, TIME)
    assert list(years) == [2022, 2023]
    assert sum(r.pairs for r in years.values()) == scored.sum()
    windows = rates_in_windows(broke, scored, TIME, {"w": (day(3), day(4)), "none": (0, DAY_NS)})
    rows = slice(9, 15)
    assert list(windows) == ["w"]
    assert windows["w"].rate == broke[rows].sum() / scored[rows].sum()


def test_kupiec_counts_agree_with_the_test_of_each_market_side() -> None:
    broke, scored = panel_of_breaches()
    found = kupiec_rejections(broke, scored, 0.01)
    high = low = 0
    for market in range(20):
        for side in range(2):
            x, n = int(broke[:, market, side].sum()), int(scored[:, market, side].sum())
            rejected = kupiec_pof(x, n, 0.01).p_value < 0.05
            high += rejected and x / n > 0.01
            low += rejected and x / n <= 0.01
    assert (found.too_high, found.too_low, found.market_sides) == (high, low, 40)
    assert found.share == (high + low) / 40


def test_worst_quartile_is_the_mean_of_the_five_worst_of_twenty() -> None:
    broke, scored = panel_of_breaches()
    rate = sorted(broke[:, m].sum() / scored[:, m].sum() for m in range(20))
    assert worst_quartile(broke, scored) == pytest.approx(np.mean(rate[-5:]), rel=1e-12)


def test_cost_at_equal_coverage_has_that_coverage() -> None:
    generator = np.random.default_rng(4)
    loss, margin = generator.standard_t(4, 5000), generator.uniform(2.0, 4.0, 5000)
    cost = equal_coverage_cost(margin, loss, 25, 3.0)
    scale = cost * 3.0 / margin.mean()
    assert np.sum(loss > scale * margin) == 25


def test_shortfall_tests_hold_on_the_law_that_was_forecast() -> None:
    generator = np.random.default_rng(6)
    loss = generator.standard_normal((TIME.size, 30, 2))
    quantile = stats.norm.ppf(0.99)
    shortfall = stats.norm.pdf(quantile) / 0.01
    v, e = np.full(loss.shape, quantile), np.full(loss.shape, shortfall)
    scored = np.ones(loss.shape, dtype=bool)
    residual = shortfall_residual(loss, v, e, scored, TIME)
    z = shortfall_z(loss, v, e, scored, TIME, 0.01)
    assert residual.count == int((loss > quantile).sum())
    for found in (residual, z):
        assert abs(found.mean) < 3.0 * found.standard_error
        assert found.p_two_sided > 0.003
    small = shortfall_residual(loss, v, 0.8 * e + 0.2 * v, scored, TIME)
    assert small.p_positive < 0.01
    assert small.mean > 0.0


def test_a_clustered_mean_of_independent_days_is_the_textbook_one() -> None:
    generator = np.random.default_rng(8)
    value = generator.standard_normal((2000, 1))
    time = day(0) + DAY_NS * np.arange(2000, dtype=np.int64)
    found = clustered_mean(value, np.ones(value.shape, dtype=bool), time)
    assert found.mean == pytest.approx(value.mean(), rel=1e-12)
    # Newey-West with 5 lags of independent values: within about 10 % of s / sqrt(n).
    assert found.standard_error == pytest.approx(value.std() / np.sqrt(2000), rel=0.15)
    nothing = clustered_mean(value * 0.0, np.zeros(value.shape, dtype=bool), time)
    assert nothing.count == 0
    assert np.isnan(nothing.mean)


def test_daily_means_leave_out_days_without_a_score() -> None:
    score = np.full((9, 2, 2), np.nan)
    score[0, 0, 0], score[1, 1, 1], score[7, 0, 1] = 1.0, 3.0, 5.0
    assert daily_means(score, TIME[:9]).tolist() == [2.0, 5.0]


def test_losses_are_of_the_moves_and_margins_are_in_force_from_their_boundary() -> None:
    close = closes(60, 2)
    history = history_of(close)
    panel = returns_panel(history)
    sample = comparison_sample(
        history, panel, 8, from_ns=day(40), until_ns=day(50), seasoned_days=30
    )
    assert sample.time_ns[0] == day(40)
    assert sample.time_ns[-1] == day(50)
    at = 24 * 40 + 8 - 1  # the bar that closes at 08:00 of day 40
    fall = 1.0 - close[at + 8, 1] / close[at, 1]
    assert sample.loss[1, 1] == pytest.approx([fall, -fall], rel=1e-9)
    path = np.broadcast_to(panel.time_ns[:, None, None], (60, 2, 2)).astype(np.float64)
    assert sample.at_starts(path)[:4, 0, 0].tolist() == [day(40)] * 3 + [day(41)]
    missing = np.full((60, 2, 2), 0.1)
    missing[45] = np.nan
    paths = ForecastPaths(time_ns=panel.time_ns, value_at_risk=missing, expected_shortfall=missing)
    pairs = common_pairs(sample, [paths], scored_days=5)
    assert pairs[sample.row != 45].all()
    assert not pairs[sample.row == 45].any()
    with pytest.raises(InsufficientDataError):
        common_pairs(sample, [paths], scored_days=500)
    with pytest.raises(InsufficientDataError):
        comparison_sample(history, panel, 8, from_ns=day(90), until_ns=day(95))


@pytest.fixture(scope="module")
def comparison() -> HorizonComparison:
    close = closes(400, 4)
    history = history_of(close)
    panel = returns_panel(history)
    methods = forecasters(["hs_365", "hs_365_buffer", "ewma_t", "fhs_97", "blend_90_30"])
    period = Period(from_ns=day(200), until_ns=day(398), seasoned_days=100, scored_days=50)
    return compare_forecasters(history, panel, methods, 8, period)


def test_a_comparison_scores_all_methods_on_the_same_pairs(comparison: HorizonComparison) -> None:
    assert comparison.markets == ("M0", "M1", "M2", "M3")
    assert comparison.pairs == 2 * 4 * comparison.starts
    assert {one.pooled.pairs for one in comparison.scores} == {comparison.pairs}
    buffer = comparison.score("hs_365_buffer")
    # The reference's own cost is one, up to the gap between neighbouring ratios.
    assert buffer.equal_coverage_cost == pytest.approx(1.0, abs=0.03)
    assert buffer.pooled.rate <= comparison.score("hs_365").pooled.rate
    assert comparison.score("ewma_t").against_benchmark is None
    assert comparison.score("fhs_97").against_benchmark is not None
    assert comparison.selection is not None
    with pytest.raises(UsageError):
        comparison.score("nobody")


def test_tables_have_a_row_for_every_method(comparison: HorizonComparison) -> None:
    tables = comparison_tables(comparison, "SYNTHETIC")
    names = [table.name for table in tables]
    assert names == [
        "methods_8h",
        "scores_8h",
        "years_8h",
        "shortfall_8h",
        "halves_8h",
        "selection_8h",
    ]
    for table in tables[:5]:
        assert table.column("method") == tuple(one.name for one in comparison.scores)
    row = dict(zip([c.name for c in tables[0].columns], tables[0].rows[2], strict=True))
    score = comparison.score("ewma_t")
    assert row["fz0"] == score.fz0
    assert row["breach"] == score.pooled.rate
    assert "ex post" in tables[0].markdown()


def test_a_power_stands_beside_every_p_value(comparison: HorizonComparison) -> None:
    seen = 0
    for table in comparison_tables(comparison, "SYNTHETIC"):
        names = [column.name for column in table.columns]
        for place, name in enumerate(names):
            if name.endswith("_p"):
                assert names[place + 1].endswith("_power"), (table.name, name)
                assert any(note.startswith("Power") for note in table.notes)
                for row in table.rows:
                    p, power = float(row[place]), float(row[place + 1])
                    assert np.isnan(p) == np.isnan(power)
                    assert np.isnan(p) or 0.0 <= power <= 1.0
                    seen += not np.isnan(p)
    assert seen > 20
    assert "with a power of" in " ".join(comparison_tables(comparison, "SYNTHETIC")[0].notes)


def test_a_horizon_of_one_bar_is_scored_where_margins_are_set() -> None:
    close = closes(400, 3)
    history = history_of(close)
    panel = returns_panel(history, every_hours=8)
    methods = forecasters(["hs_365", "ewma_t"])
    period = Period(from_ns=day(200), until_ns=day(398), seasoned_days=100, scored_days=50)
    found = compare_forecasters(history, panel, methods, 1, period)
    assert found.fresh
    assert found.starts == 3 * 198 + 1
    every = comparison_sample(history, panel, 1, from_ns=day(200), until_ns=day(398))
    assert every.time_ns.size == 24 * 198 + 1
    fresh = comparison_sample(history, panel, 1, from_ns=day(200), until_ns=day(398), fresh=True)
    assert np.all(fresh.time_ns == panel.time_ns[fresh.row])
    assert found.horizon_hours == 1
    assert "One step ahead" in comparison_tables(found, "SYNTHETIC")[0].markdown()


def test_every_figure_that_a_table_names_is_defined() -> None:
    text = definitions_table().markdown()
    for term in ("@B", "PT", "C1, C5, C20", "Worst quartile", "MCS p", "FZ0", "Power", "–"):
        assert f"| {term} |" in text
