"""Walk-forward choice, levels and figures on a small panel whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.calibration.frontier.choice import (
    FrontierAppetite,
    choose_policies,
    chosen_margins,
    objective_terms,
)
from plimsoll.calibration.frontier.figures import path_figures
from plimsoll.calibration.frontier.judged import JudgedMoves, judged_moves
from plimsoll.calibration.frontier.level import LevelRule, at_levels, levels
from plimsoll.calibration.frontier.loss_series import daily_quantile_loss
from plimsoll.domain.market import DAY_NS
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.validation.comparison.sample import ComparisonSample

DAYS, MARKETS = 1300, 6
FIRST = int(np.datetime64("2021-02-01", "ns").astype(np.int64))
REVIEW = int(np.datetime64("2022-01-01", "ns").astype(np.int64))
Paths = NDArray[np.float64]


def _sample(loss: Paths) -> ComparisonSample:
    time = FIRST + DAY_NS * np.arange(DAYS, dtype=np.int64)
    return ComparisonSample(
        markets=tuple("ABCDEF"),
        time_ns=time,
        horizon_ns=DAY_NS,
        loss=loss,
        row=np.arange(DAYS),
        seasoned=np.ones((DAYS, MARKETS), dtype=np.bool_),
        boundary_ns=time,
        seasoned_boundary=np.ones((DAYS, MARKETS), dtype=np.bool_),
        boundaries_per_day=1,
    )


def _world(seed: int = 0) -> tuple[JudgedMoves, dict[str, list[Paths]]]:
    """Losses of a known volatility; a margin that knows it, one that does not, one that jumps."""
    rng = np.random.default_rng(seed)
    vol = 0.02 * np.exp(0.4 * np.sin(np.arange(DAYS) / 60.0))[:, None, None]
    loss = vol * rng.standard_normal((DAYS, MARKETS, 2))
    flat = np.full(loss.shape, 0.06)
    margins = {
        "knows": [np.broadcast_to(2.5 * vol, loss.shape).copy()],
        "flat": [flat],
        "jumps": [flat * np.where(np.arange(DAYS) % 2, 1.6, 1.0)[:, None, None]],
    }
    return _judged(loss, flat), margins


def _judged(loss: Paths, yardstick: Paths) -> JudgedMoves:
    last = FIRST + DAY_NS * DAYS
    return judged_moves(
        _sample(loss), yardstick, [yardstick], from_ns=REVIEW, until_ns=last, scored_days=100
    )


OPEN = FrontierAppetite(name="open", first_policy="flat")


def test_the_cheapest_within_the_limit_is_chosen() -> None:
    judged, margins = _world()
    found = choose_policies([judged], margins, OPEN)
    assert [one.policy for one in found] == ["flat", "knows", "knows"]
    calm = replace(OPEN, peak_to_trough=1.1)
    assert {one.policy for one in choose_policies([judged], margins, calm)} == {"flat"}


def test_weights_of_the_objective_count() -> None:
    judged, margins = _world()
    steady = replace(OPEN, procyclicality=1.0)
    assert {one.policy for one in choose_policies([judged], margins, steady)} == {"flat"}
    terms = objective_terms(judged, margins["jumps"][0], judged.reviews_ns[1], 0.25)
    plain = terms.objective(OPEN)
    heavy = replace(OPEN, churn=2.0, call=0.5, solvent=3.0)
    expected = plain + 2.0 * np.log(1.6) + 0.5 * 0.6 + 3.0 * 0.25
    assert terms.objective(heavy) == pytest.approx(expected, rel=1e-9)


def test_a_scrambled_future_changes_no_earlier_choice_or_level() -> None:
    judged, margins = _world()
    at = judged.reviews_ns[1]
    loss = judged.sample.loss.copy()
    future = judged.sample.time_ns + DAY_NS > at
    loss[future] = np.random.default_rng(9).permutation(loss[future]) * 3.0
    other = _judged(loss, judged.yardstick)
    one = choose_policies([judged], margins, OPEN)
    two = choose_policies([other], margins, OPEN)
    assert [(c.policy, c.level) for c in one[:2]] == [(c.policy, c.level) for c in two[:2]]
    assert one[1] == two[1]
    assert one[2].level != two[2].level


def test_levels_bring_the_target_on_earlier_moves() -> None:
    judged, margins = _world()
    rule = LevelRule(nominal=0.01, prior_days=float("inf"))
    for at, level in zip(judged.reviews_ns, levels(judged, margins["knows"][0], rule), strict=True):
        pairs = judged.known(at)
        held = level.scale * margins["knows"][0] * (1.0 + 1e-12)
        rate = float((judged.sample.loss > held)[pairs].mean())
        assert rate == pytest.approx(0.01, abs=1.0 / (2 * pairs.sum()))


def test_the_yardstick_judged_against_itself() -> None:
    judged, margins = _world()
    figures = path_figures(judged, judged.yardstick)
    assert figures.total.lived == pytest.approx(1.0)
    assert figures.total.equal == pytest.approx(1.0, rel=0.02)  # between two order statistics
    assert figures.movement.peak_to_trough == 1.0
    assert figures.movement.churn == 0.0
    assert figures.rate == figures.yardstick_rate
    better = path_figures(judged, margins["knows"][0])
    assert better.total.equal < 0.95
    assert better.even.equal < 1.0 and better.odd.equal < 1.0  # noqa: PT018


def test_a_chosen_path_is_joined_from_its_choices() -> None:
    judged, margins = _world()
    found = choose_policies([judged], margins, OPEN)
    held, plain = chosen_margins(found, judged, margins, 0, {"flat": 2.0, "knows": 1.0})
    before = judged.sample.boundary_ns < judged.reviews_ns[0]
    assert np.isnan(held[before]).all()
    first = (judged.sample.boundary_ns >= judged.reviews_ns[0]) & (
        judged.sample.boundary_ns < judged.reviews_ns[1]
    )
    np.testing.assert_allclose(held[first], found[0].level[0].scale * margins["flat"][0][first])
    np.testing.assert_allclose(plain[first], 2.0 * margins["flat"][0][first])


def test_quantile_loss_is_least_near_the_quantile() -> None:
    judged, _ = _world()
    plain = np.full(judged.yardstick.shape, 1.0)
    level = float(np.quantile(judged.sample.loss[judged.scored], 1.0 - 0.01))
    losses = [
        daily_quantile_loss(judged, plain * level * factor, 0.01).mean()
        for factor in (0.8, 1.0, 1.25)
    ]
    assert losses[1] < losses[0]
    assert losses[1] < losses[2]


def test_margins_at_levels_are_none_before_the_first_review() -> None:
    judged, margins = _world()
    found = at_levels(judged, margins["flat"][0], LevelRule())
    known = np.isfinite(found).all(axis=(1, 2))
    np.testing.assert_array_equal(known, judged.sample.boundary_ns >= judged.reviews_ns[0])


def test_wrong_use_is_named() -> None:
    judged, margins = _world()
    with pytest.raises(UsageError, match="first_policy"):
        choose_policies([judged], margins, replace(OPEN, first_policy="none"))
    early = replace(judged, reviews_ns=(FIRST + 30 * DAY_NS,))
    with pytest.raises(InsufficientDataError, match="90"):
        levels(early, margins["flat"][0], LevelRule())
