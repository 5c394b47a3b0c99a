"""What a leg of a venue's policies is judged on: starts and losses, by day, as known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.published import DailyLosses
from plimsoll.domain.field_summary import field_summary
from plimsoll.maths.daily_excess import daily_excess

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VenueRecord:
    """The judged days of a venue, of one leg of its margins.

    Parameters
    ----------
    time_ns : (D,) int64
        When margins were set.
    markets : tuple of N str
    horizon_hours : (N,) int64
    losses : DailyLosses
        (D, K, N, 2), as known ``lag_days`` rows later.
    usable : (D, N) bool
        Mature, and every policy and the yardstick have a number.
    reviews : tuple of int
        Rows at which level and policy are chosen: New Years.
    target : float
        Breach rate aimed at.
    shares : tuple of float
        Of the target that a level set at each review aims at: what a level learnt from finitely
        many days that shift costs in coverage, as the default forecaster had it at the time.
    """

    time_ns: IntArray
    markets: tuple[str, ...]
    horizon_hours: IntArray
    losses: DailyLosses
    usable: BoolArray
    reviews: tuple[int, ...]
    target: float
    shares: tuple[float, ...]

    __repr__ = field_summary

    @property
    def days(self) -> int:
        """Days on record."""
        return int(self.time_ns.size)

    @property
    def year(self) -> IntArray:
        """(D,) calendar year of each day."""
        months = self.time_ns.astype("datetime64[ns]").astype("datetime64[Y]")
        return months.astype(np.int64) + 1970

    def known(self, row: int) -> BoolArray:
        """(D,) days whose losses were all known by a row."""
        return np.arange(self.days) <= row - self.losses.lag_days

    @property
    def pairs(self) -> BoolArray:
        """(D, K, N, 2) losses that count."""
        return np.isfinite(self.losses.loss) & self.usable[:, None, :, None]

    def judged(self, margin: FloatArray) -> FloatArray:
        """(D, N, 2) margins where something counts, else NaN."""
        return np.where(self.usable[:, :, None], margin, np.nan)

    def ratios(self, margin: FloatArray) -> FloatArray:
        """(D, K, N, 2) losses over margins; NaN where nothing counts."""
        return np.asarray(self.losses.loss / self.judged(margin)[:, None])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyCounts:
    """What one path of margins came to, by day, market and side.

    Parameters
    ----------
    starts, broke : (D, N, 2) int64
    over : (D, N, 2) float64
        Sum of losses beyond the margin.
    worst : (D, N, 2) float64
        Largest loss beyond the margin of a day's starts.
    held : (D, N, 2) float64
        Margin times starts.
    margin : (D, N, 2) float64
        NaN where nothing counts.
    """

    starts: IntArray
    broke: IntArray
    over: FloatArray
    worst: FloatArray
    held: FloatArray
    margin: FloatArray

    __repr__ = field_summary

    def rate(self, days: BoolArray, markets: BoolArray | slice = slice(None)) -> float:
        """Breach rate of some days and markets; NaN of none."""
        starts = int(self.starts[days][:, markets].sum())
        return int(self.broke[days][:, markets].sum()) / starts if starts else float("nan")

    def mean_margin(self, days: BoolArray, markets: BoolArray | slice = slice(None)) -> float:
        """Mean over starts; NaN of none."""
        total = float(self.starts[days][:, markets].sum())
        return float(self.held[days][:, markets].sum()) / total if total else float("nan")


def daily_counts(record: VenueRecord, margin: FloatArray) -> DailyCounts:
    """Count starts, breaches and losses beyond a (D, N, 2) path of margins."""
    path = record.judged(margin)
    loss = np.ascontiguousarray(record.losses.loss)
    shape = path.shape
    flat = loss.reshape(*loss.shape[:2], -1)
    starts, broke, over, worst = daily_excess(flat, path.reshape(shape[0], -1).copy())
    starts = starts.reshape(shape)
    return DailyCounts(
        starts=starts,
        broke=broke.reshape(shape),
        over=over.reshape(shape),
        worst=worst.reshape(shape),
        held=np.where(starts > 0, path, 0.0) * starts,
        margin=path,
    )
