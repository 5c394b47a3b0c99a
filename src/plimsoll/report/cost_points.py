"""What the pictures of cost show, in the units in which their columns print."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from plimsoll.domain.evidence import Evidence
from plimsoll.domain.table import Cell, ColumnKind, Table
from plimsoll.report.key_figures import find_column, find_table, number, unit_of

LARGEST_CALLS = 24
OUTERMOST = 8
_CALLS = ("call_1d", "call_5d", "call_20d")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPoint:
    """Margin and its movement for one market and side, in printed units."""

    market: str
    side: str
    mean_margin: float
    peak_to_trough: float
    calls: tuple[float, float, float]

    @property
    def name(self) -> str:
        """Market and side."""
        return f"{self.market} {self.side}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPicture:
    """Points with the titles of their axes, units included."""

    points: tuple[CostPoint, ...]
    margin_title: str
    peak_title: str
    call_title: str

    @property
    def scattered(self) -> tuple[CostPoint, ...]:
        """Points that have a peak and a trough."""
        return tuple(point for point in self.points if math.isfinite(point.peak_to_trough))

    @property
    def sides(self) -> tuple[str, ...]:
        """Sides in the order of the table."""
        return tuple(dict.fromkeys(point.side for point in self.scattered))


def cost_picture(evidence: Evidence) -> CostPicture | None:
    """Return the table of procyclicality as points; rows without a mean margin are left out."""
    table = find_table(evidence, "procyclicality")
    if table is None or not all(find_column(table, name) for name in ("market", "mean_margin")):
        return None
    points = tuple(_point(table, row) for row in table)
    return CostPicture(
        points=tuple(point for point in points if math.isfinite(point.mean_margin)),
        margin_title=_heading(table, "mean_margin"),
        peak_title=_heading(table, "peak_to_trough_full"),
        call_title=f"largest call [{_unit(table, 'call_5d')}]",
    )


def _point(table: Table, row: Mapping[str, Cell]) -> CostPoint:
    first, second, third = (_printed(table, row, name) for name in _CALLS)
    return CostPoint(
        market=str(row["market"]),
        side=str(row.get("side") or ""),
        mean_margin=_printed(table, row, "mean_margin"),
        peak_to_trough=_printed(table, row, "peak_to_trough_full"),
        calls=(first, second, third),
    )


def _printed(table: Table, row: Mapping[str, Cell], name: str) -> float:
    column = find_column(table, name)
    if column is None:
        return math.nan
    return number(row[name]) * (100.0 if column.kind is ColumnKind.FRACTION else 1.0)


def _heading(table: Table, name: str) -> str:
    column = find_column(table, name)
    if column is None:
        return ""
    return f"{column.title[:1].lower()}{column.title[1:]} [{unit_of(column) or 'ratio'}]"


def _unit(table: Table, name: str) -> str:
    column = find_column(table, name)
    return "" if column is None else unit_of(column)


def largest_calls(points: Sequence[CostPoint]) -> list[CostPoint]:
    """Return the points with the largest 5-day call, largest first.

    Sides of a market that are called alike stand in one row.
    """
    known: dict[tuple[str, tuple[float, ...]], CostPoint] = {}
    for point in points:
        if math.isfinite(point.calls[1]):
            twin = known.get((point.market, point.calls))
            merged = point if twin is None else replace(twin, side="both sides")
            known[(point.market, point.calls)] = merged
    return sorted(known.values(), key=lambda p: (-p.calls[1], p.name))[:LARGEST_CALLS]


def outermost(points: Sequence[CostPoint]) -> list[CostPoint]:
    """Return one point of each market that stands out, far enough apart for their names.

    Distances are shares of the picture; a name above its point must not cover another market's.
    """
    if not points:
        return []
    wide = max(p.mean_margin for p in points) or 1.0
    high = max(p.peak_to_trough for p in points) or 1.0
    places = [(p.mean_margin / wide, p.peak_to_trough / high, p) for p in points]
    taken: list[tuple[float, float, CostPoint]] = []
    for x, y, point in sorted(places, key=lambda place: (-max(place[:2]), place[2].name)):
        near_name = any(
            p.market == point.market or (abs(x - a) < 0.15 and abs(y - b) < 0.06)
            for a, b, p in taken
        )
        covers = any(
            abs(x - a) < 0.08 and -0.02 < b - y < 0.1 and p.market != point.market
            for a, b, p in places
        )
        if not near_name and not covers:
            taken.append((x, y, point))
    return [point for _, _, point in taken[:OUTERMOST]]
