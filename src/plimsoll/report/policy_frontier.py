"""The venue's own frontier: every policy tried, cost against swings, the one in force marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from plimsoll.domain.evidence import Evidence
from plimsoll.report.cost_points import axis_range
from plimsoll.report.embedding import plot_text
from plimsoll.report.figures import Figure, axis, layout
from plimsoll.report.key_figures import find_table
from plimsoll.report.palette import BREACH, INK, LOSS, MARGIN, MUTED
from plimsoll.report.scatter_axes import Box, meet, scatter_axes
from plimsoll.report.svg import Scale, drawing, mark, polyline, text

TABLE = "policy_frontier"
_WIDTH, _HEIGHT = 720.0, 340.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 20.0, 30.0, 46.0
_TITLES = ("peak to trough of a trailing year", "mean margin at B's coverage, over B's")
_KEY = ("in force", "holds every constraint", "breaks a constraint")
_LETTER = 4.7


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPoint:
    """One policy."""

    name: str
    peak_to_trough: float
    cost: float
    holds: bool
    on_edge: bool
    in_force: bool

    @property
    def kind(self) -> str:
        """Entry of the key."""
        return _KEY[0] if self.in_force else _KEY[1] if self.holds else _KEY[2]


def policy_points(evidence: Evidence) -> tuple[PolicyPoint, ...]:
    """Read the policies off their table; empty where no appetite is stated."""
    table = find_table(evidence, TABLE)
    if table is None:
        return ()
    return tuple(
        PolicyPoint(
            name=str(row["policy"]),
            peak_to_trough=float(str(row["peak_to_trough"])),
            cost=float(str(row["cost"])),
            holds=row["broken"] == "none",
            on_edge=row["pareto"] == "yes",
            in_force=row["in_force"] == "yes",
        )
        for row in table
    )


_DRESS = {
    _KEY[0]: ("square", BREACH, True),
    _KEY[1]: ("circle", MARGIN, True),
    _KEY[2]: ("circle", LOSS, False),
}


def _edge(points: tuple[PolicyPoint, ...]) -> list[PolicyPoint]:
    return sorted((p for p in points if p.on_edge), key=lambda p: p.peak_to_trough)


def _across(points: tuple[PolicyPoint, ...]) -> tuple[float, float]:
    """Range of the axis of swings: a peak to trough is never below one."""
    low, high = axis_range([p.peak_to_trough for p in points])
    return max(low, 1.0), high


def policy_figure(points: tuple[PolicyPoint, ...], label: str) -> Figure:
    """Return the live picture."""
    edge = _edge(points)
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "cheapest at each swing",
            "x": [p.peak_to_trough for p in edge],
            "y": [p.cost for p in edge],
            "line": {"color": MUTED, "width": 1.2},
            "hoverinfo": "skip",
        },
        *(_trace(kind, points) for kind in _KEY),
    ]
    shown = layout(
        430,
        label,
        xaxis=axis(_TITLES[0], range=[*_across(points)]),
        yaxis=axis(_TITLES[1], range=[*axis_range([p.cost for p in points])]),
    )
    return {"data": list(traces), "layout": shown}


def _trace(kind: str, points: tuple[PolicyPoint, ...]) -> Figure:
    shape, colour, filled = _DRESS[kind]
    mine = [p for p in points if p.kind == kind]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": kind,
        "x": [p.peak_to_trough for p in mine],
        "y": [p.cost for p in mine],
        "text": [plot_text(p.name) for p in mine],
        "marker": {"symbol": shape if filled else f"{shape}-open", "color": colour, "size": 10},
        "hovertemplate": "%{text}<br>peak to trough %{x:.2f}<br>cost %{y:.3f}<extra></extra>",
    }


def policy_drawing(points: tuple[PolicyPoint, ...], label: str) -> Markup:
    """Return the picture as SVG, every policy named where there is room."""
    left, right = _across(points)
    low, high = axis_range([p.cost for p in points])
    across = Scale(low=left, high=right, start=_LEFT, stop=_WIDTH - _RIGHT)
    up = Scale(low=low, high=high, start=_HEIGHT - _BOTTOM, stop=_TOP)
    parts = [*scatter_axes(across, up, _TITLES, ticks_up=6), *_key()]
    edge = [(across(p.peak_to_trough), up(p.cost)) for p in _edge(points)]
    parts.append(polyline(edge, colour=MUTED, width=1.2))
    taken: list[Box] = []
    for one in points:
        x, y = across(one.peak_to_trough), up(one.cost)
        shape, colour, filled = _DRESS[one.kind]
        parts.append(mark(x, y, shape, colour=colour, radius=4, filled=filled))
        taken.append((x - 5, y - 5, x + 5, y + 5))
    for one in sorted(points, key=lambda p: (not p.in_force, not p.holds, not p.on_edge)):
        parts.append(_named(one, across(one.peak_to_trough), up(one.cost), taken))
    return drawing(_WIDTH, _HEIGHT, f"Margin policies tried, {label}", parts)


def _named(one: PolicyPoint, x: float, y: float, taken: list[Box]) -> Markup:
    """The name on the side and at the height where it covers nothing; none where all do."""
    width = _LETTER * len(one.name)
    heights = (-7.0, 13.0, 3.0, -17.0, 23.0) if one.on_edge else (3.0, -7.0, 13.0, -17.0, 23.0)
    for lower in heights:
        for start, anchor, left in ((x + 8, "start", x + 8), (x - 8, "end", x - 8 - width)):
            box = (left, y + lower - 8, left + width, y + lower + 2)
            inside = box[0] > _LEFT and box[2] < _WIDTH - 4 and box[1] > _TOP
            if inside and box[3] < _HEIGHT - _BOTTOM and not any(meet(box, b) for b in taken):
                taken.append(box)
                colour = INK if one.in_force else MUTED
                return text(start, y + lower, one.name, anchor=anchor, size=8.5, colour=colour)
    return Markup("")


def _key() -> Iterator[Markup]:
    x = _LEFT
    for kind in _KEY:
        shape, colour, filled = _DRESS[kind]
        yield mark(x + 5, 14, shape, colour=colour, radius=4, filled=filled)
        yield text(x + 14, 17, kind, size=9, colour=MUTED)
        x += 30 + 5.4 * len(kind)
