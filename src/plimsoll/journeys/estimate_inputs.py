"""Prices of many markets for an estimate, with highs, lows and volumes where there are some."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plimsoll.adapters.files import ColumnMap, FileFormat, read_bars
from plimsoll.domain.market import Bars, MarketHistory, PriceKind
from plimsoll.errors import DataFormatError, InsufficientDataError, UsageError
from plimsoll.estimators.nightly.liquidity_rows import BarRanges
from plimsoll.journeys.table_rows import table_rows
from plimsoll.marketdata.pegged_markets import pegged_markets

OPTIONAL = ("high", "low", "volume")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketColumns:
    """Which column is what; highs, lows and volumes are read where they are there.

    Parameters
    ----------
    columns : ColumnMap
        Time, close, symbol and unit.
    optional : mapping of str to str
        Field to column, of ``high``, ``low`` and ``volume``.
    """

    columns: ColumnMap
    optional: Mapping[str, str]

    def among(self, present: Iterable[str]) -> ColumnMap:
        """Return the map with those optional columns that are present."""
        there = set(present)
        taken = {c for c in (self.columns.time, self.columns.close, self.columns.symbol) if c}
        found = {f: c for f, c in self.optional.items() if c in there and c not in taken}
        return ColumnMap(
            time=self.columns.time,
            close=self.columns.close,
            symbol=self.columns.symbol,
            time_unit=self.columns.time_unit,
            high=found.get("high"),
            low=found.get("low"),
            volume=found.get("volume"),
        )


def market_bars(
    prices: Any,
    columns: MarketColumns,
    kind: PriceKind,
    form: FileFormat | None,
    market: str | None = None,
) -> dict[str, Bars]:
    """Return the bars of every market of a file, a frame or a mapping.

    ``market`` names the one of a source without a symbol column.

    Raises
    ------
    DataError, DataFormatError, UsageError
    """
    if isinstance(prices, Mapping):
        return dict(prices)
    name = (market or "") if columns.columns.symbol is None else ""
    if isinstance(prices, str | os.PathLike):
        path = Path(prices)
        form = form or (FileFormat.CSV if ".csv" in path.name.lower() else FileFormat.PARQUET)
        mapped = form in (FileFormat.PARQUET, FileFormat.CSV)
        chosen = columns.among(_file_columns(path, form)) if mapped else None
        return read_bars(prices, form, price_kind=kind, columns=chosen, market=name)
    from plimsoll.adapters.files import from_frame

    chosen = columns.among(prices.columns)
    return from_frame(prices, columns=chosen, price_kind=kind, market=name)


def symbol_column(prices: str | os.PathLike[str], form: FileFormat | str | None) -> str | None:
    """Return ``symbol`` where a file has a column of that name, as is assumed of all markets.

    >>> symbol_column("nowhere.csv", None) is None
    True
    """
    path = Path(prices)
    form = form or (FileFormat.CSV if ".csv" in path.name.lower() else FileFormat.PARQUET)
    return "symbol" if "symbol" in _file_columns(path, FileFormat(form)) else None


def _file_columns(path: Path, form: FileFormat) -> list[str]:
    """Names of a file's columns; none where it is no single file: the reader says what it is."""
    if not path.is_file() or form not in (FileFormat.PARQUET, FileFormat.CSV):
        return []
    import polars as pl

    try:
        scan = pl.scan_parquet(path) if form is FileFormat.PARQUET else pl.scan_csv(path)
        return scan.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError):
        return []


def bar_ranges(
    history: MarketHistory, bars: Mapping[str, Bars], sources: Mapping[str, str]
) -> BarRanges | None:
    """Return highs and lows on the history's grid; None where no source has both.

    Parameters
    ----------
    sources : mapping of str to str
        Name in ``bars`` of each market of the history.
    """
    if not any(b.high is not None and b.low is not None for b in bars.values()):
        return None
    high, low = (np.full(history.close.shape, np.nan) for _ in range(2))
    for j, market in enumerate(history.markets):
        one = bars[sources[market]]
        if one.high is None or one.low is None or not len(history):
            continue
        rows, rest = np.divmod(one.time_ns - history.time_ns[0], history.interval_ns)
        held = (rest == 0) & (rows >= 0) & (rows < len(history))
        # Bars of another owner of the ticker, and those left out, have no close in this column.
        held[held] &= history.close[rows[held], j] == one.close[held]
        high[rows[held], j], low[rows[held], j] = one.high[held], one.low[held]
    return BarRanges(high=high, low=low)


def kept_markets(
    bars: Mapping[str, Bars], exclude: Iterable[str] | None
) -> tuple[dict[str, Bars], tuple[str, ...]]:
    """Part markets from those left out: by name, or by default those held to a currency.

    Raises
    ------
    UsageError
        For a name that the data do not have.
    InsufficientDataError
        Where none is left.
    """
    dropped = pegged_markets(bars) if exclude is None else tuple(exclude)
    foreign = [name for name in dropped if name not in bars]
    if foreign:
        raise UsageError("must be markets of the data", found=foreign, field="exclude")
    kept = {name: one for name, one in bars.items() if name not in dropped}
    if not kept:
        raise InsufficientDataError("must leave a market", found=0, field="exclude")
    return kept, tuple(dropped)


def market_classes(
    classes: Mapping[str, str] | str | os.PathLike[str] | None, markets: Iterable[str]
) -> dict[str, str]:
    """Return the class of each market: a mapping, or a CSV file with ``market`` and ``class``.

    Raises
    ------
    DataFormatError, UsageError
    """
    if classes is None or isinstance(classes, Mapping):
        return dict(classes or {})
    path = Path(classes)
    rows = _class_rows(path)
    found = {row["market"]: row["class"] or "" for row in rows}
    if not set(found) & set(markets):
        raise DataFormatError(
            "must name markets as the prices do", found=list(found)[:3], field=str(path)
        )
    return found


def market_capitalisations(
    classes: Mapping[str, str] | str | os.PathLike[str] | None,
) -> dict[str, float]:
    """Return the capitalisation of each market whose class's file knows it (``market_cap_usd``).

    Raises
    ------
    DataFormatError
    """
    if classes is None or isinstance(classes, Mapping):
        return {}
    path, found = Path(classes), {}
    for number, row in enumerate(_class_rows(path)):
        text = (row.get("market_cap_usd") or "").strip()
        if text:
            found[row["market"]] = _dollars(text, str(path), number)
    return found


def _dollars(text: str, source: str, row: int) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = float("nan")
    if not 0.0 < amount < float("inf"):
        raise DataFormatError(
            "market_cap_usd must be dollars above 0, or empty", found=text, field=source, row=row
        )
    return amount


def _class_rows(path: Path) -> list[dict[str, str]]:
    rows = table_rows(path)
    if not rows or not {"market", "class"} <= set(rows[0]):
        raise DataFormatError(
            "must have the columns market and class",
            found=list(rows[0]) if rows else "no row",
            field=str(path),
        )
    return rows
