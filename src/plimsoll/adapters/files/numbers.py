"""Numbers of a column as float64: empty cells stay empty, unreadable text is refused."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plimsoll.errors import DataFormatError

MISSING = ("", "null", "none", "na", "n/a", "-")
"""Text (in any case) that stands for no value."""


def floats(
    column: pl.Series, rows: NDArray[np.integer], field: str, decimal: str = "."
) -> pl.Series:
    """Return a column as Float64 with nulls where there is no value.

    NaN and infinities pass: they are faults of the data, found and reported later.

    Parameters
    ----------
    column : (T,) polars Series of numbers or text
    rows : (T,) row numbers, for messages
    field : str
        Name of the column, for messages.
    decimal : str
        Decimal mark of text, ``.`` or ``,``.

    Raises
    ------
    DataFormatError
        Text that is no number, with its row.
    """
    if column.dtype.is_numeric() or column.dtype == pl.Null:
        return column.cast(pl.Float64)
    if column.dtype not in (pl.String, pl.Categorical):
        raise DataFormatError("must be numbers", found=str(column.dtype), field=field)
    return _from_text(column.cast(pl.String).str.strip_chars(), rows, field, decimal)


def _from_text(text: pl.Series, rows: NDArray[np.integer], field: str, decimal: str) -> pl.Series:
    plain = text.str.replace(",", ".", literal=True) if decimal == "," else text
    values = plain.cast(pl.Float64, strict=False)
    if values.null_count() == text.null_count():
        return values
    wrong = values.is_null() & text.is_not_null() & ~text.str.to_lowercase().is_in(list(MISSING))
    if wrong.any():
        first = int(wrong.arg_max() or 0)
        raise DataFormatError(
            "must be numbers",
            found=text[first],
            field=field,
            row=int(rows[first]),
            remedy=_advice(text[first]),
        )
    return values


def _advice(text: str) -> str:
    if "," in text and text.replace(",", "").replace(".", "").lstrip("+-").isdigit():
        return "write numbers without thousands separators; for decimal commas give decimal=','"
    return "correct the value, or leave it empty where there is none"
