r"""Standard errors of the pooled tail, clustered by day.

A market's quantile q of moves over volatility and level solves

.. math:: \sum_j w_j (1\{y_j > q\} - p) = 0

over its own moves and the pool's, with the weights of `plimsoll.maths.tail_counts`. Its error is
the root of the long-run variance of the daily sums of that score (Bartlett weights over as many
days as a move lasts: all markets of a day fall together), over the density at q. Expected
shortfall: the same with :math:`(y - q)_+ / p`, to first order. The market's
level, read off its own 5 % tail and shrunk, adds its error as if independent.

Given the volatility: what the scale itself may be off by stands apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.tail_counts import (
    BIN_LOG,
    BINS,
    LOG_LOWEST,
    TailCounts,
    TailRules,
    mixed_quantile,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_REACH = 0.15
"""Half the width, in logs, over which a density is read."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScaledSample:
    """Moves over volatility as a forecaster counted them.

    Parameters
    ----------
    scaled : (S, N) float64
        NaN where there is none.
    known : (S, N) int64
        Step at which each was known; S: never.
    levels : (S, N, 2) float64
        In force when each began, in logarithms.
    day : (S,) int64
        Of each step.
    overlap_days : int
        Days that a move may touch beyond its own.
    """

    scaled: FloatArray
    known: IntArray
    levels: FloatArray
    day: IntArray
    overlap_days: int


def log_errors(
    sample: ScaledSample, counts: TailCounts, rules: TailRules, tails: FloatArray, tail: float
) -> tuple[FloatArray, FloatArray]:
    """(N, 2) errors of the log of quantile and mean beyond; NaN where there is no number.

    Parameters
    ----------
    tails : (N, 2, ...) float64
        Of falls and rises: quantile and mean beyond, levels included, as they stand at the end.
    tail : float
        Probability beyond the quantile.
    """
    markets = sample.scaled.shape[1]
    quantile, shortfall = np.full((markets, 2), np.nan), np.full((markets, 2), np.nan)
    for side, sign in enumerate((-1.0, 1.0)):
        if not np.isfinite(tails[:, side]).any():
            continue
        level = _level_error(sample, counts, rules, side, sign)
        value, mean = _shape_errors(sample, counts, rules, (tails[:, side], tail), side, sign)
        quantile[:, side] = np.hypot(value, level)
        shortfall[:, side] = np.hypot(mean, level)
    return quantile, shortfall


def _sizes(sample: ScaledSample, side: int, sign: float, *, shaped: bool) -> FloatArray:
    """(S, N) log sizes of moves of one side; minus infinity for the others."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.log(np.maximum(sign * sample.scaled, 0.0))
    if shaped:
        size = size - sample.levels[:, :, side]
    return np.where(np.isfinite(sample.scaled), size, -np.inf)


def _weights(sample: ScaledSample, fade: float) -> FloatArray:
    """(S, N) what is left of each move at the end; 0 where it was not counted."""
    last = sample.known.shape[0] - 1
    counted = (sample.known <= last) & np.isfinite(sample.scaled)
    return np.where(counted, fade ** np.maximum(last - sample.known, 0), 0.0)


def _shape_errors(
    sample: ScaledSample,
    counts: TailCounts,
    rules: TailRules,
    asked: tuple[FloatArray, float],
    side: int,
    sign: float,
) -> tuple[FloatArray, FloatArray]:
    (value, mean), p = (asked[0][:, :2] / np.exp(counts.level[:, side])[:, None]).T, asked[1]
    usable = np.isfinite(value) & (value > 0.0)
    at = np.where(usable, np.log(np.where(usable, value, 1.0)), 0.0)
    sizes = _sizes(sample, side, sign, shaped=True)
    own = _weights(sample, rules.own_fade)
    pooled = rules.pool_prior / counts.pool_total[1] * _weights(sample, rules.pool_fade)
    total = counts.own_total + rules.pool_prior
    starts = np.flatnonzero(np.diff(sample.day, prepend=sample.day[0] - 1))
    pool = _PoolDays.of(sizes, pooled, starts)
    beyond = sizes > at
    excess = np.where(beyond, np.exp(np.minimum(sizes, 10.0)) - np.exp(at), 0.0)
    mean_excess = p * (mean - value)
    score = pool.score(at, p) + np.add.reduceat(own * (beyond - p), starts, axis=0)
    excess_score = pool.excess_score(at, mean_excess)
    excess_score += np.add.reduceat(own * (excess - mean_excess), starts, axis=0)
    reach = [(own * (sizes > at + d)).sum(axis=0) + pool.count(at + d) for d in (-_REACH, _REACH)]
    density = (reach[0] - reach[1]) / (2.0 * _REACH)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_value = _root(score, sample.overlap_days) / density
        of_mean = _root(excess_score, sample.overlap_days) / (p * total * mean)
    known = usable & (density > 0.0)
    return np.where(known, of_value, np.nan), np.where(known, of_mean, np.nan)


def _level_error(
    sample: ScaledSample, counts: TailCounts, rules: TailRules, side: int, sign: float
) -> FloatArray:
    """(N,) error of a market's own level; that of one without is in the pool's."""
    sizes, own = _sizes(sample, side, sign, shaped=False), _weights(sample, rules.own_fade)
    total, tail = counts.own_total, rules.level_tail
    read = [
        mixed_quantile(counts.own[i, side], counts.pool[side], 0.0, tail * total[i])
        if total[i] > rules.least_own
        else 1.0
        for i in range(total.size)
    ]
    at, starts = np.log(read), np.flatnonzero(np.diff(sample.day, prepend=sample.day[0] - 1))
    score = np.add.reduceat(own * ((sizes > at) - tail), starts, axis=0)
    reach = [(own * (sizes > at + d)).sum(axis=0) for d in (-_REACH, _REACH)]
    density = (reach[0] - reach[1]) / (2.0 * _REACH)
    shrunk = np.where(total > rules.least_own, total / (total + rules.level_prior), 0.0)
    safe = np.where(density > 0.0, density, 1.0)
    return np.where(density > 0.0, shrunk * _root(score, sample.overlap_days) / safe, 0.0)


def _root(daily: FloatArray, overlap_days: int) -> FloatArray:
    """Root of the long-run variance of the sum of (D, N) daily scores."""
    total = (daily**2).sum(axis=0)
    for lag in range(1, min(overlap_days, daily.shape[0] - 1) + 1):
        weight = 1.0 - lag / (overlap_days + 1.0)
        total = total + 2.0 * weight * (daily[lag:] * daily[:-lag]).sum(axis=0)
    return np.asarray(np.sqrt(np.maximum(total, 0.0)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PoolDays:
    """Moves of all markets by day and bin, counted from the largest down."""

    above: FloatArray
    sized: FloatArray
    daily: FloatArray

    @classmethod
    def of(cls, sizes: FloatArray, weights: FloatArray, starts: IntArray) -> _PoolDays:
        days = np.repeat(np.arange(starts.size), np.diff([*starts, sizes.shape[0]]))
        rows, columns = np.nonzero((sizes > LOG_LOWEST) & (weights > 0.0))
        size, weight = sizes[rows, columns], weights[rows, columns]
        place = np.minimum(((size - LOG_LOWEST) / BIN_LOG).astype(np.int64), BINS - 1)
        cell = days[rows] * BINS + place
        shape = (starts.size, BINS)
        money = weight * np.exp(np.minimum(size, 10.0))
        counted, sized = (
            np.bincount(cell, w, minlength=starts.size * BINS).reshape(shape).astype(np.float64)
            for w in (weight, money)
        )
        return cls(
            above=_from_above(counted),
            sized=_from_above(sized),
            daily=np.add.reduceat(weights.sum(axis=1), starts),
        )

    def score(self, at: FloatArray, p: float) -> FloatArray:
        """(D, N) exceedances of each market's quantile less those expected."""
        return np.asarray(self.above[:, _bins(at)] - p * self.daily[:, None])

    def excess_score(self, at: FloatArray, mean_excess: FloatArray) -> FloatArray:
        """(D, N) excesses over each market's quantile less those expected."""
        bins = _bins(at)
        excess = self.sized[:, bins] - np.exp(at) * self.above[:, bins]
        return np.asarray(excess - mean_excess * self.daily[:, None])

    def count(self, at: FloatArray) -> FloatArray:
        """(N,) weight above."""
        return np.asarray(self.above[:, _bins(at)].sum(axis=0))


def _from_above(cells: FloatArray) -> FloatArray:
    """Sums of each bin and all above it; a last column of noughts."""
    sums = np.cumsum(cells[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([sums, np.zeros((cells.shape[0], 1))], axis=1)


def _bins(at: FloatArray) -> IntArray:
    """First bin wholly above a log size, to the nearest edge."""
    return np.clip(np.rint((at - LOG_LOWEST) / BIN_LOG), 0, BINS).astype(np.int64)
