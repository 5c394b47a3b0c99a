"""Placing bars on one regular grid; nothing is filled and no value is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plimsoll.domain.finding import Action, Finding, FindingKind, FindingPolicy
from plimsoll.domain.market import NEVER_MASKED, Bars, BoolArray, FloatArray, IntArray
from plimsoll.errors import DataFormatError
from plimsoll.marketdata.runs import runs
from plimsoll.marketdata.series import phase_ns, repeated, time_order


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlignedColumn:
    """One market on the grid: its name there, its bars once each in order, and their places."""

    name: str
    source: str
    bars: Bars
    rows: IntArray


def placeable(bars: Bars) -> Bars:
    """Return the bars on the grid of their source, in order, the first delivered of each time."""
    order = time_order(bars)
    time_ns = bars.time_ns[order]
    keep = ~repeated(time_ns) & (time_ns % bars.interval_ns == phase_ns(bars))
    return bars.take(order[keep])


def common_grid(markets: Sequence[Bars]) -> IntArray:
    """Return the regular grid from the first bar of all to the last.

    Raises
    ------
    DataFormatError
        Intervals, price kinds or clock phases differ.
    """
    _all_alike(markets, "interval_ns", [b.interval_ns for b in markets])
    _all_alike(markets, "price_kind", [b.price_kind.value for b in markets])
    filled = [b for b in markets if len(b)]
    _all_alike(filled, "time_ns modulo interval", [phase_ns(b) for b in filled])
    if not filled:
        return np.empty(0, dtype=np.int64)
    first = min(int(b.time_ns[0]) for b in filled)
    last = max(int(b.time_ns[-1]) for b in filled)
    interval = filled[0].interval_ns
    # np.arange(first, last + 1, interval) counts its steps in float64, which nanoseconds exceed.
    return first + interval * np.arange((last - first) // interval + 1, dtype=np.int64)


def _all_alike(markets: Sequence[Bars], what: str, values: Sequence[int | str]) -> None:
    for bars, value in zip(markets, values, strict=True):
        if value != values[0]:
            raise DataFormatError(
                f"must be the same for all markets of a panel ({values[0]})",
                found=value,
                field=f"{bars.market}.{what}",
                remedy="assemble each kind of series on its own",
            )


def place(name: str, bars: Bars, grid: IntArray) -> AlignedColumn:
    """Return ``bars`` (ordered, unique) with their rows in ``grid``."""
    rows = ((bars.time_ns - grid[0]) // bars.interval_ns).astype(np.int64) if len(bars) else []
    return AlignedColumn(
        name=name, source=bars.market, bars=bars, rows=np.asarray(rows, dtype=np.int64)
    )


def close_panel(columns: Sequence[AlignedColumn], times: int) -> FloatArray:
    """(T, N) closes; NaN where there is no bar, or none with a finite positive close."""
    panel = np.full((times, len(columns)), np.nan)
    for n, column in enumerate(columns):
        close = column.bars.close
        good = np.isfinite(close) & (close > 0)
        panel[column.rows[good], n] = close[good]
    return panel


def volume_panel(columns: Sequence[AlignedColumn], times: int) -> FloatArray | None:
    """(T, N) volumes, NaN where there is no bar or no volume; None if no market has volumes."""
    if all(column.bars.volume is None for column in columns):
        return None
    panel = np.full((times, len(columns)), np.nan)
    for n, column in enumerate(columns):
        if column.bars.volume is not None:
            panel[column.rows, n] = column.bars.volume
    return panel


def active_panel(
    columns: Sequence[AlignedColumn],
    grid: IntArray,
    findings: Sequence[Finding],
    replaced: frozenset[str],
) -> BoolArray:
    """(T, N) listed: from the first bar to the last, or on to the end unless it was delisted.

    ``replaced`` names the columns that another coin of the same ticker follows. Long absences
    before a relisting are not listed either.
    """
    panel = np.zeros((grid.size, len(columns)), dtype=bool)
    ends = {(f.market, f.last_ns) for f in findings if f.kind is FindingKind.DELISTING}
    away = [f for f in findings if f.kind is FindingKind.RELISTING]
    for n, column in enumerate(columns):
        if not len(column.bars):
            continue
        last = int(column.bars.time_ns[-1])
        over = column.name in replaced or (column.source, last) in ends
        panel[column.rows[0] : column.rows[-1] + 1 if over else grid.size, n] = True
        for f in away:
            if f.market == column.source:
                panel[(grid > f.first_ns) & (grid < f.last_ns), n] = False
    return panel


def inactive_panel(
    columns: Sequence[AlignedColumn],
    grid: IntArray,
    interval_ns: int,
    active: BoolArray,
    findings: Sequence[Finding],
) -> IntArray:
    """(T, N) time from which it was known that a market was not listed at a bar.

    An absence is known to be a delisting once it has lasted, or when another coin of the ticker
    prints. 0 where the market is listed, and before its first bar, which is known at once.
    """
    panel = np.zeros(active.shape, dtype=np.int64)
    ended = {
        (f.market, f.last_ns): f.known_at_ns + interval_ns
        for f in findings
        if f.kind is FindingKind.DELISTING
    }
    for n, column in enumerate(columns):
        first = int(column.rows[0]) if len(column.bars) else grid.size
        starts, ends = runs(~active[first:, n])
        for start, stop in zip(starts + first, ends + first + 1, strict=True):
            last_ns = int(grid[start - 1])
            known = [ended.get((column.source, last_ns))]
            known += [
                int(other.bars.time_ns[0]) + interval_ns
                for other in columns
                if other.source == column.source
                and len(other.bars)
                and int(other.bars.time_ns[0]) > last_ns
            ]
            panel[start:stop, n] = min((at for at in known if at is not None), default=0)
    return panel


def mask_panel(
    columns: Sequence[AlignedColumn],
    grid: IntArray,
    interval_ns: int,
    findings: Sequence[Finding],
    policy: FindingPolicy,
) -> IntArray:
    """(T, N) time from which it was known that a bar must not be used.

    That is when the bar with which the fault shows has closed, and for the later bars of a run
    when they have closed themselves.
    """
    panel = np.full((grid.size, len(columns)), NEVER_MASKED, dtype=np.int64)
    places: dict[str, list[int]] = {column.source: [] for column in columns}
    for n, column in enumerate(columns):
        places[column.source].append(n)
    for f in findings:
        if policy.action(f.kind) is not Action.MASK or f.kind in _MASKED_ELSEWHERE:
            continue
        span = slice(*np.searchsorted(grid, [f.first_ns, f.last_ns + 1]))
        known = np.maximum(grid[span], f.known_at_ns) + interval_ns
        for n in places.get(f.market, []):
            panel[span, n] = np.minimum(panel[span, n], known)
    return _only_where_bars(panel, columns)


_MASKED_ELSEWHERE = frozenset({FindingKind.DUPLICATE_BAR, FindingKind.OFF_GRID_TIME})
"""Of equal copies the first stands and the others are left out; off the grid there is no place."""


def _only_where_bars(panel: IntArray, columns: Sequence[AlignedColumn]) -> IntArray:
    for n, column in enumerate(columns):
        there = np.zeros(panel.shape[0], dtype=bool)
        there[column.rows] = True
        panel[~there, n] = NEVER_MASKED
    return panel
