"""What stands in the price files, as far as a venue file relies on it: columns and symbols."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from plimsoll.config.data_section import MAPPED_FORMATS
from plimsoll.config.document import Document
from plimsoll.config.document import Path as KeyPath
from plimsoll.config.explain import choose
from plimsoll.config.files import SYMBOL, resolve, unset_variables
from plimsoll.config.rules import fault_at
from plimsoll.errors import Fault

_PRICES: KeyPath = ("data", "prices")


def content_faults(
    document: Document, directory: Path, variables: Mapping[str, str]
) -> Iterator[Fault]:
    """Yield a fault for each column or symbol that the price file does not have.

    Only single Parquet and CSV files with mapped columns are looked into; times and values are
    the business of the checks of market data, which report findings instead.
    """
    text, form = document.get(*_PRICES, "path"), document.get(*_PRICES, "format")
    if not isinstance(text, str) or SYMBOL in text or form not in MAPPED_FORMATS:
        return
    path = resolve(text, directory, variables)
    if unset_variables(text, variables) or not path.is_file() or not path.stat().st_size:
        return
    names = _columns(path, str(form))
    if isinstance(names, str):
        problem = f"must be a {form} file"
        yield fault_at(document, (*_PRICES, "path"), problem, "fetch or export it again", names)
        return
    yield from _missing_columns(document, names)
    symbol = document.get(*_PRICES, "columns", "symbol")
    if form == "parquet" and isinstance(symbol, str) and symbol in names:
        yield from _missing_symbols(document, _distinct(path, symbol))


def _missing_columns(document: Document, names: list[str]) -> Iterator[Fault]:
    mapped = document.get(*_PRICES, "columns")
    for field, name in mapped.items() if isinstance(mapped, dict) else ():
        if isinstance(name, str) and name not in names:
            place = (*_PRICES, "columns", field)
            yield fault_at(document, place, "must be a column of the file", choose(name, names))


def _missing_symbols(document: Document, known: list[str]) -> Iterator[Fault]:
    markets = document.get("markets")
    for index in range(len(markets) if isinstance(markets, list) else 0):
        name = document.get("markets", index, "symbol")
        if isinstance(name, str) and known and name not in known:
            place = ("markets", index, "symbol")
            yield fault_at(document, place, "must be a symbol of the file", choose(name, known))


def _columns(path: Path, form: str) -> list[str] | str:
    """Column names, or in words why there are none."""
    import polars as pl

    try:
        frame = pl.scan_parquet(path) if form == "parquet" else pl.scan_csv(path)
        return frame.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        return (str(error).splitlines() or [type(error).__name__])[0][:120]


def _distinct(path: Path, column: str) -> list[str]:
    import polars as pl

    try:
        values = pl.scan_parquet(path).select(pl.col(column).cast(pl.String).unique()).collect()
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return []
    return sorted(value for value in values[column].to_list() if value is not None)
