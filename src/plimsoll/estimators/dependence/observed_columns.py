"""What every estimator of dependence asks of its panel before it computes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import (
    DataFormatError,
    EstimationError,
    InsufficientDataError,
    ParameterError,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def as_panel(
    values: ArrayLike, *, minimum: int, name: str = "returns", holes: bool = False
) -> Matrix:
    """A fresh contiguous float64 copy of a panel, rows in time order, a column a market.

    Parameters
    ----------
    minimum : int
        Least number of rows.
    holes : bool
        Whether NaN is allowed, as a hole; infinite numbers never are.

    Raises
    ------
    DataFormatError
        Not two-dimensional, not numeric, infinite, or NaN where holes are not allowed.
    InsufficientDataError
        Fewer than ``minimum`` rows, or no column.
    """
    try:
        panel = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise DataFormatError("must be numbers", found=type(values).__name__, field=name) from error
    if panel.ndim != 2:
        raise DataFormatError(
            "must be two-dimensional, rows by markets", found=f"shape {panel.shape}", field=name
        )
    if panel.shape[0] < minimum or panel.shape[1] < 1:
        raise InsufficientDataError(
            f"at least {minimum} rows and one column are needed",
            found=f"shape {panel.shape}",
            remedy="use a longer history or the factor model",
            field=name,
        )
    _check_finite(panel, name, holes)
    return panel


def _check_finite(panel: Matrix, name: str, holes: bool) -> None:
    bad = np.isinf(panel) if holes else ~np.isfinite(panel)
    if not bool(bad.any()):
        return
    row, column = (int(i) for i in np.argwhere(bad)[0])
    raise DataFormatError(
        "must be finite" if holes else "must be finite, without holes",
        found=f"{panel[row, column]} in column {column}",
        remedy="mask what is no print as NaN"
        if holes
        else "use a model that takes holes: "
        "PairwiseCovariance, FactorModel, Dcc(likelihood='pairs')",
        field=name,
        row=row,
    )


def varying_columns(panel: Matrix, *, name: str = "returns") -> None:
    """Raise :class:`EstimationError` for a column that is constant, or has fewer than 2 values."""
    with np.errstate(invalid="ignore"):
        low = np.min(np.where(np.isnan(panel), np.inf, panel), axis=0)
        high = np.max(np.where(np.isnan(panel), -np.inf, panel), axis=0)
    still = np.flatnonzero(~(low < high))
    if still.size:
        raise EstimationError(
            "every column must vary",
            found=f"columns {still[:5].tolist()} that do not",
            remedy="leave out stale or empty markets",
            field=name,
        )


def as_correlation(values: ArrayLike, *, name: str = "correlation") -> Matrix:
    """A fresh copy of a correlation matrix: symmetric, unit diagonal, no negative eigenvalue.

    Raises
    ------
    ParameterError
    """
    matrix = as_symmetric(values, name=name)
    if not np.allclose(np.diag(matrix), 1.0, rtol=0.0, atol=1e-9):
        raise ParameterError("must have ones on its diagonal", found=np.diag(matrix), field=name)
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least < -1e-9 * matrix.shape[0]:
        raise ParameterError(
            "must not have a negative eigenvalue",
            found=least,
            remedy="take nearest_correlation of it, and say so",
            field=name,
        )
    np.fill_diagonal(matrix, 1.0)
    return matrix


def as_symmetric(values: ArrayLike, *, name: str) -> Matrix:
    """A fresh copy of a finite symmetric matrix; raises :class:`ParameterError`."""
    try:
        matrix = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise ParameterError("must be numbers", found=type(values).__name__, field=name) from error
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ParameterError("must be square", found=f"shape {matrix.shape}", field=name)
    if not bool(np.isfinite(matrix).all()):
        raise ParameterError("must be finite", found="NaN or infinity", field=name)
    if not np.allclose(matrix, matrix.T, rtol=0.0, atol=1e-9 * float(np.abs(matrix).max())):
        raise ParameterError("must be symmetric", found="another matrix", field=name)
    half: Matrix = 0.5 * (matrix + matrix.T)
    return half


def finite_row(row: ArrayLike, *, columns: int, name: str = "row", holes: bool = False) -> Vector:
    """A fresh copy of one row of a panel; raises :class:`DataFormatError`."""
    values = np.array(row, dtype=np.float64).reshape(-1)
    bad = np.isinf(values) if holes else ~np.isfinite(values)
    if values.size != columns or bool(bad.any()):
        raise DataFormatError(
            f"must be {columns} finite numbers",
            found=values.tolist() if values.size <= 8 else f"{values.size} numbers",
            remedy="leave the update out where a market has no print" if not holes else "",
            field=name,
        )
    return values


def chosen_columns(columns: Sequence[int], *, count: int, name: str) -> NDArray[np.int64]:
    """Distinct column indices within ``count``; raises :class:`ParameterError`."""
    chosen = np.array(list(columns), dtype=np.int64)
    if (
        not chosen.size
        or np.unique(chosen).size != chosen.size
        or chosen.min() < 0
        or chosen.max() >= count
    ):
        raise ParameterError(
            f"must be distinct columns of 0 .. {count - 1}, at least one",
            found=list(columns)[:8],
            field=name,
        )
    return chosen
