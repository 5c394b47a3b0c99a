"""Threshold stability of many markets, some at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.executor import SerialExecutor
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.errors import DataFormatError, EstimationError, InsufficientDataError
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.estimators.tails.peaks_over_threshold import PeaksOverThreshold
from plimsoll.estimators.tails.threshold_choice import ThresholdStability, threshold_stability

FRACTIONS = (0.2, 0.15, 0.1, 0.075, 0.05, 0.035, 0.025, 0.0175, 0.0125)
Both = tuple[ThresholdStability | None, ThresholdStability | None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Task:
    market: str
    residuals: NDArray[np.float64]
    model: PeaksOverThreshold
    block: int


def thresholds(
    found: NightlyEstimate,
    markets: Sequence[str],
    *,
    executor: Executor | None = None,
    progress: Progress = SILENT,
) -> dict[str, Both]:
    """Return the shape by threshold of falls and rises; None where no tail could be fitted."""
    bars = found.settings.cluster_hours * 3_600_000_000_000 // found.interval_ns
    tasks = [
        _Task(
            market=market,
            residuals=np.ascontiguousarray(found.residuals[:, found.column(market)]),
            model=replace(found.settings.tail, minimum_exceedances=25),
            block=max(1, bars),
        )
        for market in markets
    ]
    done = (executor or SerialExecutor()).map(_both, tasks, progress, label="thresholds")
    return dict(zip(markets, done, strict=True))


def _both(task: _Task) -> Both:
    sample = task.residuals[np.isfinite(task.residuals)]
    falls, rises = (_side(sign * sample, task) for sign in (-1.0, 1.0))
    return falls, rises


def _side(losses: NDArray[np.float64], task: _Task) -> ThresholdStability | None:
    for kind, block in (("sandwich", task.block), ("information", 1)):
        try:
            return threshold_stability(
                losses,
                tail_fractions=FRACTIONS,
                model=task.model,
                kind=kind,  # type: ignore[arg-type]
                block_length=min(block, max(1, losses.size // 2)),
            )
        except (EstimationError, InsufficientDataError, DataFormatError):
            continue
    return None
