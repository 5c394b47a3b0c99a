"""A generated venue: six markets whose volatility breathes, and policies that follow it or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.appetite.stated import StatedAppetite, with_limits
from plimsoll.calibration.appetite.statement import RiskAppetite
from plimsoll.calibration.appetite.targets import targets_of
from plimsoll.calibration.appetite.weights import ObjectiveWeights
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.calibration.published import DailyLosses
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.calibration.venue_frontier.assessed import Judging
from plimsoll.calibration.venue_frontier.candidates import venue_candidates
from plimsoll.calibration.venue_frontier.choice import ChosenPath
from plimsoll.calibration.venue_frontier.frontier import (
    VenueFrontier,
    new_year_rows,
    venue_frontier,
)
from plimsoll.calibration.venue_frontier.fund_draw import FundExposure
from plimsoll.calibration.venue_frontier.initial_leg import InitialLeg, UserPaths
from plimsoll.calibration.venue_frontier.record import VenueRecord, daily_counts
from plimsoll.calibration.venue_frontier.refined import PolicyPaths, Refiner
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.domain.market import DAY_NS

FloatArray = NDArray[np.float64]

FIRST_NS = 18_993 * DAY_NS  # 2022-01-01
DAYS, MARKETS, STARTS = 365 * 5 + 60, 6, 6
CANDIDATES = venue_candidates(0.01)[:1] + venue_candidates(0.01)[4:7]
BREATH = 0.1


def losses(seed: int = 1) -> FloatArray:
    """(D, K, N, 2) of t(5) moves whose volatility breathes."""
    rng = np.random.default_rng(seed)
    level = np.exp(BREATH * np.sin(np.arange(DAYS) / 120.0))[:, None, None]
    move = 0.01 * level * rng.standard_t(5, (DAYS, STARTS, MARKETS))
    return np.stack([-np.expm1(move), np.expm1(move)], axis=-1)


def record(loss: FloatArray, days: int = DAYS) -> VenueRecord:
    time = FIRST_NS + DAY_NS * np.arange(days, dtype=np.int64)
    reviews = new_year_rows(time)
    return VenueRecord(
        time_ns=time,
        markets=("AUSDT", "BUSDT", "CUSDT", "DUSDT", "EUSDT", "FUSDT"),
        horizon_hours=np.array([1, 1, 1, 4, 4, 4]),
        losses=DailyLosses(loss=np.ascontiguousarray(loss[:days]), lag_days=3),
        usable=np.ones((days, MARKETS), dtype=np.bool_),
        reviews=reviews,
        target=0.01,
        shares=(1.0,) * len(reviews),
    )


def margins(days: int = DAYS) -> list[FloatArray]:
    """The default follows volatility; the others less and less."""
    wave = np.sin(np.arange(days) / 120.0)[:, None, None]
    each = [0.034 * np.exp(share * BREATH * wave) for share in (1.0, 0.0, 0.4, 0.8)]
    return [np.array(np.broadcast_to(one, (days, MARKETS, 2))) for one in each]


def policies(days: int = DAYS) -> list[PolicyPaths]:
    """What the reaction adds is 0.6 of the close-out leg, of every policy."""
    return [
        PolicyPaths(candidate=one, close_out=margin, reaction=0.6 * margin)
        for one, margin in zip(CANDIDATES, margins(days), strict=True)
    ]


def users(loss: FloatArray) -> UserPaths:
    """Three margin calls a day: the first six starts in pairs, as a path."""
    moved = np.cumsum(loss[:, :, :, 1], axis=1).reshape(len(loss), 3, 2, MARKETS)
    both = np.stack([-moved, moved], axis=-1)
    return UserPaths(worst=both.max(axis=2), at_call=both[:, :, -1])


def judging(loss: FloatArray, days: int = DAYS, tools: AntiProcyclicality | None = None) -> Judging:
    held = record(loss, days)
    initial = InitialLeg(
        reaction=replace(held, target=0.05),
        extra=np.full((days, MARKETS), 0.002),
        link=0.5,
        users=users(loss[:days]),
    )
    return Judging(
        record=held,
        initial=initial,
        yardstick=daily_counts(held, np.full((days, MARKETS, 2), 0.05)),
        tools=tools or AntiProcyclicality(),
        long_history=0.04 + 0.0 * margins(days)[0],
        fund=FundExposure(available_usd=1e9, interest_usd=np.full(MARKETS, 1e6)),
    )


def paths(days: int = DAYS) -> RiskPaths:
    margin = margins(days)[0]
    flat = np.zeros(margin.shape[:2])
    return RiskPaths(
        time_ns=FIRST_NS + DAY_NS * np.arange(days, dtype=np.int64),
        markets=record(losses()).markets,
        maintenance=margin,
        reaction=0.6 * margin,
        maintenance_error=0.1 * margin,
        reaction_error=0.05 * margin,
        volatility_daily=flat + 0.05,
        floored=flat > 0.0,
        mature=flat == 0.0,
    )


def stated(
    weight: float = 0.5, peak: float = 3.0, weights: ObjectiveWeights | None = None
) -> StatedAppetite:
    appetite = RiskAppetite(capital_weight=weight)
    limits = with_limits(
        targets_of(appetite), largest_peak_to_trough=peak, largest_five_day_rise=1.0
    )
    return StatedAppetite(appetite=appetite, targets=limits, weights=weights)


def run(
    loss: FloatArray,
    days: int = DAYS,
    weight: float = 0.5,
    peak: float = 3.0,
    weights: ObjectiveWeights | None = None,
    refiner: Refiner | None = None,
) -> VenueFrontier:
    problem = CalibrationProblem(venue="", label="", markets=(), classes={}, reaction_level=0.95)
    return venue_frontier(
        problem,
        stated(weight, peak, weights),
        judging(loss, days),
        ChosenPath(maintenance=paths(days).maintenance, reaction=paths(days).reaction),
        policies(days),
        refiner,
    )


CALM_ONLY = ObjectiveWeights(
    capital=0.0, peak_to_trough=1.0, five_day_call=0.0, churn=0.0, solvent_liquidations=0.0
)
"""What the weight of capital alone said before there were further terms."""
