"""From a problem with an appetite to its frontier: margins, record, choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.appetite.stated import StatedAppetite
from plimsoll.calibration.blend_risk import PanelHistories
from plimsoll.calibration.evidence.proof import extra_of
from plimsoll.calibration.kept import NOTHING_KEPT, Kept, kept_or_made
from plimsoll.calibration.known_losses import known_losses
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.calibration.scored import horizons, scored_losses
from plimsoll.calibration.venue_frontier.assessed import Judging
from plimsoll.calibration.venue_frontier.candidates import venue_candidates
from plimsoll.calibration.venue_frontier.choice import ChosenPath
from plimsoll.calibration.venue_frontier.frontier import (
    VenueFrontier,
    new_year_rows,
    venue_frontier,
)
from plimsoll.calibration.venue_frontier.fund_draw import fund_exposure
from plimsoll.calibration.venue_frontier.initial_leg import InitialLeg, user_paths
from plimsoll.calibration.venue_frontier.margins import (
    HorizonMargins,
    LegMargins,
    MarginLeg,
    venue_margins,
)
from plimsoll.calibration.venue_frontier.policy_search import policy_search
from plimsoll.calibration.venue_frontier.prepared_legs import prepared_legs
from plimsoll.calibration.venue_frontier.record import VenueRecord, daily_counts
from plimsoll.calibration.venue_frontier.refined import PolicyPaths
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import MarketHistory
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.estimators.reference.default_model import default_at
from plimsoll.estimators.reference.panel import returns_panel

BoolArray = NDArray[np.bool_]


def appetite_frontier(
    problem: CalibrationProblem,
    stated: StatedAppetite,
    histories: PanelHistories,
    paths: RiskPaths,
    class_of: Mapping[str, str],
    payoff_of: Mapping[str, Payoff],
    executor: Executor,
    progress: Progress = SILENT,
    kept: Kept = NOTHING_KEPT,
) -> VenueFrontier:
    """Choose the policy of a venue by its appetite, walk-forward.

    Same inputs give the same bytes, whatever the executor.

    Parameters
    ----------
    paths : RiskPaths
        Of the default forecaster, on every day.
    kept : Kept
        Margins of the policies, and what searches were told, where a run that was cut off has them.
    """
    own = histories.own
    problem_legs = legs_of(problem, own.markets, paths, class_of)
    payoffs = [payoff_of[market] for market in own.markets]
    candidates = venue_candidates(1.0 - problem.maintenance_level)
    panel = returns_panel(histories.pool)
    margins = kept_or_made(
        kept,
        "margin policies",
        LegMargins,
        lambda: venue_margins(
            panel, histories.columns, problem_legs, payoffs, candidates, executor, progress
        ),
    )
    close_out, reaction = margins.close_out, margins.reaction
    usable = usable_days(paths, close_out) & usable_days(paths, reaction)
    record, reaction_record = (
        _record(own, payoffs, paths, leg, usable, 1.0 - level)
        for leg, level in zip(
            problem_legs, (problem.maintenance_level, problem.reaction_level), strict=True
        )
    )
    specs = {spec.symbol: spec for spec in problem.markets}
    initial = InitialLeg(
        reaction=reaction_record,
        extra=extra_of(problem, paths, class_of, specs),
        link=float(problem.structure.maintenance_initial_link),
        users=user_paths(own, payoffs, paths.time_ns, record.losses.lag_days),
    )
    judging = Judging(
        record=record,
        initial=initial,
        yardstick=daily_counts(record, close_out.yardstick),
        tools=problem.anti_procyclicality,
        long_history=close_out.long_history,
        fund=None if stated.fund is None else fund_exposure(stated.fund, own.markets, class_of),
    )
    refiner = None
    if stated.refine is not None:
        prepared = prepared_legs(panel, histories.columns, problem_legs, payoffs, candidates)
        refiner = policy_search(prepared, stated, executor, kept.checkpoint, progress)
    return venue_frontier(
        problem,
        stated,
        judging,
        ChosenPath(maintenance=paths.maintenance, reaction=paths.reaction),
        [
            PolicyPaths(candidate=one, close_out=first, reaction=second)
            for one, first, second in zip(
                candidates, close_out.policies, reaction.policies, strict=True
            )
        ],
        refiner,
        progress,
    )


def legs_of(
    problem: CalibrationProblem,
    markets: tuple[str, ...],
    paths: RiskPaths,
    class_of: Mapping[str, str],
) -> tuple[MarginLeg, MarginLeg]:
    """Close-out and reaction leg of the default forecaster."""
    close_out, react = horizons(markets, problem, dict(class_of))
    return (
        MarginLeg(name="close-out", horizon_hours=close_out, default=paths.maintenance),
        MarginLeg(
            name="reaction",
            horizon_hours=react,
            default=paths.reaction,
            tail=1.0 - problem.reaction_level,
            confidence=problem.reaction_level,
        ),
    )


def _record(
    own: MarketHistory,
    payoffs: list[Payoff],
    paths: RiskPaths,
    leg: MarginLeg,
    usable: BoolArray,
    target: float,
) -> VenueRecord:
    start = int(paths.time_ns[0])
    scored = scored_losses(own, leg.horizon_hours, payoffs, start)
    known = known_losses(own, scored, payoffs, paths.time_ns)
    # Hours of the day at which no market of the leg starts hold nothing.
    starts = np.isfinite(known.loss).any(axis=(0, 2, 3))
    reviews = new_year_rows(paths.time_ns)
    return VenueRecord(
        time_ns=paths.time_ns,
        markets=own.markets,
        horizon_hours=leg.horizon_hours,
        losses=replace(known, loss=np.ascontiguousarray(known.loss[:, starts])),
        usable=usable,
        reviews=reviews,
        target=target,
        shares=tuple(default_at(int(paths.time_ns[row])).tail_share for row in reviews),
    )


def usable_days(paths: RiskPaths, margins: HorizonMargins) -> BoolArray:
    """(D, N) markets that speak for themselves, and of which every policy has a number."""
    finite = np.isfinite(margins.policies).all(axis=(0, 3))
    finite &= np.isfinite(margins.yardstick).all(axis=2)
    finite &= (margins.policies > 0.0).all(axis=(0, 3)) & (margins.yardstick > 0.0).all(axis=2)
    return np.asarray(finite & paths.mature)
