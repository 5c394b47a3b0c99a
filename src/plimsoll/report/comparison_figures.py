"""The frontier of forecasters: movement of the margin against its cost and against its score."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from plimsoll.report.embedding import plot_text
from plimsoll.report.figures import Figure, axis, layout
from plimsoll.report.palette import BREACH, MARGIN, MUTED, RULE
from plimsoll.report.svg import Scale, drawing, line, mark, text, ticks, upright_text
from plimsoll.validation.comparison.method_score import MethodScore

_WIDTH, _HEIGHT = 560.0, 340.0
_GOOD = (0.0085, 0.0115)
"""Pooled breach rates within which a method covers what it claims; others are hollow."""
_PT_CEILING = 9.0
"""Peak-to-trough above which a point would press the others together."""
_HEIGHTS = ("top", "bottom", "middle")
"""Where names stand, in turn from left to right, so that neighbours' names keep apart."""
_Box = tuple[float, float, float, float]
_ARROWS = {"": "circle", "↑": "triangle-up", "→": "triangle-right", "←": "triangle-left"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPoint:
    """One method in the picture; ``beyond`` is an arrow where it lies outside the frame."""

    name: str
    across: float
    peak_to_trough: float
    covers: bool
    is_default: bool
    beyond: str = ""

    @property
    def label(self) -> str:
        """Name; with its figures where the place in the picture does not give them."""
        if not self.beyond:
            return self.name
        return f"{self.name} {self.beyond} ({self.across:.3f}, PT {self.peak_to_trough:.2f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Ranges of both axes, room for names included."""

    across: tuple[float, float]
    up: tuple[float, float]

    def held(self, point: FrontierPoint) -> tuple[float, float]:
        """Where a point is drawn: at the edge, where it lies beyond it."""
        x = min(max(point.across, self.across[0]), self.across[1])
        return x, min(max(point.peak_to_trough, self.up[0]), self.up[1])

    def side(self, x: float) -> str:
        """The side of a point on which its name has room."""
        share = (x - self.across[0]) / (self.across[1] - self.across[0])
        return "left" if share > 0.6 else "right" if share < 0.4 else "center"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """Peak-to-trough against one figure; to the lower left is better."""

    key: str
    title: str
    across_title: str
    points: tuple[FrontierPoint, ...]
    frame: Frame


def frontiers(scores: Sequence[MethodScore], horizon_hours: int) -> tuple[Frontier, ...]:
    """Return the pictures of one horizon: against cost at equal coverage, and against FZ0."""
    specs = (
        ("cost", "Cost at equal coverage", "mean margin at the buffer's coverage, ex post"),
        ("fz0", "Score", "FZ0, lower is better"),
    )
    return tuple(
        _frontier(scores, key, f"{title}, {horizon_hours} h", about, horizon_hours)
        for key, title, about in specs
    )


def _frontier(
    scores: Sequence[MethodScore], key: str, title: str, about: str, horizon_hours: int
) -> Frontier:
    points = tuple(_points(scores, key))
    frame = _frame(points)
    return Frontier(
        key=f"frontier-{key}-{horizon_hours}",
        title=title,
        across_title=about,
        points=tuple(replace(p, beyond=_beyond(p, frame)) for p in points),
        frame=frame,
    )


def _points(scores: Sequence[MethodScore], key: str) -> Iterator[FrontierPoint]:
    for one in scores:
        across = one.equal_coverage_cost if key == "cost" else one.fz0
        if math.isfinite(across) and math.isfinite(one.peak_to_trough):
            yield FrontierPoint(
                name=one.name,
                across=across,
                peak_to_trough=one.peak_to_trough,
                covers=_GOOD[0] <= one.pooled.rate <= _GOOD[1],
                is_default=one.name == "default",
            )


def _frame(points: Sequence[FrontierPoint]) -> Frame:
    """What shows the methods apart: the constant margin, and what swings most, may lie outside."""
    moving = [p.across for p in points if p.name != "constant"] or [p.across for p in points]
    calm = [p.peak_to_trough for p in points if p.peak_to_trough < _PT_CEILING]
    return Frame(
        across=_roomy(moving, 0.1), up=_roomy(calm or [p.peak_to_trough for p in points], 0.12)
    )


def _roomy(values: Sequence[float], share: float) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    room = share * (max(values) - min(values)) or 0.05 * abs(values[0]) or 1.0
    return min(values) - room, max(values) + room


def _beyond(point: FrontierPoint, frame: Frame) -> str:
    if point.peak_to_trough > frame.up[1]:
        return "↑"
    if point.across > frame.across[1]:
        return "→"
    return "←" if point.across < frame.across[0] else ""


def frontier_figure(frontier: Frontier, label: str) -> Figure:
    """Return the live picture."""
    points, frame = frontier.points, frontier.frame
    shown = layout(
        400,
        label,
        xaxis=axis(frontier.across_title, range=list(frame.across)),
        yaxis=axis("peak to trough of a trailing year", range=list(frame.up)),
    )
    places = [frame.held(p) for p in points]
    trace: Figure = {
        "type": "scatter",
        "mode": "markers+text",
        "x": [x for x, _ in places],
        "y": [y for _, y in places],
        "cliponaxis": False,
        "text": [plot_text(p.label) for p in points],
        "textposition": [
            f"{_height(p, rank)} {frame.side(x)}"
            for p, (x, _), rank in zip(points, places, _ranks(points), strict=True)
        ],
        "textfont": {"size": 10, "color": MUTED},
        "marker": {
            "size": 9,
            "color": [BREACH if p.is_default else MARGIN for p in points],
            "symbol": [_ARROWS[p.beyond] + ("" if p.covers else "-open") for p in points],
        },
        "customdata": [[p.across, p.peak_to_trough] for p in points],
        "hovertemplate": "%{text}<br>%{customdata[0]:.3f}<br>"
        "peak to trough %{customdata[1]:.2f}<extra></extra>",
    }
    return {"data": [trace], "layout": {**shown, "showlegend": False}}


def _height(point: FrontierPoint, rank: int) -> str:
    """Names of points at the upper edge stand under them; in the middle of the width no name may
    cover its point."""
    found = "bottom" if point.beyond == "↑" else _HEIGHTS[rank % len(_HEIGHTS)]
    return "top" if found == "middle" and not point.beyond else found


def _ranks(points: Sequence[FrontierPoint]) -> list[int]:
    order = sorted(range(len(points)), key=lambda i: points[i].across)
    return [order.index(i) for i in range(len(points))]


def frontier_drawing(frontier: Frontier, label: str) -> Markup:
    """Return the picture as SVG."""
    points = frontier.points
    if not points:
        return Markup("")
    frame = frontier.frame
    across = Scale(low=frame.across[0], high=frame.across[1], start=56.0, stop=_WIDTH - 16.0)
    up = Scale(low=frame.up[0], high=frame.up[1], start=_HEIGHT - 44.0, stop=16.0)
    parts = [*_grid(across, up, frontier.across_title)]
    places = [(across(x), up(y)) for x, y in map(frame.held, points)]
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    for point, (x, y) in zip(points, places, strict=True):
        colour = BREACH if point.is_default else MARGIN
        shape = {"": "circle", "↑": "triangle"}.get(point.beyond, "diamond")
        parts.append(mark(x, y, shape, colour=colour, radius=3.4, filled=point.covers))
        parts.append(_named(point.label, x, y, taken))
    return drawing(_WIDTH, _HEIGHT, f"{frontier.title}, {label}", parts)


def _named(label: str, x: float, y: float, taken: list[_Box]) -> Markup:
    """The name of a point at the nearest height at which it covers no other name and no point."""
    end = x > 0.6 * _WIDTH
    start, width = (x - 6 if end else x + 6), 4.8 * len(label)
    left = start - width if end else start

    def box(lower: float) -> _Box:
        return left, y + lower - 7, left + width, y + lower + 2

    heights = [h for h in (3.0, -7.0, 13.0, -17.0, 23.0) if y + h > 20.0]
    lower = next((h for h in heights if not any(_meet(box(h), b) for b in taken)), heights[0])
    taken.append(box(lower))
    return text(start, y + lower, label, anchor="end" if end else "start", size=8)


def _meet(one: _Box, other: _Box) -> bool:
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]


def _grid(across: Scale, up: Scale, title: str) -> Iterator[Markup]:
    for value in ticks(across.low, across.high, 6):
        yield line(across(value), up.stop, across(value), up.start)
        yield text(
            across(value), up.start + 13, f"{value:g}", anchor="middle", size=9, colour=MUTED
        )
    for value in ticks(up.low, up.high, 5):
        yield line(across.start, up(value), across.stop, up(value))
        yield text(
            across.start - 5, up(value) + 3, f"{value:g}", anchor="end", size=9, colour=MUTED
        )
    yield line(across.start, up.start, across.stop, up.start, colour=RULE)
    middle = (across.start + across.stop) / 2
    yield text(middle, up.start + 29, title, anchor="middle", size=9.5, colour=MUTED)
    yield upright_text(14, (up.start + up.stop) / 2, "peak to trough", size=9.5)
