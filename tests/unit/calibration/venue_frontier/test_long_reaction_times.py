"""A reaction time of five days: what a review counts of it had ended before the review."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from venue_frontier_cases import DAYS, MARKETS, judging, losses, paths, policies, stated

from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.calibration.published import DailyLosses, lag_of_horizon
from plimsoll.calibration.venue_frontier.assessed import Judging
from plimsoll.calibration.venue_frontier.choice import ChosenPath, VenueChoice
from plimsoll.calibration.venue_frontier.frontier import venue_frontier
from plimsoll.domain.market import HOUR_NS
from plimsoll.validation.walk_forward import WAIT_HOURS

FloatArray = NDArray[np.float64]
REACTION_HOURS = 120
REVIEW_ROW = 365 * 4 + 1  # 2026-01-01; 2024 is a leap year
LAG_DAYS = lag_of_horizon(REACTION_HOURS * HOUR_NS, WAIT_HOURS * HOUR_NS)


def judged(*, scrambled: bool) -> Judging:
    """Losses over five days of daily log prices, those from the review on eight times as wild."""
    steps = 0.01 * np.random.default_rng(2).standard_t(5, (DAYS + 5, MARKETS))
    steps[REVIEW_ROW:] *= 8.0 if scrambled else 1.0
    price = np.vstack([np.zeros((1, MARKETS)), np.cumsum(steps, axis=0)])
    move = price[5 : DAYS + 5] - price[:DAYS]
    loss = np.stack([-np.expm1(move), np.expm1(move)], axis=-1)[:, None]
    base = judging(losses())
    reaction = replace(
        base.initial.reaction,
        horizon_hours=np.full(MARKETS, REACTION_HOURS),
        losses=DailyLosses(loss=np.ascontiguousarray(loss), lag_days=LAG_DAYS),
    )
    return replace(base, initial=replace(base.initial, reaction=reaction))


def review(found: Judging) -> VenueChoice:
    frontier = venue_frontier(
        CalibrationProblem(venue="", label="", markets=(), classes={}, reaction_level=0.95),
        stated(),
        found,
        ChosenPath(maintenance=paths().maintenance, reaction=paths().reaction),
        policies(),
    )
    (choice,) = (one for one in frontier.choices if one.row == REVIEW_ROW)
    return choice


def test_no_review_counts_a_reaction_time_that_had_not_ended() -> None:
    as_it_was, scrambled = judged(scrambled=False), judged(scrambled=True)
    assert LAG_DAYS == 7 > as_it_was.record.losses.lag_days
    changed = as_it_was.initial.reaction.losses.loss != scrambled.initial.reaction.losses.loss
    of_days = changed.any(axis=(1, 2, 3))
    # The close-out alone would call these days known.
    assert of_days[as_it_was.record.known(REVIEW_ROW)].any()
    one, other = review(as_it_was), review(scrambled)
    assert one.terms
    assert repr(one) == repr(other)  # NaN differs from itself
    rates = [c.terms[c.preferred].reaction for c in (one, other)]
    assert rates[0] == rates[1] > 0.0


def test_the_days_known_are_those_of_the_slower_leg() -> None:
    found = judged(scrambled=False)
    known = np.flatnonzero(found.known(REVIEW_ROW))
    assert known[-1] == REVIEW_ROW - LAG_DAYS
    swift = replace(found, initial=replace(found.initial, reaction=found.record))
    np.testing.assert_array_equal(swift.known(REVIEW_ROW), found.record.known(REVIEW_ROW))
