"""The rate a venue would have published day by day: on the grid, of both sides or each, frozen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.problem import Structure
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.calibration.set_plan import SidesName
from plimsoll.domain.market import DAY_NS

FloatArray = NDArray[np.float64]
REJECTION_Z = 1.6448536269514722  # one-sided 5 % of the normal law
MINIMUM_TEST_DAYS = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyLosses:
    """Losses of each day's starts, as they were known ``lag_days`` later.

    Parameters
    ----------
    loss : (D, K, N, 2) float64
        Loss of the K starts of each day; NaN where there is none. From bars that were trusted
        when the losses came to be counted, even if they were condemned later still.
    lag_days : int
        Days until the losses of a day are all known.
    """

    loss: FloatArray
    lag_days: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PublishedPath:
    """Lowest tier's maintenance rate as it would have been published.

    Where longs and shorts have a table each, every array ends in one more axis, of the two sides.

    Parameters
    ----------
    whole : (D, N) or (D, N, 2) float64
        The rate.
    rate : (D, N) or (D, N, 2) float64
        What it leaves for the price move: the rate less liquidation cost, fee and the impact of
        closing a position of the tier's full size.
    changes : (N,) or (N, 2) int64
        How often the rate changed.
    snapped : (D, N) or (D, N, 2) float64
        The whole rate on the grid before noise is frozen: nowhere below what it is made from,
        where the venue's bound does not bind.
    """

    whole: FloatArray
    rate: FloatArray
    changes: NDArray[np.int64]
    snapped: FloatArray

    @property
    def sides_apart(self) -> bool:
        """Longs and shorts have a rate each."""
        return self.whole.ndim == 3


def binding_side(paths: RiskPaths) -> tuple[FloatArray, FloatArray]:
    """(D, N) larger of the two sides' maintenance risk, and its standard error.

    One rate serves both sides on a tiered venue; a side without a number leaves the other.
    """
    longs, shorts = paths.maintenance[:, :, 0], paths.maintenance[:, :, 1]
    short_binds = np.isnan(longs) | (shorts >= longs)
    long_error, short_error = paths.maintenance_error[:, :, 0], paths.maintenance_error[:, :, 1]
    return np.fmax(longs, shorts), np.where(short_binds, short_error, long_error)


def each_side(paths: RiskPaths) -> tuple[FloatArray, FloatArray]:
    """(D, N, 2) maintenance risk that each side's own table covers, and its standard error.

    A side that lacks a number takes the larger's, as in the set.
    """
    larger, error = binding_side(paths)
    figures = (paths.maintenance, paths.maintenance_error, paths.reaction, paths.reaction_error)
    missing = ~np.logical_and.reduce([np.isfinite(one) for one in figures])
    return (
        np.where(missing, larger[:, :, None], paths.maintenance),
        np.where(missing, error[:, :, None], paths.maintenance_error),
    )


def beside(extra: FloatArray, like: FloatArray) -> FloatArray:
    """(D, N) values that both sides share, in the shape of a path of one side or of two."""
    return extra[:, :, None] if like.ndim == 3 else extra


def published_path(
    paths: RiskPaths,
    extra: FloatArray,
    structure: Structure,
    freeze_standard_errors: float,
    losses: DailyLosses,
    level: float,
    sides: SidesName = SidesName.ONE,
) -> PublishedPath:
    """Publish day by day, knowing on each day only what was known then.

    Parameters
    ----------
    extra : (D, N) float64
        Liquidation cost, fee and impact at the lowest tier's cap, on top of the price risk.
    structure : Structure
        Grid and bound of the rate.
    freeze_standard_errors : float
        A change must reach so many standard errors; a tightening need not while the pooled
        coverage of what was published so far is rejected.
    losses : DailyLosses
    level : float
        Coverage level.
    sides : SidesName
        One table for both sides, by the larger risk, or one each. Coverage of what was published
        so far is tested over both sides together.
    """
    risk, error = binding_side(paths) if sides is SidesName.ONE else each_side(paths)
    extra = beside(extra, risk)
    step, maximum = float(structure.maintenance_rate_step), float(structure.maximum_rate)
    wanted = np.clip(np.ceil(np.round((risk + extra) / step, 9)) * step, step, maximum)
    whole = np.full(risk.shape, np.nan)
    changes = np.zeros(risk.shape[1:], dtype=np.int64)
    held = np.full(risk.shape[1:], np.nan)
    test = _RunningTest(1.0 - level)
    for d in range(risk.shape[0]):
        settled = d - losses.lag_days
        if settled >= 0:
            test.add(losses.loss[settled], whole[settled] - extra[settled])
        change = wanted[d] - held
        small = np.abs(change) < freeze_standard_errors * np.nan_to_num(error[d])
        if test.rejected:
            small &= change <= 0.0
        move = np.isfinite(wanted[d]) & ~(small & np.isfinite(held))
        changes += move & np.isfinite(held) & (change != 0.0)
        held = np.where(move, wanted[d], held)
        held = np.where(np.isfinite(wanted[d]), held, np.nan)
        whole[d] = held
    return PublishedPath(whole=whole, rate=whole - extra, changes=changes, snapped=wanted)


class _RunningTest:
    """One-sided test of the pooled breach rate so far, its variance taken from daily sums."""

    def __init__(self, rate: float) -> None:
        self._rate, self._sum, self._squares, self._days = rate, 0.0, 0.0, 0

    def add(self, loss: FloatArray, margin: FloatArray) -> None:
        """Add one day's (K, N, 2) losses against its (N,) or (N, 2) margins."""
        held = margin.reshape(1, margin.shape[0], -1)
        scored = np.isfinite(loss) & np.isfinite(held)
        if not scored.any():
            return
        excess = float((scored & (loss > held)).sum()) - self._rate * float(scored.sum())
        self._sum += excess
        self._squares += excess * excess
        self._days += 1

    @property
    def rejected(self) -> bool:
        """Too many breaches, at 5 %."""
        if self._days < MINIMUM_TEST_DAYS or self._squares == 0.0:
            return False
        return bool(self._sum > REJECTION_Z * np.sqrt(self._squares))


def lag_of_horizon(horizon_ns: int, wait_ns: int) -> int:
    """Days after which every loss that began on a day is known or never will be.

    A day of starts, the horizon, and the longest wait for a print after it.
    """
    return 1 + -(-(horizon_ns + wait_ns) // DAY_NS)
