"""Resilience: how fast spread and depth come back after large trades.

Events are trades (prints of one time of receipt and one side taken together) of at least a quantile
of size, apart by at least the window. The mean response, less what stood just before the event, is
fitted by ``m0 exp(-k t)``; its half-life is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.order_book import TradePrints
from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError
from plimsoll.estimators.liquidity.arguments import rising_positive
from plimsoll.maths.impact_decay import fit_decay

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MINIMUM_EVENTS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resilience:
    """Recovery after large trades.

    Parameters
    ----------
    half_life_seconds : float
    response : (J,) float64
        Mean change from before the event, by lag.
    response_se : (J,) float64
        Across events.
    lag_seconds : (J,) float64
    r_squared : float
        Of the decay, about zero.
    events : int
    """

    half_life_seconds: float
    response: FloatArray
    response_se: FloatArray
    lag_seconds: FloatArray
    r_squared: float
    events: int


def large_trades(
    trades: TradePrints, *, size_quantile: float = 0.99, apart_ns: int = 5_000_000_000
) -> IntArray:
    """Return the times of large trades, the first of each cluster.

    Parameters
    ----------
    trades : TradePrints
    size_quantile : float
        Of the sizes of orders: prints of one time and side are one order.
    apart_ns : int
        A large trade this soon after the last event belongs to it.
    """
    if not 0.0 < size_quantile < 1.0:
        raise ParameterError("must lie in (0, 1)", found=size_quantile, field="size_quantile")
    if not len(trades):
        return np.empty(0, dtype=np.int64)
    new = (np.diff(trades.time_ns) != 0) | (np.diff(trades.taker_sign) != 0)
    first = np.concatenate([[0], np.flatnonzero(new) + 1])
    size, time = np.add.reduceat(trades.size, first), trades.time_ns[first]
    kept: list[int] = []
    for at in time[size >= np.quantile(size, size_quantile)].tolist():
        if not kept or at - kept[-1] >= apart_ns:
            kept.append(at)
    return np.array(kept, dtype=np.int64)


def resilience(
    time_ns: ArrayLike, values: ArrayLike, events_ns: ArrayLike, lag_seconds: ArrayLike
) -> Resilience:
    """Fit the recovery of a quantity (spread, depth) after events.

    Parameters
    ----------
    time_ns : (T,) int64
        Rising.
    values : (T,) float64
        What is known from each time on; NaN where nothing is.
    events_ns : (E,) int64
        At least 5 with values before them and at all lags.
    lag_seconds : (J,) float64
        Positive, rising; J at least 3.

    Raises
    ------
    InsufficientDataError
    EstimationError
        No response at all, or one that does not die away within the lags.
    """
    lags = rising_positive(lag_seconds, "lag_seconds")
    if lags.size < 3:
        raise InsufficientDataError("at least 3 lags", found=lags.size, field="lag_seconds")
    times, known = np.asarray(time_ns, dtype=np.int64), np.asarray(values, dtype=np.float64)
    events = np.asarray(events_ns, dtype=np.int64)
    paths = _paths(times, known, events, lags)
    if paths.shape[0] < MINIMUM_EVENTS:
        raise InsufficientDataError(
            f"at least {MINIMUM_EVENTS} events with values around them",
            found=paths.shape[0],
            field="events_ns",
            remedy="lower the size quantile, or record longer",
        )
    mean = paths.mean(axis=0)
    if not np.any(mean):
        raise EstimationError("events must change the quantity", found="no change", field="values")
    decay = fit_decay(lags, mean)
    if decay.half_life > lags[-1]:
        raise EstimationError(
            "the response must have halved within the lags",
            found=f"half-life {decay.half_life:g} s",
            field="lag_seconds",
            remedy="take longer lags; it may not come back at all",
        )
    return Resilience(
        half_life_seconds=decay.half_life,
        response=mean,
        response_se=paths.std(axis=0, ddof=1) / np.sqrt(paths.shape[0]),
        lag_seconds=lags,
        r_squared=decay.r_squared,
        events=paths.shape[0],
    )


def _paths(time: IntArray, values: FloatArray, events: IntArray, lags: FloatArray) -> FloatArray:
    """(E', J) change from before each event, of the events with all values."""
    if not time.size or not events.size:
        return np.empty((0, lags.size))
    at = events[:, None] + np.round(lags * 1e9).astype(np.int64)
    before = np.searchsorted(time, events, side="left") - 1
    after = np.searchsorted(time, at, side="right") - 1
    start = np.where(before >= 0, values[np.maximum(before, 0)], np.nan)
    paths = values[np.maximum(after, 0)] - start[:, None]
    whole = np.isfinite(paths).all(axis=1) & (at[:, -1] <= time[-1])
    return np.asarray(paths[whole])
