"""One door to every file format: `read_bars`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from pathlib import Path

import polars as pl

from plimsoll.adapters.files.assemble import BarsOrigin, assemble
from plimsoll.adapters.files.columns import ColumnMap, Columns
from plimsoll.adapters.files.parquet import parquet_rows
from plimsoll.adapters.files.selection import Instant, Selection
from plimsoll.adapters.files.sources import PathLike, source_paths
from plimsoll.domain.market import Bars, PriceKind
from plimsoll.errors import UsageError


class FileFormat(StrEnum):
    """Forms of price files that users have."""

    PARQUET = "parquet"


def read_bars(
    path: PathLike | Sequence[PathLike],
    format: FileFormat | str,
    *,
    price_kind: PriceKind,
    columns: Columns | None = None,
    market: str = "",
    interval_ns: int | None = None,
    symbols: Collection[str] | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    memory_limit_mb: float | None = None,
) -> dict[str, Bars]:
    """Return the bars of each market in a file, exactly as they stand there."""
    chosen = file_format(format)
    assert chosen is FileFormat.PARQUET
    selection = Selection.of(symbols, since, until)
    columns = columns or ColumnMap()
    origin = BarsOrigin(
        price_kind=price_kind,
        market=market,
        interval_ns=interval_ns,
        source=str(path),
        memory_limit_mb=memory_limit_mb,
    )
    return assemble(_rows(source_paths(path), columns, selection, market), origin)


def file_format(name: FileFormat | str) -> FileFormat:
    """Return the format of that name."""
    try:
        return FileFormat(name)
    except ValueError:
        known = [item.value for item in FileFormat]
        raise UsageError(f"must be one of {known}", found=name, field="format") from None


def _rows(
    paths: Sequence[Path], columns: Columns, selection: Selection, market: str
) -> Iterator[pl.DataFrame]:
    for path in paths:
        rows = parquet_rows(path, columns, selection)
        if "symbol" not in rows.columns:
            rows = rows.with_columns(symbol=pl.lit(market or path.stem))
        yield rows
