"""Sums by day of what many markets contribute to a test, and tests of such sums.

Markets break together, so the day is the observation. A panel is (S starts, N market-sides), NaN
where a pair was not scored; long and short sides are columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import EstimationError, InsufficientDataError, UsageError
from plimsoll.measures.sample import check_confidence
from plimsoll.validation.newey_west import daily_sums, newey_west_covariance
from plimsoll.validation.starts import Starts, starts_of
from plimsoll.validation.tested_forecasts import SIGNIFICANCE, Power

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShortfallPanel:
    """Losses with forecasts of value-at-risk and shortfall; a pair is scored where all three are.

    Parameters
    ----------
    loss, value_at_risk, expected_shortfall : (S, N) float64
    scored, broke : (S, N) bool
    time_ns : (S,) int64
    reach_days : int
        Days over which horizons overlap; 0 where they do not.
    """

    loss: Matrix
    value_at_risk: Matrix
    expected_shortfall: Matrix
    scored: Flags
    broke: Flags
    time_ns: NDArray[np.int64]
    reach_days: int


def shortfall_panel(
    loss: ArrayLike,
    value_at_risk: ArrayLike,
    expected_shortfall: ArrayLike,
    time_ns: NDArray[np.int64],
    horizon_ns: int,
    confidence: float,
) -> ShortfallPanel:
    """Read a panel.

    Raises
    ------
    UsageError
        Shapes that do not match, or a scored shortfall that is not positive and above its
        value-at-risk.
    InsufficientDataError
        Nothing scored.
    """
    check_confidence(confidence)
    lost, level, mean = (
        np.asarray(a, dtype=np.float64) for a in (loss, value_at_risk, expected_shortfall)
    )
    if lost.ndim != 2 or not lost.shape == level.shape == mean.shape:
        raise UsageError(
            "must be (starts, markets) of one shape",
            found=f"{lost.shape}, {level.shape}, {mean.shape}",
        )
    if np.shape(time_ns) != lost.shape[:1]:
        raise UsageError("must have one time per row", found=np.shape(time_ns), field="time_ns")
    scored = np.isfinite(lost) & np.isfinite(level) & np.isfinite(mean)
    if not scored.any():
        raise InsufficientDataError("must have a scored horizon", found=0)
    if bool(np.any(scored & ((mean <= 0.0) | (mean < level)))):
        raise UsageError(
            "must be positive and at least the value-at-risk", field="expected_shortfall"
        )
    overlapping = starts_of(time_ns, horizon_ns) is Starts.OVERLAPPING
    return ShortfallPanel(
        loss=lost,
        value_at_risk=level,
        expected_shortfall=mean,
        scored=scored,
        broke=scored & (lost > level),
        time_ns=np.asarray(time_ns, dtype=np.int64),
        reach_days=-(-horizon_ns // DAY_NS) if overlapping else 0,
    )


def by_day(cells: Matrix | Flags, time_ns: NDArray[np.int64]) -> Vector:
    """(D,) sum over markets and over the starts of each day."""
    return daily_sums(cells.sum(axis=1, dtype=np.float64), time_ns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClusteredWald:
    """Wald statistic of daily moments with its degrees, and the covariance of their sum."""

    statistic: float
    degrees_of_freedom: int
    denominator_degrees: int
    covariance: Matrix

    @property
    def p_value(self) -> float:
        """F law: clustered Wald statistics reject too often by the chi-square law."""
        k, d = self.degrees_of_freedom, self.denominator_degrees
        return float(special.fdtrc(k, d, self.statistic * d / (k * (d + k - 1))))


def clustered_wald(moments: Matrix, lags: int, days: int) -> ClusteredWald:
    """Is the mean of (D, k) daily moments zero?

    Hotelling's law, ``T2 (d) / (k (d + k - 1)) ~ F(k, d)`` with ``d = days - k`` and ``days``
    those on which something was at stake (days with a breach), since those alone tell of the
    covariance.

    Raises
    ------
    InsufficientDataError
        No more such days than moments.
    """
    k = moments.shape[1]
    if days <= k + 1:
        raise InsufficientDataError(f"must have more than {k + 1} days with a breach", found=days)
    total = moments.sum(axis=0)
    covariance = newey_west_covariance(moments - moments.mean(axis=0), lags)
    try:
        statistic = float(total @ np.linalg.solve(covariance, total))
    except np.linalg.LinAlgError:
        raise EstimationError("moments must be linearly independent", found=k) from None
    return ClusteredWald(
        statistic=max(0.0, statistic),
        degrees_of_freedom=k,
        denominator_degrees=days - k,
        covariance=covariance,
    )


def wald_power(
    found: ClusteredWald, shift: Vector, label: str, critical_value: float | None = None
) -> Power:
    """Power of a clustered Wald test when the sum of moments moves by ``shift``.

    Rejected beyond ``critical_value``, that of the F law where none is given.
    """
    k, d = found.degrees_of_freedom, found.denominator_degrees
    away = float(shift @ np.linalg.solve(found.covariance, shift))
    critical = float(stats.f.isf(SIGNIFICANCE, k, d))
    if critical_value is not None:
        critical = critical_value * d / (k * (d + k - 1))
    return Power(
        value=float(stats.ncf.sf(critical, k, d, away)),
        size=float("nan"),
        standard_error=0.0,
        alternative=label,
        method="noncentral F at the estimated covariance",
    )
