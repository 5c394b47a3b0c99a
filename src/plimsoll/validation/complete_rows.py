"""Rows in which every column has a number; the others were not scored (coin not listed, no print).

Tests that do not look at neighbours leave such rows out. Tests that do must not bridge them: they
keep the rows and pair only what is adjacent (`plimsoll.validation.breaches`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import DataFormatError, InsufficientDataError, UsageError

Vector = NDArray[np.float64]


def complete_rows(minimum: int = 1, /, **columns: ArrayLike) -> tuple[Vector, ...]:
    """Return the named columns without the rows in which any is NaN.

    Scalars stand for constant columns.

    Raises
    ------
    UsageError
        Columns of different lengths.
    DataFormatError
        An infinite entry.
    InsufficientDataError
        Fewer than ``minimum`` complete rows.

    Examples
    --------
    >>> loss, var = complete_rows(1, loss=[1.0, float("nan"), 2.0], value_at_risk=3.0)
    >>> loss.tolist(), var.tolist()
    ([1.0, 2.0], [3.0, 3.0])
    """
    arrays = {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}
    length = max((a.size for a in arrays.values()), default=0)
    for name, a in arrays.items():
        if a.ndim > 1 or (a.ndim == 1 and a.size != length):
            raise UsageError(f"must be a series of {length}", found=a.shape, field=name)
        if bool(np.isinf(a).any()):
            row = int(np.flatnonzero(np.isinf(np.atleast_1d(a)))[0])
            raise DataFormatError("must be finite or NaN (not scored)", field=name, row=row)
    full = [np.broadcast_to(a, (length,)) for a in arrays.values()]
    kept = ~np.any(np.isnan(np.array(full)), axis=0)
    if int(kept.sum()) < minimum:
        raise InsufficientDataError(
            f"must have at least {minimum} rows with a number in every column",
            found=int(kept.sum()),
            field=", ".join(arrays),
        )
    return tuple(np.ascontiguousarray(column[kept]) for column in full)


def check_shortfall(value_at_risk: Vector, expected_shortfall: Vector) -> None:
    """Refuse a shortfall that is not positive, or not above its value-at-risk."""
    bad = (expected_shortfall <= 0.0) | (expected_shortfall < value_at_risk)
    if bool(bad.any()):
        row = int(np.flatnonzero(bad)[0])
        raise UsageError(
            "must be positive and at least the value-at-risk",
            found=float(expected_shortfall[row]),
            field="expected_shortfall",
            row=row,
            remedy="give losses as positive numbers",
        )
