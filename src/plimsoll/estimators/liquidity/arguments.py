"""What the estimators of liquidity ask of their arguments."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError, UsageError

FloatArray = NDArray[np.float64]


def check_positive(value: float, name: str) -> None:
    """Raise `ParameterError` unless positive and finite."""
    if not (np.isfinite(value) and value > 0.0):
        raise ParameterError("must be positive and finite", found=value, field=name)


def rising_positive(values: ArrayLike, name: str) -> FloatArray:
    """Return a vector of positive, finite, strictly rising numbers.

    Raises
    ------
    UsageError
    """
    array = np.array(values, dtype=np.float64, order="C")
    fine = array.ndim == 1 and array.size and np.isfinite(array).all() and array[0] > 0.0
    if not fine or np.any(np.diff(array) <= 0.0):
        raise UsageError("must be positive, finite and strictly rising", found=values, field=name)
    return array


def paired(x: ArrayLike, y: ArrayLike, *, minimum: int, names: str) -> tuple[FloatArray, ...]:
    """Return two finite vectors of one length.

    Raises
    ------
    DataFormatError
        Other shapes, and NaN or infinity (the row is named).
    InsufficientDataError
    """
    first, second = (np.array(values, dtype=np.float64) for values in (x, y))
    if first.ndim != 1 or first.shape != second.shape:
        raise DataFormatError(
            "must be vectors of one length", found=(first.shape, second.shape), field=names
        )
    bad = ~(np.isfinite(first) & np.isfinite(second))
    if bad.any():
        row = int(np.argmax(bad))
        raise DataFormatError(
            "must be finite", found=(first[row], second[row]), field=names, row=row
        )
    if first.size < minimum:
        raise InsufficientDataError(
            f"at least {minimum} observations are needed",
            found=first.size,
            field=names,
            remedy="use a longer recording or shorter intervals",
        )
    return first, second
