"""Standard errors of outage and counterparty multipliers: blocks of days drawn again.

All losses of a drawn day come along, of every market and side, so that a bad day counts once.
Losses below every quantile that is asked for enter by their number alone, so that no replicate
sorts anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

REPLICATES = 200
BLOCK_DAYS = 5
SEED = 1
TAIL = 5.0
"""Part of a sample kept, in multiples of ``1 - confidence``; a replicate's tail is not longer."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatedLosses:
    """Largest losses of a sample, falling, each with its day; and how many losses each day had.

    Parameters
    ----------
    loss : (k,) float64
    day : (k,) int64
    count : (D,) int64
    """

    loss: FloatArray
    day: IntArray
    count: IntArray


def dated_losses(loss: FloatArray, day: IntArray, days: int, confidence: float) -> DatedLosses:
    """Keep the tail of a sample; ``day`` runs from 0 to ``days - 1``."""
    keep = min(loss.size, int(np.ceil(TAIL * (1.0 - confidence) * loss.size)) + 1)
    order = np.argpartition(-loss, keep - 1)[:keep]
    order = order[np.argsort(-loss[order], kind="stable")]
    return DatedLosses(
        loss=loss[order],
        day=day[order],
        count=np.bincount(day, minlength=days).astype(np.int64),
    )


def drawn_day_counts(
    days: int, *, replicates: int = REPLICATES, block_days: int = BLOCK_DAYS, seed: int = SEED
) -> IntArray:
    """(R, D) how often each day is drawn, in circular blocks."""
    length = min(block_days, days)
    starts = np.random.default_rng(seed).integers(0, days, (replicates, -(-days // length)))
    drawn = (starts[:, :, None] + np.arange(length)).reshape(replicates, -1)[:, :days] % days
    return np.array([np.bincount(one, minlength=days) for one in drawn], dtype=np.int64)


def outage_multiplier_error(
    samples: Sequence[DatedLosses], shares: Sequence[float], confidence: float, drawn: IntArray
) -> float:
    """Standard error of the mixture's quantile over that of the first sample; NaN without one.

    Parameters
    ----------
    samples, shares : one a part of the mixture
        The first is the horizon alone.
    drawn : (R, D) int64
    """
    order = np.argsort(-np.concatenate([one.loss for one in samples]), kind="stable")
    loss = np.concatenate([one.loss for one in samples])[order]
    ratios = []
    for times in drawn:
        weights = [_weights(one, times) for one in samples]
        mixed = np.concatenate([s * w for s, w in zip(shares, weights, strict=True)])[order]
        base = _quantile(samples[0].loss, weights[0], confidence)
        if base > 0.0:
            ratios.append(_quantile(loss, mixed, confidence) / base)
    return _spread(ratios)


def counterparty_multiplier_error(
    sample: DatedLosses, severity: float, budget: float, confidence: float, drawn: IntArray
) -> float:
    """Standard error of margin within a budget of expected loss, over the base quantile."""
    ratios = []
    for times in drawn:
        weight = _weights(sample, times)
        base = _quantile(sample.loss, weight, confidence)
        if base > 0.0:
            margin = _margin(sample.loss, weight, budget / severity) if severity > 0.0 else base
            ratios.append(max(1.0, margin / base))
    return _spread(ratios)


def _weights(sample: DatedLosses, times: IntArray) -> FloatArray:
    whole = float(times @ sample.count)
    return times[sample.day] / max(whole, 1.0)


def _quantile(loss: FloatArray, weight: FloatArray, confidence: float) -> float:
    beyond = np.cumsum(weight)
    within = int(np.searchsorted(beyond, (1.0 - confidence) * (1.0 + 1e-9), side="right"))
    return float(loss[min(within, loss.size - 1)])


def _margin(loss: FloatArray, weight: FloatArray, excess: float) -> float:
    """Least margin whose mean excess is within a bound; the last loss kept where it is lower."""
    lost = np.maximum(loss, 0.0)
    sums, held = np.cumsum(lost * weight), np.cumsum(weight)
    k = int(np.searchsorted(sums - held * lost, excess, side="right"))
    return (
        float((sums[k - 1] - excess) / held[k - 1]) if k and held[k - 1] > 0.0 else float(lost[0])
    )


def _spread(ratios: Sequence[float]) -> float:
    return float(np.std(ratios, ddof=1)) if len(ratios) > 1 else float("nan")
