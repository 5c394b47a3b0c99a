"""Raw columns of a source to rows of bars: ``symbol, time_ns, close, …``, in source order."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from plimsoll.adapters.files.columns import ColumnMap, Columns, WideColumnMap
from plimsoll.adapters.files.numbers import floats
from plimsoll.adapters.files.selection import Selection
from plimsoll.adapters.files.time_units import TimeStyle, times_ns
from plimsoll.errors import DataFormatError

ROW = "__row__"
"""Column with the 0-based number of the source row, so that errors can name it."""


def initial_style(columns: Columns) -> TimeStyle:
    """Return what is known about the times before the first row is seen."""
    return TimeStyle(unit=columns.time_unit)


def bar_rows(
    raw: pl.DataFrame,
    columns: Columns,
    style: TimeStyle,
    selection: Selection,
    decimal: str = ".",
) -> tuple[pl.DataFrame, TimeStyle]:
    """Return the selected rows of one batch as ``symbol, time_ns`` and float64 fields.

    Nothing is sorted, filled or dropped but what the selection leaves out (and, in the wide
    layout, empty cells, which are no bars).

    Parameters
    ----------
    raw : polars DataFrame
        Columns as the source names them, and ``ROW``.
    columns : ColumnMap or WideColumnMap
    style : TimeStyle
        Of the rows before.
    selection : Selection
    decimal : str
        Decimal mark of numbers in text.
    """
    raw = raw.filter(symbol_filter(columns, selection))
    rows = raw[ROW].to_numpy()
    time_ns, style = times_ns(raw[columns.time], rows, style, columns.time)
    if isinstance(columns, WideColumnMap):
        frame = _wide(raw, columns, time_ns, rows, decimal)
    else:
        frame = _long(raw, columns, time_ns, rows, decimal)
    return frame.filter(selection.mask("time_ns")), style


def symbol_filter(columns: Columns, selection: Selection) -> pl.Expr:
    """Return the condition on raw rows that picks the markets selected."""
    if selection.symbols is None or isinstance(columns, WideColumnMap) or columns.symbol is None:
        return pl.lit(True)
    name = pl.col(columns.symbol).cast(pl.String)
    # An empty name stays in, so that it is refused rather than passed over.
    return name.is_in(list(selection.symbols)) | name.is_null() | (name == "")


def _long(
    raw: pl.DataFrame,
    columns: ColumnMap,
    time_ns: NDArray[np.int64],
    rows: NDArray[np.integer],
    decimal: str,
) -> pl.DataFrame:
    data = {"time_ns": pl.Series(time_ns, dtype=pl.Int64)}
    if columns.symbol is not None:
        data["symbol"] = _symbols(raw[columns.symbol], rows, columns.symbol)
    for field, column in columns.fields().items():
        data[field] = floats(raw[column], rows, column, decimal).fill_null(np.nan)
    return pl.DataFrame(data)


def _wide(
    raw: pl.DataFrame,
    columns: WideColumnMap,
    time_ns: NDArray[np.int64],
    rows: NDArray[np.integer],
    decimal: str,
) -> pl.DataFrame:
    markets = [name for name in raw.columns if name not in (ROW, columns.time)]
    parsed = [floats(raw[name], rows, name, decimal).alias(name) for name in markets]
    time = pl.Series("__time_ns__", time_ns, dtype=pl.Int64)
    tall = pl.DataFrame([time, *parsed]).unpivot(
        index="__time_ns__", variable_name="symbol", value_name="close"
    )
    return tall.rename({"__time_ns__": "time_ns"}).drop_nulls("close")


def _symbols(column: pl.Series, rows: NDArray[np.integer], field: str) -> pl.Series:
    text = column.cast(pl.String)
    empty = text.is_null() | (text.str.strip_chars() == "")
    if empty.any():
        first = int(empty.arg_max() or 0)
        raise DataFormatError(
            "must name a market", found="an empty cell", field=field, row=int(rows[first])
        )
    return text
