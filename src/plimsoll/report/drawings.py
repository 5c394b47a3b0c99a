"""Printed pictures: coverage as a dot plot, margin against cost, the largest calls."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from plimsoll.report.palette import GRID, INK, LOSS, MARGIN, MUTED, RULE, zone_colour
from plimsoll.report.plotted import (
    CostPoint,
    CoverageGroup,
    CoveragePoint,
    in_columns,
    largest_calls,
    outermost,
    short_name,
)
from plimsoll.report.svg import (
    Scale,
    drawing,
    line,
    mark,
    percent_tick,
    ring,
    text,
    ticks,
    upright_text,
)

WIDTH = 720.0
ROW = 12.0
ZONE_SHAPES = {"green": "circle", "amber": "triangle", "red": "square"}
CALL_SHAPES = (("1 day", "circle"), ("5 days", "diamond"), ("20 days", "square"))


def coverage_drawing(group: CoverageGroup, label: str) -> Markup:
    """Return the dot plot of breach rates with intervals against the target, two markets wide."""
    columns = in_columns(group.markets, 1 if len(group.markets) <= 12 else 2)
    longest = max((len(market) for market in group.markets), default=0)
    gutter = min(120.0, 14.0 + 5.6 * longest)
    top = max([group.target, *(point.high for point in group.points)]) * 1.04
    width = WIDTH / len(columns)
    height = 34.0 + ROW * len(columns[0]) + 34.0
    parts = [*_zone_key()]
    for index, markets in enumerate(columns):
        scale = Scale(
            low=0.0, high=top, start=index * width + gutter, stop=(index + 1) * width - 12.0
        )
        parts += _coverage_panel(group, markets, scale, 34.0)
    return drawing(WIDTH, height, f"Breach rate by market, {label}", parts)


def _coverage_panel(
    group: CoverageGroup, markets: Sequence[str], scale: Scale, top: float
) -> Iterator[Markup]:
    bottom = top + ROW * len(markets)
    for value in ticks(scale.low, scale.high, 6):
        yield line(scale(value), top, scale(value), bottom)
        yield text(scale(value), bottom + 12, percent_tick(value), anchor="middle", colour=MUTED)
    yield text(
        (scale.start + scale.stop) / 2,
        bottom + 26,
        "breach rate [%]",
        anchor="middle",
        colour=MUTED,
    )
    for row, market in enumerate(markets):
        y = top + ROW * (row + 0.5)
        yield line(scale.start, top + ROW * (row + 1), scale.stop, top + ROW * (row + 1))
        yield text(scale.start - 6, y + 3.2, short_name(market, 19), anchor="end", size=9)
        for point in group.of(market):
            yield from _coverage_mark(point, scale, y)
    at = scale(group.target)
    yield line(at, top - 3, at, bottom, colour=INK, width=1, dash="4 2")


def _coverage_mark(point: CoveragePoint, scale: Scale, y: float) -> Iterator[Markup]:
    at = y + {"long": -2.4, "short": 2.4}.get(point.side, 0.0)
    colour = zone_colour(point.zone)
    yield line(scale(point.low), at, scale(point.high), at, colour=colour, width=0.8)
    shape = ZONE_SHAPES.get(point.zone.lower(), "diamond")
    yield mark(
        scale(point.rate), at, shape, colour=colour, radius=2.3, filled=point.side != "short"
    )


def _zone_key() -> Iterator[Markup]:
    x = 4.0
    for zone, shape in ZONE_SHAPES.items():
        yield mark(x + 4, 9, shape, colour=zone_colour(zone), radius=3.2)
        yield text(x + 12, 12.4, f"{zone} zone")
        x += 78
    yield mark(x + 4, 9, "circle", colour=MUTED, radius=3.2)
    yield text(x + 12, 12.4, "long (filled)")
    yield mark(x + 90, 9, "circle", colour=MUTED, radius=3.2, filled=False)
    yield text(x + 98, 12.4, "short (hollow)")
    yield line(x + 182, 9, x + 204, 9, colour=INK, dash="4 2")
    yield text(x + 210, 12.4, "target; bars are 95 % intervals")


def cost_drawing(points: Sequence[CostPoint], label: str) -> Markup:
    """Return mean margin against peak-to-trough, one mark per market and side."""
    known = [p for p in points if math.isfinite(p.peak_to_trough)]
    if not known:
        return Markup("")
    across = Scale(
        low=0.0, high=max(p.mean_margin for p in known) * 1.08, start=48.0, stop=WIDTH - 12
    )
    up = Scale(low=0.0, high=max(p.peak_to_trough for p in known) * 1.08, start=236.0, stop=24.0)
    parts = [*_cost_axes(across, up), *_side_key()]
    for point in known:
        parts.append(_side_mark(point, across(point.mean_margin), up(point.peak_to_trough)))
    parts += _named(known, across, up)
    return drawing(WIDTH, 274.0, f"Mean margin against peak-to-trough, {label}", parts)


def _cost_axes(across: Scale, up: Scale) -> Iterator[Markup]:
    for value in ticks(across.low, across.high, 8):
        yield line(across(value), up.stop, across(value), up.start)
        yield text(across(value), up.start + 14, percent_tick(value), anchor="middle", colour=MUTED)
    for value in ticks(up.low, up.high, 5):
        yield line(across.start, up(value), across.stop, up(value))
        yield text(across.start - 6, up(value) + 3.4, f"{value:g}", anchor="end", colour=MUTED)
    middle = (across.start + across.stop) / 2
    yield text(middle, up.start + 30, "mean margin [% of notional]", anchor="middle", colour=MUTED)
    yield upright_text(12, (up.start + up.stop) / 2, "peak to trough [ratio]")


def _side_key() -> Iterator[Markup]:
    yield mark(56, 9, "circle", colour=MARGIN, radius=2.2)
    yield text(64, 12.4, "long")
    yield ring(104, 9, colour=MARGIN, radius=4.2)
    yield text(112, 12.4, "short")


def _side_mark(point: CostPoint, x: float, y: float) -> Markup:
    """A dot for long, a ring around it for short: both stay visible where they coincide."""
    if point.side == "short":
        return ring(x, y, colour=MARGIN, radius=4.2)
    return mark(x, y, "circle", colour=MARGIN, radius=2.2)


def _named(points: Sequence[CostPoint], across: Scale, up: Scale) -> Iterator[Markup]:
    for point in outermost(points):
        x, y = across(point.mean_margin), up(point.peak_to_trough) - 6
        far = x > across.stop - 60
        anchor = "end" if far else "middle"
        yield text(x + 6 if far else x, y, short_name(point.market, 20), anchor=anchor, size=9)


def calls_drawing(points: Sequence[CostPoint], label: str) -> Markup:
    """Return the largest margin calls over 1, 5 and 20 days, largest 5-day call on top."""
    rows = largest_calls(points)
    if not rows:
        return Markup("")
    top, bottom = 24.0, 24.0 + ROW * len(rows)
    high = max(value for p in rows for value in p.calls if math.isfinite(value)) * 1.04
    scale = Scale(low=0.0, high=high, start=150.0, stop=WIDTH - 12)
    parts: list[Markup] = [*_calls_key()]
    for value in ticks(0.0, high, 8):
        parts.append(line(scale(value), top, scale(value), bottom))
        parts.append(
            text(scale(value), bottom + 12, percent_tick(value), anchor="middle", colour=MUTED)
        )
    for row, point in enumerate(rows):
        parts += _call_row(point, scale, top + ROW * (row + 0.5))
    parts.append(
        text(
            (scale.start + scale.stop) / 2,
            bottom + 26,
            "largest rise of margin [% of notional]",
            anchor="middle",
            colour=MUTED,
        )
    )
    return drawing(WIDTH, bottom + 34, f"Largest margin calls, {label}", parts)


def _call_row(point: CostPoint, scale: Scale, y: float) -> Iterator[Markup]:
    yield line(scale.start, y + ROW / 2, scale.stop, y + ROW / 2, colour=GRID)
    yield text(scale.start - 6, y + 3.2, short_name(point.name, 27), anchor="end", size=9)
    known = [value for value in point.calls if math.isfinite(value)]
    yield line(scale(min(known)), y, scale(max(known)), y, colour=RULE, width=1.4)
    for (_, shape), value, colour in zip(CALL_SHAPES, point.calls, call_colours(), strict=True):
        if math.isfinite(value):
            yield mark(scale(value), y, shape, colour=colour, radius=2.8)


def call_colours() -> tuple[str, str, str]:
    """Colours of the 1, 5 and 20-day call, light to dark."""
    return LOSS, MARGIN, INK


def _calls_key() -> Iterator[Markup]:
    for index, ((name, shape), colour) in enumerate(zip(CALL_SHAPES, call_colours(), strict=True)):
        x = 158.0 + 70 * index
        yield mark(x, 9, shape, colour=colour, radius=3.2)
        yield text(x + 8, 12.4, name)
