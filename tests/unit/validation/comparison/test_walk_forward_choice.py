"""The yearly choice: hand-made excesses, the rule, nothing from later, and the path in force."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.reference.forecast import ForecastPaths, forecast
from plimsoll.estimators.reference.methods import forecasters
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel
from plimsoll.validation.comparison.acceptance import AcceptanceLines
from plimsoll.validation.comparison.choice_tables import candidates_table, choice_table
from plimsoll.validation.comparison.forecast_figures import ForecastFigures
from plimsoll.validation.comparison.method_score import Kupiec, Rate
from plimsoll.validation.comparison.sample import ComparisonSample, comparison_sample
from plimsoll.validation.comparison.walk_forward_choice import chosen_path, review_candidates
from synthetic_panel import closes, day, history_of

HELD = Rate(rate=0.0100, standard_error=0.0010, pairs=50_000)
FIGURES = ForecastFigures(
    pooled=HELD,
    long=HELD,
    short=HELD,
    years={2022: HELD},
    worst_quartile=0.0105,
    kupiec=Kupiec(too_high=2, too_low=3, market_sides=100),
    mean_margin=0.1,
    fz0=-2.0,
    quantile_score=0.001,
)
NONE = AcceptanceLines(
    pooled=1.0, side=1.0, year=1.0, worst_quartile=1.0, kupiec_share=1.0, peak_to_trough=1e9
)


def test_a_line_is_held_to_one_error_above_the_rate() -> None:
    assert not any(AcceptanceLines().excesses(FIGURES, 2.4).values())
    worse = replace(FIGURES, pooled=replace(HELD, rate=0.0130))
    found = AcceptanceLines().excesses(worse, 2.4)
    assert found["pooled"] == pytest.approx(0.0140 / 0.0115 - 1.0, rel=1e-12)
    bare = AcceptanceLines(spare_errors=0.0).excesses(worse, 2.4)
    assert bare["pooled"] == pytest.approx(0.0130 / 0.0115 - 1.0, rel=1e-12)
    side = replace(FIGURES, short=replace(HELD, rate=0.0119))
    assert AcceptanceLines().excesses(side, 2.4)["side"] == pytest.approx(0.0129 / 0.0120 - 1.0)


def test_too_few_breaches_exceed_nothing_and_a_short_year_is_not_judged() -> None:
    careful = Rate(rate=0.0001, standard_error=0.0001, pairs=50_000)
    low = replace(FIGURES, pooled=careful, long=careful, short=careful, years={2022: careful})
    assert not any(AcceptanceLines().excesses(low, math.nan).values())
    short = Rate(rate=0.05, standard_error=0.01, pairs=4_999)
    assert AcceptanceLines().excesses(replace(FIGURES, years={2025: short}), 2.0)["year"] == 0.0
    assert AcceptanceLines().excesses(FIGURES, 5.0)["peak_to_trough"] == 1.0


@pytest.mark.parametrize("field", ["pooled", "peak_to_trough", "kupiec_share"])
def test_lines_must_be_positive(field: str) -> None:
    with pytest.raises(ParameterError, match=field):
        AcceptanceLines(**{field: 0.0})


@pytest.fixture(scope="module")
def made() -> tuple[ReturnsPanel, ComparisonSample, dict[str, list[ForecastPaths]]]:
    history = history_of(closes(1200, 4))
    panel = returns_panel(history)
    sample = comparison_sample(
        history, panel, 24, from_ns=day(0), until_ns=day(1198), seasoned_days=60
    )
    (model,) = forecasters(["fhs_97"])
    plain = forecast(model, panel, 24)

    def scaled(factor: float) -> ForecastPaths:
        return ForecastPaths(
            time_ns=plain.time_ns,
            value_at_risk=plain.value_at_risk * factor,
            expected_shortfall=plain.expected_shortfall * factor,
        )

    paths = {"plain": [plain], "bold": [scaled(0.5)], "careful": [scaled(2.0)]}
    return panel, sample, paths


DATES = [day(300), day(700), day(1000)]


def test_the_lowest_score_of_those_that_hold_all_lines_is_taken(
    made: tuple[ReturnsPanel, ComparisonSample, dict[str, list[ForecastPaths]]],
) -> None:
    _, sample, paths = made
    reviews = review_candidates([sample], paths, DATES, until_a_year="careful", lines=NONE)
    assert reviews[0].chosen.name == "careful"
    assert reviews[0].known_days < 365 <= reviews[1].known_days
    for review in reviews[1:]:
        scores = {one.name: one.score for one in review.candidates}
        assert review.chosen.name == min(scores, key=scores.__getitem__)
        assert review.holding == 3
    # A line that only the careful one holds decides against the score.
    strict = replace(NONE, pooled=0.004, spare_errors=0.0)
    assert review_candidates([sample], paths, DATES[1:], until_a_year="plain", lines=strict)[
        -1
    ].chosen.name == ("careful")


def test_nothing_after_a_review_moves_it(
    made: tuple[ReturnsPanel, ComparisonSample, dict[str, list[ForecastPaths]]],
) -> None:
    _, sample, paths = made
    generator = np.random.default_rng(5)
    late = sample.time_ns + sample.horizon_ns > DATES[1]
    loss = sample.loss.copy()
    loss[late] = generator.permutation(loss[late]) * 3.0
    shuffled = replace(sample, loss=loss)
    changed = {
        name: [
            replace(
                path,
                value_at_risk=np.where(
                    (path.time_ns >= DATES[1])[:, None, None],
                    path.value_at_risk * 7.0,
                    path.value_at_risk,
                ),
            )
            for path in found
        ]
        for name, found in paths.items()
    }
    (one,) = review_candidates([sample], paths, DATES[1:2], until_a_year="plain")
    (other,) = review_candidates([shuffled], changed, DATES[1:2], until_a_year="plain")
    assert one == other


def test_the_path_is_of_whoever_is_in_force(
    made: tuple[ReturnsPanel, ComparisonSample, dict[str, list[ForecastPaths]]],
) -> None:
    panel, sample, paths = made
    reviews = review_candidates([sample], paths, DATES, until_a_year="careful", lines=NONE)
    found = chosen_path(reviews, paths, 0).value_at_risk
    assert np.isnan(found[panel.time_ns < DATES[0]]).all()
    for review, until in zip(reviews, [*DATES[1:], day(2000)], strict=True):
        rows = (panel.time_ns >= review.at_ns) & (panel.time_ns < until)
        expected = paths[review.chosen.name][0].value_at_risk[rows]
        np.testing.assert_array_equal(found[rows], expected)


def test_tables_name_the_chosen_and_rank_the_candidates(
    made: tuple[ReturnsPanel, ComparisonSample, dict[str, list[ForecastPaths]]],
) -> None:
    _, sample, paths = made
    reviews = review_candidates([sample], paths, DATES, until_a_year="careful")
    rows = choice_table(reviews).rows
    assert [row[4] for row in rows] == [one.chosen.name for one in reviews]
    ranked = [row[0] for row in candidates_table(reviews[-1]).rows]
    assert ranked[0] == reviews[-1].chosen.name
    assert sorted(map(str, ranked)) == sorted(paths)


def test_refusals(
    made: tuple[ReturnsPanel, ComparisonSample, dict[str, list[ForecastPaths]]],
) -> None:
    _, sample, paths = made
    with pytest.raises(UsageError, match="until_a_year"):
        review_candidates([sample], paths, DATES, until_a_year="unknown")
    with pytest.raises(UsageError, match="paths"):
        review_candidates([sample, sample], paths, DATES, until_a_year="plain")
    with pytest.raises(InsufficientDataError, match="hold forecasts of 'plain'"):
        review_candidates([sample], paths, [day(130)], until_a_year="plain")
    late = replace(sample, seasoned=sample.seasoned & (sample.time_ns > day(400))[:, None])
    with pytest.raises(InsufficientDataError, match="90 days"):
        review_candidates([late], paths, [day(450)], until_a_year="plain")
