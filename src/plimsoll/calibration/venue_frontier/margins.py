"""Margins of every policy on a venue's panel, each market at its own close-out horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.anti_procyclicality import buffered
from plimsoll.calibration.forecast import LONG_WINDOW_DAYS
from plimsoll.calibration.frontier.margins import policy_margin, with_policy_tools
from plimsoll.calibration.frontier.panel_scales import STEP_HOURS, panel_scales
from plimsoll.calibration.venue_frontier.candidates import Candidate
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import HOUR_NS
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.errors import UsageError
from plimsoll.estimators.reference.historical import HistoricalSimulation
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.marketdata.returns import linear_long_loss, linear_short_loss

FloatArray = NDArray[np.float64]

YARDSTICK = "B"
"""One year of history with the 25 % buffer, at 99 %."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HorizonTask:
    """All policies over one horizon, ready to travel to a worker.

    Parameters
    ----------
    panel : ReturnsPanel
        Of the whole pool.
    hours : int
    columns : (n,) tuple of int
        Markets of the pool that close out over it.
    default : (D, n, 2) float64
        The forecaster's own margins.
    inverse : tuple of bool
        Markets that pay in coin.
    candidates : tuple of Candidate
    """

    panel: ReturnsPanel
    hours: int
    columns: tuple[int, ...]
    default: FloatArray
    inverse: tuple[bool, ...]
    candidates: tuple[Candidate, ...]

    __repr__ = field_summary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HorizonMargins:
    """(P, D, n, 2) of the policies; (D, n, 2) of the yardstick and of ten years of history.

    The long history is what the floor of Article 28(c) of EMIR's technical standards asks for, of
    as much as there is.
    """

    policies: FloatArray
    yardstick: FloatArray
    long_history: FloatArray


def horizon_margins(task: HorizonTask) -> HorizonMargins:
    """Compute one horizon. Pure: the same task gives the same bytes in any process."""
    panel, hours, columns = task.panel, task.hours, list(task.columns)
    year = HistoricalSimulation().paths(panel, hours).value_at_risk
    long = HistoricalSimulation(name="hs_10y", window_days=LONG_WINDOW_DAYS).paths(panel, hours)
    yardstick = buffered(year.reshape(len(year), -1)).reshape(year.shape)
    scales = panel_scales(panel, {hours: year}, {hours: long.value_at_risk})
    shared = scales.horizon(hours)
    mine = replace(
        shared,
        latest_loss=shared.latest_loss[:, columns],
        history=shared.history[:, columns],
        long_history=shared.long_history[:, columns],
    )
    found = []
    for candidate in task.candidates:
        if candidate.on_default:
            found.append(with_policy_tools(task.default, candidate.policy, mine))
        else:
            margin = policy_margin(scales, candidate.policy, hours)[:, columns]
            found.append(_in_payoff(margin, task.inverse))
    usable = scales.usable[:, columns, None]
    return HorizonMargins(
        policies=np.stack(found),
        yardstick=_in_payoff(np.where(usable, yardstick[:, columns], np.nan), task.inverse),
        long_history=_in_payoff(mine.long_history, task.inverse),
    )


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
    horizon_hours: NDArray[np.int64],
    default: FloatArray,
    payoffs: Sequence[Payoff],
    candidates: tuple[Candidate, ...],
    executor: Executor,
    progress: Progress = SILENT,
) -> HorizonMargins:
    """Compute every policy, each market at its own horizon, whatever the number of workers.

    Parameters
    ----------
    columns : sequence of int
        Place in the panel of each calibrated market.
    horizon_hours : (N,) int64
    default : (D, N, 2) float64

    Raises
    ------
    UsageError
        Where bars are longer than the steps of the policies.
    """
    if STEP_HOURS * HOUR_NS % panel.interval_ns:
        raise UsageError(
            f"must have bars that divide {STEP_HOURS} h for an appetite to choose a policy",
            found=f"{panel.interval_ns / HOUR_NS:g} h",
            field="appetite",
            remedy="bring finer bars, or leave the appetite out",
        )
    hours = [int(h) for h in np.unique(horizon_hours)]
    places = [np.flatnonzero(horizon_hours == h) for h in hours]
    tasks = [
        HorizonTask(
            panel=panel,
            hours=h,
            columns=tuple(columns[j] for j in place.tolist()),
            default=np.array(default[:, place]),
            inverse=tuple(payoffs[j] is Payoff.INVERSE for j in place.tolist()),
            candidates=candidates,
        )
        for h, place in zip(hours, places, strict=True)
    ]
    names = [f"{h} h" for h in hours]
    label = "margin policies"
    found = executor.map(horizon_margins, tasks, progress, label=label, names=names)
    shape = default.shape
    policies = np.full((len(candidates), *shape), np.nan)
    yardstick, long = np.full(shape, np.nan), np.full(shape, np.nan)
    for place, one in zip(places, found, strict=True):
        policies[:, :, place] = one.policies
        yardstick[:, place] = one.yardstick
        long[:, place] = one.long_history
    return HorizonMargins(policies=policies, yardstick=yardstick, long_history=long)
