"""From when to when prices reach, as far as that is cheap to know, and the dates that miss it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from plimsoll.config.document import Document
from plimsoll.config.fields import instant_ns
from plimsoll.config.rules import fault_at, written_time
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.table import iso_minute
from plimsoll.errors import DataFormatError, Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """OPEN times of the first and the last bar (UTC, ns)."""

    first_ns: int
    last_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What the sandbox generates: its markets, and from when to when."""

    symbols: tuple[str, ...]
    extent: Extent


def extent_faults(document: Document, extent: Extent, as_of: datetime | None) -> Iterator[Fault]:
    """Yield a fault for a scoring that starts after the data, and for a day they do not reach."""
    reach = f"{iso_minute(extent.first_ns)[:10]} to {iso_minute(extent.last_ns)[:10]}"
    scored_ns = instant_ns(written_time(document, "evidence", "from"))
    if scored_ns is not None and scored_ns > extent.last_ns:
        yield fault_at(
            document,
            ("evidence", "from"),
            "must lie before the end of the data",
            f"score from a date that the data reach ({reach}), after the first year at best",
        )
    as_of_ns = instant_ns(as_of)
    if as_of is None or as_of_ns is None:
        return
    if not extent.first_ns < as_of_ns <= extent.last_ns + 2 * DAY_NS:  # a bar is at most a day
        yield Fault(
            path="as_of",
            problem="must lie after the first bar and at most one day after the last",
            found=as_of.isoformat(),
            remedy=f"choose a date that the data reach ({reach})",
        )


def parquet_extent(paths: Iterable[Path], column: str, unit: str | None) -> Extent | None:
    """Return from when to when the times in ``column`` reach; None where they cannot be read."""
    found = [extent for path in paths if (extent := _extent(path, column, unit)) is not None]
    if not found:
        return None
    return Extent(
        first_ns=min(one.first_ns for one in found), last_ns=max(one.last_ns for one in found)
    )


def _extent(path: Path, column: str, unit: str | None) -> Extent | None:
    """First and last time of one file; what is wrong with its values is found when they are read.

    Text is not ordered in time, so text is left alone.
    """
    import numpy as np
    import polars as pl

    from plimsoll.adapters.files.time_units import TimeStyle, TimeUnit, times_ns

    try:
        lazy = pl.scan_parquet(path, glob=False).select(column)
        values = pl.concat([lazy.min(), lazy.max()]).collect()[column]
        if values.dtype in (pl.String, pl.Categorical):
            return None
        style = TimeStyle(unit=None if unit is None else TimeUnit(unit))
        first, last = times_ns(values, np.arange(2), style, column)[0].tolist()
    except (pl.exceptions.PolarsError, OSError, ValueError, DataFormatError):
        return None
    return Extent(first_ns=first, last_ns=last)
