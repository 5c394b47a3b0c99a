"""When does a market sleep? The stretch of the week in which it hardly moves, found in its bars.

Moves (and volume, where there is any) by slot of the week, each over the mean of its week, have one
step down: the stretch that a two-level fit to their logs finds (`maths.realised_sessions`). It is
called closed where moves inside are at most ``quiet_ratio`` of those outside, and the log ratio of
single weeks lies at least ``significance_t`` standard errors below 0. A perpetual on silver trades
all weekend, thinly, against a frozen index: it is closed in this sense. Bitcoin's quiet weekend is
not (its ratio is 0.53 to 0.55).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.realised.week_hours import MONDAY_NS, WEEK_NS
from plimsoll.maths.realised_sessions import best_stretch

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LEAST_LOG = 0.02
"""Added to ratios before their logarithm: slots that never move would be infinitely quiet."""
CAP = 5.0
QUIET_VOLUME = 0.5
"""Most that volume, where there is any, may be of the rest's in closed hours."""
LEAST_ERROR = 1e-3
"""Smallest error of a mean log ratio: weeks that are all alike are no infinite evidence."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradingHours:
    """Slots of the week in which a market is open.

    Parameters
    ----------
    slot_ns : int
        Length of a slot: an hour or a day.
    open : (S,) bool
        168 hours or 7 days from Monday (UTC); all open where nothing was found.
    activity_ratio : float
        Mean move in the quietest stretch over the mean move outside; 1 where none is below.
    activity_t : float
        Log ratio of single weeks over its standard error.
    volume_ratio : float
        As ``activity_ratio``; 1 where no volume was given.
    quietest : (S,) bool
        The stretch, closed or not.
    weeks : int
    """

    slot_ns: int
    open: BoolArray
    activity_ratio: float
    activity_t: float
    volume_ratio: float
    quietest: BoolArray
    weeks: int

    @property
    def flagged(self) -> bool:
        """The market has closed hours."""
        return not bool(self.open.all())

    @property
    def closed_slots(self) -> int:
        """Slots a week in which it is closed."""
        return int((~self.open).sum())

    @property
    def reopening_slot(self) -> int:
        """First open slot after the closed ones; -1 where it never closes."""
        if not self.flagged:
            return -1
        return int(np.flatnonzero(self.open & ~np.roll(self.open, 1))[0])

    def slot(self, time_ns: ArrayLike) -> IntArray:
        """Slot of the week of each time."""
        since = np.asarray(time_ns, dtype=np.int64) - MONDAY_NS
        return np.asarray((since % WEEK_NS) // self.slot_ns)

    def is_open(self, time_ns: ArrayLike) -> BoolArray:
        """Whether the market is open at each time."""
        return np.asarray(self.open[self.slot(time_ns)])

    def reopenings_before(self, time_ns: ArrayLike) -> IntArray:
        """Re-openings up to and at each time, counted from the epoch; 0 where it never closes."""
        since = np.asarray(time_ns, dtype=np.int64) - MONDAY_NS
        if not self.flagged:
            return np.zeros(since.shape, dtype=np.int64)
        out: IntArray = (since - self.reopening_slot * self.slot_ns) // WEEK_NS
        return out

    def sentence(self) -> str:
        """What was found, for people."""
        ratio = f"moves {self.activity_ratio:.2f} of the rest's (t {self.activity_t:.1f})"
        if not self.flagged:
            return f"no closed hours in {self.weeks} weeks: {ratio} in the quietest stretch"
        unit = "h" if self.slot_ns == HOUR_NS else "d"
        day, hour = divmod(self.reopening_slot * self.slot_ns // HOUR_NS, 24)
        name = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[day]
        return (
            f"closed {self.closed_slots} {unit} a week, re-opens {name} {hour:02d}:00 UTC: {ratio}"
        )


def always_open(slot_ns: int = HOUR_NS) -> TradingHours:
    """Return the hours of a market that never closes."""
    slots = WEEK_NS // slot_ns
    return TradingHours(
        slot_ns=slot_ns,
        open=np.ones(slots, dtype=np.bool_),
        activity_ratio=1.0,
        activity_t=0.0,
        volume_ratio=1.0,
        quietest=np.zeros(slots, dtype=np.bool_),
        weeks=0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingHoursDetector:
    """See the module text.

    Parameters
    ----------
    slot_ns : int
        An hour, or a day for daily bars.
    least_hours, most_hours : int
        Shortest and longest stretch that may be closed; daily breaks of an hour or two are left to
        seasonal factors.
    quiet_ratio : float, optional
        Most that moves may be of the rest's; by default 0.5 of hours and 0.3 of days (the quietest
        of seven days is 0.4 on coins that never close).
    significance_t : float
    least_weeks : int
        Whole weeks needed.
    """

    slot_ns: int = HOUR_NS
    least_hours: int = 24
    most_hours: int = 80
    quiet_ratio: float | None = None
    significance_t: float = 3.0
    least_weeks: int = 4

    def __post_init__(self) -> None:
        if self.slot_ns not in (HOUR_NS, DAY_NS):
            raise ParameterError("must be an hour or a day", found=self.slot_ns, field="slot_ns")
        if not 1 <= self.least_hours <= self.most_hours <= 144:
            raise ParameterError(
                "must rise, at most 144", found=(self.least_hours, self.most_hours)
            )
        if not 0.0 < self.threshold < 1.0 or self.least_weeks < 3:
            raise ParameterError(
                "must lie in (0, 1), and at least 3 weeks",
                found=(self.threshold, self.least_weeks),
                field="quiet_ratio",
            )

    @property
    def threshold(self) -> float:
        """``quiet_ratio``, or its default."""
        if self.quiet_ratio is not None:
            return self.quiet_ratio
        return 0.5 if self.slot_ns == HOUR_NS else 0.3

    def detect(
        self, time_ns: ArrayLike, returns: ArrayLike, volume: ArrayLike | None = None
    ) -> TradingHours:
        """Find the closed hours of one market.

        Parameters
        ----------
        time_ns : (n,) int64
            Opens of bars, rising, of a slot or finer.
        returns : (n,) float64
            Log return of each bar. A missing bar, or NaN, is a bar without a move.
        volume : (n,) float64, optional
            Turnover, not negative.

        Raises
        ------
        DataFormatError
        InsufficientDataError
            Fewer than ``least_weeks`` whole weeks.
        """
        time = np.asarray(time_ns, dtype=np.int64)
        moves = self._by_week(time, np.asarray(returns, dtype=np.float64) ** 2, "returns") ** 0.5
        profile = _profile(moves)
        if profile is None:
            return always_open(self.slot_ns)
        turnover, logs = None, _log_profile(moves)
        if volume is not None:
            traded = self._by_week(time, np.asarray(volume, dtype=np.float64), "volume")
            turnover = _profile(traded)
            # Hours of volume are the sharper edges; a day of thin volume may hold the re-opening.
            if turnover is not None and self.slot_ns == HOUR_NS:
                logs = logs + _log_profile(traded)
        quiet = self._quietest(logs)
        if not quiet.any():
            return always_open(self.slot_ns)
        weekly = _log_ratios(moves, quiet)
        error = float(weekly.std(ddof=1)) / np.sqrt(weekly.size)
        t = float(weekly.mean()) / max(error, LEAST_ERROR)
        ratio = _ratio(profile, quiet)
        volume_ratio = 1.0 if turnover is None else _ratio(turnover, quiet)
        closed = ratio <= self.threshold and t <= -self.significance_t
        closed = closed and (turnover is None or volume_ratio <= QUIET_VOLUME)
        return TradingHours(
            slot_ns=self.slot_ns,
            open=np.asarray(~quiet if closed else np.ones(quiet.size, dtype=np.bool_)),
            activity_ratio=ratio,
            activity_t=t,
            volume_ratio=volume_ratio,
            quietest=quiet,
            weeks=int(moves.shape[0]),
        )

    def _quietest(self, logs: FloatArray) -> BoolArray:
        """(S,) the stretch that a step down explains best; empty where there is none."""
        unit = self.slot_ns // HOUR_NS
        least, most = max(1, -(-self.least_hours // unit)), max(1, self.most_hours // unit)
        start, length = best_stretch(logs, least, most)
        quiet = np.zeros(logs.size, dtype=np.bool_)
        quiet[(start + np.arange(length)) % logs.size] = True
        return quiet

    def _by_week(self, time: IntArray, values: FloatArray, field: str) -> FloatArray:
        """(W, S) sums by slot of the whole weeks; slots without a bar are 0."""
        if time.ndim != 1 or values.shape != time.shape or bool(np.any(np.diff(time) <= 0)):
            raise DataFormatError(
                "must be one value for each of rising times",
                found=(time.shape, values.shape),
                field=field,
            )
        if np.isinf(values).any() or bool((values < 0.0).any()):
            raise DataFormatError("must be finite and not negative, or NaN", field=field)
        slots = WEEK_NS // self.slot_ns
        first = -(-(int(time[0]) - MONDAY_NS) // WEEK_NS) if time.size else 0
        until = (int(time[-1]) + self.slot_ns - MONDAY_NS) // WEEK_NS if time.size else 0
        if until - first < self.least_weeks:
            raise InsufficientDataError(
                f"at least {self.least_weeks} whole weeks are needed",
                found=max(until - first, 0),
                field="time_ns",
            )
        at = (time - MONDAY_NS - first * WEEK_NS) // self.slot_ns
        inside = (at >= 0) & (at < (until - first) * slots) & np.isfinite(values)
        total = np.bincount(at[inside], values[inside], minlength=(until - first) * slots)
        return np.asarray(total.reshape(until - first, slots), dtype=np.float64)


def _profile(table: FloatArray) -> FloatArray | None:
    """(S,) mean over weeks of each slot over its week's mean, capped; None where nothing moved."""
    means = table.mean(axis=1)
    live = means > 0.0
    if int(live.sum()) < 2:
        return None
    return read_only(np.minimum(table[live] / means[live, None], CAP).mean(axis=0))


def _log_profile(table: FloatArray) -> FloatArray:
    """(S,) mean over weeks of the log share of each slot: one wild weekend is no opening."""
    means = table.mean(axis=1)
    live = means > 0.0
    return np.asarray(np.log(table[live] / means[live, None] + LEAST_LOG).mean(axis=0))


def _ratio(profile: FloatArray, quiet: BoolArray) -> float:
    """Mean inside over mean outside, 0 where outside is 0 as well."""
    outside = float(profile[~quiet].mean())
    return float(profile[quiet].mean()) / outside if outside > 0.0 else 0.0


def _log_ratios(table: FloatArray, quiet: BoolArray) -> FloatArray:
    """Log of the mean move inside over that outside, of each week that moved."""
    means = table.mean(axis=1)
    shares = np.minimum(table[means > 0.0] / means[means > 0.0, None], CAP)
    inside, outside = shares[:, quiet].mean(axis=1), shares[:, ~quiet].mean(axis=1)
    return np.asarray(np.log((inside + LEAST_LOG) / (outside + LEAST_LOG)))
