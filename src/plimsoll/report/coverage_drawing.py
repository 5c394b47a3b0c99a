"""Printed picture of coverage: a dot plot of breach rates against the target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from plimsoll.report.arrangement import in_columns, short_name
from plimsoll.report.coverage_points import CoverageGroup, CoveragePoint
from plimsoll.report.palette import INK, MUTED, zone_colour, zone_shape
from plimsoll.report.svg import Scale, drawing, line, mark, percent_tick, text, ticks

WIDTH = 720.0
ROW = 12.0
_TOP = 34.0


def coverage_drawing(group: CoverageGroup, label: str) -> Markup:
    """Return the dot plot of breach rates with intervals against the target, two markets wide."""
    columns = in_columns(group.markets, 1 if len(group.markets) <= 12 else 2)
    longest = max((len(market) for market in group.markets), default=0)
    gutter = min(120.0, 14.0 + 5.6 * longest)
    high = max([group.target, *(point.high for point in group.points)]) * 1.04
    width = WIDTH / len(columns)
    parts = [*_zone_key(group)]
    for index, markets in enumerate(columns):
        left, right = index * width + gutter, (index + 1) * width - 12.0
        parts += _panel(group, markets, Scale(low=0.0, high=high, start=left, stop=right))
    height = _TOP + ROW * len(columns[0]) + 34.0
    return drawing(WIDTH, height, f"{group.title}: breach rates, {label}", parts)


def _panel(group: CoverageGroup, markets: Sequence[str], scale: Scale) -> Iterator[Markup]:
    bottom = _TOP + ROW * len(markets)
    middle = (scale.start + scale.stop) / 2
    for value in ticks(scale.low, scale.high, 6):
        yield line(scale(value), _TOP, scale(value), bottom)
        yield text(scale(value), bottom + 12, percent_tick(value), anchor="middle", colour=MUTED)
    yield text(middle, bottom + 26, "breach rate [%]", anchor="middle", colour=MUTED)
    for row, market in enumerate(markets):
        y = _TOP + ROW * (row + 0.5)
        yield line(scale.start, y + ROW / 2, scale.stop, y + ROW / 2)
        yield text(scale.start - 6, y + 3.2, short_name(market, 19), anchor="end", size=9)
        for point in group.of(market):
            yield from _mark(point, scale, y)
    at = scale(group.target)
    yield line(at, _TOP - 3, at, bottom, colour=INK, width=1, dash="4 2")


def _mark(point: CoveragePoint, scale: Scale, y: float) -> Iterator[Markup]:
    at = y + {"long": -2.4, "short": 2.4}.get(point.side, 0.0)
    colour, shape = zone_colour(point.zone), zone_shape(point.zone)
    yield line(scale(point.low), at, scale(point.high), at, colour=colour, width=0.8)
    filled = point.side != "short"
    yield mark(scale(point.rate), at, shape, colour=colour, radius=2.3, filled=filled)


def _zone_key(group: CoverageGroup) -> Iterator[Markup]:
    x = 4.0
    for zone in group.zones:
        yield mark(x + 4, 9, zone_shape(zone), colour=zone_colour(zone), radius=3.2)
        yield text(x + 12, 12.4, f"{zone} zone")
        x += 78
    yield mark(x + 4, 9, "circle", colour=MUTED, radius=3.2)
    yield text(x + 12, 12.4, "long (filled)")
    yield mark(x + 90, 9, "circle", colour=MUTED, radius=3.2, filled=False)
    yield text(x + 98, 12.4, "short (hollow)")
    yield line(x + 182, 9, x + 204, 9, colour=INK, dash="4 2")
    yield text(x + 210, 12.4, "target; bars are 95 % intervals")
