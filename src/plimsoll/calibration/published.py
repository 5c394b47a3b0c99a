"""The rate a venue would have published day by day: on the grid, both sides, noise frozen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.domain.market import DAY_NS

FloatArray = NDArray[np.float64]
REJECTION_Z = 1.6448536269514722  # one-sided 5 % of the normal law
MINIMUM_TEST_DAYS = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyLosses:
    """Breach counts need the losses of each day: worst per start, by market and side.

    Parameters
    ----------
    loss : (D, K, N, 2) float64
        Loss of the K starts of each day; NaN where there is none.
    lag_days : int
        Days until the losses of a day are all known.
    """

    loss: FloatArray
    lag_days: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PublishedPath:
    """Lowest-tier price-risk share held under the published rate.

    Parameters
    ----------
    rate : (D, N) float64
        Published maintenance rate less cost and fee: what is left for the price move.
    changes : (N,) int64
        How often the rate changed.
    """

    rate: FloatArray
    changes: NDArray[np.int64]


def binding_side(paths: RiskPaths) -> tuple[FloatArray, FloatArray]:
    """(D, N) larger of the two sides' maintenance risk, and its standard error.

    One rate serves both sides on a tiered venue; a side without a number leaves the other.
    """
    risk = np.fmax(paths.maintenance[:, :, 0], paths.maintenance[:, :, 1])
    shorts = paths.maintenance[:, :, 1] >= paths.maintenance[:, :, 0]
    error = np.where(shorts, paths.maintenance_error[:, :, 1], paths.maintenance_error[:, :, 0])
    return risk, error


def published_path(
    paths: RiskPaths,
    extra: FloatArray,
    step: float,
    maximum: float,
    freeze_standard_errors: float,
    losses: DailyLosses,
    level: float,
) -> PublishedPath:
    """Publish day by day, knowing on each day only what was known then.

    Parameters
    ----------
    extra : (N,) float64
        Liquidation cost and fee of each market, on top of the price risk.
    step, maximum : float
        Grid and bound of the rate.
    freeze_standard_errors : float
        A change must reach so many standard errors; a tightening need not while the pooled
        coverage of what was published so far is rejected.
    losses : DailyLosses
    level : float
        Coverage level.
    """
    risk, error = binding_side(paths)
    wanted = np.minimum(np.ceil(np.round((risk + extra) / step, 9)) * step, maximum)
    out = np.full(risk.shape, np.nan)
    changes = np.zeros(risk.shape[1], dtype=np.int64)
    held = np.full(risk.shape[1], np.nan)
    test = _RunningTest(1.0 - level)
    for d in range(risk.shape[0]):
        settled = d - losses.lag_days
        if settled >= 0:
            test.add(losses.loss[settled], out[settled])
        change = wanted[d] - held
        small = np.abs(change) < freeze_standard_errors * np.nan_to_num(error[d])
        if test.rejected:
            small &= change <= 0.0
        move = np.isfinite(wanted[d]) & ~(small & np.isfinite(held))
        changes += move & np.isfinite(held) & (change != 0.0)
        held = np.where(move, wanted[d], held)
        held = np.where(np.isfinite(wanted[d]), held, np.nan)
        out[d] = held - extra
    return PublishedPath(rate=out, changes=changes)


class _RunningTest:
    """One-sided test of the pooled breach rate so far, its variance taken from daily sums."""

    def __init__(self, rate: float) -> None:
        self._rate, self._sum, self._squares, self._days = rate, 0.0, 0.0, 0

    def add(self, loss: FloatArray, margin: FloatArray) -> None:
        """Add one day's (K, N, 2) losses against its (N,) margins."""
        held = margin[None, :, None]
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


def lag_of_horizon(horizon_ns: int) -> int:
    """Days after which every loss that began on a day is known (one day of starts, the horizon)."""
    return 1 + -(-horizon_ns // DAY_NS)
