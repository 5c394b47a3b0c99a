"""Expiries as given by a caller: integers or `numpy.datetime64`, after the surface's time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError

Nanoseconds = NDArray[np.int64]

_MUST = "must be UTC nanoseconds since 1970 (int) or numpy.datetime64"
_NANOSECONDS = "datetime64[ns]"
_LEAST_PLAUSIBLE_NS = 10**15
"""12 January 1970; today's days, seconds and milliseconds are all smaller numbers."""


def expiry_times(surface: VolSurface, expiry: ArrayLike) -> Nanoseconds:
    """Expiries in whole nanoseconds since 1970, UTC.

    Parameters
    ----------
    surface : VolSurface
    expiry : array_like of int or numpy.datetime64
        Integers are nanoseconds since 1970 (UTC). Times of numpy are UTC, of any unit; the day
        alone is its midnight.

    Raises
    ------
    UsageError
        For anything else than integers and times of numpy, for a time that is none or not a whole
        64-bit number of nanoseconds, and for an expiry not after the surface's time.
    """
    given = np.asarray(expiry)
    if given.size == 0:
        return np.empty(given.shape, dtype=np.int64)
    times = _from_datetime64(given) if given.dtype.kind == "M" else _from_integers(given)
    earliest = int(times.min())
    if earliest > surface.at_ns:
        return times
    if given.dtype.kind != "M" and 0 <= earliest < _LEAST_PLAUSIBLE_NS:
        raise _refusal(earliest, "it looks like days, seconds or milliseconds")
    raise UsageError(
        "must be after the time of the surface",
        found=earliest,
        field="expiry_ns",
        remedy="an expired option has no volatility; settle it instead",
    )


def _from_integers(given: NDArray[np.generic]) -> Nanoseconds:
    if given.dtype.kind not in "iu":
        first = given.ravel()[:1].tolist()[0]
        raise _refusal(first, "convert it first, with its time zone if it has one")
    times = given.astype(np.int64)
    if given.dtype.kind == "u" and bool(np.any(times < 0)):
        raise _refusal(int(given.astype(np.uint64).max()), "it does not fit into 64 bits")
    return times


def _from_datetime64(given: NDArray[np.generic]) -> Nanoseconds:
    """Exact, or refused: a conversion that overflows or rounds does not lead back."""
    times = given.astype(_NANOSECONDS)
    exact = times.astype(given.dtype) == given  # also false for NaT
    if not bool(np.all(exact)):
        raise UsageError(
            "must be a time in whole nanoseconds between 1678 and 2262",
            found=str(given[~exact].flat[0]),
            field="expiry_ns",
        )
    return times.astype(np.int64)


def _refusal(found: object, remedy: str) -> UsageError:
    return UsageError(_MUST, found=found, field="expiry_ns", remedy=remedy)
