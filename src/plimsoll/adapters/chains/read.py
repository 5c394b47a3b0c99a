"""One door to every form of option chain: `read_chains`."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from plimsoll.adapters.chains.assemble import ChainOrigin, chains_of, wanted_currencies
from plimsoll.adapters.chains.ccxt_chain import ccxt_rows, ccxt_structures
from plimsoll.adapters.chains.contracts import ContractNames
from plimsoll.adapters.chains.deribit_csv import csv_rows, csv_times
from plimsoll.adapters.chains.deribit_json import sorted_answers, summary_rows, ticker_rows
from plimsoll.adapters.chains.events import DEFAULT_MAX_AGE_S, updates_in_force
from plimsoll.adapters.chains.file_errors import chains_of_files
from plimsoll.adapters.chains.format_names import GUIDE, KNOWN_FORMATS
from plimsoll.adapters.chains.formats import (
    ChainFormat,
    chain_format,
    format_of,
    format_of_document,
)
from plimsoll.adapters.chains.instants import instants_ns
from plimsoll.adapters.chains.json_text import json_documents
from plimsoll.adapters.chains.parquet import parquet_rows, parquet_times
from plimsoll.adapters.chains.snapshot_columns import snapshot_columns, snapshot_rows
from plimsoll.adapters.chains.snapshots import (
    DEFAULT_MAX_AGE_S as SNAPSHOT_MAX_AGE_S,
)
from plimsoll.adapters.chains.snapshots import file_snapshots, frame_snapshots
from plimsoll.adapters.chains.tardis_options import tardis_chain_rows
from plimsoll.adapters.files.bar_rows import ROW
from plimsoll.adapters.files.selection import Instant
from plimsoll.adapters.files.sources import PathLike, source_paths
from plimsoll.adapters.venues.names import Venue
from plimsoll.domain.option_chain import OptionChain
from plimsoll.errors import DataFormatError, UsageError

_TABLES = {
    ChainFormat.PARQUET: (parquet_times, parquet_rows),
    ChainFormat.DERIBIT_CSV: (csv_times, csv_rows),
}


def read_chains(
    source: PathLike | Sequence[PathLike] | Any,
    *,
    format: ChainFormat | str | None = None,
    currency: str | Collection[str] | None = None,
    at: Instant | Sequence[Instant] | None = None,
    max_age_s: float | None = None,
    venue: Venue | str = Venue.DERIBIT,
) -> Iterator[OptionChain]:
    """Yield option chains exactly as they stand in a source, in order of time.

    One chain holds the options of one instant, pair and settlement currency: of a snapshot with
    BTC, ETH and BTC_USDC options there come three. Nothing is cleaned or dropped (rows of futures
    and spot apart); what is wrong with the quotes is for `plimsoll.marketdata.chains` to find.

    Parameters
    ----------
    source : path, pattern with ``*``, list of them, frame, or decoded JSON
        Files of one format, in any order, compressed (``.gz``, ``.zip``) or not. A pandas, polars
        or pyarrow frame has the columns of the Parquet format. Decoded JSON is an answer of
        Deribit's API or a chain of ccxt.
    format : ChainFormat or str or None
        None: seen from how the files begin.
    currency : str or collection of str or None
        Base coins wanted; None: all.
    at : int (ns), ISO 8601 text, datetime, or several of them; or None
        Of snapshots: the last at or before each time; None: all. Of streams of updates (Tardis,
        Deribit's tickers): the chain in force at each time, needed for Tardis; None: at the last
        message. Of answers without a time (ccxt, cut-out summaries): their time. Text counts to
        the end of the day, minute or second it names.
    max_age_s : float or None
        Oldest snapshot (by default a day) or update (an hour) that still counts.
    venue : Venue or str
        Whose names the options bear, in tables.

    Raises
    ------
    DataError
        A file that is not there or cannot be read; no snapshot at the time.
    DataFormatError
        Columns or values that are not what they should be, with file, column and row: of CSV the
        line of the file, else the record counted from 0.
    UsageError
        Wrong or missing arguments.
    """
    request = _Request(
        wanted_ns=None if at is None else instants_ns(at),
        max_age_s=max_age_s,
        currencies=wanted_currencies(currency),
        venue=_venue(venue),
    )
    chosen = None if format is None else chain_format(format)
    if isinstance(source, Mapping) or _is_records(source):
        return _documents([source], chosen, "decoded JSON", request)
    if not isinstance(source, str | os.PathLike | list | tuple):
        return _frame(source, request)
    paths = source_paths(source)
    return _files(paths, chosen or _one_format(paths), _named(source), request)


class _Request:
    """What the caller wants of whatever source."""

    def __init__(
        self,
        *,
        wanted_ns: list[int] | None,
        max_age_s: float | None,
        currencies: frozenset[str] | None,
        venue: Venue,
    ) -> None:
        if max_age_s is not None and not max_age_s >= 0.0:
            raise UsageError("must not be negative", found=max_age_s, field="max_age_s")
        self.wanted_ns, self.max_age_s = wanted_ns, max_age_s
        self.currencies, self.venue = currencies, venue

    def age(self, default: float) -> float:
        return default if self.max_age_s is None else self.max_age_s

    def time(self, field: str) -> int | None:
        """Return the one time given for an answer without any."""
        if self.wanted_ns is not None and len(self.wanted_ns) > 1:
            raise UsageError("must be one time for one answer", found=self.wanted_ns, field=field)
        return None if self.wanted_ns is None else self.wanted_ns[0]

    def origin(self, source: str, venue: Venue | None = None) -> ChainOrigin:
        names = ContractNames(venue=venue or self.venue)
        return ChainOrigin(source=source, names=names, currencies=self.currencies)


def _files(
    paths: list[Path], format: ChainFormat, source: str, request: _Request
) -> Iterator[OptionChain]:
    if format is ChainFormat.TARDIS_OPTIONS_CHAIN and request.wanted_ns is None:
        raise UsageError(
            "must be given for a stream of updates",
            found=None,
            field="at",
            remedy="name the times at which the chain is wanted",
        )

    def read(some: list[Path], name: str) -> Iterator[OptionChain]:
        return _of_format(some, format, name, request)

    return chains_of_files(read, paths, format, source)


def _of_format(
    paths: list[Path], format: ChainFormat, source: str, request: _Request
) -> Iterator[OptionChain]:
    if format in _TABLES:
        age = request.age(SNAPSHOT_MAX_AGE_S)
        origin = request.origin(source)
        return file_snapshots(paths, *_TABLES[format], request.wanted_ns, age, origin)
    if format is ChainFormat.TARDIS_OPTIONS_CHAIN:
        return _tardis(paths, source, request.wanted_ns or [], request)
    documents = [document for path in paths for document in json_documents(path)]
    return _documents(documents, format, source, request)


def _tardis(
    paths: list[Path], source: str, wanted_ns: list[int], request: _Request
) -> Iterator[OptionChain]:
    age = request.age(DEFAULT_MAX_AGE_S)
    chains, venue = tardis_chain_rows(paths, wanted_ns, age)
    origin = request.origin(source, venue)
    return (chain for rows in chains for chain in chains_of(rows, origin))


def _documents(
    documents: list[Any], format: ChainFormat | None, source: str, request: _Request
) -> Iterator[OptionChain]:
    format = format or format_of_document(documents[0])
    if format is ChainFormat.CCXT_OPTION_CHAIN:
        rows = [_ccxt_rows(document, source, request) for document in documents]
        return chains_of(pl.concat(rows), request.origin(source, Venue.CCXT))
    return _deribit(documents, source, request)


def _ccxt_rows(document: Any, source: str, request: _Request) -> pl.DataFrame:
    structures = ccxt_structures(document)
    if structures is None:
        raise DataFormatError(
            "must be an option chain of ccxt: {symbol: structure} with bidPrice and askPrice",
            found=type(document).__name__,
            field=source,
        )
    return ccxt_rows(structures, request.time("at"), source)


def _deribit(documents: list[Any], source: str, request: _Request) -> Iterator[OptionChain]:
    answers = sorted_answers(documents)
    origin = request.origin(source, Venue.DERIBIT)
    if answers.summaries:
        rows = pl.concat(list(summary_rows(answers, request.wanted_ns, source)))
        return frame_snapshots(rows, request.wanted_ns, request.age(SNAPSHOT_MAX_AGE_S), origin)
    if answers.tickers:
        updates = ticker_rows(answers, source)
        last = updates["quote_ns"].to_numpy().max()
        wanted = [int(last)] if request.wanted_ns is None else request.wanted_ns
        age = request.age(DEFAULT_MAX_AGE_S)
        chains = [updates_in_force(updates, at_ns, age) for at_ns in wanted]
        return (chain for rows in chains for chain in chains_of(rows, origin))
    raise DataFormatError(
        "must hold book summaries or tickers of options",
        found="neither",
        field=source,
        remedy="keep the whole answer of the API, one document or one message per line; "
        f"read are {KNOWN_FORMATS}, see {GUIDE}",
    )


def _frame(frame: Any, request: _Request) -> Iterator[OptionChain]:
    raw = _polars(frame)
    columns = snapshot_columns(raw.columns, "frame")
    rows = snapshot_rows(raw.select(list(columns.values())).with_row_index(ROW), columns)
    age = request.age(SNAPSHOT_MAX_AGE_S)
    return frame_snapshots(rows, request.wanted_ns, age, request.origin("frame in memory"))


def _polars(frame: Any) -> pl.DataFrame:
    try:
        native = nw.from_native(frame)
    except TypeError:
        raise UsageError(
            "must be a path, a frame or decoded JSON", found=type(frame).__name__, field="source"
        ) from None
    eager = native.collect() if isinstance(native, nw.LazyFrame) else native
    return eager.to_polars()


def _named(source: PathLike | Sequence[PathLike]) -> str:
    """Return the files of a source as a message or a chain names them."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    names = [os.fspath(path) for path in source]
    return ", ".join(names) if len(names) <= 2 else f"{names[0]} to {names[-1]}"


def _is_records(source: Any) -> bool:
    return isinstance(source, list | tuple) and bool(source) and isinstance(source[0], Mapping)


def _one_format(paths: list[Path]) -> ChainFormat:
    formats = {path: format_of(path) for path in paths}
    first = formats[paths[0]]
    for path, found in formats.items():
        if found is not first:
            raise DataFormatError(
                f"must be of one format, {first.value} by the first file",
                found=found.value,
                field=str(path),
                remedy="read the formats one after the other",
            )
    return first


def _venue(name: Venue | str) -> Venue:
    try:
        return Venue(name)
    except ValueError:
        known = ", ".join(venue.value for venue in Venue)
        raise UsageError(f"must be one of {known}", found=name, field="venue") from None
