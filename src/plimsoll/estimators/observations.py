"""What every estimator asks of its observations before it computes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import DataFormatError, EstimationError, InsufficientDataError

Vector = NDArray[np.float64]


def as_observations(values: ArrayLike, *, minimum: int, name: str) -> Vector:
    """A fresh contiguous float64 copy of finite, varying observations in time order.

    Raises
    ------
    DataFormatError
        Not one-dimensional, not numeric, or NaN or infinite somewhere (the row is named).
    InsufficientDataError
        Fewer than ``minimum`` observations.
    EstimationError
        All observations are equal: nothing can be estimated from them.
    """
    array = _as_vector(values, name)
    if array.size < minimum:
        raise InsufficientDataError(
            f"at least {minimum} observations are needed",
            found=array.size,
            remedy="use a longer history or a pooled model",
            field=name,
        )
    # Nearly always the ends tell already that something varies.
    if array[0] == array[-1] and np.all(array == array[0]):
        raise EstimationError(
            "observations must vary",
            found=f"{array.size} times {array[0]!r}",
            remedy="look for a stale feed; a constant series has no volatility to estimate",
            field=name,
        )
    return array


def _as_vector(values: ArrayLike, name: str) -> Vector:
    try:
        array = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise DataFormatError(
            "observations must be numbers", found=type(values).__name__, field=name
        ) from error
    if array.ndim != 1:
        raise DataFormatError(
            "observations must be one-dimensional", found=f"shape {array.shape}", field=name
        )
    finite = np.isfinite(array)
    if not finite.all():
        bad = np.flatnonzero(~finite)
        raise DataFormatError(
            "observations must be finite",
            found=float(array[bad[0]]),
            remedy="mask or drop the row before fitting",
            field=name,
            row=int(bad[0]),
        )
    return array


def finite_observation(value: float, *, name: str) -> float:
    """``value`` as a float; raises :class:`DataFormatError` unless finite."""
    number = float(value)
    if not np.isfinite(number):
        raise DataFormatError(
            "an observation must be finite",
            found=number,
            remedy="leave the update out where there is no print",
            field=name,
        )
    return number


def read_only(array: Vector) -> Vector:
    """The array itself, locked: fitted models are evidence and do not change."""
    array.setflags(write=False)
    return array
