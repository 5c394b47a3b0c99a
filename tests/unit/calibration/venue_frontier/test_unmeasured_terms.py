"""A policy that lacks a term which others have is never chosen for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from venue_frontier_cases import CANDIDATES, DAYS, judging, losses, paths, policies, stated

from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.calibration.venue_frontier.assessed import assess, occasion_at
from plimsoll.calibration.venue_frontier.choice import VenueChoice, choose
from plimsoll.calibration.venue_frontier.constraints import (
    PEAK,
    UNMEASURED,
    Shortfall,
    infeasibility,
    unmeasured,
)
from plimsoll.calibration.venue_frontier.frontier import limits_of
from plimsoll.calibration.venue_frontier.policy_search import PolicyObjective
from plimsoll.calibration.venue_frontier.prepared_legs import PreparedLegs
from plimsoll.calibration.venue_frontier.refined import PolicyPaths
from plimsoll.calibration.venue_frontier.terms import measurable_terms

FloatArray = NDArray[np.float64]
NAN_POLICY = CANDIDATES[1].name


def chosen(lacking: tuple[str, ...]) -> VenueChoice:
    """The last choice; margins of some policies without a single number."""
    judged, appetite = judging(losses()), stated()
    occasion = occasion_at(judged, DAYS, "end")
    assessed = {}
    for one in policies():
        name = one.candidate.name
        scale = np.nan if name in lacking else 1.0
        assessed[name] = assess(
            judged, one.candidate, scale * one.close_out, scale * one.reaction, (occasion,)
        )
    problem = CalibrationProblem(venue="", label="", markets=(), classes={}, reaction_level=0.95)
    limits = limits_of(problem, appetite, paths().maintenance.shape[1])
    return choose(judged.record, assessed, occasion, DAYS, appetite.objective, limits)


def test_a_policy_without_any_number_is_violated_not_best() -> None:
    found = chosen((NAN_POLICY,))
    weights = stated().objective
    assert found.terms[NAN_POLICY].objective(weights) == 0.0  # lowest of all, were it to count
    assert all(t.objective(weights) > 0.0 for n, t in found.terms.items() if n != NAN_POLICY)
    assert found.preferred != NAN_POLICY
    kinds = {one.kind for one in found.broken[NAN_POLICY]}
    assert UNMEASURED in kinds
    whole = chosen(())
    assert not any(one.kind == UNMEASURED for faults in whole.broken.values() for one in faults)


def test_what_no_policy_has_counts_against_none() -> None:
    weights = stated().objective
    terms = list(chosen(()).terms.values())
    blind = [replace(one, solvent_liquidations=float("nan")) for one in terms]
    asked = measurable_terms(blind, weights)
    assert "solvent_liquidations" not in asked
    assert all(unmeasured(one, asked) == () for one in blind)
    everything = measurable_terms([blind[0], terms[1]], weights)
    assert blind[0].lacks(everything) == ("solvent_liquidations",)


def test_no_relaxation_mends_what_was_not_measured() -> None:
    lacks = Shortfall(kind=UNMEASURED, found=1.0, limit=0.0, excess=np.inf)
    peak = Shortfall(kind=PEAK, found=2.05, limit=1.8, excess=0.31)
    told = infeasibility({"a": (lacks,), "b": (peak,)})
    assert told.endswith(
        "peak to trough of at most 1.8: 2.05 would do (b), with all other constraints held."
    )
    assert "has every term" in infeasibility({"a": (lacks,), "b": (lacks, peak)})


@pytest.mark.parametrize("scale", [1.0, np.nan])
def test_a_search_is_not_led_to_it(scale: float) -> None:
    judged, appetite = judging(losses()), stated()
    problem = CalibrationProblem(venue="", label="", markets=(), classes={}, reaction_level=0.95)
    objective = PolicyObjective(
        start=CANDIDATES[1],
        legs=PreparedLegs(legs=(), horizons=(), designed={}),
        judging=judged,
        occasion=occasion_at(judged, DAYS, "end"),
        limits=limits_of(problem, appetite, 6),
        weights=appetite.objective,
        measurable=measurable_terms(chosen(()).terms.values(), appetite.objective),
    )
    one = policies()[1]
    score = objective.scored(
        PolicyPaths(
            candidate=one.candidate, close_out=scale * one.close_out, reaction=scale * one.reaction
        )
    )
    assert (score.violation == np.inf) is bool(np.isnan(scale))
