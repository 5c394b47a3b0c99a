"""What all policies share of a panel: log volatilities of every half-life, moves, past losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.frontier.policy import HALF_LIVES_HOURS, LONG_HALF_LIFE_DAYS
from plimsoll.domain.field_summary import field_summary
from plimsoll.errors import UsageError
from plimsoll.estimators.horizon.price_record import Boundaries
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.log_scales import LEAST_LOG_VOLATILITY, above_long, moving
from plimsoll.estimators.reference.moves import panel_moves
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.estimators.reference.steps import StepMoves, grid_steps, step_moves
from plimsoll.maths.blended_volatility import fresh_state, log_volatility_path

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

STEP_HOURS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HorizonPaths:
    """What policies share of one horizon.

    Parameters
    ----------
    moves : StepMoves
    latest_loss : (D, N, 2) float64
        Worst loss of a long (0) and a short (1) whose move became known since the boundary before;
        NaN where none did.
    history, long_history : (D, N, 2) float64
        Margins of historical simulations over 365 days and over 3 years.
    """

    moves: StepMoves
    latest_loss: FloatArray
    history: FloatArray
    long_history: FloatArray

    __repr__ = field_summary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanelScales:
    """Shared by every policy on a panel.

    Parameters
    ----------
    long : (S, N) float64
        Long log volatility of a bar by step; NaN where there is none.
    short : (S, N, K) float64
        That of every half-life less the long one.
    common : (S, K) float64
        Its mean over the markets that move.
    learnable : (S, N) bool
        Moves begun there are counted.
    row : (D,) int64
        Step in force at each boundary.
    usable : (D, N) bool
        The market is listed, and the boundary saw no bar that was condemned later.
    horizons : mapping of int to HorizonPaths
        By hours.
    """

    long: FloatArray
    short: FloatArray
    common: FloatArray
    learnable: BoolArray
    row: IntArray
    usable: BoolArray
    horizons: Mapping[int, HorizonPaths]

    __repr__ = field_summary

    def horizon(self, hours: int) -> HorizonPaths:
        """Return what belongs to a horizon."""
        if hours not in self.horizons:
            raise UsageError(
                f"must be one of {sorted(self.horizons)}", found=hours, field="horizon_hours"
            )
        return self.horizons[hours]


def panel_scales(
    panel: ReturnsPanel,
    histories: Mapping[int, FloatArray],
    long_histories: Mapping[int, FloatArray],
) -> PanelScales:
    """Prepare a panel for policies; all that is shared is computed here, once.

    Parameters
    ----------
    panel : ReturnsPanel
        With one boundary a day.
    histories, long_histories : mapping of int to (D, N, 2) float64
        Historical simulations by horizon in hours; the first names the horizons.

    Raises
    ------
    UsageError
    """
    if panel.boundaries_per_day != 1:
        raise UsageError(
            "must set margins once a day", found=panel.boundaries_per_day, field="panel"
        )
    steps = grid_steps(panel, STEP_HOURS)
    rules = LogBlend(half_lives_hours=HALF_LIVES_HOURS, long_half_life_days=LONG_HALF_LIFE_DAYS)
    decays = rules.decays(panel.bars_per_day)
    state = fresh_state(len(panel.markets), decays.size)
    price = np.array(panel.price, order="C")
    ewma = rules.ewma_rules(panel.bars_per_day)
    path = log_volatility_path(state, price, steps.bars, decays, ewma).transpose(1, 0, 2)
    learnable = moving(path)
    short = above_long(path)
    row = np.searchsorted(steps.time_ns, panel.time_ns, side="right") - 1
    usable = panel.listed & (row >= 0)[:, None]
    usable[panel.replayed()] = False
    return PanelScales(
        long=np.where(path[:, :, -1] > LEAST_LOG_VOLATILITY, path[:, :, -1], np.nan),
        short=short,
        common=_mean_of_moving(short, learnable),
        learnable=learnable,
        row=np.maximum(row, 0).astype(np.int64),
        usable=usable,
        horizons={
            hours: _horizon(panel, steps, row, hours, found, long_histories[hours])
            for hours, found in histories.items()
        },
    )


def _mean_of_moving(short: FloatArray, learnable: BoolArray) -> FloatArray:
    count = learnable.sum(axis=1)
    total = np.where(learnable[:, :, None], short, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(count, 1)[:, None])


def _horizon(
    panel: ReturnsPanel,
    steps: Boundaries,
    row: IntArray,
    hours: int,
    history: FloatArray,
    long_history: FloatArray,
) -> HorizonPaths:
    found = step_moves(panel_moves(panel, hours), panel.bars_of(hours), steps)
    return HorizonPaths(
        moves=found,
        latest_loss=latest_losses(found, row),
        history=history,
        long_history=long_history,
    )


def latest_losses(moves: StepMoves, row: IntArray) -> FloatArray:
    """(D, N, 2) worst loss among the moves known after one boundary's step, by the next one's."""
    days, markets = row.size, moves.move.shape[1]
    loss = np.full((days, markets, 2), -np.inf)
    day = np.searchsorted(row, moves.known)
    s, i = np.nonzero((day < days) & np.isfinite(moves.move))
    for side, sign in ((0, -1.0), (1, 1.0)):
        size = sign * np.expm1(moves.move[s, i])
        np.maximum.at(loss[:, :, side], (day[s, i], i), size)
    loss[np.isinf(loss)] = np.nan
    return loss


def even_and_odd(columns: Sequence[int] | IntArray) -> tuple[IntArray, IntArray]:
    """Two halves of the markets, by turns."""
    found = np.asarray(columns, dtype=np.int64)
    return found[::2], found[1::2]
