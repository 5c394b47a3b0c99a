"""A venue's frontier: policies on its panel, one chosen at every New Year by its appetite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.appetite.stated import StatedAppetite
from plimsoll.calibration.folds.crises import CrisisFolds, leave_one_crisis_out
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.calibration.venue_frontier.assessed import (
    AssessedPolicy,
    Occasion,
    assess,
    occasion_at,
)
from plimsoll.calibration.venue_frontier.candidates import DEFAULT, Candidate
from plimsoll.calibration.venue_frontier.choice import VenueChoice, choose, chosen_path
from plimsoll.calibration.venue_frontier.constraints import FrontierLimits
from plimsoll.calibration.venue_frontier.margins import HorizonMargins
from plimsoll.calibration.venue_frontier.record import DailyCounts, VenueRecord, daily_counts
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.domain.table import iso_minute
from plimsoll.validation.walk_forward import WAIT_HOURS

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

NOW = "now"
"""Occasion after the last day: the frontier as it is known when the set is made."""
CRISIS_EMBARGO_DAYS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VenueFrontier:
    """Everything that tables and checks are made of.

    Parameters
    ----------
    record : VenueRecord
    stated : StatedAppetite
    limits : FrontierLimits
    assessed : mapping of str to AssessedPolicy
        By policy; the default first.
    yardstick : DailyCounts
    choices : tuple of VenueChoice
        At every review, in force until the next.
    now : VenueChoice
        What the next review would choose: the frontier table.
    crises : CrisisFolds
    without_crisis : mapping of str to VenueChoice
        By crisis that is left out: the choice from the other days.
    path : (D, N, 2) float64
        Margins of the policies in force, the default's where they have none.
    """

    record: VenueRecord
    stated: StatedAppetite
    limits: FrontierLimits
    assessed: Mapping[str, AssessedPolicy]
    yardstick: DailyCounts
    choices: tuple[VenueChoice, ...]
    now: VenueChoice
    crises: CrisisFolds
    without_crisis: Mapping[str, VenueChoice]
    path: FloatArray

    __repr__ = field_summary

    @property
    def capital_weight(self) -> float:
        """Weight of cost against swings."""
        return self.stated.targets.figures.capital_weight

    @property
    def in_force(self) -> str:
        """Policy of the last review."""
        return self.choices[-1].policy if self.choices else DEFAULT

    @property
    def since_ns(self) -> int | None:
        """First day of another policy than the forecaster as it is; None where there is none."""
        rows = [choice.row for choice in self.choices if choice.policy != DEFAULT]
        return int(self.record.time_ns[rows[0]]) if rows else None

    @property
    def told(self) -> str:
        """Every policy that was in force, with its tools and from when.

        ``log_blend (tools: none) from the start; calm (tools: none) from 2024-01-01``
        """
        parts, last = [self._named(DEFAULT, "the start")], DEFAULT
        for choice in self.choices:
            if choice.policy != last:
                day = iso_minute(int(self.record.time_ns[choice.row]))[:10]
                parts.append(self._named(choice.policy, day))
            last = choice.policy
        return "; ".join(parts)

    def _named(self, policy: str, since: str) -> str:
        return f"{policy} (tools: {self.assessed[policy].candidate.tools}) from {since}"

    def with_chosen(self, paths: RiskPaths) -> RiskPaths:
        """Return the paths with the chosen margins; errors keep their share of the margin."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(paths.maintenance > 0.0, self.path / paths.maintenance, 1.0)
        error = paths.maintenance_error * ratio
        return replace(paths, maintenance=self.path, maintenance_error=error)


def limits_of(problem: CalibrationProblem, stated: StatedAppetite, markets: int) -> FrontierLimits:
    """Return the limits of the choice: the gate's lines, and the appetite's limits."""
    figures, target = stated.targets.figures, 1.0 - problem.maintenance_level
    least_sides = problem.gate.lines.least_market_sides
    return FrontierLimits(
        target=target,
        gate=problem.gate,
        peak_to_trough=figures.largest_peak_to_trough,
        five_day_rise=figures.largest_five_day_rise,
        uncovered=target,
        ask_quartile=2 * markets >= least_sides,
        lower_bounds=problem.anti_procyclicality == AntiProcyclicality(),
    )


def new_year_rows(time_ns: NDArray[np.int64]) -> tuple[int, ...]:
    """Rows of the first day of each calendar year but the first."""
    year = time_ns.astype("datetime64[ns]").astype("datetime64[Y]").astype(np.int64)
    return tuple(int(row) for row in np.flatnonzero(np.diff(year)) + 1)


def venue_frontier(
    problem: CalibrationProblem,
    stated: StatedAppetite,
    paths: RiskPaths,
    margins: HorizonMargins,
    candidates: Sequence[Candidate],
    record: VenueRecord,
    progress: Progress = SILENT,
) -> VenueFrontier:
    """Assess every policy, choose at every New Year, and join what was in force.

    Parameters
    ----------
    paths : RiskPaths
        Of the default forecaster.
    margins : HorizonMargins
        Of the candidates, in their order.
    """
    yardstick = daily_counts(record, record.yardstick)
    crises = crises_of(record)
    occasions = tuple(occasions_of(record, crises))
    assessed = {}
    progress.start("weigh margin policies", len(candidates))
    try:
        for candidate, margin in zip(candidates, margins.policies, strict=True):
            assessed[candidate.name] = assess(
                record,
                candidate,
                margin,
                yardstick,
                occasions,
                problem.anti_procyclicality,
                margins.long_history,
            )
            progress.advance()
    finally:
        progress.finish()
    limits = limits_of(problem, stated, int(record.usable.any(axis=0).sum()))
    weight = stated.targets.figures.capital_weight
    known = {one.name: one for one in occasions}
    choices = tuple(
        choose(record, assessed, known[str(row)], row, weight, limits) for row in record.reviews
    )
    return VenueFrontier(
        record=record,
        stated=stated,
        limits=limits,
        assessed=assessed,
        yardstick=yardstick,
        choices=choices,
        now=choose(record, assessed, known[NOW], record.days, weight, limits),
        crises=crises,
        without_crisis={
            fold.name: choose(record, assessed, known[fold.name], record.days, weight, limits)
            for fold in crises.folds
        },
        path=chosen_path(choices, assessed, paths.maintenance),
    )


def crises_of(record: VenueRecord) -> CrisisFolds:
    """Crises within the judged days, left out in turn with an embargo after each."""
    judged = _judged(record)
    longest = int(record.horizon_hours.max()) + WAIT_HOURS
    horizon_ns = DAY_NS + longest * HOUR_NS
    if not judged.any():
        return CrisisFolds(folds=(), not_covered=())
    return leave_one_crisis_out(
        record.time_ns[judged], embargo_ns=CRISIS_EMBARGO_DAYS * DAY_NS, purge=horizon_ns
    )


def _judged(record: VenueRecord) -> BoolArray:
    """(D,) days with a judged market, from the first review on."""
    first = record.reviews[0] if record.reviews else record.days
    late = np.arange(record.days) >= first
    return np.asarray(record.usable.any(axis=1) & late)


def occasions_of(record: VenueRecord, crises: CrisisFolds) -> list[Occasion]:
    """Every review, the end, and every crisis left out."""
    found = [occasion_at(record, row) for row in record.reviews]
    end = occasion_at(record, record.days, NOW)
    rows = np.flatnonzero(_judged(record))
    for fold in crises.folds:
        left = np.zeros(record.days, dtype=np.bool_)
        left[rows[fold.training_rows]] = True
        if record.reviews:
            left[: record.reviews[0]] = True
        days = left & end.days
        found.append(Occasion(name=fold.name, days=days, margins=left, sets_levels=True))
    return [*found, end]
