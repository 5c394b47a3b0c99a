"""Margins of every policy on a venue's panel, each market at its own close-out horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.anti_procyclicality import buffered
from plimsoll.calibration.forecast import LONG_WINDOW_DAYS
from plimsoll.calibration.frontier.margins import policy_margin, with_policy_tools
from plimsoll.calibration.frontier.panel_scales import (
    STEP_HOURS,
    HorizonPaths,
    PanelScales,
    panel_scales,
)
from plimsoll.calibration.venue_frontier.candidates import Candidate
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import HOUR_NS
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.errors import UsageError
from plimsoll.estimators.reference.forecast import CONFIDENCE
from plimsoll.estimators.reference.historical import HistoricalSimulation
from plimsoll.estimators.reference.moves import panel_moves, tail_paths, unit_volatility
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.marketdata.returns import linear_long_loss, linear_short_loss

FloatArray = NDArray[np.float64]

YARDSTICK = "B"
"""One year of history with the 25 % buffer, at 99 %."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HorizonMarkets:
    """The calibrated markets of one horizon.

    Parameters
    ----------
    hours : int
    columns : (n,) tuple of int
        Their places in the pool.
    default : (D, n, 2) float64
        The forecaster's own margins.
    inverse : tuple of bool
        Markets that pay in coin.
    """

    hours: int
    columns: tuple[int, ...]
    default: FloatArray
    inverse: tuple[bool, ...]

    __repr__ = field_summary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HorizonTask:
    """All policies over one horizon, ready to travel to a worker.

    Parameters
    ----------
    panel : ReturnsPanel
        Of the whole pool.
    markets : HorizonMarkets
    candidates : tuple of Candidate
    confidence : float
        Of the simulations of history beside the policies.
    """

    panel: ReturnsPanel
    markets: HorizonMarkets
    candidates: tuple[Candidate, ...]
    confidence: float

    __repr__ = field_summary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginLeg:
    """One leg of the margin that policies are tried on.

    Parameters
    ----------
    name : str
    horizon_hours : (N,) int64
    default : (D, N, 2) float64
        The forecaster's own.
    tail : float or None
        Tail probability of the policies on this leg; None: their own.
    confidence : float
        Of the simulations of history beside them, and of the yardstick.
    """

    name: str
    horizon_hours: NDArray[np.int64]
    default: FloatArray
    tail: float | None = None
    confidence: float = CONFIDENCE

    __repr__ = field_summary

    def policies(self, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """Candidates with the tail of the leg."""
        if self.tail is None:
            return candidates
        return tuple(replace(c, policy=replace(c.policy, tail=self.tail)) for c in candidates)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HorizonMargins:
    """(P, D, n, 2) of the policies; (D, n, 2) of the yardstick and of ten years of history.

    The long history is what the floor of Article 28(c) of EMIR's technical standards asks for, of
    as much as there is.
    """

    policies: FloatArray
    yardstick: FloatArray
    long_history: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LegMargins:
    """Margins of every policy on both legs."""

    close_out: HorizonMargins
    reaction: HorizonMargins


def horizon_margins(task: HorizonTask) -> HorizonMargins:
    """Compute one horizon. Pure: the same task gives the same bytes in any process."""
    markets = task.markets
    columns = list(markets.columns)
    scales, year = horizon_scales(task.panel, markets.hours, task.confidence)
    mine = own_paths(scales, markets)
    found = [policy_on_horizon(scales, mine, markets, one) for one in task.candidates]
    yardstick = buffered(year.reshape(len(year), -1)).reshape(year.shape)
    usable = scales.usable[:, columns, None]
    return HorizonMargins(
        policies=np.stack(found),
        yardstick=_in_payoff(np.where(usable, yardstick[:, columns], np.nan), markets.inverse),
        long_history=_in_payoff(mine.long_history, markets.inverse),
    )


def horizon_scales(
    panel: ReturnsPanel, hours: int, confidence: float
) -> tuple[PanelScales, FloatArray]:
    """What policies share of a horizon, and the margins of a year of history."""
    moves, flat = panel_moves(panel, hours), unit_volatility(panel)
    year, long = (
        tail_paths(
            panel,
            moves,
            flat,
            window_days=window,
            least_days=HistoricalSimulation().least_days,
            confidence=confidence,
        ).value_at_risk
        for window in (HistoricalSimulation().window_days, LONG_WINDOW_DAYS)
    )
    return panel_scales(panel, {hours: year}, {hours: long}), year


def own_paths(scales: PanelScales, markets: HorizonMarkets) -> HorizonPaths:
    """What policies share of a horizon, of its calibrated markets."""
    shared, columns = scales.horizon(markets.hours), list(markets.columns)
    return replace(
        shared,
        latest_loss=shared.latest_loss[:, columns],
        history=shared.history[:, columns],
        long_history=shared.long_history[:, columns],
    )


def policy_on_horizon(
    scales: PanelScales, mine: HorizonPaths, markets: HorizonMarkets, candidate: Candidate
) -> FloatArray:
    """(D, n, 2) margins of one policy on the markets of a horizon."""
    if candidate.on_default:
        return with_policy_tools(markets.default, candidate.policy, mine)
    margin = policy_margin(scales, candidate.policy, markets.hours)[:, list(markets.columns)]
    return _in_payoff(margin, markets.inverse)


def _in_payoff(margin: FloatArray, inverse: Sequence[bool]) -> FloatArray:
    """Margins of linear positions as those of inverse ones where a market pays in coin.

    A fall by x costs a linear long ``1 - e^-x`` and an inverse one ``e^x - 1``.
    """
    coin = np.array(inverse, dtype=np.bool_)
    if not coin.any():
        return margin
    out = margin.copy()
    out[:, coin, 0] = linear_short_loss(-np.log1p(-margin[:, coin, 0]))
    out[:, coin, 1] = linear_long_loss(-np.log1p(margin[:, coin, 1]))
    return out


def venue_margins(
    panel: ReturnsPanel,
    columns: Sequence[int],
    legs: tuple[MarginLeg, MarginLeg],
    payoffs: Sequence[Payoff],
    candidates: tuple[Candidate, ...],
    executor: Executor,
    progress: Progress = SILENT,
) -> LegMargins:
    """Compute every policy on every leg, each market at its own horizon, with any workers.

    Parameters
    ----------
    columns : sequence of int
        Place in the panel of each calibrated market.
    legs : (MarginLeg, MarginLeg)
        Close-out and reaction.

    Raises
    ------
    UsageError
        Where bars are longer than the steps of the policies.
    """
    tasks = [leg_tasks(panel, columns, leg, payoffs, candidates) for leg in legs]
    flat = [task for one in tasks for task in one]
    names = [
        f"{leg.name}, {t.markets.hours} h"
        for leg, one in zip(legs, tasks, strict=True)
        for t in one
    ]
    done = iter(executor.map(horizon_margins, flat, progress, label="margin policies", names=names))
    close_out, reaction = (
        _joined(leg, [next(done) for _ in one], len(candidates))
        for leg, one in zip(legs, tasks, strict=True)
    )
    return LegMargins(close_out=close_out, reaction=reaction)


def leg_tasks(
    panel: ReturnsPanel,
    columns: Sequence[int],
    leg: MarginLeg,
    payoffs: Sequence[Payoff],
    candidates: tuple[Candidate, ...],
) -> list[HorizonTask]:
    """One task for each horizon of a leg; see `venue_margins`."""
    if STEP_HOURS * HOUR_NS % panel.interval_ns:
        raise UsageError(
            f"must have bars that divide {STEP_HOURS} h for an appetite to choose a policy",
            found=f"{panel.interval_ns / HOUR_NS:g} h",
            field="appetite",
            remedy="bring finer bars, or leave the appetite out",
        )
    return [
        HorizonTask(
            panel=panel,
            markets=HorizonMarkets(
                hours=hours,
                columns=tuple(columns[j] for j in place.tolist()),
                default=np.array(leg.default[:, place]),
                inverse=tuple(payoffs[j] is Payoff.INVERSE for j in place.tolist()),
            ),
            candidates=leg.policies(candidates),
            confidence=leg.confidence,
        )
        for hours, place in places_by_horizon(leg)
    ]


def places_by_horizon(leg: MarginLeg) -> list[tuple[int, NDArray[np.int64]]]:
    """Every horizon of a leg with its markets."""
    hours = np.unique(leg.horizon_hours)
    return [(int(h), np.flatnonzero(leg.horizon_hours == h).astype(np.int64)) for h in hours]


def _joined(leg: MarginLeg, found: Sequence[HorizonMargins], count: int) -> HorizonMargins:
    shape = leg.default.shape
    policies = np.full((count, *shape), np.nan)
    yardstick, long = np.full(shape, np.nan), np.full(shape, np.nan)
    for (_, place), one in zip(places_by_horizon(leg), found, strict=True):
        policies[:, :, place] = one.policies
        yardstick[:, place] = one.yardstick
        long[:, place] = one.long_history
    return HorizonMargins(policies=policies, yardstick=yardstick, long_history=long)
