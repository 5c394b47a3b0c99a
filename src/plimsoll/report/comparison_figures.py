"""The frontier of forecasters: movement of the margin against its cost and against its score."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
_PLACES = ("top center", "bottom center", "middle right")
"""Where names stand, in turn from left to right, so that neighbours' names keep apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPoint:
    """One method in the picture."""

    name: str
    across: float
    peak_to_trough: float
    covers: bool
    is_default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """Peak-to-trough against one figure; to the lower left is better."""

    key: str
    title: str
    across_title: str
    points: tuple[FrontierPoint, ...]


def frontiers(scores: Sequence[MethodScore], horizon_hours: int) -> tuple[Frontier, ...]:
    """Return the pictures of one horizon: against cost at equal coverage, and against FZ0."""
    specs = (
        ("cost", "Cost at equal coverage", "mean margin at the buffer's coverage, ex post"),
        ("fz0", "Score", "FZ0, lower is better"),
    )
    return tuple(
        Frontier(
            key=f"frontier-{key}-{horizon_hours}",
            title=f"{title}, {horizon_hours} h",
            across_title=about,
            points=tuple(_points(scores, key)),
        )
        for key, title, about in specs
    )


def _points(scores: Sequence[MethodScore], key: str) -> Iterator[FrontierPoint]:
    for one in scores:
        across = one.equal_coverage_cost if key == "cost" else one.fz0
        known = math.isfinite(across) and math.isfinite(one.peak_to_trough)
        if known and one.name != "constant" and one.peak_to_trough < _PT_CEILING:
            yield FrontierPoint(
                name=one.name,
                across=across,
                peak_to_trough=one.peak_to_trough,
                covers=_GOOD[0] <= one.pooled.rate <= _GOOD[1],
                is_default=one.name == "default",
            )


def frontier_figure(frontier: Frontier, label: str) -> Figure:
    """Return the live picture."""
    points = frontier.points
    shown = layout(
        400,
        label,
        xaxis=axis(frontier.across_title),
        yaxis=axis("peak to trough of a trailing year"),
    )
    trace: Figure = {
        "type": "scatter",
        "mode": "markers+text",
        "x": [p.across for p in points],
        "y": [p.peak_to_trough for p in points],
        "text": [plot_text(p.name) for p in points],
        "textposition": [_PLACES[rank % len(_PLACES)] for rank in _ranks(points)],
        "textfont": {"size": 10, "color": MUTED},
        "marker": {
            "size": 9,
            "color": [BREACH if p.is_default else MARGIN for p in points],
            "symbol": ["circle" if p.covers else "circle-open" for p in points],
        },
        "hovertemplate": "%{text}<br>%{x:.3f}<br>peak to trough %{y:.2f}<extra></extra>",
    }
    return {"data": [trace], "layout": {**shown, "showlegend": False}}


def _ranks(points: Sequence[FrontierPoint]) -> list[int]:
    order = sorted(range(len(points)), key=lambda i: points[i].across)
    return [order.index(i) for i in range(len(points))]


def frontier_drawing(frontier: Frontier, label: str) -> Markup:
    """Return the picture as SVG."""
    points = frontier.points
    if not points:
        return Markup("")
    across = _scale([p.across for p in points], 56.0, _WIDTH - 16.0)
    up = _scale([p.peak_to_trough for p in points], _HEIGHT - 44.0, 16.0)
    parts = [*_grid(across, up, frontier.across_title)]
    for point, rank in zip(points, _ranks(points), strict=True):
        x, y = across(point.across), up(point.peak_to_trough)
        colour = BREACH if point.is_default else MARGIN
        parts.append(mark(x, y, "circle", colour=colour, radius=3.4, filled=point.covers))
        anchor = "end" if x > 0.75 * _WIDTH else "start"
        parts.append(
            text(
                x + (-6 if anchor == "end" else 6),
                y + (3.0, -4.0, 9.0)[rank % 3],
                point.name,
                anchor=anchor,
                size=8,
            )
        )
    return drawing(_WIDTH, _HEIGHT, f"{frontier.title}, {label}", parts)


def _scale(values: Sequence[float], start: float, stop: float) -> Scale:
    room = 0.06 * (max(values) - min(values)) or 0.05 * abs(values[0]) or 1.0
    return Scale(low=min(values) - room, high=max(values) + room, start=start, stop=stop)


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
