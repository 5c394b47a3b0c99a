"""Figures on a mask: each by counting, and the same as a comparison's over its whole period."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.domain.market import HOUR_NS
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.estimators.reference.forecast import forecast
from plimsoll.estimators.reference.methods import forecasters
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel
from plimsoll.validation.comparison.forecast_figures import (
    forecast_figures,
    known_by,
    pair_scores,
    peak_to_trough,
)
from plimsoll.validation.comparison.sample import (
    ComparisonSample,
    common_pairs,
    comparison_sample,
)
from plimsoll.validation.comparison.score import both_sides, method_score, scored_forecasts
from plimsoll.validation.procyclicality import procyclicality
from synthetic_panel import closes, day, history_of


@pytest.fixture(scope="module")
def panel_and_sample() -> tuple[ReturnsPanel, ComparisonSample]:
    history = history_of(closes(800, 4))
    panel = returns_panel(history)
    sample = comparison_sample(
        history, panel, 8, from_ns=day(200), until_ns=day(798), seasoned_days=100
    )
    return panel, sample


def test_figures_of_a_mask_are_counted_on_it(
    panel_and_sample: tuple[ReturnsPanel, ComparisonSample],
) -> None:
    panel, sample = panel_and_sample
    paths = forecast(forecasters(["fhs_97"])[0], panel, 8)
    scored = known_by(both_sides(common_pairs(sample, [paths], scored_days=50)), sample, day(400))
    at_risk = sample.at_starts(paths.value_at_risk)
    shortfall = sample.at_starts(paths.expected_shortfall)
    found = forecast_figures(at_risk, shortfall, sample.loss, scored, sample.time_ns)
    rows = sample.time_ns <= day(400) - 8 * HOUR_NS
    assert scored[rows].all()
    assert not scored[~rows].any()
    loss, margin = sample.loss[rows], at_risk[rows]
    assert found.pooled.rate == (loss > margin).mean()
    assert found.long.rate == (loss > margin)[:, :, 0].mean()
    assert found.short.rate == (loss > margin)[:, :, 1].mean()
    assert found.worst_quartile == (loss > margin).mean(axis=(0, 2)).max()
    assert found.mean_margin == pytest.approx(margin.mean(), rel=1e-12)
    short = np.maximum(loss - margin, 0.0)
    pinball = np.mean(short - 0.01 * (loss - margin))
    assert found.quantile_score == pytest.approx(pinball, rel=1e-9)
    mean = shortfall[rows]
    fz0 = np.mean(short / (0.01 * mean) + margin / mean + np.log(mean) - 1.0)
    assert found.fz0 == pytest.approx(fz0, rel=1e-9)


def test_later_forecasts_do_not_move_the_figures_of_a_date(
    panel_and_sample: tuple[ReturnsPanel, ComparisonSample],
) -> None:
    panel, sample = panel_and_sample
    paths = forecast(forecasters(["ewma_t"])[0], panel, 8)
    everything = both_sides(common_pairs(sample, [paths], scored_days=50))
    scored = known_by(everything, sample, day(700))
    markets = np.ones(4, dtype=np.bool_)
    later = panel.time_ns >= day(700)
    changed = paths.value_at_risk.copy()
    changed[later] *= 10.0
    one, other = (
        forecast_figures(
            sample.at_starts(path),
            sample.at_starts(path) * 1.2,
            sample.loss,
            scored,
            sample.time_ns,
        )
        for path in (paths.value_at_risk, changed)
    )
    assert one == other
    calm = peak_to_trough(sample, paths.value_at_risk, markets, until_ns=day(700))
    assert calm == peak_to_trough(sample, changed, markets, until_ns=day(700))
    assert calm != peak_to_trough(sample, changed, markets)
    set_then = (panel.time_ns >= day(200)) & ~later
    known = paths.value_at_risk[set_then].reshape(int(set_then.sum()), -1)
    expected = np.median(procyclicality(known).trailing_peak_to_trough)
    assert calm == pytest.approx(float(expected), rel=1e-12)


def test_the_whole_period_is_what_a_comparison_says(
    panel_and_sample: tuple[ReturnsPanel, ComparisonSample],
) -> None:
    panel, sample = panel_and_sample
    method = forecasters(["fhs_97"])[0]
    paths = forecast(method, panel, 8)
    scored = both_sides(common_pairs(sample, [paths], scored_days=50))
    judged = method_score(
        scored_forecasts(method.name, method.title, paths, sample, scored), sample
    )
    found = forecast_figures(
        sample.at_starts(paths.value_at_risk),
        sample.at_starts(paths.expected_shortfall),
        sample.loss,
        scored,
        sample.time_ns,
    )
    for name in ("pooled", "long", "short", "years", "worst_quartile", "kupiec", "fz0"):
        assert getattr(found, name) == getattr(judged, name)
    markets = np.ones(4, dtype=np.bool_)
    assert peak_to_trough(sample, paths.value_at_risk, markets) == judged.peak_to_trough


def test_what_cannot_be_measured_is_told(
    panel_and_sample: tuple[ReturnsPanel, ComparisonSample],
) -> None:
    _, sample = panel_and_sample
    nothing = np.zeros(sample.loss.shape, dtype=np.bool_)
    held = np.full(sample.loss.shape, 0.1)
    with pytest.raises(InsufficientDataError, match="scored pair"):
        forecast_figures(held, held, sample.loss, nothing, sample.time_ns)
    with pytest.raises(UsageError, match="forecast on every scored pair"):
        pair_scores(np.full(held.shape, np.nan), held, sample.loss, ~nothing)
