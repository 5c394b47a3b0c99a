"""How a careless source spoils bars: each function spoils copies at one place and says what it did.

Functions that change values come with ``(columns, row)`` and work in place; those that change the
number or order of bars return new columns. ``columns`` holds ``time_ns`` and the five columns of
bars.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.finding import FindingKind
from plimsoll.domain.market import HOUR_NS
from plimsoll.sandbox.bars import on_price_grid
from plimsoll.sandbox.venue import PlantedFault

Columns = dict[str, NDArray[Any]]
Tamper = Callable[[Columns, int, str], tuple[Columns, PlantedFault]]

PRICES = ("open", "high", "low", "close")
MINUTE_NS = HOUR_NS // 60


def _planted(
    kind: FindingKind, market: str, columns: Columns, first: int, last: int, detail: str
) -> PlantedFault:
    return PlantedFault(
        kind=kind,
        market=market,
        first_ns=int(columns["time_ns"][first]),
        last_ns=int(columns["time_ns"][last]),
        bars=last - first + 1,
        detail=detail,
    )


def _insert(columns: Columns, row: int, **changed: float) -> Columns:
    """Repeat the bar at ``row`` right after it, with some columns changed."""
    return {
        name: np.insert(values, row + 1, changed.get(name, values[row]))
        for name, values in columns.items()
    }


def _drop(columns: Columns, first: int, count: int) -> Columns:
    return {name: np.delete(v, slice(first, first + count)) for name, v in columns.items()}


def gap(bars: int, kind: FindingKind = FindingKind.GAP) -> Tamper:
    """Leave out bars."""

    def tamper(columns: Columns, row: int, market: str) -> tuple[Columns, PlantedFault]:
        fault = PlantedFault(
            kind=kind,
            market=market,
            first_ns=int(columns["time_ns"][row - 1]),
            last_ns=int(columns["time_ns"][row + bars]),
            bars=bars,
            detail=f"{bars} bars missing",
        )
        return _drop(columns, row, bars), fault

    return tamper


def duplicate(columns: Columns, row: int, market: str) -> tuple[Columns, PlantedFault]:
    """Deliver one bar twice, word for word."""
    kind = FindingKind.DUPLICATE_BAR
    fault = _planted(kind, market, columns, row, row, "the same bar twice")
    return _insert(columns, row), fault


def conflicting_duplicate(columns: Columns, row: int, market: str) -> tuple[Columns, PlantedFault]:
    """Deliver one bar twice, with different closes within the bar's range."""
    kind = FindingKind.CONFLICTING_DUPLICATE
    fault = _planted(kind, market, columns, row, row, "two versions of one bar")
    return _insert(columns, row, close=float(columns["low"][row])), fault


def off_grid(columns: Columns, row: int, market: str) -> tuple[Columns, PlantedFault]:
    """Put in one more bar whose time is no full hour."""
    time = int(columns["time_ns"][row]) + 17 * MINUTE_NS
    spoiled = _insert(columns, row, time_ns=time)
    kind = FindingKind.OFF_GRID_TIME
    return spoiled, _planted(kind, market, spoiled, row + 1, row + 1, "a bar at minute 17")


def unordered(columns: Columns, row: int, market: str) -> tuple[Columns, PlantedFault]:
    """Deliver one bar three places late."""
    fault = _planted(FindingKind.UNORDERED_BAR, market, columns, row, row, "a bar came late")
    order = np.arange(columns["time_ns"].size)
    order[row : row + 4] = [row + 1, row + 2, row + 3, row]
    return {name: values[order] for name, values in columns.items()}, fault


def spike(factor: float) -> Tamper:
    """One bar closes far off, the next is back."""

    def tamper(columns: Columns, row: int, market: str) -> tuple[Columns, PlantedFault]:
        columns["close"][row] = far = on_price_grid(factor * columns["close"][row])
        columns["high"][row] = max(columns["high"][row], far)
        columns["low"][row] = min(columns["low"][row], far)
        detail = f"one close at {factor:g} times the price"
        kind = FindingKind.REVERTING_SPIKE
        return columns, _planted(kind, market, columns, row, row, detail)

    return tamper


def unit_slip(factor: float, bars: int) -> Tamper:
    """Some bars come in another unit."""

    def tamper(columns: Columns, row: int, market: str) -> tuple[Columns, PlantedFault]:
        for name in PRICES:
            columns[name][row : row + bars] *= factor
        detail = f"prices times {factor:g}"
        kind = FindingKind.UNIT_SLIP
        return columns, _planted(kind, market, columns, row, row + bars - 1, detail)

    return tamper


def frozen(kind: FindingKind, bars: int) -> Tamper:
    """The price stands still: a stale feed, or an outage filled with flat bars without volume."""

    def tamper(columns: Columns, row: int, market: str) -> tuple[Columns, PlantedFault]:
        for name in PRICES:
            columns[name][row : row + bars] = columns["close"][row - 1]
        if kind is FindingKind.FLAT_OUTAGE:
            columns["volume"][row : row + bars] = 0.0
        detail = f"{bars} bars at the price before"
        return columns, _planted(kind, market, columns, row, row + bars - 1, detail)

    return tamper


def impossible(close: float) -> Tamper:
    """One close that cannot be: zero, negative, not a number."""

    def tamper(columns: Columns, row: int, market: str) -> tuple[Columns, PlantedFault]:
        columns["close"][row] = close
        kind = FindingKind.IMPOSSIBLE_PRICE
        return columns, _planted(kind, market, columns, row, row, f"a close of {close:g}")

    return tamper


def crossed_range(columns: Columns, row: int, market: str) -> tuple[Columns, PlantedFault]:
    """One bar whose high lies below its low."""
    columns["high"][row], columns["low"][row] = columns["low"][row], columns["high"][row] * 1.001
    kind = FindingKind.IMPOSSIBLE_PRICE
    return columns, _planted(kind, market, columns, row, row, "a high below the low")


def partial_last(columns: Columns, market: str) -> tuple[Columns, PlantedFault]:
    """Make the last bar one that was still open when it was downloaded."""
    opened = columns["open"][-1]
    for name in ("high", "low", "close"):
        columns[name][-1] = on_price_grid(opened + 0.25 * (columns[name][-1] - opened))
    columns["volume"][-1] *= 0.3
    row = columns["time_ns"].size - 1
    kind = FindingKind.PARTIAL_LAST_BAR
    detail = "the last bar was still open"
    return columns, _planted(kind, market, columns, row, row, detail)
