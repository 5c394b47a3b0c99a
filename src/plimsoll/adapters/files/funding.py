"""Funding rates from Parquet and CSV, as fractions per interval, positive where longs pay."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import polars as pl

from plimsoll.adapters.files.bar_rows import bar_rows, initial_style
from plimsoll.adapters.files.columns import ColumnMap
from plimsoll.adapters.files.csv_bars import csv_bar_rows, market_of
from plimsoll.adapters.files.csv_layout import CsvDialect
from plimsoll.adapters.files.frames import raw_frame
from plimsoll.adapters.files.parquet import parquet_rows
from plimsoll.adapters.files.selection import Instant, Selection
from plimsoll.adapters.files.sources import PathLike, source_paths
from plimsoll.adapters.files.time_units import TimeUnit
from plimsoll.domain.market import FloatArray, IntArray
from plimsoll.errors import DataError, UsageError


class RateUnit(StrEnum):
    """Unit of the rates in a source: 0.0001 and 0.01 are both one basis point."""

    FRACTION = "fraction"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingColumns:
    """Names of the columns, and the unit of the rate, which is never guessed."""

    unit: RateUnit | str
    time: str = "ts"
    rate: str = "funding_rate"
    symbol: str | None = None
    time_unit: TimeUnit | None = None

    def __post_init__(self) -> None:
        if self.unit not in tuple(RateUnit):
            raise UsageError(
                "must be 'fraction' or 'percent'", found=self.unit, field="columns.unit"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FundingRates:
    """Funding payments of one market as delivered: nothing sorted, filled or dropped.

    Parameters
    ----------
    market : str
    time_ns : (T,) int64
        When the payment was due, UTC.
    rate : (T,) float64
        Fraction of notional that longs paid to shorts; NaN where the source has none.
    source : str
    """

    market: str
    time_ns: IntArray
    rate: FloatArray
    source: str = ""

    def __post_init__(self) -> None:
        self.time_ns.setflags(write=False)
        self.rate.setflags(write=False)

    def __len__(self) -> int:
        return int(self.time_ns.size)


def read_funding(
    path: PathLike | Sequence[PathLike],
    format: str,
    *,
    columns: FundingColumns,
    market: str = "",
    symbols: Collection[str] | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    dialect: CsvDialect | None = None,
) -> dict[str, FundingRates]:
    """Return the funding rates of each market in Parquet or CSV files.

    Raises
    ------
    DataError, DataFormatError
        As `plimsoll.adapters.files.read_bars`.
    """
    if format not in ("parquet", "csv"):
        raise UsageError("must be 'parquet' or 'csv'", found=format, field="format")
    selection, mapped = Selection.of(symbols, since, until), _as_bars(columns)

    def batches() -> Iterator[pl.DataFrame]:
        for item in source_paths(path):
            found: Iterable[pl.DataFrame] = (
                [parquet_rows(item, mapped, selection)]
                if format == "parquet"
                else csv_bar_rows(item, mapped, selection, dialect or CsvDialect())
            )
            yield from (_named(rows, market or market_of(item)) for rows in found)

    return _series(list(batches()), columns, selection, str(path))


def funding_from_frame(
    frame: Any,
    *,
    columns: FundingColumns,
    market: str = "",
    symbols: Collection[str] | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    source: str = "frame in memory",
) -> dict[str, FundingRates]:
    """Return the funding rates of each market in a pandas, polars or pyarrow frame."""
    selection, mapped = Selection.of(symbols, since, until), _as_bars(columns)
    raw = raw_frame(frame, mapped, selection, source)
    rows, _ = bar_rows(raw, mapped, initial_style(mapped), selection)
    return _series([_named(rows, market)], columns, selection, source)


def _as_bars(columns: FundingColumns) -> ColumnMap:
    """Return the columns as those of bars: a rate is read like a close."""
    return ColumnMap(
        time=columns.time, close=columns.rate, symbol=columns.symbol, time_unit=columns.time_unit
    )


def _named(rows: pl.DataFrame, market: str) -> pl.DataFrame:
    return rows if "symbol" in rows.columns else rows.with_columns(symbol=pl.lit(market))


def _series(
    batches: list[pl.DataFrame], columns: FundingColumns, selection: Selection, source: str
) -> dict[str, FundingRates]:
    rows = pl.concat([batch.select("symbol", "time_ns", "close") for batch in batches])
    if rows.is_empty():
        raise DataError("must hold at least one funding rate", found=selection, field=source)
    scale = 100.0 if columns.unit == RateUnit.PERCENT else 1.0
    parts = rows.partition_by("symbol", as_dict=True, maintain_order=True)
    return {
        str(key[0]): FundingRates(
            market=str(key[0]),
            time_ns=np.ascontiguousarray(part["time_ns"].to_numpy()),
            rate=part["close"].to_numpy() / scale,
            source=source,
        )
        for key, part in parts.items()
    }
