"""Numbers as a caller hands them in: finite, positive, of one shape; or refused by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]


def finite_numbers(field: str, value: ArrayLike) -> FloatArray:
    """Return an argument as float64.

    Raises
    ------
    UsageError
        For what is no number, and for NaN and infinities.
    """
    array = _numbers(field, value)
    if not bool(np.all(np.isfinite(array))):
        raise UsageError("must be finite", found=_first(array, ~np.isfinite(array)), field=field)
    return array


def positive_numbers(field: str, value: ArrayLike) -> FloatArray:
    """Return an argument as float64.

    Raises
    ------
    UsageError
        For what is no number, is not positive or is not finite.
    """
    array = _numbers(field, value)
    good = (array > 0.0) & (array < np.inf)
    if not bool(np.all(good)):
        raise UsageError("must be positive and finite", found=_first(array, ~good), field=field)
    return array


def common_shape(**arguments: NDArray[np.generic]) -> tuple[int, ...]:
    """Return the shape to which arguments broadcast; the first names the error.

    Raises
    ------
    UsageError
        Where they do not.
    """
    shapes = {name: array.shape for name, array in arguments.items()}
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        first, *others = shapes
        raise UsageError(
            f"must broadcast with {' and '.join(others)}",
            found=", ".join(f"{name} {shape}" for name, shape in shapes.items()),
            field=first,
            remedy="give one axis to each, such as strikes[:, None] and expiries",
        ) from None


def _numbers(field: str, value: ArrayLike) -> FloatArray:
    try:
        given = np.asarray(value)
        if given.dtype.kind in "biuf":
            return given.astype(np.float64)
    except ValueError:  # lists of different length
        pass
    raise UsageError("must be real numbers", found=value, field=field)


def _first(array: FloatArray, wrong: NDArray[np.bool_]) -> float:
    return float(array[wrong].flat[0])
