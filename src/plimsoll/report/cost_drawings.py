"""Printed pictures of cost: margin against its movement, and the largest calls."""

from __future__ import annotations

import math
from collections.abc import Iterator

from markupsafe import Markup

from plimsoll.report.arrangement import short_name
from plimsoll.report.cost_points import (
    NAME_LENGTH,
    PLOT_HEIGHT,
    PLOT_WIDTH,
    CostPicture,
    CostPoint,
    Side,
    axis_range,
    largest_calls,
    named_points,
)
from plimsoll.report.palette import CALLS, INK, MARGIN, MUTED, RULE
from plimsoll.report.svg import Scale, drawing, line, mark, ring, text, ticks, upright_text

WIDTH = 720.0
ROW = 12.0
_TEXT_PLACES = {
    Side.ABOVE: (0.0, -8.0, "middle"),
    Side.BELOW: (0.0, 14.0, "middle"),
    Side.RIGHT: (7.0, 3.0, "start"),
    Side.LEFT: (-7.0, 3.0, "end"),
}
"""Pixels to the right and down from a mark to the foot of its name, and how the name is set."""


def cost_drawing(picture: CostPicture, label: str) -> Markup:
    """Return mean margin against peak-to-trough, one mark per market and side."""
    points = picture.scattered
    if not points:
        return Markup("")
    left, right = axis_range([point.mean_margin for point in points])
    low, high = axis_range([point.peak_to_trough for point in points])
    across = Scale(low=left, high=right, start=48.0, stop=48.0 + PLOT_WIDTH)
    up = Scale(low=low, high=high, start=24.0 + PLOT_HEIGHT, stop=24.0)
    parts = [*_cost_axes(picture, across, up), *_side_key(picture)]
    for point in points:
        parts.append(_side_mark(point.side, across(point.mean_margin), up(point.peak_to_trough)))
    parts += _names(picture, across, up)
    return drawing(WIDTH, 274.0, f"Mean margin against peak-to-trough, {label}", parts)


def _cost_axes(picture: CostPicture, across: Scale, up: Scale) -> Iterator[Markup]:
    for value in ticks(across.low, across.high, 8):
        yield line(across(value), up.stop, across(value), up.start)
        yield text(across(value), up.start + 14, f"{value:g}", anchor="middle", colour=MUTED)
    for value in ticks(up.low, up.high, 5):
        yield line(across.start, up(value), across.stop, up(value))
        yield text(across.start - 6, up(value) + 3.4, f"{value:g}", anchor="end", colour=MUTED)
    middle = (across.start + across.stop) / 2
    yield text(middle, up.start + 30, picture.margin_title, anchor="middle", colour=MUTED)
    yield upright_text(12, (up.start + up.stop) / 2, picture.peak_title)


def _side_key(picture: CostPicture) -> Iterator[Markup]:
    x = 56.0
    for side in picture.sides:
        yield _side_mark(side, x, 9)
        yield text(x + 8, 12.4, side or "market")
        x += 28 + 6.0 * len(side or "market")


def _side_mark(side: str, x: float, y: float) -> Markup:
    """A dot for long, a ring around it for short, a diamond else: all visible where they meet."""
    if side == "short":
        return ring(x, y, colour=MARGIN, radius=4.2)
    if side in ("long", ""):
        return mark(x, y, "circle", colour=MARGIN, radius=2.2)
    return mark(x, y, "diamond", colour=INK, radius=3.2, filled=False)


def _names(picture: CostPicture, across: Scale, up: Scale) -> Iterator[Markup]:
    for named in named_points(picture.scattered):
        right, down, anchor = _TEXT_PLACES[named.side]
        x, y = across(named.point.mean_margin) + right, up(named.point.peak_to_trough) + down
        yield text(x, y, short_name(named.point.market, NAME_LENGTH), anchor=anchor, size=9)


def calls_drawing(picture: CostPicture, label: str) -> Markup:
    """Return the largest margin calls over 1, 5 and 20 days, largest 5-day call on top."""
    rows = largest_calls(picture.points)
    if not rows:
        return Markup("")
    top, bottom = 24.0, 24.0 + ROW * len(rows)
    high = max(value for p in rows for value in p.calls if math.isfinite(value)) * 1.04
    scale = Scale(low=0.0, high=high or 1.0, start=150.0, stop=WIDTH - 12)
    parts: list[Markup] = [*_calls_key()]
    for value in ticks(0.0, scale.high, 8):
        parts.append(line(scale(value), top, scale(value), bottom))
        parts.append(text(scale(value), bottom + 12, f"{value:g}", anchor="middle", colour=MUTED))
    for row, point in enumerate(rows):
        parts += _call_row(point, scale, top + ROW * (row + 0.5))
    middle = (scale.start + scale.stop) / 2
    parts.append(text(middle, bottom + 26, picture.call_title, anchor="middle", colour=MUTED))
    return drawing(WIDTH, bottom + 34, f"Largest margin calls, {label}", parts)


def _call_row(point: CostPoint, scale: Scale, y: float) -> Iterator[Markup]:
    yield line(scale.start, y + ROW / 2, scale.stop, y + ROW / 2)
    yield text(scale.start - 6, y + 3.2, short_name(point.name, 27), anchor="end", size=9)
    known = [value for value in point.calls if math.isfinite(value)]
    yield line(scale(min(known)), y, scale(max(known)), y, colour=RULE, width=1.4)
    for (_, shape, colour), value in zip(CALLS, point.calls, strict=True):
        if math.isfinite(value):
            yield mark(scale(value), y, shape, colour=colour, radius=2.8)


def _calls_key() -> Iterator[Markup]:
    for index, (name, shape, colour) in enumerate(CALLS):
        x = 158.0 + 70 * index
        yield mark(x, 9, shape, colour=colour, radius=3.2)
        yield text(x + 8, 12.4, name)
