"""Tardis CSV (trades, quotes, book snapshots, derivative ticker) resampled to bars.

A bar opens with the first print at or after its open time and closes with the last before its
end, by the exchange's ``timestamp`` (µs; prints of one time in file order). Stretches without
a print have no bar. Volume is ``amount`` as the venue counts it: base units on linear markets,
contracts or USD on inverse ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import polars as pl

from plimsoll.adapters.files.bar_rows import ROW
from plimsoll.adapters.files.columns import require_columns
from plimsoll.adapters.files.csv_batches import csv_batches
from plimsoll.adapters.files.csv_layout import CsvDialect, header_layout
from plimsoll.adapters.files.numbers import floats
from plimsoll.adapters.files.selection import Selection
from plimsoll.adapters.files.sources import reading
from plimsoll.adapters.files.time_units import TimeStyle, TimeUnit, times_ns
from plimsoll.errors import UsageError


class TardisTable(StrEnum):
    """Tables of Tardis that bars are made of."""

    TRADES = "trades"
    DERIVATIVE_TICKER = "derivative_ticker"
    QUOTES = "quotes"
    BOOK_SNAPSHOT = "book_snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prints:
    """Columns of a table whose mean is the price of a print, and the column of its volume."""

    prices: tuple[str, ...]
    volume: str | None = None


_PRINTS = {
    TardisTable.TRADES: _Prints(prices=("price",), volume="amount"),
    TardisTable.DERIVATIVE_TICKER: _Prints(prices=("mark_price",)),
    TardisTable.QUOTES: _Prints(prices=("bid_price", "ask_price")),
    TardisTable.BOOK_SNAPSHOT: _Prints(prices=("bids[0].price", "asks[0].price")),
}


def tardis_rows(
    paths: list[Path], table: TardisTable, interval_ns: int | None, selection: Selection
) -> pl.DataFrame:
    """Return bars of all files together, in order of time; files may meet within a bar.

    Parameters
    ----------
    paths : list of Path
        In the order of time.
    table : TardisTable
        ``trades`` gives open, high, low, close and volume; ``derivative_ticker`` the mark price;
        ``quotes`` and ``book_snapshot`` the mid price. A row without a price (a one-sided book, a
        ticker before the first mark) is no print.
    interval_ns : int
        Length of the bars to make.
    selection : Selection
        Of bars, by their open times.
    """
    if interval_ns is None or interval_ns <= 0:
        raise UsageError(
            "must be given to resample prints to bars",
            found=interval_ns,
            field="interval_ns",
            remedy="name the length of the bars to make",
        )
    bars = _EMPTY
    for path in paths:
        for prints in _prints(path, table, interval_ns, selection):
            bars = _merge(pl.concat([bars, _merge(prints)]))
    chosen = bars.filter(selection.mask("time_ns")).sort("symbol", "time_ns", maintain_order=True)
    fields = ["symbol", "time_ns", "open", "high", "low", "close"]
    return chosen.select(fields + (["volume"] if _PRINTS[table].volume else []))


def _prints(
    path: Path, table: TardisTable, interval_ns: int, selection: Selection
) -> Iterator[pl.DataFrame]:
    """Yield each batch as bars of one print."""
    source = _PRINTS[table]
    wanted = ["symbol", "timestamp", *source.prices, *([source.volume] if source.volume else [])]
    style = TimeStyle(unit=TimeUnit.MICROSECONDS)
    with reading(path):
        layout = header_layout(path, wanted, CsvDialect(separator=","))
        require_columns(layout.names, wanted, str(path))
        for raw in csv_batches(path, layout, wanted):
            if selection.symbols is not None:
                raw = raw.filter(pl.col("symbol").is_in(list(selection.symbols)))
            rows = raw[ROW].to_numpy()
            times, style = times_ns(raw["timestamp"], rows, style, "timestamp")
            sides = [floats(raw[name], rows, name) for name in source.prices]
            price = sum(sides[1:], sides[0]) / len(sides)
            volume = floats(raw[source.volume], rows, source.volume) if source.volume else price
            # A print of unknown size makes the bar's volume unknown, not smaller.
            at = pl.Series(times, dtype=pl.Int64)
            yield pl.DataFrame(
                {
                    "symbol": raw["symbol"],
                    "time_ns": at - at % interval_ns,
                    "first_ns": at,
                    "last_ns": at,
                    "open": price,
                    "high": price,
                    "low": price,
                    "close": price,
                    "volume": volume.fill_null(float("nan")),
                }
            ).drop_nulls("close")


_EMPTY = pl.DataFrame(
    schema={
        "symbol": pl.String,
        **dict.fromkeys(("time_ns", "first_ns", "last_ns"), pl.Int64),
        **dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64),
    }
)


def _merge(parts: pl.DataFrame) -> pl.DataFrame:
    """Join the pieces of each bar: the earliest opens it, the latest (last of equals) closes it."""
    return parts.group_by("symbol", "time_ns", maintain_order=True).agg(
        pl.col("first_ns").min(),
        pl.col("last_ns").max(),
        pl.col("open").sort_by("first_ns", maintain_order=True).first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").sort_by("last_ns", maintain_order=True).last(),
        pl.col("volume").sum(),
    )
