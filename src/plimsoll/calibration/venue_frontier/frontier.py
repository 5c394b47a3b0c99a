"""A venue's frontier: policies on its panel, one chosen at every New Year by its appetite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.appetite.stated import StatedAppetite
from plimsoll.calibration.appetite.weights import ObjectiveWeights
from plimsoll.calibration.folds.crises import CrisisFolds, leave_one_crisis_out
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.calibration.venue_frontier.assessed import (
    AssessedPolicy,
    Judging,
    Occasion,
    assess,
    occasion_at,
)
from plimsoll.calibration.venue_frontier.candidates import DEFAULT
from plimsoll.calibration.venue_frontier.choice import (
    ChosenPath,
    VenueChoice,
    choose,
    chosen_path,
)
from plimsoll.calibration.venue_frontier.constraints import FrontierLimits
from plimsoll.calibration.venue_frontier.record import DailyCounts, VenueRecord
from plimsoll.calibration.venue_frontier.refined import PolicyPaths, RefinedPolicy, Refiner
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
    judging : Judging
    stated : StatedAppetite
    limits : FrontierLimits
    assessed : mapping of str to AssessedPolicy
        By policy; the default first, refined ones last.
    choices : tuple of VenueChoice
        At every review, in force until the next.
    now : VenueChoice
        What the next review would choose: the frontier table.
    crises : CrisisFolds
    without_crisis : mapping of str to VenueChoice
        By crisis that is left out: the choice from the other days, of designed policies.
    path : ChosenPath
        Margins of the policies in force, the default's where they have none.
    refined : tuple of RefinedPolicy
        What searches found at the reviews; empty where none was asked for.
    """

    judging: Judging
    stated: StatedAppetite
    limits: FrontierLimits
    assessed: Mapping[str, AssessedPolicy]
    choices: tuple[VenueChoice, ...]
    now: VenueChoice
    crises: CrisisFolds
    without_crisis: Mapping[str, VenueChoice]
    path: ChosenPath
    refined: tuple[RefinedPolicy, ...] = ()

    __repr__ = field_summary

    @property
    def record(self) -> VenueRecord:
        """Days, losses and markets of the close-out leg."""
        return self.judging.record

    @property
    def yardstick(self) -> DailyCounts:
        """Of the yardstick."""
        return self.judging.yardstick

    @property
    def weights(self) -> ObjectiveWeights:
        """Of the objective's terms."""
        return self.stated.objective

    @property
    def tried(self) -> int:
        """Policies tried, those of searches included."""
        return len(self.assessed) - len(self.refined) + sum(len(one.daily) for one in self.refined)

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
        return replace(
            paths,
            maintenance=self.path.maintenance,
            reaction=self.path.reaction,
            maintenance_error=_kept_share(
                paths.maintenance_error, paths.maintenance, self.path.maintenance
            ),
            reaction_error=_kept_share(paths.reaction_error, paths.reaction, self.path.reaction),
        )


def _kept_share(error: FloatArray, before: FloatArray, after: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(before > 0.0, after / before, 1.0)
    return np.asarray(error * ratio)


def limits_of(problem: CalibrationProblem, stated: StatedAppetite, markets: int) -> FrontierLimits:
    """Return the limits of the choice: the gate's lines, and the appetite's limits."""
    figures, target = stated.targets.figures, 1.0 - problem.maintenance_level
    least_sides = problem.gate.lines.least_market_sides
    return FrontierLimits(
        target=target,
        gate=problem.gate,
        peak_to_trough=figures.largest_peak_to_trough,
        five_day_rise=figures.largest_five_day_rise,
        uncovered=stated.largest_uncovered_loss or target,
        reaction_target=1.0 - problem.reaction_level,
        fund_usd=None if stated.fund is None else stated.fund.available_usd,
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
    judging: Judging,
    default: ChosenPath,
    policies: Sequence[PolicyPaths],
    refiner: Refiner | None = None,
    progress: Progress = SILENT,
) -> VenueFrontier:
    """Assess every policy, choose at every New Year, and join what was in force.

    Parameters
    ----------
    default : ChosenPath
        Margins of the default forecaster.
    policies : sequence of PolicyPaths
        Designed ones, the default first.
    refiner : callable, optional
        Searches on from what a review would choose of the designed policies.
    """
    record = judging.record
    crises = crises_of(record)
    occasions = tuple(occasions_of(judging, crises))
    designed = _assessed(judging, policies, occasions, progress)
    limits = limits_of(problem, stated, int(record.usable.any(axis=0).sum()))
    known = {one.name: one for one in occasions}

    def chosen(assessed: Mapping[str, AssessedPolicy], name: str, row: int) -> VenueChoice:
        return choose(record, assessed, known[name], row, stated.objective, limits)

    everything, refined, choices = dict(designed), [], []
    for row in record.reviews:
        choice = chosen(everything, str(row), row)
        if refiner is not None and choice.terms:
            start = chosen(designed, str(row), row)
            found = refiner(start, known[str(row)], judging, limits)
            refined.append(found)
            one = found.paths
            everything[one.candidate.name] = assess(
                judging, one.candidate, one.close_out, one.reaction, occasions
            )
            choice = chosen(everything, str(row), row)
        choices.append(choice)
    return VenueFrontier(
        judging=judging,
        stated=stated,
        limits=limits,
        assessed=everything,
        choices=tuple(choices),
        now=chosen(everything, NOW, record.days),
        crises=crises,
        without_crisis={
            fold.name: chosen(designed, fold.name, record.days) for fold in crises.folds
        },
        path=chosen_path(tuple(choices), everything, default),
        refined=tuple(refined),
    )


def _assessed(
    judging: Judging,
    policies: Sequence[PolicyPaths],
    occasions: tuple[Occasion, ...],
    progress: Progress,
) -> dict[str, AssessedPolicy]:
    progress.start("weigh margin policies", len(policies))
    found = {}
    try:
        for one in policies:
            found[one.candidate.name] = assess(
                judging, one.candidate, one.close_out, one.reaction, occasions
            )
            progress.advance()
    finally:
        progress.finish()
    return found


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


def occasions_of(judging: Judging, crises: CrisisFolds) -> list[Occasion]:
    """Every review, the end, and every crisis left out."""
    record = judging.record
    found = [occasion_at(judging, row) for row in record.reviews]
    end = occasion_at(judging, record.days, NOW)
    rows = np.flatnonzero(_judged(record))
    for fold in crises.folds:
        left = np.zeros(record.days, dtype=np.bool_)
        left[rows[fold.training_rows]] = True
        if record.reviews:
            left[: record.reviews[0]] = True
        days = left & end.days
        found.append(Occasion(name=fold.name, days=days, margins=left, sets_levels=True))
    return [*found, end]
