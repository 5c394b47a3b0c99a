"""What happened after each start, on every market and side that all methods are judged on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS, HOUR_NS, MarketHistory
from plimsoll.domain.table import iso_minute
from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.reference.forecast import ForecastPaths
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.validation.walk_forward import in_force, realised_moves

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SEASONED_DAYS = 200
SCORED_DAYS = 250


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComparisonSample:
    """Realised losses over non-overlapping horizons.

    Parameters
    ----------
    markets : tuple of N str
    time_ns : (S,) int64
        Starts, UTC.
    horizon_ns : int
    loss : (S, N, 2) float64
        Share of notional lost by a long (0) and a short (1); NaN where it cannot be known.
    row : (S,) int64
        Boundary whose forecast is in force at each start: the latest at or before it.
    seasoned : (S, N) bool
        Listed for at least so many days at that boundary.
    boundary_ns : (D,) int64
    seasoned_boundary : (D, N) bool
    boundaries_per_day : int
    """

    markets: tuple[str, ...]
    time_ns: IntArray
    horizon_ns: int
    loss: FloatArray
    row: IntArray
    seasoned: BoolArray
    boundary_ns: IntArray
    seasoned_boundary: BoolArray
    boundaries_per_day: int

    @property
    def horizon_hours(self) -> int:
        """Horizon in hours."""
        return int(self.horizon_ns // HOUR_NS)

    def at_starts(self, path: FloatArray) -> FloatArray:
        """(S, N, 2) values of a (D, N, 2) path in force at the starts."""
        return path[self.row]

    def in_period(self) -> BoolArray:
        """(D,) boundaries between the first and the last start."""
        first, last = self.boundary_ns[self.row[0]], self.boundary_ns[self.row[-1]]
        inside: BoolArray = (self.boundary_ns >= first) & (self.boundary_ns <= last)
        return inside


def comparison_sample(
    history: MarketHistory,
    panel: ReturnsPanel,
    horizon_hours: int,
    *,
    from_ns: int,
    until_ns: int,
    seasoned_days: int = SEASONED_DAYS,
    fresh: bool = False,
) -> ComparisonSample:
    """Measure the moves that began in ``[from_ns, until_ns]`` on the panel's markets.

    Parameters
    ----------
    fresh : bool
        Only those that began less than a bar after a boundary.

    Raises
    ------
    InsufficientDataError
        Where no move began then.
    """
    moves = realised_moves(history, horizon_hours, from_ns)
    row = in_force(panel.time_ns, moves.start_ns)
    kept = (moves.start_ns <= until_ns) & (row >= 0)
    if fresh:
        kept &= moves.start_ns - panel.time_ns[np.maximum(row, 0)] < panel.interval_ns
    if not kept.any():
        raise InsufficientDataError(
            f"must leave a move of {horizon_hours} h that began in the period",
            found=f"none from {iso_minute(from_ns)} to {iso_minute(until_ns)}",
            field="since",
            remedy=f"prices reach from {iso_minute(int(history.time_ns[0]))} to "
            f"{iso_minute(int(history.time_ns[-1]))} (UTC): let starts begin earlier",
        )
    columns = [history.column(name) for name in panel.markets]
    move = moves.log_move[kept][:, columns]
    seasoned = panel.age_days >= seasoned_days
    return ComparisonSample(
        markets=panel.markets,
        time_ns=moves.start_ns[kept],
        horizon_ns=moves.horizon_ns,
        loss=np.stack([-np.expm1(move), np.expm1(move)], axis=-1),
        row=row[kept],
        seasoned=seasoned[row[kept]],
        boundary_ns=panel.time_ns,
        seasoned_boundary=seasoned & panel.listed,
        boundaries_per_day=panel.boundaries_per_day,
    )


def common_pairs(
    sample: ComparisonSample,
    forecasts: Iterable[ForecastPaths],
    *,
    scored_days: int = SCORED_DAYS,
) -> BoolArray:
    """(S, N) starts on which a market is scored: all methods have a number, and the loss is known.

    A market with fewer than ``scored_days`` such days is left out, for all methods alike.

    Raises
    ------
    InsufficientDataError
        Where nothing is left.
    """
    pairs = sample.seasoned & np.isfinite(sample.loss).all(axis=-1)
    for found in forecasts:
        pairs &= np.isfinite(sample.at_starts(found.value_at_risk)).all(axis=-1)
    day = sample.time_ns // DAY_NS
    first_of_day = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    days = np.logical_or.reduceat(pairs, first_of_day, axis=0).sum(axis=0)
    pairs &= days >= scored_days
    if not pairs.any():
        raise InsufficientDataError(
            f"must leave a market with {scored_days} scored days",
            found=int(days.max()),
            field="scored_days",
            remedy="ask for fewer (--scored-days), for fewer days listed before the first "
            "(--seasoned-days), or let starts begin earlier (--from)",
        )
    return pairs
