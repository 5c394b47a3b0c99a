"""Bars from CSV: mapped columns, Binance archive klines, ccxt OHLCV; always in batches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from plimsoll.adapters.files.bar_rows import bar_rows, initial_style
from plimsoll.adapters.files.columns import ColumnMap, Columns, ohlcv_columns
from plimsoll.adapters.files.csv_batches import csv_batches
from plimsoll.adapters.files.csv_layout import (
    CsvDialect,
    CsvLayout,
    header_layout,
    positional_layout,
)
from plimsoll.adapters.files.parquet import wanted_columns
from plimsoll.adapters.files.selection import Selection
from plimsoll.adapters.files.sources import reading
from plimsoll.adapters.files.time_units import TimeUnit

CCXT_CELLS = ("timestamp", "open", "high", "low", "close", "volume")
KLINE_CELLS = (
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)
_KLINE_NAME = re.compile(r"^(?P<market>.+?)-\d+(?:s|m|h|d|w|mo)-\d{4}-\d{2}(?:-\d{2})?$")


def csv_bar_rows(
    path: Path, columns: Columns, selection: Selection, dialect: CsvDialect
) -> Iterator[pl.DataFrame]:
    """Yield the selected rows of a CSV file with a header and mapped columns."""
    with reading(path):
        named = [columns.time]
        if isinstance(columns, ColumnMap):
            named += [*columns.fields().values(), *([columns.symbol] if columns.symbol else [])]
        layout = header_layout(path, named, dialect)
        yield from _batches(path, layout, columns, selection, dialect)


def kline_rows(path: Path, selection: Selection, dialect: CsvDialect) -> Iterator[pl.DataFrame]:
    """Yield the selected rows of a Binance archive kline file, with or without header.

    Times are in milliseconds, in spot files since 2025 in microseconds; each file is in one unit,
    which is found.
    """
    columns = ohlcv_columns("open_time")
    with reading(path):
        layout = positional_layout(path, KLINE_CELLS, dialect, "a Binance kline archive")
        yield from _batches(path, layout, columns, selection, dialect)


def ccxt_csv_rows(path: Path, selection: Selection, dialect: CsvDialect) -> Iterator[pl.DataFrame]:
    """Yield the selected rows of ccxt OHLCV arrays written as CSV, with or without header."""
    columns = ohlcv_columns("timestamp", time_unit=TimeUnit.MILLISECONDS)
    with reading(path):
        layout = positional_layout(path, CCXT_CELLS, dialect, "ccxt OHLCV arrays")
        yield from _batches(path, layout, columns, selection, dialect)


def market_of(path: Path) -> str:
    """Return the market a file is named after.

    >>> market_of(Path("BTCUSDT-1h-2025-01.csv.gz")), market_of(Path("BTC-PERP.csv"))
    ('BTCUSDT', 'BTC-PERP')
    """
    stem = re.sub(r"\.(csv|json|parquet|zip|gz)\b", "", path.name, flags=re.IGNORECASE)
    named = _KLINE_NAME.match(stem)
    return named["market"] if named else stem


def _batches(
    path: Path, layout: CsvLayout, columns: Columns, selection: Selection, dialect: CsvDialect
) -> Iterator[pl.DataFrame]:
    wanted = wanted_columns(list(layout.names), columns, selection, str(path))
    style = initial_style(columns)
    for raw in csv_batches(path, layout, wanted):
        rows, style = bar_rows(raw, columns, style, selection, dialect.decimal)
        yield rows
