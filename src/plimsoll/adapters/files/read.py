"""One door to every file format: `read_bars`."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from pathlib import Path

import polars as pl

from plimsoll.adapters.files.assemble import BarsOrigin, assemble
from plimsoll.adapters.files.ccxt_json import ccxt_json_rows
from plimsoll.adapters.files.columns import Columns
from plimsoll.adapters.files.csv_bars import ccxt_csv_rows, csv_bar_rows, kline_rows, market_of
from plimsoll.adapters.files.csv_layout import CsvDialect
from plimsoll.adapters.files.parquet import parquet_rows
from plimsoll.adapters.files.selection import Instant, Selection
from plimsoll.adapters.files.sources import PathLike, source_paths
from plimsoll.adapters.files.tardis import TardisTable, tardis_rows
from plimsoll.domain.market import Bars, PriceKind
from plimsoll.errors import UsageError

SYMBOL = "{symbol}"
"""In a path, stands for the name of each market asked for."""


class FileFormat(StrEnum):
    """Forms of price files that users have."""

    PARQUET = "parquet"
    CSV = "csv"
    BINANCE_KLINE = "binance_kline"
    CCXT_OHLCV = "ccxt_ohlcv"
    TARDIS_TRADES = "tardis_trades"
    TARDIS_DERIVATIVE_TICKER = "tardis_derivative_ticker"
    TARDIS_QUOTES = "tardis_quotes"
    TARDIS_BOOK_SNAPSHOT = "tardis_book_snapshot"


_MAPPED = (FileFormat.PARQUET, FileFormat.CSV)


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
    dialect: CsvDialect | None = None,
    memory_limit_mb: float | None = None,
) -> dict[str, Bars]:
    """Return the bars of each market in files, exactly as they stand there.

    Nothing is sorted, filled or dropped; cells without a number become NaN, infinities and
    negative prices pass. What is wrong with the values is for the data checks to find. Several
    files of one market follow each other in the order of their names.

    Parameters
    ----------
    path : path, pattern with ``*``, or list of them
        With ``{symbol}`` in it, one file per market of ``symbols``. Compressed CSV and JSON
        (``.gz``, ``.zip``) are read as they are.
    format : FileFormat or str
    price_kind : PriceKind
        What the prices are.
    columns : ColumnMap or WideColumnMap
        For ``parquet`` and ``csv``, whose columns are the user's own.
    market : str
        Name of the market where the rows name none; by default that of the file.
    interval_ns : int or None
        Length of a bar; None: each market's most frequent step. Needed for Tardis files, which
        are resampled to it.
    symbols, since, until
        Which markets, and which open times (``since <= t < until``; ISO 8601, datetime or ns).
    dialect : CsvDialect
        Separator and decimal mark of CSV.
    memory_limit_mb : float or None
        Most memory the selected rows may take. CSV is read in batches, so a file may be larger.

    Raises
    ------
    DataError
        A file that is not there or cannot be read, no bar of the selection, too much of it.
    DataFormatError
        Files or values that are not what they should be, with column and 0-based row.
    UsageError
        Wrong or missing arguments.
    """
    chosen = _file_format(format)
    if (chosen in _MAPPED) != (columns is not None):
        rule = "must be given for" if chosen in _MAPPED else "are known for, and must not be given"
        raise UsageError(f"{rule} format '{chosen}'", found=columns, field="columns")
    selection = Selection.of(symbols, since, until)
    origin = BarsOrigin(
        price_kind=price_kind,
        interval_ns=interval_ns,
        source=str(path),
        memory_limit_mb=memory_limit_mb,
    )
    files = [
        (file, name or market) for item, name in _named_paths(path, selection)
        for file in source_paths(item)
    ]  # fmt: skip
    if chosen.startswith("tardis_"):
        table = TardisTable(chosen.removeprefix("tardis_"))
        rows = tardis_rows([file for file, _ in files], table, interval_ns, selection)
        return assemble([rows], origin)
    reader = _Reader(chosen, columns, selection, dialect or CsvDialect())
    return assemble(reader.batches(files), origin)


def _file_format(name: FileFormat | str) -> FileFormat:
    try:
        return FileFormat(name)
    except ValueError:
        known = [item.value for item in FileFormat]
        raise UsageError(f"must be one of {known}", found=name, field="format") from None


def _named_paths(
    path: PathLike | Sequence[PathLike], selection: Selection
) -> Iterator[tuple[PathLike, str]]:
    """Yield each path with the market it stands for, where ``{symbol}`` says so."""
    for item in [path] if isinstance(path, (str, os.PathLike)) else path:
        text = os.fspath(item)
        if SYMBOL not in text:
            yield item, ""
            continue
        if not selection.symbols:
            raise UsageError(f"must be given for a path with {SYMBOL}", found=text, field="symbols")
        for name in sorted(selection.symbols):
            yield text.replace(SYMBOL, name), name


class _Reader:
    """Reads one file after the other in one format."""

    def __init__(
        self,
        format: FileFormat,
        columns: Columns | None,
        selection: Selection,
        dialect: CsvDialect,
    ) -> None:
        self._format, self._columns = format, columns
        self._selection, self._dialect = selection, dialect

    def batches(self, files: Sequence[tuple[Path, str]]) -> Iterator[pl.DataFrame]:
        """Yield rows with a symbol, in the order of the files."""
        wanted = self._selection.symbols
        for path, name in files:
            market = name or market_of(path)
            for rows in self._rows(path):
                if "symbol" in rows.columns:
                    yield rows
                elif wanted is None or market in wanted:
                    yield rows.with_columns(symbol=pl.lit(market))

    def _rows(self, path: Path) -> Iterator[pl.DataFrame]:
        selection, dialect = self._selection, self._dialect
        if self._format is FileFormat.BINANCE_KLINE:
            return kline_rows(path, selection, dialect)
        if self._format is FileFormat.CCXT_OHLCV:
            json = ".json" in path.suffixes
            return (
                ccxt_json_rows(path, selection) if json else ccxt_csv_rows(path, selection, dialect)
            )
        assert self._columns is not None
        if self._format is FileFormat.PARQUET:
            return iter([parquet_rows(path, self._columns, selection)])
        return csv_bar_rows(path, self._columns, selection, dialect)
