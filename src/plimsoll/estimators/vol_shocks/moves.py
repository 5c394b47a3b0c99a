"""Joint moves of spot and surface over the margin period of risk.

With z = ln(K/F) / sqrt(T) the log moneyness per root year, a smile near the money is

    sigma(z) = sigma + s z + c z^2 / 2,      s = sqrt(T) d sigma/dk,   c = T d2 sigma/dk2,

so that s and c are volatilities, and of like size at all maturities. From instant 0 to 1:

    spot       ln(S1 / S0)
    level      L = ln(sigma1 / sigma0)
    skew       s1 - e^L s0
    curvature  c1 - e^L c0

Skew and curvature are what the level leaves over: a smile multiplied as a whole has moved in
level alone. The moves are at constant maturity and constant moneyness. Applied to the smile of
instant 0 they return that of instant 1, to second order in z.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.vol_shocks.history import FeatureHistory
from plimsoll.maths.variance_clock import DAY_NS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfaceMoves:
    """M joint moves of one coin's spot and surface at T constant maturities.

    Parameters
    ----------
    subject : str
    period_days : float
        Margin period asked for; each move's own length is ``end_ns - start_ns``.
    start_ns, end_ns : (M,) int64
        Non-overlapping, rising.
    tenors_days : (T,) float64
    spot : (M,) float64
        Log return.
    level, skew, curvature : (M, T) float64
        Log change; change of s and of c beyond the level's (volatility, fraction). NaN where a
        maturity was missing at either end.
    """

    subject: str
    period_days: float
    start_ns: IntArray
    end_ns: IntArray
    tenors_days: FloatArray
    spot: FloatArray
    level: FloatArray
    skew: FloatArray
    curvature: FloatArray

    def __post_init__(self) -> None:
        for name in ("start_ns", "end_ns", "tenors_days", "spot", "level", "skew", "curvature"):
            getattr(self, name).setflags(write=False)

    def __len__(self) -> int:
        return int(self.start_ns.size)

    @property
    def complete(self) -> BoolArray:
        """(M,) moves in which nothing is missing."""
        parts = (self.spot[:, None], self.level, self.skew, self.curvature)
        return np.asarray(np.isfinite(np.concatenate(parts, axis=1)).all(axis=1), dtype=np.bool_)

    def take(self, rows: IntArray | BoolArray) -> SurfaceMoves:
        """Return the moves at ``rows``."""
        return replace(
            self,
            start_ns=self.start_ns[rows],
            end_ns=self.end_ns[rows],
            spot=self.spot[rows],
            level=self.level[rows],
            skew=self.skew[rows],
            curvature=self.curvature[rows],
        )

    def tenors(self, days: tuple[float, ...]) -> SurfaceMoves:
        """Return the moves at some of the tenors.

        Raises
        ------
        UsageError
            For a tenor that is not among them.
        """
        columns = [self.column(day) for day in days]
        return replace(
            self,
            tenors_days=self.tenors_days[columns],
            level=self.level[:, columns],
            skew=self.skew[:, columns],
            curvature=self.curvature[:, columns],
        )

    def column(self, days: float) -> int:
        """Return the column of a tenor."""
        found = np.flatnonzero(np.abs(self.tenors_days - days) < 1e-6)
        if found.size != 1:
            raise UsageError(
                "must be one of the tenors", found=days, field="days", remedy=f"{self.tenors_days}"
            )
        return int(found[0])

    def before(self, time_ns: int) -> SurfaceMoves:
        """Moves that had ended strictly before ``time_ns``."""
        return self.take(self.end_ns < time_ns)


def surface_moves(
    history: FeatureHistory, *, period_days: float = 1.0, tolerance_days: float = 0.1
) -> SurfaceMoves:
    """Non-overlapping moves over ``period_days``, within ``tolerance_days`` of it.

    From the first instant on: the move ends at the first instant that lies a period later within
    the tolerance; where there is none the start moves on to the next instant. The next move starts
    where this one ended. Instants appended later change no move there was.

    Raises
    ------
    ParameterError
        For a period that is not positive, or a tolerance not in [0, period).
    InsufficientDataError
        For a history without a single move.
    """
    if not 0.0 < period_days < np.inf:
        raise ParameterError("must be positive", found=period_days, field="period_days")
    if not 0.0 <= tolerance_days < period_days:
        raise ParameterError(
            f"must lie in [0, {period_days})", found=tolerance_days, field="tolerance_days"
        )
    starts, ends = _pairs(history.at_ns, period_days, tolerance_days)
    if starts.size == 0:
        raise InsufficientDataError(
            "at least one pair of instants a period apart is needed",
            found=f"{len(history)} instants",
            remedy="use a longer history or a greater tolerance",
        )
    years = history.tenors_days / 365.0
    level = np.log(history.atm_vol[ends] / history.atm_vol[starts])
    skew, curvature = history.skew * np.sqrt(years), history.curvature * years
    return SurfaceMoves(
        subject=history.subject,
        period_days=period_days,
        start_ns=history.at_ns[starts],
        end_ns=history.at_ns[ends],
        tenors_days=np.array(history.tenors_days),
        spot=np.log(history.spot[ends] / history.spot[starts]),
        level=level,
        skew=skew[ends] - np.exp(level) * skew[starts],
        curvature=curvature[ends] - np.exp(level) * curvature[starts],
    )


def _pairs(at_ns: IntArray, period_days: float, tolerance_days: float) -> tuple[IntArray, IntArray]:
    """Rows of starts and ends. The first end within the tolerance, not the nearest: which of two is
    nearer would be known only once the second was seen.
    """
    starts, ends = [], []
    row = 0
    while row < at_ns.size:
        apart = (at_ns[row + 1 :] - at_ns[row]) / DAY_NS - period_days
        near = np.flatnonzero(np.abs(apart) <= tolerance_days)
        if near.size:
            starts.append(row)
            ends.append(row + 1 + int(near[0]))
        row = ends[-1] if near.size else row + 1
    return np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)
