"""What stands in the price files, as far as a venue file relies on it: columns and symbols."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from plimsoll.config.data_section import MAPPED_FORMATS, PriceFormat
from plimsoll.config.document import Document
from plimsoll.config.document import Path as KeyPath
from plimsoll.config.explain import choose
from plimsoll.config.extent import Generated, extent_faults, parquet_extent
from plimsoll.config.files import market_paths, resolve, unset_variables
from plimsoll.config.rules import fault_at
from plimsoll.errors import Fault

_PRICES: KeyPath = ("data", "prices")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A price file whose columns could be read; ``market`` is the entry it is for, if one."""

    path: Path
    names: list[str]
    market: int | None


def content_faults(
    document: Document,
    directory: Path,
    variables: Mapping[str, str],
    as_of: datetime | None = None,
    generated: Callable[[], Generated] | None = None,
) -> Iterator[Fault]:
    """Yield a fault for each column or symbol that the price files do not have.

    Parquet and CSV files with mapped columns are looked into; that a scoring or an as-of date
    misses the data is seen in Parquet files and the sandbox. Other times and values are the
    business of the checks of market data, which report findings instead.
    """
    form = document.get(*_PRICES, "format")
    if form == PriceFormat.SANDBOX and generated is not None:
        made = generated()
        yield from _missing_symbols(document, list(made.symbols), "of the sandbox")
        yield from extent_faults(document, made.extent, as_of)
    if form not in MAPPED_FORMATS:
        return
    opened: list[_Opened] = []
    for market, path in _paths(document, directory, variables):
        names = _columns(path, str(form))
        if isinstance(names, str):
            problem, remedy = f"must be a {form} file", "fetch or export it again"
            where = names if path.name in names else f"{path.name}: {names}"
            yield fault_at(document, (*_PRICES, "path"), problem, remedy, where)
        else:
            opened.append(_Opened(path=path, names=names, market=market))
    yield from _missing_columns(document, opened)
    if form == PriceFormat.PARQUET:
        yield from _parquet_faults(document, opened, as_of)


def _paths(
    document: Document, directory: Path, variables: Mapping[str, str]
) -> Iterator[tuple[int | None, Path]]:
    """Files there are, each with the index of its market where it is one market's."""
    text = document.get(*_PRICES, "path")
    if not isinstance(text, str) or unset_variables(text, variables) or "\0" in text:
        return
    each = market_paths(text, document, directory, variables)
    for index, path in each if each else [(None, resolve(text, directory, variables))]:
        pattern = glob.has_magic(str(path)) and not path.exists()
        matches = sorted(glob.glob(str(path), recursive=True)) if pattern else [str(path)]
        for match in map(Path, matches):
            if match.is_file() and match.stat().st_size:
                yield index, match


def _missing_columns(document: Document, opened: Sequence[_Opened]) -> Iterator[Fault]:
    mapped = document.get(*_PRICES, "columns")
    for field, name in mapped.items() if isinstance(mapped, dict) else ():
        lacking = [one for one in opened if isinstance(name, str) and name not in one.names]
        if lacking:
            first = lacking[0]
            many = f", not in {len(lacking)} of {len(opened)} files ({first.path.name} first)"
            yield fault_at(
                document,
                (*_PRICES, "columns", field),
                "must be a column of the file" if len(opened) == 1 else "must be in every file",
                choose(str(name), first.names),
                None if len(opened) == 1 else f"{name}{many}",
            )


def _parquet_faults(
    document: Document, opened: Sequence[_Opened], as_of: datetime | None
) -> Iterator[Fault]:
    symbol, time = (document.get(*_PRICES, "columns", field) for field in ("symbol", "time"))
    shared: set[str] = set()
    for one in opened:
        if not isinstance(symbol, str) or symbol not in one.names:
            continue
        known = _distinct(one.path, symbol)
        if one.market is None:
            shared.update(known)
        else:
            yield from _missing_symbols(document, known, "of its file", [one.market])
    yield from _missing_symbols(document, sorted(shared), "of the file")
    unit = document.get(*_PRICES, "time_unit")
    paths = [one.path for one in opened if time in one.names]
    extent = parquet_extent(paths, str(time), unit if isinstance(unit, str) else None)
    if extent is not None:
        yield from extent_faults(document, extent, as_of)


def _missing_symbols(
    document: Document, known: list[str], where: str, indices: Sequence[int] | None = None
) -> Iterator[Fault]:
    markets = document.get("markets")
    every = range(len(markets) if isinstance(markets, list) else 0)
    for index in every if indices is None else indices:
        name = document.get("markets", index, "symbol")
        if isinstance(name, str) and known and name not in known:
            place = ("markets", index, "symbol")
            yield fault_at(document, place, f"must be a symbol {where}", choose(name, known))


def _columns(path: Path, form: str) -> list[str] | str:
    """Column names, or in words why there are none."""
    import polars as pl

    try:
        frame = (
            pl.scan_parquet(path, glob=False)
            if form == "parquet"
            else pl.scan_csv(path, glob=False)
        )
        return frame.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        return (str(error).splitlines() or [type(error).__name__])[0][:120]


def _distinct(path: Path, column: str) -> list[str]:
    import polars as pl

    try:
        values = (
            pl.scan_parquet(path, glob=False)
            .select(pl.col(column).cast(pl.String).unique())
            .collect()
        )
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return []
    return sorted(value for value in values[column].to_list() if value is not None)
