r"""Markets with closed hours: when they sleep, and how far they move until they can be closed out.

A close-out of H hours takes H hours of *open* market: closed hours that it meets are added to it,
and so is the re-opening. Its variance is that of `plimsoll.estimators.realised.session_volatility`,
open bars, closed bars and re-openings apart. A night's number holds until the next night, so the
one that is used is the largest over close-outs begun at any slot of the next 24 hours; the largest
of the week stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import DAY_NS, HOUR_NS, MarketHistory
from plimsoll.errors import EstimationError, InsufficientDataError
from plimsoll.estimators.realised.session_volatility import (
    NEVER,
    FittedSessionVolatility,
    SessionVolatility,
)
from plimsoll.estimators.realised.trading_hours import TradingHours, TradingHoursDetector
from plimsoll.estimators.realised.week_hours import WEEK_NS
from plimsoll.estimators.reference.panel import ReturnsPanel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRisk:
    """Standard deviation of the log move over one close-out, in hours of open market.

    Parameters
    ----------
    horizon_hours : int
        Of open market.
    from_now, next_day, week : float
        Begun at the night; the largest begun in the 24 hours after it; the largest of a week.
    next_day_hours : int
        Hours that the one of the next day lasts by the calendar, closed ones included.
    reopenings : int
        In that one.
    log_error : float
        Standard error of the logarithm of ``next_day``: of the closed and re-opening ratios.
    """

    horizon_hours: int
    from_now: float
    next_day: float
    week: float
    next_day_hours: int
    reopenings: int
    log_error: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketSessions:
    """A market that was found to have closed hours.

    Parameters
    ----------
    hours : TradingHours
    closed_ratio, gap_ratio : tuple of two float
        Variance of a closed bar, and of a bar of the re-opening, over that of an open one; each
        with its standard error.
    reopening_ratios : tuple of float
        That of each bar of the re-opening, in order; ``gap_ratio`` is their mean.
    volatility_annual : float
        Of a week with its closed hours, scaled to 365 days; NaN where there is a reason.
    risks : mapping of hours to SessionRisk
    reason : Reason or None
        Why there is no session-aware volatility.
    """

    hours: TradingHours
    closed_ratio: tuple[float, float]
    gap_ratio: tuple[float, float]
    volatility_annual: float
    risks: Mapping[int, SessionRisk]
    reason: Reason | None = None
    reopening_ratios: tuple[float, ...] = ()

    __repr__ = field_summary


def market_sessions(
    history: MarketHistory,
    panel: ReturnsPanel,
    horizons_hours: tuple[int, ...],
    recent_days: int,
) -> dict[str, MarketSessions]:
    """Return the markets in whose recent bars closed hours are found.

    Bars of an hour or finer are taken by the hour, bars of a day by the day; of others nothing can
    be told, and nothing is found.
    """
    slot_ns = HOUR_NS if history.interval_ns <= HOUR_NS else DAY_NS
    coarse = history.interval_ns not in (HOUR_NS, DAY_NS) and history.interval_ns > HOUR_NS
    if coarse or HOUR_NS % min(history.interval_ns, HOUR_NS):
        return {}
    at_ns = int(panel.time_ns[-1])
    rows = slice(max(0, len(history) - recent_days * DAY_NS // history.interval_ns), None)
    found = {}
    for j, market in enumerate(panel.markets):
        hourly = _slots(history, panel.price[j], j, rows, slot_ns)
        hours = _detected(hourly, slot_ns)
        if hours is not None and hours.flagged:
            found[market] = _sessions(hours, hourly, horizons_hours, at_ns)
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Slots:
    """Opens of slots with a print, their log returns from print to print, turnover or None."""

    time_ns: IntArray
    returns: FloatArray
    turnover: FloatArray | None


def _slots(
    history: MarketHistory, price: FloatArray, column: int, rows: slice, slot_ns: int
) -> _Slots:
    price, time = price[rows], history.time_ns[rows]
    printed = np.flatnonzero(np.isfinite(price))
    slots = time[printed] // slot_ns
    last = np.flatnonzero(np.diff(slots, append=slots[-1:] + 1))
    moves = np.diff(price[printed][last], prepend=price[printed][:1])
    turnover = None
    if history.volume is not None:
        money = np.nan_to_num(np.maximum(history.volume[rows, column][printed], 0.0))
        money = money * np.exp(price[printed] - np.nanmax(price, initial=0.0))
        if money.any() and bool(np.isfinite(money).all()):
            turnover = np.add.reduceat(money, np.concatenate([[0], last[:-1] + 1]))
    return _Slots(time_ns=slots[last] * slot_ns, returns=moves, turnover=turnover)


def _detected(bars: _Slots, slot_ns: int) -> TradingHours | None:
    """Hours, or None where there are too few weeks to tell."""
    try:
        return TradingHoursDetector(slot_ns=slot_ns).detect(
            bars.time_ns, bars.returns, bars.turnover
        )
    except InsufficientDataError:
        return None


def _sessions(
    hours: TradingHours, bars: _Slots, horizons_hours: tuple[int, ...], at_ns: int
) -> MarketSessions:
    fitted = SessionVolatility(hours=hours).fit(bars.time_ns, bars.returns)
    nothing = float("nan")
    try:
        week = fitted.forecast(at_ns, WEEK_NS // hours.slot_ns).variance
        risks = {h: session_risk(fitted, at_ns, h) for h in horizons_hours}
    except EstimationError:
        return MarketSessions(
            hours=hours, closed_ratio=(nothing,) * 2, gap_ratio=(nothing,) * 2,
            volatility_annual=nothing, risks={}, reason=Reason.FIT_FAILED,
        )  # fmt: skip
    return MarketSessions(
        hours=hours,
        closed_ratio=fitted.closed_ratio,
        gap_ratio=fitted.gap_ratio,
        volatility_annual=float(np.sqrt(week * 365.0 * DAY_NS / WEEK_NS)),
        risks=risks,
        reopening_ratios=tuple(fitted.reopening_ratios[0].tolist()),
    )


def session_risk(fitted: FittedSessionVolatility, at_ns: int, horizon_hours: int) -> SessionRisk:
    """Return the volatility of close-outs of ``horizon_hours`` of open market.

    Parameters
    ----------
    fitted : FittedSessionVolatility
    at_ns : int
        Start of a slot, after the last bar.
    horizon_hours : int

    Raises
    ------
    EstimationError
        Too few open bars, or none that moved.
    """
    hours = fitted.model.hours
    slot = hours.slot_ns
    starts = at_ns + slot * np.arange(WEEK_NS // slot, dtype=np.int64)
    needed = max(1, -(-horizon_hours * HOUR_NS // slot))
    lengths = [closeout_slots(hours, int(start), needed) for start in starts]
    # Between a re-opening and the first print after it the gap is still to come.
    pending = fitted.reopenings != NEVER and fitted.reopenings < int(
        hours.reopenings_before(at_ns - slot)
    )
    forecasts = [
        fitted.forecast(int(start), length, reopened=not (pending and start == at_ns))
        for start, length in zip(starts, lengths, strict=True)
    ]
    sizes = np.array([found.volatility for found in forecasts])
    worst = int(np.argmax(sizes[: DAY_NS // slot]))
    used = forecasts[worst]
    return SessionRisk(
        horizon_hours=horizon_hours,
        from_now=float(sizes[0]),
        next_day=float(sizes[worst]),
        week=float(sizes.max()),
        next_day_hours=int(lengths[worst] * slot // HOUR_NS),
        reopenings=used.reopenings,
        log_error=0.5 * used.standard_error / used.variance,
    )


def closeout_slots(hours: TradingHours, start_ns: int, open_slots: int) -> int:
    """Slots from ``start_ns`` until so many of them were open.

    Examples
    --------
    >>> import numpy as np
    >>> from plimsoll.domain.market import DAY_NS
    >>> from plimsoll.estimators.realised.week_hours import MONDAY_NS
    >>> weekdays = TradingHours(
    ...     slot_ns=DAY_NS, open=np.arange(7) < 5, activity_ratio=0.1, activity_t=-9.0,
    ...     volume_ratio=1.0, quietest=np.arange(7) >= 5, weeks=9,
    ... )
    >>> [closeout_slots(weekdays, MONDAY_NS + day * DAY_NS, 2) for day in (0, 3, 4, 5)]
    [2, 2, 4, 4]
    """
    weeks = -(-open_slots // int(hours.open.sum())) + 1
    time = start_ns + hours.slot_ns * np.arange(weeks * hours.open.size, dtype=np.int64)
    reached = np.cumsum(hours.is_open(time)) >= open_slots
    return int(np.argmax(reached)) + 1
