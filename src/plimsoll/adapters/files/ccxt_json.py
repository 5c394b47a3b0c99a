"""ccxt OHLCV arrays in JSON: ``[[ms, open, high, low, close, volume], …]``, or one per symbol."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from plimsoll.adapters.files.bar_rows import ROW, bar_rows
from plimsoll.adapters.files.columns import ohlcv_columns
from plimsoll.adapters.files.csv_bars import CCXT_CELLS
from plimsoll.adapters.files.csv_layout import not_utf8, open_bytes
from plimsoll.adapters.files.selection import Selection
from plimsoll.adapters.files.sources import reading
from plimsoll.adapters.files.time_units import TimeStyle, TimeUnit
from plimsoll.errors import DataFormatError

_FORM = "must be a list of [ms, open, high, low, close, volume], or one such list per symbol"


def ccxt_json_rows(path: Path, selection: Selection) -> Iterator[pl.DataFrame]:
    """Yield the selected rows, one batch per market; a bare list has no column ``symbol``."""
    with reading(path):
        document = _load(path)
        if isinstance(document, list):
            yield _rows(document, selection, str(path))
            return
        if not isinstance(document, dict):
            raise DataFormatError(_FORM, found=type(document).__name__, field=str(path))
        for symbol, candles in document.items():
            if selection.symbols is None or symbol in selection.symbols:
                rows = _rows(candles, selection, f"{path}[{symbol!r}]")
                yield rows.with_columns(symbol=pl.lit(symbol))


def ohlcv_frame(candles: Sequence[Sequence[Any]], source: str) -> pl.DataFrame:
    """Return candles as raw columns ``timestamp, open, …`` with ``ROW``.

    Raises
    ------
    DataFormatError
        A candle of other than six numbers, or values that are no numbers, with its row.
    """
    _check_shape(candles, source)
    times = [candle[0] for candle in candles]
    data: dict[str, Any] = {"timestamp": _integers(times, source)}
    for index, name in enumerate(CCXT_CELLS[1:], start=1):
        data[name] = _numbers([candle[index] for candle in candles], f"{source}.{name}")
    return pl.DataFrame(data).with_row_index(ROW)


def _rows(candles: Any, selection: Selection, source: str) -> pl.DataFrame:
    if not isinstance(candles, list):
        raise DataFormatError(_FORM, found=type(candles).__name__, field=source)
    columns = ohlcv_columns("timestamp")
    style = TimeStyle(unit=TimeUnit.MILLISECONDS)
    return bar_rows(ohlcv_frame(candles, source), columns, style, selection)[0]


def _load(path: Path) -> Any:
    with open_bytes(path) as stream:
        raw = stream.read()
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise not_utf8(path, f"byte 0x{raw[error.start]:02x}", None) from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataFormatError(
            "must be whole JSON",
            found=str(error),
            field=str(path),
            remedy="it may be truncated; export it again",
        ) from None


def _check_shape(candles: Sequence[Any], source: str) -> None:
    for row, candle in enumerate(candles):
        if not isinstance(candle, (list, tuple)) or len(candle) < len(CCXT_CELLS):
            raise DataFormatError(
                "must be [ms, open, high, low, close, volume]", found=candle, field=source, row=row
            )


def _integers(values: list[Any], source: str) -> pl.Series:
    for row, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, int):
            raise DataFormatError(
                "must be a whole number of milliseconds", found=value, field=source, row=row
            )
    return pl.Series(values, dtype=pl.Int64)


def _numbers(values: list[Any], field: str) -> pl.Series:
    for row, value in enumerate(values):
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise DataFormatError("must be a number or null", found=value, field=field, row=row)
    return pl.Series(
        [np.nan if value is None else float(value) for value in values], dtype=pl.Float64
    )
