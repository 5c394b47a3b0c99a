"""Studentised bootstrap of days: laws of pooled statistics where breach days are few.

Daily sums are skewed and most days hold nothing, so that t and F laws reject two-sided nulls three
times too often. Days are drawn with replacement (circular blocks where horizons overlap), the
statistic is made anew of each resample with its own standard error, about the sample's value
instead of the null's (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 16.4;
Cameron, Gelbach and Miller, Review of Economics and Statistics 90, 2008, for clusters).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError
from plimsoll.validation.overlap.block_indices import BlockResampling, Blocks, drawn_rows
from plimsoll.validation.tested_forecasts import (
    SIGNIFICANCE,
    Direction,
    check_paths,
    chosen,
    simulated_p_value,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Index = NDArray[np.int64]
IndexMatrix = NDArray[np.int64]

RESAMPLES = 399
"""Resamples unless said otherwise: error of a p-value at 5 % is 1.1 points."""

_REGULAR = 1e-10


class PooledLaw(StrEnum):
    """Law that a pooled statistic is judged by."""

    DAY_BOOTSTRAP = "day_bootstrap"
    ASYMPTOTIC = "asymptotic"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBootstrap:
    """How the law is made.

    Parameters
    ----------
    law : PooledLaw
    resamples, seed : int
        Of the bootstrap.
    """

    law: PooledLaw = PooledLaw.DAY_BOOTSTRAP
    resamples: int = RESAMPLES
    seed: int = 0

    def __post_init__(self) -> None:
        chosen(PooledLaw, self.law)
        check_paths(self.resamples, "resamples")

    @property
    def resampled(self) -> bool:
        """Whether anything is drawn."""
        return self.law == PooledLaw.DAY_BOOTSTRAP

    @property
    def name(self) -> str:
        """What the statistic is compared with."""
        return f"{self.resamples} resamples of days"


DAY_BOOTSTRAP = DayBootstrap()
ASYMPTOTIC = DayBootstrap(law=PooledLaw.ASYMPTOTIC)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NullDraws:
    """Resampled statistics, as they would be if the null were true."""

    statistics: Vector

    def p_value(self, found: float, direction: Direction | None = None) -> tuple[float, float]:
        """Share at least as extreme, and its Monte-Carlo error; the sample itself counts as one.

        No direction: the upper tail. Two-sided: twice the smaller tail, since the law is skewed.
        """
        above = int(np.sum(self.statistics >= found)) + 1
        below = int(np.sum(self.statistics <= found)) + 1
        paths = self.statistics.size + 1
        if direction is Direction.OVERSTATED:
            return simulated_p_value(below, paths)
        if direction is Direction.TWO_SIDED:
            p, error = simulated_p_value(min(above, below), paths)
            return min(1.0, 2.0 * p), 2.0 * error
        return simulated_p_value(above, paths)

    def critical(self, direction: Direction | None = None) -> tuple[float, float]:
        """Values under and above which the null is rejected at 5 %."""
        tail = SIGNIFICANCE / (2.0 if direction is Direction.TWO_SIDED else 1.0)
        low, high = np.quantile(self.statistics, [tail, 1.0 - tail])
        return float(low), float(high)


def drawn_days(days: int, reach_days: int, bootstrap: DayBootstrap) -> IndexMatrix:
    """(resamples, days) days drawn; in circular blocks where horizons overlap."""
    return drawn_rows(
        days,
        BlockResampling(
            length=min(reach_days + 1, days),
            replications=bootstrap.resamples,
            seed=bootstrap.seed,
            kind=Blocks.CIRCULAR,
        ),
    )


def resampled_ratios(top: Vector, bottom: Vector, drawn: IndexMatrix, lags: int) -> NullDraws:
    """Studentised ratio of the sums of (D,) ``top`` and ``bottom``, about the sample's ratio.

    Resamples in which nothing is at stake are left out.
    """
    part = bottom[drawn]
    shifted = (top - top.sum() / bottom.sum() * bottom)[drawn]
    held = part.sum(axis=1)
    usable = held > 0.0
    shifted, part, held = shifted[usable], part[usable], held[usable]
    mean = shifted.sum(axis=1) / held
    error = np.sqrt(_variances(shifted - mean[:, None] * part, lags)) / held
    usable = error > 0.0
    return _enough(mean[usable] / error[usable], drawn.shape[0])


def resampled_walds(moments: Cube, center: Vector, scale: Vector, lags: int) -> NullDraws:
    """Wald statistics of (B, D, k) resampled moments about their ``center``, a sum of days.

    A moment without variance is infinitely far from its centre, unless it is there.
    """
    total = (moments.sum(axis=1) - center) / scale
    centred = (moments - moments.mean(axis=1, keepdims=True)) / scale
    covariance = np.einsum("bdi,bdj->bij", centred, centred)
    for lag in range(1, min(lags, moments.shape[1] - 1) + 1):
        cross = np.einsum("bdi,bdj->bij", centred[:, lag:], centred[:, :-lag])
        covariance += (1.0 - lag / (lags + 1.0)) * (cross + cross.transpose(0, 2, 1))
    size, axes = np.linalg.eigh(covariance)
    along = np.einsum("bij,bi->bj", axes, total) ** 2
    least = _REGULAR * np.maximum(size[:, -1:], 1.0)
    flat = np.where(along > least, np.inf, 0.0)
    part = np.where(size > least, along / np.maximum(size, least), flat)
    return NullDraws(statistics=part.sum(axis=1))


@njit(cache=True, nogil=True)
def drawn_hit_moments(
    hit: Matrix, scored: Matrix, day: Index, days: int, drawn: IndexMatrix, lags: int
) -> Cube:
    """(B, D, lags + 1) daily moments ``h_t (1, h_{t-1}, ..)`` of rows drawn from (T, N) hits.

    Rows drawn one by one keep what markets share and forget what came before: the null.
    """
    out = np.zeros((drawn.shape[0], days, lags + 1))
    for b in range(drawn.shape[0]):
        for t in range(lags, drawn.shape[1]):
            row = drawn[b, t]
            for market in range(hit.shape[1]):
                usable = scored[row, market] > 0.0
                for lag in range(1, lags + 1):
                    usable = usable and scored[drawn[b, t - lag], market] > 0.0
                if not usable:
                    continue
                out[b, day[t], 0] += hit[row, market]
                for lag in range(1, lags + 1):
                    earlier = hit[drawn[b, t - lag], market]
                    out[b, day[t], lag] += hit[row, market] * earlier
    return out


def _variances(series: Matrix, lags: int) -> Vector:
    """(B,) Newey-West variances of the sums of (B, D) rows."""
    total: Vector = np.einsum("bd,bd->b", series, series)
    for lag in range(1, min(lags, series.shape[1] - 1) + 1):
        cross = np.einsum("bd,bd->b", series[:, lag:], series[:, :-lag])
        total = total + 2.0 * (1.0 - lag / (lags + 1.0)) * cross
    return np.maximum(total, 0.0)


def _enough(statistics: Vector, resamples: int) -> NullDraws:
    if statistics.size < 0.8 * resamples:
        raise InsufficientDataError(
            "four resamples in five must hold breaches that differ",
            found=f"{statistics.size} of {resamples}",
            remedy="pool more markets or days, or take the asymptotic law",
        )
    return NullDraws(statistics=statistics)
