"""How long each funding interval was, from the times of payment; rates brought to one length."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.market import HOUR_NS
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
MINUTES = 60.0


def interval_hours(time_ns: ArrayLike) -> FloatArray:
    """Return (K,) hours that each payment is for, by the time since the one before.

    A payment that is missing is no interval of twice the length: a distance that stands alone
    counts as the shorter of itself and the next. Too short a length is the careful side, for
    rates of shorter intervals count for more. Empty for fewer than three payments.

    Parameters
    ----------
    time_ns : (K,) array_like of int64
        Rising; whole minutes count.

    Raises
    ------
    UsageError
        For times that do not rise by a minute or more.

    >>> interval_hours([0, 8 * HOUR_NS, 24 * HOUR_NS, 32 * HOUR_NS, 40 * HOUR_NS]).tolist()
    [8.0, 8.0, 8.0, 8.0, 8.0]
    """
    times = np.asarray(time_ns, dtype=np.int64)
    if times.size < 3:
        return np.empty(0)
    apart = np.round(np.diff(times) / HOUR_NS * MINUTES) / MINUTES
    if not (apart > 0.0).all():
        raise UsageError("must rise by a minute or more", found=float(apart.min()), field="time_ns")
    before = np.concatenate([[min(apart[0], apart[1])], apart])
    last = np.concatenate([before[:1], before[:-1]])
    after = np.concatenate([apart, apart[-2:-1]])
    return np.asarray(np.where(before == last, before, np.minimum(before, after)))


def at_last_interval(rates: FloatArray, hours: ArrayLike | None) -> tuple[FloatArray, float]:
    """Return rates as of the interval in force at the end, in proportion, and its hours.

    Parameters
    ----------
    rates : (K,) float64
    hours : (K,) array_like, or None
        What each rate was paid for; None or empty: not known, all alike (NaN is returned).
    """
    spans = np.empty(0) if hours is None else np.asarray(hours, dtype=np.float64)
    if not spans.size:
        return rates, float("nan")
    if spans.shape != rates.shape or not (np.isfinite(spans) & (spans > 0.0)).all():
        raise UsageError(
            "must be one positive length a rate", found=(spans.shape, rates.shape), field="hours"
        )
    return rates * (spans[-1] / spans), float(spans[-1])
