"""One fold: the rows a calibration may learn from, and those it is judged on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError

IntArray = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """Rows of training and of test, by position in the times that were given.

    Parameters
    ----------
    name : str
    training_rows, test_rows : (n,) int64
        In the order of the times given; they share no row.
    test_from_ns, test_until_ns : int
        Test window: starts at or after the first and before the second.
    purged, embargoed : int
        Rows left out because their outcome reaches into the test window or into the outcomes of
        its rows, and because they lie within the embargo.
    """

    name: str
    training_rows: IntArray
    test_rows: IntArray
    test_from_ns: int
    test_until_ns: int
    purged: int
    embargoed: int


def start_times(time_ns: ArrayLike) -> IntArray:
    """(T,) starts of the horizons, in any order."""
    times = np.asarray(time_ns)
    if times.ndim != 1 or times.dtype.kind not in "iu":
        raise UsageError(
            "must be a series of whole nanoseconds",
            found=f"{times.shape} of {times.dtype}",
            field="time_ns",
        )
    if not times.size:
        raise InsufficientDataError("must hold at least one start", found=0, field="time_ns")
    return times.astype(np.int64)


def check_spans(purge_ns: int, embargo_ns: int) -> None:
    """Refuse spans that leak: the embargo is at least the horizon of the outcomes."""
    if purge_ns < 0:
        raise ParameterError("must not be negative", found=purge_ns, field="purge_ns")
    if embargo_ns < purge_ns:
        raise ParameterError(
            f"must be at least the horizon of the outcomes ({purge_ns} ns)",
            found=embargo_ns,
            field="embargo_ns",
            remedy="pass the margin period of risk, or more",
        )
