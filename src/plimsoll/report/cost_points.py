"""What the pictures of cost show, in the units in which their columns print."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from plimsoll.domain.evidence import Evidence
from plimsoll.domain.table import Cell, ColumnKind, Table
from plimsoll.report.arrangement import short_name
from plimsoll.report.key_figures import find_column, find_table, number, unit_of

LARGEST_CALLS = 24
LARGEST_NAMES = 12
NAME_LENGTH = 20
PLOT_WIDTH, PLOT_HEIGHT = 660.0, 212.0
"""Of the printed picture of cost, inside its axes."""
_PLOT = (PLOT_WIDTH, PLOT_HEIGHT)
_AXES = ("mean_margin", "peak_to_trough")
_EMPTY_BELOW, _ROOM = 0.4, 0.15
_LETTER, _HALF_LINE, _OFF, _MARK = 5.2, 5.0, 7.0, 4.5
_Box = tuple[float, float, float, float]
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


class Side(StrEnum):
    """Where a name stands from its mark."""

    ABOVE = "above"
    RIGHT = "right"
    LEFT = "left"
    BELOW = "below"


_SIDES = tuple(Side)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPoint:
    """A point whose market's name stands beside it."""

    point: CostPoint
    side: Side


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


def axis_range(values: Sequence[float]) -> tuple[float, float]:
    """Return low and high of an axis: from zero, unless that left most of it empty.

    >>> axis_range([1.0, 4.0])
    (0.0, 4.32)
    """
    low, high = min(values, default=0.0), max(values, default=0.0)
    if low <= _EMPTY_BELOW * high:
        return 0.0, 1.08 * high or 1.0
    span = high - low or 0.1 * high
    return low - _ROOM * span, high + _ROOM * span


def named_points(points: Sequence[CostPoint]) -> list[NamedPoint]:
    """Return one point of each market that stands out, with the side its name is put on.

    A name covers neither a mark nor another name: where no side of any point of a market has
    room, the market has none. Measured on the printed picture, whose letters are the larger.
    """
    if not points:
        return []
    across, up = (axis_range([getattr(p, name) for p in points]) for name in _AXES)
    places = [
        (_PLOT[0] * _at(p.mean_margin, across), _PLOT[1] * _at(p.peak_to_trough, up), p)
        for p in points
    ]
    taken: list[NamedPoint] = []
    boxes: list[_Box] = [(x - _MARK, y - _MARK, x + _MARK, y + _MARK) for x, y, _ in places]
    order = sorted(places, key=lambda place: (-_standing_out(place), place[2].name))
    for x, y, point in order:
        if len(taken) == LARGEST_NAMES or any(n.point.market == point.market for n in taken):
            continue
        for side in _SIDES:
            box = _name_box(x, y, side, len(short_name(point.market, NAME_LENGTH)))
            if _is_inside(box) and not any(_overlap(box, other) for other in boxes):
                taken.append(NamedPoint(point=point, side=side))
                boxes.append(box)
                break
    return taken


def _at(value: float, ends: tuple[float, float]) -> float:
    return (value - ends[0]) / (ends[1] - ends[0])


def _standing_out(place: tuple[float, float, CostPoint]) -> float:
    return max(place[0] / _PLOT[0], place[1] / _PLOT[1])


def _name_box(x: float, y: float, side: Side, letters: int) -> _Box:
    wide = _LETTER * letters
    if side in (Side.ABOVE, Side.BELOW):
        middle = y + (_OFF + _MARK if side is Side.ABOVE else -_OFF - _MARK)
        return x - wide / 2, middle - _HALF_LINE, x + wide / 2, middle + _HALF_LINE
    left = x + _OFF if side is Side.RIGHT else x - _OFF - wide
    return left, y - _HALF_LINE, left + wide, y + _HALF_LINE


def _is_inside(box: _Box) -> bool:
    left, low, right, high = box
    return left >= 0.0 and low >= 0.0 and right <= _PLOT[0] and high <= _PLOT[1]


def _overlap(one: _Box, other: _Box) -> bool:
    apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    return not apart
