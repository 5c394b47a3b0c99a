"""One policy on the whole record: levels, breaches, and its cost and movement at every review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.anti_procyclicality import buffered, trailing_median
from plimsoll.calibration.venue_frontier.candidates import Candidate
from plimsoll.calibration.venue_frontier.fund_draw import FundExposure
from plimsoll.calibration.venue_frontier.initial_leg import InitialLeg
from plimsoll.calibration.venue_frontier.level import levels_at, levels_in_force, loss_ratios
from plimsoll.calibration.venue_frontier.record import DailyCounts, VenueRecord, daily_counts
from plimsoll.calibration.venue_frontier.terms import Movement, equal_coverage_cost, movement
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.domain.field_summary import field_summary

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

STRESS_ROWS = 90


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occasion:
    """Days that are known when something is asked.

    Parameters
    ----------
    name : str
    days : (D,) bool
        Whose losses are known.
    margins : (D,) bool
        Whose margins are known.
    sets_levels : bool
        The levels that its days alone would set are wanted.
    """

    name: str
    days: BoolArray
    margins: BoolArray
    sets_levels: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judging:
    """What all policies are held against.

    Parameters
    ----------
    record : VenueRecord
        Of the close-out leg.
    initial : InitialLeg
    yardstick : DailyCounts
    tools : AntiProcyclicality
        That the venue file or its rulebook demands, of the close-out leg.
    long_history : (D, N, 2) float64
    fund : FundExposure or None
    """

    record: VenueRecord
    initial: InitialLeg
    yardstick: DailyCounts
    tools: AntiProcyclicality
    long_history: FloatArray
    fund: FundExposure | None = None

    __repr__ = field_summary

    def known(self, row: int) -> BoolArray:
        """(D,) days whose losses of both legs were all known by a row."""
        return np.asarray(self.record.known(row) & self.initial.reaction.known(row))


def occasion_at(judging: Judging, row: int, name: str = "") -> Occasion:
    """What a row knows: margins set before it, and losses of both legs that had ended."""
    before = np.arange(judging.record.days) < row
    return Occasion(name=name or str(row), days=judging.known(row), margins=before)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssessedPolicy:
    """What is kept of one policy.

    Parameters
    ----------
    candidate : Candidate
    levels : (D, N) float64
        Scales of the close-out leg in force; all 1 for the default.
    held, reaction : (D, N, 2) float64
        Both legs at their levels, the first with the tools that the rulebook demands.
    plain, lived : DailyCounts
        Of the close-out leg, without and with levels.
    lived_reaction : DailyCounts
    cost, scale : mapping of str to float
        By occasion: over the yardstick at its coverage, and the scale that makes it so.
    levels_of : mapping of str to (N,) float64
        By occasion: the levels that its days alone would set; none for the default.
    moved, moved_initial : mapping of str to Movement
        By occasion, of the close-out leg without levels, and of initial margin as lived.
    user_days, closed_out : (D, N, 2) bool
        Days on which a user was followed, and was closed out although solvent at the next call.
    draws : (D,) float64 or None
        Dollars that uncovered losses would have taken from the fund.
    """

    candidate: Candidate
    levels: FloatArray
    held: FloatArray
    reaction: FloatArray
    plain: DailyCounts
    lived: DailyCounts
    lived_reaction: DailyCounts
    cost: Mapping[str, float]
    scale: Mapping[str, float]
    levels_of: Mapping[str, FloatArray]
    moved: Mapping[str, Movement]
    moved_initial: Mapping[str, Movement]
    user_days: BoolArray
    closed_out: BoolArray
    draws: FloatArray | None = None

    __repr__ = field_summary


def assess(
    judging: Judging,
    candidate: Candidate,
    margin: FloatArray,
    reaction: FloatArray,
    occasions: tuple[Occasion, ...],
) -> AssessedPolicy:
    """Measure (D, N, 2) paths of both legs."""
    record, initial = judging.record, judging.initial
    path = record.judged(margin)
    ratios = loss_ratios(record, path)
    ones = np.ones((record.days, len(record.markets)))
    levels = ones if candidate.is_default else levels_in_force(record, ratios)
    held = path * levels[:, :, None]
    if not candidate.is_default:
        held = with_demanded_tools(held, judging.tools, judging.long_history)
    added = _reaction_at_levels(initial.reaction, candidate, reaction)
    plain, lived = daily_counts(record, path), daily_counts(record, held)
    costs = {
        one.name: equal_coverage_cost(ratios, plain, judging.yardstick, one.days)
        for one in occasions
    }
    whole = initial.initial(held, added)
    user_days, closed_out = initial.solvent_liquidations(held, added)
    return AssessedPolicy(
        candidate=candidate,
        levels=levels,
        held=held,
        reaction=added,
        plain=plain,
        lived=lived,
        lived_reaction=daily_counts(initial.reaction, added),
        cost={name: cost for name, (cost, _) in costs.items()},
        scale={name: scale for name, (_, scale) in costs.items()},
        levels_of={
            one.name: levels_at(record, ratios, one.days, record.shares[-1])
            for one in occasions
            if one.sets_levels and record.shares and not candidate.is_default
        },
        moved={one.name: _moved(path, one) for one in occasions},
        moved_initial={one.name: _moved(whole, one) for one in occasions},
        user_days=user_days,
        closed_out=closed_out,
        draws=None if judging.fund is None else judging.fund.draws(lived),
    )


def _moved(path: FloatArray, occasion: Occasion) -> Movement:
    return movement(np.where(occasion.margins[:, None, None], path, np.nan))


def _reaction_at_levels(
    record: VenueRecord, candidate: Candidate, reaction: FloatArray
) -> FloatArray:
    path = record.judged(reaction)
    if candidate.is_default:
        return path
    levels = levels_in_force(record, loss_ratios(record, path))
    return np.asarray(path * levels[:, :, None])


def with_demanded_tools(
    held: FloatArray, tools: AntiProcyclicality, long_history: FloatArray
) -> FloatArray:
    """Lay the tools of the venue file, or of its rulebook, on margins at their levels.

    The stressed margin is the worst 90-day median so far; the floor is ten years of history, of
    what there is.
    """
    flat = held.reshape(held.shape[0], -1)
    if tools.stress_weight:
        worst = np.fmax.accumulate(trailing_median(flat, STRESS_ROWS), axis=0)
        flat = (1.0 - tools.stress_weight) * flat + tools.stress_weight * worst
    if tools.buffer:
        flat = buffered(flat, tools.buffer)
    if tools.long_floor:
        flat = np.fmax(flat, np.where(np.isfinite(flat), long_history.reshape(flat.shape), np.nan))
    return flat.reshape(held.shape)
