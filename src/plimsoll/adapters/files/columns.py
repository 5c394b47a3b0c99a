"""Which column of a file or frame is what."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.adapters.files.time_units import TimeUnit
from plimsoll.errors import DataFormatError, UsageError

_TELLING = ("ask", "bid", "mark", "mid", "last", "index", "open", "high", "low", "close", "volume")
"""Words that say what a column holds: columns that differ in them are not each other's names."""

PRICE_FIELDS = ("close", "open", "high", "low", "volume")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """Names of the columns that hold the fields of a bar, one row per bar.

    Parameters
    ----------
    time : str
        OPEN time of the bar.
    close : str
    open, high, low, volume : str or None
        None: not read.
    symbol : str or None
        Column with the market's name; None: the file holds one market.
    time_unit : TimeUnit or None
        Unit of integer times; None: inferred, and required to be one in the whole column.
    """

    time: str = "ts"
    close: str = "close"
    open: str | None = None
    high: str | None = None
    low: str | None = None
    volume: str | None = None
    symbol: str | None = None
    time_unit: TimeUnit | None = None

    def __post_init__(self) -> None:
        names = [self.time, *self.fields().values(), *([self.symbol] if self.symbol else [])]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise UsageError("must map each column to one field only", found=twice, field="columns")

    def fields(self) -> dict[str, str]:
        """Return the price and volume fields that are mapped, with their columns."""
        named = {name: getattr(self, name) for name in PRICE_FIELDS}
        return {name: column for name, column in named.items() if column is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class WideColumnMap:
    """One row per time, one column of closes per market (every column but ``time``).

    An empty cell means that the market has no bar at that time: the layout must write something
    where another market has one. A cell that says NaN is a bar without a price.
    """

    time: str = "ts"
    time_unit: TimeUnit | None = None


Columns = ColumnMap | WideColumnMap


def ohlcv_columns(
    time: str, symbol: str | None = None, time_unit: TimeUnit | None = None
) -> ColumnMap:
    """Return the map of a source that calls the fields of a bar by their own names."""
    return ColumnMap(
        time=time,
        open="open",
        high="high",
        low="low",
        volume="volume",
        symbol=symbol,
        time_unit=time_unit,
    )


OHLCV = ohlcv_columns("ts", "symbol")
"""Columns of the Parquet files that `plimsoll.journeys.fetch` writes."""


def require_columns(found: Sequence[str], needed: Sequence[str], source: str) -> None:
    """Check that each needed column is there, exactly once.

    Raises
    ------
    DataFormatError
        Listing the columns found and the nearest name.
    """
    counts = Counter(found)
    for name in needed:
        if counts[name] == 1:
            continue
        if counts[name] > 1:
            raise DataFormatError(
                f"must have the column {name!r} once",
                found=f"{counts[name]} columns of that name in the header",
                field=source,
                remedy="rename or remove one of them",
            )
        raise DataFormatError(
            f"must have the column {name!r}",
            found=list(found)[:40],
            field=source,
            remedy=_nearest(name, found),
        )


def nearest_column(name: str, found: Sequence[str], cutoff: float) -> str | None:
    """Return the column most like a name; never one whose own name says that it is another.

    Parameters
    ----------
    name : str
        What is missing.
    found : sequence of str
    cutoff : float
        Least likeness, as in `difflib.get_close_matches`.

    >>> nearest_column("ask_price", ["askprice", "mark_price"], 0.5)
    'askprice'
    >>> nearest_column("ask_price", ["bid_price", "mark_price"], 0.5) is None
    True
    """
    meant = _meaning(name)
    folded = {c.casefold().strip(): c for c in found if _meaning(c) == meant}
    near = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=cutoff)
    return folded[near[0]] if near else None


def _meaning(name: str) -> set[str]:
    return {word for word in _TELLING if word in name.casefold()}


def _nearest(name: str, found: Sequence[str]) -> str:
    near = nearest_column(name, found, 0.5)
    if near is not None:
        return f"did you mean {near!r}? Name the columns as the file does"
    return "name the columns as the file does"
