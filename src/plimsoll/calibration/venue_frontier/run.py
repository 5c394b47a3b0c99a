"""From a problem with an appetite to its frontier: margins, record, choices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.appetite.stated import StatedAppetite
from plimsoll.calibration.blend_risk import PanelHistories
from plimsoll.calibration.kept import NOTHING_KEPT, Kept, kept_or_made
from plimsoll.calibration.known_losses import known_losses
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.calibration.scored import horizons, scored_losses
from plimsoll.calibration.venue_frontier.candidates import venue_candidates
from plimsoll.calibration.venue_frontier.frontier import (
    VenueFrontier,
    new_year_rows,
    venue_frontier,
)
from plimsoll.calibration.venue_frontier.margins import HorizonMargins, venue_margins
from plimsoll.calibration.venue_frontier.record import VenueRecord
from plimsoll.domain.instrument import Payoff
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
        Margins of the policies, where a run that was cut off has made them.
    """
    own = histories.own
    hours, _ = horizons(own.markets, problem, dict(class_of))
    payoffs = [payoff_of[market] for market in own.markets]
    candidates = venue_candidates(1.0 - problem.maintenance_level)
    margins = kept_or_made(
        kept,
        "margin policies",
        HorizonMargins,
        lambda: venue_margins(
            returns_panel(histories.pool),
            histories.columns,
            hours,
            paths.maintenance,
            payoffs,
            candidates,
            executor,
            progress,
        ),
    )
    start = int(paths.time_ns[0])
    losses = known_losses(own, scored_losses(own, hours, payoffs, start), payoffs, paths.time_ns)
    reviews = new_year_rows(paths.time_ns)
    record = VenueRecord(
        time_ns=paths.time_ns,
        markets=own.markets,
        horizon_hours=hours,
        losses=losses,
        yardstick=margins.yardstick,
        usable=usable_days(paths, margins),
        reviews=reviews,
        target=1.0 - problem.maintenance_level,
        shares=tuple(default_at(int(paths.time_ns[row])).tail_share for row in reviews),
    )
    return venue_frontier(problem, stated, paths, margins, candidates, record, progress)


def usable_days(paths: RiskPaths, margins: HorizonMargins) -> BoolArray:
    """(D, N) markets that speak for themselves, and of which every policy has a number."""
    finite = np.isfinite(margins.policies).all(axis=(0, 3))
    finite &= np.isfinite(margins.yardstick).all(axis=2)
    finite &= (margins.policies > 0.0).all(axis=(0, 3)) & (margins.yardstick > 0.0).all(axis=2)
    return np.asarray(finite & paths.mature)
