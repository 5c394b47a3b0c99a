"""Depth of a coin to be listed: a recorded book, a table of costs, or two numbers."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from plimsoll.adapters.books import read_books, sample_books, time_grid
from plimsoll.adapters.files.digest import file_digest
from plimsoll.calibration.listing.request import DepthCurve, DepthFigures
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.order_book import BookSamples
from plimsoll.domain.table import iso_minute
from plimsoll.errors import DataFormatError, UsageError
from plimsoll.journeys.estimate_books import SAMPLES, coin
from plimsoll.journeys.table_rows import table_rows

PathLike = str | os.PathLike[str]
BPS = 1e-4
_COLUMNS = ("notional_usd", "cost_bps")


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthGiven:
    """What is known of a coin's depth, as typed.

    Parameters
    ----------
    book : path or None
        Recording that `plimsoll.adapters.books` reads.
    depth : path or None
        CSV file ``notional_usd,cost_bps``, and ``error_bps`` if it is there.
    depth_usd, spread_bps : float or None
        Thinner side near mid, and whole spread.
    """

    book: PathLike | None = None
    depth: PathLike | None = None
    depth_usd: float | None = None
    spread_bps: float | None = None


Depth = BookSamples | DepthCurve | DepthFigures | None


def read_depth(given: DepthGiven, market: str, as_of_ns: int) -> tuple[Depth, str]:
    """Return the depth, and what its digest is to be of.

    Raises
    ------
    UsageError
        More than one of the three, a recording of another coin or after the listing.
    DataFormatError
    """
    numbers = given.depth_usd is not None or given.spread_bps is not None
    ways = [given.book is not None, given.depth is not None, numbers]
    if sum(ways) > 1:
        raise UsageError(
            "must be given once: a recorded book, a table of costs, or two numbers",
            found=f"{sum(ways)} of them",
            field="depth",
        )
    if given.book is not None:
        return _recorded(given.book, market, as_of_ns), file_digest(given.book)
    if given.depth is not None:
        return _curve(Path(given.depth)), file_digest(given.depth)
    if not numbers:
        return None, "none"
    if given.depth_usd is None or given.spread_bps is None:
        missing = "depth_usd" if given.depth_usd is None else "spread_bps"
        raise UsageError("must stand beside the other of the two", found="none", field=missing)
    figures = DepthFigures(depth_usd=given.depth_usd, relative_spread=given.spread_bps * BPS)
    return figures, f"{given.depth_usd!r} {given.spread_bps!r}"


def _recorded(file: PathLike, market: str, as_of_ns: int) -> BookSamples:
    feeds = read_books(file).feeds
    same = [name for name in feeds if coin(name) == coin(market)]
    if len(same) != 1:
        raise UsageError(
            f"must be a recording of {market}, so of {coin(market)}",
            found=", ".join(feeds) or "no market",
            field="book",
        )
    stream = feeds[same[0]].book
    span = int(stream.time_ns.max() - stream.time_ns.min()) if len(stream) else 0
    grid = time_grid(stream, max(10**8, -(-span // SAMPLES)))
    known = grid[grid < as_of_ns]
    if not known.size:
        raise UsageError(
            f"must hold books from before {iso_minute(as_of_ns)} UTC",
            found=f"the first is of {iso_minute(int(grid[0]))}" if grid.size else "none",
            field="book",
            remedy="list as of a later day, or record earlier",
        )
    return replace(sample_books(stream, known), market=market)


def is_old(samples: BookSamples, as_of_ns: int, days: int = 7) -> bool:
    """Whether the last book is so many days older than the listing."""
    return as_of_ns - int(samples.time_ns[-1]) > days * DAY_NS


def _curve(path: Path) -> DepthCurve:
    rows = table_rows(path)
    if not rows or not set(_COLUMNS) <= set(rows[0]):
        raise DataFormatError(
            f"must have the columns {' and '.join(_COLUMNS)}",
            found=list(rows[0]) if rows else "no row",
            field=str(path),
        )
    numbers = [[_number(row, name, path, n) for name in _COLUMNS] for n, row in enumerate(rows)]
    size, cost = np.array(numbers).T
    order = np.argsort(size, kind="stable")
    error = None
    if "error_bps" in rows[0]:
        error = np.array([_number(row, "error_bps", path, n) for n, row in enumerate(rows)])
        error = error[order] * BPS
    return DepthCurve(notional_usd=size[order], cost=cost[order] * BPS, error=error)


def _number(row: dict[str, str], name: str, path: Path, number: int) -> float:
    text = (row.get(name) or "").strip()
    try:
        return float(text)
    except ValueError:
        raise DataFormatError(
            f"{name} must be a number", found=text or "nothing", field=str(path), row=number
        ) from None
