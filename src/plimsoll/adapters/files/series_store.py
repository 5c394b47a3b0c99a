"""Rows of one market on disk, in Parquet parts by year or month that only ever change as a whole.

``<series>/<symbol>/2024.parquet`` (or ``2024-05.parquet``) with the columns ``symbol, ts, …``,
sorted by time, one row a time. Adding rows rewrites the parts they fall into, each atomically: a
killed process leaves every part complete, and the next run continues after the last row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from plimsoll.adapters.files.atomic import write_atomically
from plimsoll.adapters.files.sources import reading
from plimsoll.domain.schema import Migration, migrated
from plimsoll.errors import DataFormatError

SCHEMA, SCHEMA_VERSION = "plimsoll.series", 1
MIGRATIONS: dict[int, Migration] = {}
"""``MIGRATIONS[n]`` turns a stored part of version n into one of version n + 1; 1 is the first."""
_ASKED = "asked.json"
_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Where the rows of one market stand.

    Parameters
    ----------
    folder : Path
        Of the series (such as hourly bars), above those of its markets.
    symbol : str
    fields : tuple of str
        Names of the float64 columns after ``symbol`` and ``ts``.
    by_month : bool
        Parts by month, for many rows; else by year.
    """

    folder: Path
    symbol: str
    fields: tuple[str, ...]
    by_month: bool = False

    @property
    def path(self) -> Path:
        """Folder of this market's parts."""
        return self.folder / re.sub(r"[^A-Za-z0-9.-]", "_", self.symbol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Number of rows stored, and the first and last time in ms."""

    rows: int
    first_ms: int
    last_ms: int


def stored_span(series: Series) -> Span | None:
    """Return what is stored, None where nothing is.

    Raises
    ------
    DataFormatError
        A part is damaged or holds another market.
    """
    parts = [_read(series, path) for path in sorted(series.path.glob("*.parquet"))]
    times = [part["ts"].dt.epoch("ms") for part in parts if len(part)]
    if not times:
        return None
    every = pl.concat(times)
    first, last = every.min(), every.max()
    assert isinstance(first, int)
    assert isinstance(last, int)
    return Span(rows=len(every), first_ms=first, last_ms=last)


def add_rows(series: Series, rows: Sequence[tuple[Any, ...]]) -> int:
    """Add rows ``(ms, values…)``, replacing those of the same time; return how many are new."""
    if not rows:
        return 0
    new = _frame(series, rows)
    label = pl.col("ts").dt.strftime("%Y-%m" if series.by_month else "%Y")
    added = 0
    for key, part in new.group_by(label.alias("part"), maintain_order=True):
        path = series.path / f"{key[0]}.parquet"
        old = _read(series, path) if path.exists() else new.clear()
        merged = pl.concat([old, part]).unique("ts", keep="last").sort("ts")
        write_atomically(path, partial(_write, merged))
        added += len(merged) - len(old)
    return added


def asked_since_ms(series: Series) -> int | None:
    """Return from when on history has once been asked for to its end."""
    path = series.path / _ASKED
    if not path.exists():
        return None
    try:
        return int(json.loads(path.read_text("utf-8"))["since_ms"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataFormatError(
            "must hold since_ms", found=str(error), field=str(path), remedy="delete this file"
        ) from None


def note_asked(series: Series, since_ms: int) -> None:
    """Remember that history from ``since_ms`` on has been asked for."""
    known = asked_since_ms(series)
    if known is None or since_ms < known:
        text = json.dumps({"since_ms": since_ms, "symbol": series.symbol}) + "\n"
        write_atomically(series.path / _ASKED, text)


def _write(table: pl.DataFrame, stream: BinaryIO) -> None:
    table.write_parquet(stream, metadata={"schema": SCHEMA, "schema_version": str(SCHEMA_VERSION)})


def _frame(series: Series, rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    try:
        data = {
            name: pl.Series([row[index] for row in rows], dtype=pl.Float64)
            for index, name in enumerate(series.fields, start=1)
        }
    except (TypeError, IndexError, pl.exceptions.PolarsError) as error:
        raise DataFormatError(
            f"must be rows of a time and {len(series.fields)} numbers",
            found=str(error)[:200],
            field=series.symbol,
        ) from None
    times = pl.Series([row[0] for row in rows], dtype=pl.Int64).cast(pl.Datetime("ms"))
    symbol = pl.Series([series.symbol] * len(rows), dtype=pl.String)
    ts = times.dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    return pl.DataFrame({"symbol": symbol, "ts": ts, **data})


def _read(series: Series, path: Path) -> pl.DataFrame:
    with reading(path):
        part = pl.read_parquet(path, glob=False)
        stated = pl.read_parquet_metadata(path)
    version = stated.get("schema_version", "")
    migrated(
        {
            "schema": stated.get("schema"),
            "schema_version": int(version) if version.isdecimal() else version,
        },
        schema=SCHEMA,
        current=SCHEMA_VERSION,
        migrations=MIGRATIONS,
    )
    expected = {"symbol": pl.String, "ts": _TIME, **dict.fromkeys(series.fields, pl.Float64)}
    if dict(part.schema) != expected or not part["symbol"].eq(series.symbol).all():
        raise DataFormatError(
            f"must be a part of {series.symbol} with {', '.join(expected)}",
            found={name: str(dtype) for name, dtype in part.schema.items()},
            field=str(path),
            remedy="move the file away; it is fetched again",
        )
    return part
