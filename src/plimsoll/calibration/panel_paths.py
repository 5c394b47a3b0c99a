"""Price risk of all markets from the forecaster that sees the whole panel, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.blend_rows import (
    BlendRows,
    BlendTask,
    blend_rows,
    scale_weights_of,
    step_hours_of,
)
from plimsoll.domain.market import DAY_NS, NEVER_MASKED
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.estimators.horizon.price_record import Boundaries
from plimsoll.estimators.reference.default_model import REVISIONS
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.estimators.reference.steps import grid_steps

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Leg:
    """One horizon at one level."""

    horizon_hours: int
    level: float

    def __str__(self) -> str:
        return f"{self.horizon_hours} h, {100.0 * self.level:g} %"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LegPath:
    """Quantiles of one leg by day.

    Parameters
    ----------
    move, log_error : (D, N, 2) float64
        Size of the log move, falls and rises, and the standard error of its logarithm.
    volatility_daily : (D, N) float64
    cold : (D, N) bool
        The market had no volatility of its own.
    """

    move: FloatArray
    log_error: FloatArray
    volatility_daily: FloatArray
    cold: BoolArray


def model_of_leg(model: LogBlend, leg: Leg, interval_ns: int) -> LogBlend:
    """Return the forecaster at the level of a leg, learning from moves one horizon apart."""
    step_hours = step_hours_of(leg.horizon_hours, interval_ns)
    return replace(model, confidence=leg.level, step_hours=step_hours)


def leg_paths(
    panel: ReturnsPanel,
    legs: Iterable[Leg],
    executor: Executor,
    progress: Progress = SILENT,
    *,
    label: str = "forecast",
    rows: IntArray | None = None,
) -> Mapping[Leg, LegPath]:
    """Forecast every leg at every boundary, or at ``rows`` (NaN at the others), as it was known.

    The constants of the default forecaster are those in force at each boundary. A boundary that
    saw a bar which nobody had condemned yet is forecast on the panel that it saw.
    """
    wanted = sorted(set(legs))
    asked = np.arange(panel.time_ns.size, dtype=np.int64) if rows is None else rows
    replays = tuple(_replayed_groups(panel, asked))
    runs = [
        run
        for leg in wanted
        for run in (
            *_runs(leg, panel, asked),
            *(one for seen, mine in replays for one in _runs(leg, seen, mine, settled=panel)),
        )
    ]
    runs = _with_weights(runs, executor, progress, label)
    # The longest first, so that no worker is left with one at the end.
    runs.sort(key=lambda run: -run.steps)
    tasks = [run.task for run in runs]
    names = [task.name for task in tasks]
    found = executor.map(blend_rows, tasks, progress, label=label, names=names)
    paths = {leg: _empty(panel) for leg in wanted}
    for replay in (False, True):  # What was seen otherwise is written over the settled rows
        for run, one in zip(runs, found, strict=True):
            if run.replay is replay:
                _write(paths[run.leg], run.task.rows, one)
    return paths


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Run:
    """A task with the leg it serves.

    ``same_until_ns``: until then its panel is the settled one.
    """

    leg: Leg
    task: BlendTask
    replay: bool
    same_until_ns: int

    @property
    def steps(self) -> float:
        """How many steps it walks."""
        panel = self.task.panel
        return panel.time_ns.size * 24.0 / self.task.model.step_hours

    @property
    def shares_weights(self) -> bool:
        """No weights in its time were learnt from what differs from the settled panel."""
        refit = self.task.model.weights.refit_days * DAY_NS
        panel, model = self.task.panel, self.task.model
        first = int(grid_steps(panel, model.step_hours).time_ns[0])
        last = int(panel.time_ns[-1])
        learnt = first + (last - first) // refit * refit
        return not self.replay or learnt <= self.same_until_ns


def _with_weights(
    runs: list[_Run], executor: Executor, progress: Progress, label: str
) -> list[_Run]:
    """Learn the weights of a leg once for all constants that learn them in the same way."""
    settled = sorted((r for r in runs if not r.replay), key=lambda r: r.task.panel.time_ns.size)
    longest = {_kind(run): run.task for run in settled}
    found = executor.map(
        scale_weights_of, list(longest.values()), progress, label=f"{label}, weights"
    )
    weights = dict(zip(longest, found, strict=True))
    return [
        replace(run, task=replace(run.task, weights=weights[_kind(run)]))
        if run.shares_weights and _kind(run) in weights
        else run
        for run in runs
    ]


def _kind(run: _Run) -> tuple[Leg, LogBlend]:
    """What decides the weights: the leg, and the model but for what is done with them later."""
    plain = LogBlend()
    model = replace(run.task.model, name="", reach=plain.reach, tail_share=plain.tail_share)
    return run.leg, model


def _runs(
    leg: Leg, panel: ReturnsPanel, rows: IntArray, settled: ReturnsPanel | None = None
) -> Iterator[_Run]:
    """One run for each time that constants were in force; none looks beyond the last of its rows.

    ``settled`` is the panel as known at the end, where ``panel`` is what earlier boundaries saw.
    """
    starts = np.array([one.from_ns for one in REVISIONS])
    latest = np.maximum(np.searchsorted(starts, panel.time_ns[rows], side="right") - 1, 0)
    for k in np.unique(latest):
        mine = rows[latest == k]
        task = BlendTask(
            name=f"{leg}, constants of {str(np.datetime64(int(starts[k]), 'ns'))[:4]}",
            panel=_until(panel, int(mine[-1])),
            horizon_hours=leg.horizon_hours,
            model=model_of_leg(REVISIONS[int(k)].model, leg, panel.interval_ns),
            rows=mine,
        )
        yield _Run(
            leg=leg,
            task=task,
            replay=settled is not None,
            same_until_ns=NEVER_MASKED if settled is None else _same_until(panel, settled),
        )


def _same_until(seen: ReturnsPanel, settled: ReturnsPanel) -> int:
    """Time from which a bar that a boundary saw is not in the settled panel."""
    bars = seen.price.shape[1]
    same = (seen.price == settled.price[:, :bars]) | (
        np.isnan(seen.price) & np.isnan(settled.price[:, :bars])
    )
    other = np.flatnonzero(~same.all(axis=0))
    available = settled.records[0].available_ns
    return int(available[other[0]]) - 1 if other.size else NEVER_MASKED


def _until(panel: ReturnsPanel, boundary: int) -> ReturnsPanel:
    """The panel to a boundary, and no more of its records than the times of the bars."""
    at, bars = panel.boundaries, int(panel.boundaries.bars[boundary])
    first = panel.records[0]
    return replace(
        panel,
        price=np.ascontiguousarray(panel.price[:, :bars]),
        boundaries=Boundaries(
            time_ns=at.time_ns[: boundary + 1],
            bars=at.bars[: boundary + 1],
            bars_per_day=at.bars_per_day,
        ),
        listed=panel.listed[: boundary + 1],
        records=(
            replace(
                first,
                log_price=first.log_price[:bars],
                mask_from_ns=first.mask_from_ns[:bars],
                available_ns=first.available_ns[:bars],
            ),
        ),
    )


def _replayed_groups(
    panel: ReturnsPanel, asked: IntArray
) -> Iterator[tuple[ReturnsPanel, IntArray]]:
    """Boundaries that saw bars condemned later, together where the later saw what the earlier did.

    A forecast looks at nothing after its boundary, so one run on the last panel of a group gives
    what runs on each would.
    """
    held: ReturnsPanel | None = None
    rows: list[int] = []
    for boundary in np.intersect1d(panel.replayed(), asked).tolist():
        seen = panel.as_known(boundary)
        if held is not None:
            before = seen.price[:, : held.price.shape[1]]
            if not np.array_equal(before, held.price, equal_nan=True):
                yield held, np.array(rows, dtype=np.int64)
                rows = []
        held = seen
        rows.append(boundary)
    if held is not None:
        yield held, np.array(rows, dtype=np.int64)


def _empty(panel: ReturnsPanel) -> LegPath:
    shape = (panel.time_ns.size, len(panel.markets))
    return LegPath(
        move=np.full((*shape, 2), np.nan),
        log_error=np.full((*shape, 2), np.nan),
        volatility_daily=np.full(shape, np.nan),
        cold=np.ones(shape, dtype=bool),
    )


def _write(path: LegPath, rows: IntArray, found: BlendRows) -> None:
    path.move[rows] = found.move
    path.log_error[rows] = found.log_error
    path.volatility_daily[rows] = found.volatility_daily
    path.cold[rows] = found.cold
