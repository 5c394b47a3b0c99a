"""Starts of horizons: which do not overlap, and whether given ones do."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError

Times = NDArray[np.int64]


class Starts(StrEnum):
    """Whether the horizons of a series share hours; every coverage table says which."""

    NON_OVERLAPPING = "non_overlapping"
    OVERLAPPING = "overlapping"


def non_overlapping_rows(time_ns: Times, horizon_ns: int, phase_ns: int = 0) -> Times:
    """Rows whose time is ``phase_ns`` past a multiple of the horizon since 1970 (UTC).

    For 8 hours that is 00, 08 and 16 h; for 24 hours midnight.

    Examples
    --------
    >>> hour = 3_600_000_000_000
    >>> non_overlapping_rows(np.arange(24) * hour, 8 * hour)
    array([ 0,  8, 16])
    """
    _check_horizon(horizon_ns)
    rows: Times = np.flatnonzero((np.asarray(time_ns) - phase_ns) % horizon_ns == 0)
    return rows


def starts_of(time_ns: Times, horizon_ns: int) -> Starts:
    """Name the starts: overlapping where two are nearer than the horizon."""
    _check_horizon(horizon_ns)
    times = np.asarray(time_ns, dtype=np.int64)
    nearest = int(np.diff(times).min()) if times.size > 1 else horizon_ns
    return Starts.NON_OVERLAPPING if nearest >= horizon_ns else Starts.OVERLAPPING


def _check_horizon(horizon_ns: int) -> None:
    if horizon_ns < 1:
        raise ParameterError("must be positive", found=horizon_ns, field="horizon_ns")
