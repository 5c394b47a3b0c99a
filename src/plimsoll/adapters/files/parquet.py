"""Plain Parquet with mapped columns: only the columns, markets and times asked for are read."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from plimsoll.adapters.files.bar_rows import ROW, bar_rows, initial_style, symbol_filter
from plimsoll.adapters.files.columns import Columns, WideColumnMap, require_columns
from plimsoll.adapters.files.selection import Selection
from plimsoll.adapters.files.sources import reading
from plimsoll.adapters.files.time_units import EARLIEST_S, LATEST_S, TimeStyle, TimeUnit, times_ns


def parquet_rows(path: Path, columns: Columns, selection: Selection) -> pl.DataFrame:
    """Return the selected rows of bars of one Parquet file, in file order."""
    with reading(path):
        lazy = pl.scan_parquet(path, row_index_name=ROW, glob=False)
        schema = lazy.collect_schema()
        names = [name for name in schema.names() if name != ROW]
        wanted = wanted_columns(names, columns, selection, str(path))
        lazy = lazy.select(ROW, *wanted)
        time = schema[columns.time]
        if isinstance(time, pl.Datetime) and _plausible(lazy, columns.time, time):
            lazy = lazy.filter(_time_filter(columns.time, time, selection))
            style = initial_style(columns)
        else:
            style = _whole_column_style(lazy, columns)
        raw = lazy.filter(symbol_filter(columns, selection)).collect()
        return bar_rows(raw, columns, style, selection)[0]


def wanted_columns(
    names: list[str], columns: Columns, selection: Selection, source: str
) -> list[str]:
    """Return the source columns to read, after checking that each is there once."""
    if isinstance(columns, WideColumnMap):
        require_columns(names, [columns.time], source)
        markets = [name for name in names if name != columns.time]
        require_columns(names, markets, source)
        if selection.symbols is not None:
            markets = [name for name in markets if name in selection.symbols]
        return [columns.time, *markets]
    named = [columns.time, *([columns.symbol] if columns.symbol else [])]
    wanted = [*named, *columns.fields().values()]
    require_columns(names, wanted, source)
    return wanted


def _plausible(lazy: pl.LazyFrame, time: str, dtype: pl.Datetime) -> bool:
    """Return whether every timestamp is there and plausible; if not, the full path names it."""
    per_second = 1_000_000_000 // TimeUnit(dtype.time_unit).nanoseconds
    values = pl.col(time).to_physical()
    facts = lazy.select(
        values.min().alias("first"),
        values.max().alias("last"),
        values.null_count().alias("empty"),
    ).collect()
    first, last, empty = facts.row(0)
    if empty or first is None:
        return False
    return bool(first >= EARLIEST_S * per_second and last < LATEST_S * per_second)


def _time_filter(time: str, dtype: pl.Datetime, selection: Selection) -> pl.Expr:
    """Return the selection as a condition that Parquet can skip row groups by."""
    unit_ns = TimeUnit(dtype.time_unit).nanoseconds
    condition = pl.lit(True)
    for bound, after in ((selection.since_ns, True), (selection.until_ns, False)):
        if bound is None:
            continue
        limit = pl.lit(-(-bound // unit_ns)).cast(pl.Int64).cast(dtype)
        condition = condition & (pl.col(time) >= limit if after else pl.col(time) < limit)
    return condition


def _whole_column_style(lazy: pl.LazyFrame, columns: Columns) -> TimeStyle:
    """Return the style of all times in the file, having checked every row for its unit."""
    frame = lazy.select(ROW, columns.time).collect()
    style = initial_style(columns)
    return times_ns(frame[columns.time], frame[ROW].to_numpy(), style, columns.time)[1]
