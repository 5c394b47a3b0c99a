"""One policy on the whole record: levels, breaches, and its cost and movement at every review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.anti_procyclicality import buffered, trailing_median
from plimsoll.calibration.venue_frontier.candidates import Candidate
from plimsoll.calibration.venue_frontier.level import levels_at, levels_in_force
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


def occasion_at(record: VenueRecord, row: int, name: str = "") -> Occasion:
    """What a row knows: margins set before it, and losses that had ended."""
    before = np.arange(record.days) < row
    return Occasion(name=name or str(row), days=record.known(row), margins=before)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssessedPolicy:
    """What is kept of one policy.

    Parameters
    ----------
    candidate : Candidate
    levels : (D, N) float64
        Scales in force; all 1 for the default.
    held : (D, N, 2) float64
        Margins at their levels, with the tools that the rulebook demands.
    plain, lived : DailyCounts
        Without and with levels.
    cost, scale : mapping of str to float
        By occasion: over the yardstick at its coverage, and the scale that makes it so.
    levels_of : mapping of str to (N,) float64
        By occasion: the levels that its days alone would set; none for the default.
    moved : mapping of str to Movement
        By occasion, of margins without levels.
    """

    candidate: Candidate
    levels: FloatArray
    held: FloatArray
    plain: DailyCounts
    lived: DailyCounts
    cost: Mapping[str, float]
    scale: Mapping[str, float]
    levels_of: Mapping[str, FloatArray]
    moved: Mapping[str, Movement]

    __repr__ = field_summary


def assess(
    record: VenueRecord,
    candidate: Candidate,
    margin: FloatArray,
    yardstick: DailyCounts,
    occasions: tuple[Occasion, ...],
    tools: AntiProcyclicality,
    long_history: FloatArray,
) -> AssessedPolicy:
    """Measure a (D, N, 2) path of margins."""
    path = np.where(record.usable[:, :, None], margin, np.nan)
    ratio = record.ratios(path)
    ones = np.ones((record.days, len(record.markets)))
    levels = ones if candidate.is_default else levels_in_force(record, ratio)
    held = path * levels[:, :, None]
    if not candidate.is_default:
        held = with_demanded_tools(held, tools, long_history)
    plain = daily_counts(record, path)
    costs = {one.name: equal_coverage_cost(ratio, plain, yardstick, one.days) for one in occasions}
    return AssessedPolicy(
        candidate=candidate,
        levels=levels,
        held=held,
        plain=plain,
        lived=daily_counts(record, held),
        cost={name: cost for name, (cost, _) in costs.items()},
        scale={name: scale for name, (_, scale) in costs.items()},
        levels_of={
            one.name: levels_at(record, ratio, one.days, record.shares[-1])
            for one in occasions
            if one.sets_levels and record.shares and not candidate.is_default
        },
        moved={
            one.name: movement(np.where(one.margins[:, None, None], path, np.nan))
            for one in occasions
        },
    )


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
