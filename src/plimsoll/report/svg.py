"""A few strokes of SVG for the printed pictures: scales, ticks, text, lines, marks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from plimsoll.report.palette import GRID, INK, MUTED

_MARKS = {
    "circle": "M{l:.1f},{y:.1f}a{r},{r} 0 1,0 {d},0a{r},{r} 0 1,0 -{d},0Z",
    "triangle": "M{x:.1f},{t:.1f}L{h:.1f},{b:.1f}L{l:.1f},{b:.1f}Z",
    "square": "M{l:.1f},{t:.1f}h{d}v{d}h-{d}Z",
    "diamond": "M{x:.1f},{t:.1f}L{h:.1f},{y:.1f}L{x:.1f},{b:.1f}L{l:.1f},{y:.1f}Z",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Linear map from data to pixels; ``start`` and ``stop`` are the pixels of low and high."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Pixel of a value."""
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return self.start + share * (self.stop - self.start)


def ticks(low: float, high: float, count: int) -> list[float]:
    """Return round numbers within [low, high], about ``count`` of them.

    >>> ticks(0.0, 0.043, 4)
    [0.0, 0.01, 0.02, 0.03, 0.04]
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    raw = (high - low) / max(1, count)
    power = 10.0 ** math.floor(math.log10(raw))
    step = min((power * f for f in (1, 2, 2.5, 5, 10)), key=lambda s: abs((high - low) / s - count))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def text(
    x: float, y: float, content: str, *, anchor: str = "start", size: float = 10, colour: str = INK
) -> Markup:
    """Return a text whose content is escaped."""
    return Markup('<text x="{}" y="{}" text-anchor="{}" font-size="{}" fill="{}">{}</text>').format(
        f"{x:.1f}", f"{y:.1f}", anchor, f"{size:g}", colour, escape(content)
    )


def upright_text(x: float, y: float, content: str, *, size: float = 10) -> Markup:
    """Return the title of a vertical axis, reading upwards."""
    return Markup(
        '<text transform="translate({},{}) rotate(-90)" text-anchor="middle" font-size="{}" '
        'fill="{}">{}</text>'
    ).format(f"{x:.1f}", f"{y:.1f}", f"{size:g}", MUTED, escape(content))


def line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    *,
    colour: str = GRID,
    width: float = 1,
    dash: str = "",
) -> Markup:
    """Return a straight line."""
    dashed = Markup(' stroke-dasharray="{}"').format(dash) if dash else Markup("")
    return Markup('<path d="M{},{}L{},{}" stroke="{}" stroke-width="{}"{}/>').format(
        f"{x1:.1f}", f"{y1:.1f}", f"{x2:.1f}", f"{y2:.1f}", colour, f"{width:g}", dashed
    )


def polyline(points: Iterable[tuple[float, float]], *, colour: str, width: float = 1) -> Markup:
    """Return an open line through points; one without any is empty."""
    path = "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    if not path:
        return Markup("")
    return Markup('<path d="M{}" fill="none" stroke="{}" stroke-width="{}"/>').format(
        path, colour, f"{width:g}"
    )


def mark(
    x: float, y: float, shape: str, *, colour: str, radius: float = 3, filled: bool = True
) -> Markup:
    """Return a mark: circle, triangle, square or diamond; a hollow one is filled with white."""
    r = radius
    path = _MARKS[shape].format(
        x=x, y=y, r=f"{r:g}", d=f"{2 * r:g}", l=x - r, h=x + r, t=y - r, b=y + r
    )
    return Markup('<path d="{}" fill="{}" stroke="{}" stroke-width="1"/>').format(
        path, colour if filled else "#ffffff", colour
    )


def ring(x: float, y: float, *, colour: str, radius: float) -> Markup:
    """Return a circle that lets what is under it be seen."""
    return Markup('<circle cx="{}" cy="{}" r="{}" fill="none" stroke="{}"/>').format(
        f"{x:.1f}", f"{y:.1f}", f"{radius:g}", colour
    )


def drawing(width: float, height: float, title: str, parts: Iterable[Markup]) -> Markup:
    """Return an SVG element that scales to its container, named for readers who cannot see it."""
    return Markup(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" class="drawing">{}</svg>'
    ).format(f"{width:g}", f"{height:g}", title, Markup("").join(parts))


def percent_tick(value: float) -> str:
    """Return a fraction as the label of a tick in per cent, without needless decimals.

    >>> percent_tick(0.025), percent_tick(0.1), percent_tick(-0.0)
    ('2.5', '10', '0')
    """
    return f"{100.0 * value + 0.0:.6g}" if value else "0"
