"""The variance clock the market itself uses, read off its near expiries.

Between consecutive expiries i the forward variance is what the market pays for the days between.
With h_id the days of weekday d in the interval and W_d the day's weight,

    w_i - w_{i-1} = v_s sum_d h_id W_d,      mean W = 1,

v_s the level of surface s. Each is solved for given the other until they agree; every interval
counts by its relative error, so that all surfaces weigh alike:

    v_s = sum_i x_i / sum_i h_i W,      min_W sum_s sum_i (x_i / v_s - h_i W)^2 / h_i W.

Intervals of whole weeks say nothing about weekdays; only those of at most two days are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from plimsoll.domain.surface import VarianceClock
from plimsoll.errors import EstimationError, InsufficientDataError
from plimsoll.estimators.implied.term_structure import TermStructure
from plimsoll.estimators.vol_shocks.history import FeatureHistory
from plimsoll.maths.block_resampling import block_counts
from plimsoll.maths.variance_clock import DAY_NS, DAYS_PER_WEEK, variance_years, weekday_ns

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ROUNDS = 200
_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VarianceClockEstimate:
    """A clock with its uncertainty.

    Parameters
    ----------
    clock : VarianceClock
    standard_error : (7,) float64
        Of the day weights, Monday to Sunday, by blocks of consecutive surfaces.
    surfaces, intervals : int
        Used.
    negative : int
        Intervals left out because their forward variance was not positive.
    explained : float
        1 - residual sum of squares with these weights over that with equal weights.
    """

    clock: VarianceClock
    standard_error: FloatArray
    surfaces: int
    intervals: int
    negative: int
    explained: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Intervals:
    surface: IntArray  # (n,) 0 .. S - 1
    days: FloatArray  # (n, 7)
    variance: FloatArray  # (n,)


def estimate_variance_clock(
    history: Sequence[TermStructure],
    *,
    longest_interval_days: float = 2.0,
    reach_days: float = 8.0,
    first_hours: float = 6.0,
    block_length: int = 7,
    replicates: int = 200,
    seed: int,
) -> VarianceClockEstimate:
    """Estimate day weights from near expiries.

    Parameters
    ----------
    history : sequence of TermStructure
        Listed expiries of surfaces of one or several coins, in time order.
    longest_interval_days : float
        Longest interval used.
    reach_days : float
        Furthest expiry used.
    first_hours : float
        Shortest interval used: hours before an expiry its volatility is mostly noise. The interval
        from the surface to its first expiry counts as any other.
    block_length : int
        Consecutive surfaces drawn together.
    replicates, seed : int

    Raises
    ------
    InsufficientDataError
        Where some weekday is in no interval, or no surface has two.
    EstimationError
        Where the market would price a weekday at nothing.
    """
    intervals, negative = _intervals(history, longest_interval_days, reach_days, first_hours)
    surfaces = int(intervals.surface.max()) + 1 if intervals.surface.size else 0
    if surfaces < block_length or not bool(np.all(intervals.days.sum(axis=0) > 0.0)):
        raise InsufficientDataError(
            "every weekday must lie between near expiries of a block of surfaces",
            found=f"{surfaces} surfaces with two short intervals",
            remedy="use more surfaces, or a longer reach",
        )
    weights, explained = _solve(intervals, np.ones(surfaces))
    counts = block_counts(
        surfaces, block_length=block_length, replicates=replicates, seed=seed
    ).astype(np.float64)
    drawn = np.array([_solve(intervals, count)[0] for count in counts])
    if bool(np.any(weights <= 0.0)):
        raise EstimationError(
            "every weekday must have positive variance",
            found=weights.round(3).tolist(),
            remedy="use more surfaces",
        )
    return VarianceClockEstimate(
        clock=VarianceClock(day_weights=tuple(float(weight) for weight in weights)),
        standard_error=drawn.std(axis=0, ddof=1),
        surfaces=surfaces,
        intervals=int(intervals.surface.size),
        negative=negative,
        explained=explained,
    )


def on_variance_clock(history: FeatureHistory, clock: VarianceClock) -> FeatureHistory:
    """Return the history with volatility per root year of *variance* time, weekdays taken out.

    A volatility of T calendar years that hold V variance-years becomes sigma sqrt(T / V), and skew
    and curvature with it. Each instant needs its own time alone: nothing of the future enters,
    if the clock did not.
    """
    end = history.at_ns[:, None] + np.rint(history.tenors_days * DAY_NS).astype(np.int64)
    years = variance_years(clock.day_weights, history.at_ns[:, None], end)
    scale = np.sqrt(history.tenors_days / 365.0 / years)
    return replace(
        history,
        atm_vol=history.atm_vol * scale,
        skew=history.skew * scale,
        curvature=history.curvature * scale,
    )


def _intervals(
    history: Sequence[TermStructure], longest_days: float, reach_days: float, first_hours: float
) -> tuple[_Intervals, int]:
    rows: list[tuple[int, FloatArray, FloatArray]] = []
    negative = 0
    for structure in history:
        start = np.concatenate(([structure.at_ns], structure.maturity_ns[:-1]))
        days = weekday_ns(start, structure.maturity_ns) / DAY_NS
        length, variance = days.sum(axis=1), np.diff(structure.total_variance, prepend=0.0)
        used = (length <= longest_days) & (length * 24.0 >= first_hours)
        used &= (structure.tau_years * 365.0 <= reach_days) & np.isfinite(variance)
        negative += int(np.sum(used & (variance <= 0.0)))
        used &= variance > 0.0
        if int(used.sum()) >= 2:
            rows.append((len(rows), days[used], variance[used]))
    if not rows:
        return _Intervals(
            surface=np.zeros(0, dtype=np.int64),
            days=np.zeros((0, DAYS_PER_WEEK)),
            variance=np.zeros(0),
        ), negative
    return _Intervals(
        surface=np.concatenate([np.full(v.size, s, dtype=np.int64) for s, _, v in rows]),
        days=np.concatenate([d for _, d, _ in rows]),
        variance=np.concatenate([v for _, _, v in rows]),
    ), negative


def _solve(intervals: _Intervals, counts: FloatArray) -> tuple[FloatArray, float]:
    """Day weights of mean one, and the share of squares they explain beyond equal weights."""
    repeat = counts[intervals.surface]
    weights = np.ones(DAYS_PER_WEEK)
    equal = _residual(intervals, weights, repeat)
    for _ in range(_ROUNDS):
        exposure = intervals.days @ weights
        scaled = intervals.variance / _levels(intervals, exposure)[intervals.surface]
        root = np.sqrt(repeat / exposure)
        found = nnls(intervals.days * root[:, None], scaled * root)[0]
        found /= found.mean()
        moved = float(np.max(np.abs(found - weights)))
        weights = np.maximum(found, 1e-9)
        if moved < _TOLERANCE:
            break
    return weights, 1.0 - _residual(intervals, weights, repeat) / equal


def _levels(intervals: _Intervals, exposure: FloatArray) -> FloatArray:
    """v_s of each surface."""
    paid = np.bincount(intervals.surface, intervals.variance)
    levels: FloatArray = paid / np.bincount(intervals.surface, exposure)
    return levels


def _residual(intervals: _Intervals, weights: FloatArray, repeat: FloatArray) -> float:
    exposure = intervals.days @ weights
    scaled = intervals.variance / _levels(intervals, exposure)[intervals.surface]
    return float(np.sum(repeat * (scaled - exposure) ** 2))
