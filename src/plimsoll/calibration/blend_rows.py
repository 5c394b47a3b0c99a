"""The panel forecaster over one horizon at one level: quantiles, errors and volatility by day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.estimators.horizon.price_record import Boundaries
from plimsoll.estimators.nightly.risk_errors import ScaledSample, log_errors
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.log_scales import log_scale, moving
from plimsoll.estimators.reference.moves import panel_moves
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.estimators.reference.scale_weights import weights_in_force
from plimsoll.estimators.reference.steps import StepMoves, grid_steps, step_moves
from plimsoll.maths.tail_counts import WIDTH, TailCounts, no_counts, tail_path

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LONGEST_STEP_HOURS = 8
ERROR_DAYS = 91
"""Errors of logarithms are estimated anew at midnights that are multiples of so many days, ..."""
EARLY_ERROR_DAYS = (21, 28, 45, 80, 120)
"""... and so many days after the first midnight."""


def step_hours_of(horizon_hours: int, interval_ns: int) -> int:
    """Return how often moves are begun that are learnt from: once a horizon, at most 8 h apart.

    Moves of one market then do not overlap, and every hour of the day that a close-out can begin
    in is learnt from. A day must hold a whole number of steps, a step of bars.

    >>> step_hours_of(1, HOUR_NS), step_hours_of(5, HOUR_NS), step_hours_of(24, HOUR_NS)
    (1, 4, 8)
    >>> step_hours_of(12, 12 * HOUR_NS)
    12
    """
    bar_hours = max(1, -(-interval_ns // HOUR_NS))
    most = max(bar_hours, min(horizon_hours, LONGEST_STEP_HOURS))
    return max(h for h in range(1, most + 1) if 24 % h == 0 and h * HOUR_NS % interval_ns == 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlendTask:
    """One run of the forecaster, ready to travel to a worker.

    Parameters
    ----------
    name : str
        For print.
    panel : ReturnsPanel
        Ends with the last of ``rows``.
    horizon_hours : int
    model : LogBlend
    rows : (R,) int64
        Boundaries of the panel that are wanted, ascending.
    weights : (S', K) float64 or None
        `scale_weights_of` a panel that is the same as far as they are learnt from it; at least as
        many steps as this one's. None: learnt here.
    """

    name: str
    panel: ReturnsPanel
    horizon_hours: int
    model: LogBlend
    rows: IntArray
    weights: FloatArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlendRows:
    """What was known at the wanted boundaries.

    Parameters
    ----------
    move : (R, N, 2) float64
        Size of the log move that is exceeded with the tail probability: falls, rises. NaN where
        there is no number.
    log_error : (R, N, 2) float64
        Standard error of its logarithm, as of the last estimate of errors.
    volatility_daily : (R, N) float64
    cold : (R, N) bool
        No volatility: too new, silent for two days, or begun anew after a hole.
    """

    move: FloatArray
    log_error: FloatArray
    volatility_daily: FloatArray
    cold: BoolArray


def scale_weights_of(task: BlendTask) -> FloatArray:
    """(S, K) weights of the time scales at every step, each learnt from moves known before it."""
    panel, model = task.panel, task.model
    bars, steps = panel.bars_of(task.horizon_hours), grid_steps(panel, model.step_hours)
    at_steps, _, _ = model.log_volatilities(panel, steps)
    moves = step_moves(panel_moves(panel, task.horizon_hours), bars, steps)
    return weights_in_force(model.weights, at_steps, moves, steps.time_ns, model.calm)


def blend_rows(task: BlendTask) -> BlendRows:
    """Run the forecaster. Pure: the same task gives the same bytes in any process."""
    panel, model = task.panel, task.model
    bars, steps = panel.bars_of(task.horizon_hours), grid_steps(panel, model.step_hours)
    at_steps, at_boundaries, _ = model.log_volatilities(panel, steps)
    moves = step_moves(panel_moves(panel, task.horizon_hours), bars, steps)
    weights = task.weights
    if weights is None:
        weights = weights_in_force(model.weights, at_steps, moves, steps.time_ns, model.calm)
    weights = weights[: len(steps)]
    latest = np.searchsorted(steps.time_ns, panel.time_ns[task.rows], side="right") - 1
    scale = log_scale(at_boundaries[task.rows], weights[latest], bars, model.reach)
    learnt = log_scale(at_steps, weights, bars, model.reach)
    scaled = np.where(moving(at_steps), moves.move / np.exp(learnt), np.nan)
    walk = _Walk(
        model=model,
        steps=steps,
        moves=moves,
        scaled=scaled,
        overlap_days=-(-task.horizon_hours // 24),
    )
    tails, errors = walk.tails_and_errors(latest.astype(np.int64))
    size = np.exp(scale)
    return BlendRows(
        move=size[:, :, None] * tails[:, :, :, 0],
        log_error=errors,
        volatility_daily=size * np.sqrt(panel.bars_per_day / bars),
        cold=np.isnan(at_boundaries[task.rows, :, -1]),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Walk:
    """Scaled moves of a panel, ready to be counted step by step."""

    model: LogBlend
    steps: Boundaries
    moves: StepMoves
    scaled: FloatArray
    overlap_days: int

    def tails_and_errors(self, latest: IntArray) -> tuple[FloatArray, FloatArray]:
        """(R, N, 2, WIDTH) tails and (R, N, 2) errors of their logarithms at wanted steps."""
        wanted, row = np.unique(latest, return_inverse=True)
        anchors = error_steps(self.steps, wanted)
        markets = self.scaled.shape[1]
        counts, levels = no_counts(markets), np.zeros((*self.scaled.shape, 2))
        tails = np.empty((wanted.size, markets, 2, WIDTH))
        errors = np.full((wanted.size, markets, 2), np.nan)
        first = 0
        for begin, anchor in zip([-1, *anchors], [*anchors, -1], strict=True):
            until = len(self.steps) if anchor < 0 else anchor
            here = (wanted > begin) & (wanted <= until)
            stops = wanted[here] if anchor < 0 else np.union1d(wanted[here], [anchor])
            found = self._count(counts, levels, stops.astype(np.int64), first)
            tails[here] = found[np.isin(stops, wanted)]
            if anchor < 0:
                break
            first = anchor + 1
            errors[wanted >= anchor] = self._errors(anchor, counts, levels, found[-1])
        return tails[row], errors[row]

    def _count(
        self, counts: TailCounts, levels: FloatArray, stops: IntArray, first: int
    ) -> FloatArray:
        """(W, N, 2, WIDTH) tails at some steps; moves the counts on to the last of them."""
        markets, model = self.scaled.shape[1], self.model
        out = np.empty((stops.size, markets * 2 * WIDTH))
        tail_path(
            counts,
            model.tail_rules(),
            self.scaled,
            self.moves.known,
            self.moves.longest,
            model.tail,
            stops,
            first,
            levels,
            out,
        )
        return out.reshape(stops.size, markets, 2, WIDTH)

    def _errors(
        self, anchor: int, counts: TailCounts, levels: FloatArray, tails: FloatArray
    ) -> FloatArray:
        """(N, 2) errors from what a step knew; a market without its own takes the largest."""
        seen = slice(0, anchor + 1)
        sample = ScaledSample(
            scaled=self.scaled[seen],
            known=self.moves.known[seen],
            levels=levels[seen],
            day=self.steps.time_ns[seen] // DAY_NS,
            overlap_days=self.overlap_days,
        )
        found, _ = log_errors(sample, counts, self.model.tail_rules(), tails, self.model.tail)
        largest = np.fmax.reduce(found, axis=0, keepdims=True)
        return np.where(np.isfinite(found), found, largest)


def error_steps(steps: Boundaries, wanted: IntArray) -> list[int]:
    """Steps at which errors are estimated: the last before the wanted ones, and those among them.

    They depend on dates and on the beginning of the history alone, never on its end.
    """
    midnight = steps.time_ns % DAY_NS == 0
    day = steps.time_ns // DAY_NS
    age = day - (day[np.argmax(midnight)] if midnight.any() else 0)
    chosen = midnight & ((day % ERROR_DAYS == 0) | np.isin(age, EARLY_ERROR_DAYS))
    rows = np.flatnonzero(chosen[: int(wanted[-1]) + 1])
    before = rows[rows <= wanted[0]]
    return [int(r) for r in (*before[-1:], *rows[rows > wanted[0]])]
