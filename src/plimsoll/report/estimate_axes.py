"""Axes of the pictures of an estimate: logarithmic ones, time, frames with a unit on each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from plimsoll.domain.table import iso_minute
from plimsoll.report.palette import GRID, MUTED, RULE
from plimsoll.report.svg import Scale, line, text, ticks, upright_text

FloatArray = NDArray[np.float64]

WIDTH, HEIGHT = 520.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 510.0, 26.0, 230.0


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten within [low, high]; with 2 and 5 where there are fewer than three.

    >>> log_ticks(0.9, 120.0)
    [1.0, 10.0, 100.0]
    >>> log_ticks(2.0, 9.0)
    [2.0, 5.0]
    """
    if not 0.0 < low < high:
        return []
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [10.0**p for p in powers if low <= 10.0**p <= high]
    if len(found) >= 3:
        return found
    every = (f * 10.0**p for p in powers for f in (1.0, 2.0, 5.0))
    return [float(f"{v:.1g}") for v in every if low <= v <= high]


def log_scale(low: float, high: float, start: float, stop: float) -> Callable[[float], float]:
    """Return the pixel of a positive value on a logarithmic axis, held within the axis."""
    inner = Scale(low=math.log(low), high=math.log(high), start=start, stop=stop)

    def pixel(value: float) -> float:
        return inner(math.log(min(max(value, low), high)))

    return pixel


def month_ticks(first_ns: int, last_ns: int) -> list[tuple[int, str]]:
    """Firsts of months within a span, at most seven of them; days where it is short."""
    days = np.arange(first_ns // 86_400_000_000_000 + 1, last_ns // 86_400_000_000_000 + 1)
    if days.size < 45:
        step = max(1, days.size // 5)
        return [(int(d), iso_minute(int(d) * 86_400_000_000_000)[5:10]) for d in days[::step]]
    named = [(int(d), iso_minute(int(d) * 86_400_000_000_000)) for d in days]
    firsts = [(d, name[:7]) for d, name in named if name[8:10] == "01"]
    return firsts[:: max(1, -(-len(firsts) // 7))]


def across_axis(
    at: Iterable[tuple[float, str]], title: str, bottom: float = BOTTOM, top: float = TOP
) -> Iterator[Markup]:
    """Vertical grid with labels below, and the title of the axis."""
    for x, name in at:
        yield line(x, bottom, x, top)
        yield text(x, bottom + 13, name, anchor="middle", size=9.5, colour=MUTED)
    yield text((LEFT + RIGHT) / 2, bottom + 29, title, anchor="middle", size=10, colour=MUTED)


def up_axis(
    at: Iterable[tuple[float, str]], title: str, bottom: float = BOTTOM, top: float = TOP
) -> Iterator[Markup]:
    """Horizontal grid with labels to the left, and the title of the axis."""
    for y, name in at:
        yield line(LEFT, y, RIGHT, y)
        yield text(LEFT - 5, y + 3, name, anchor="end", size=9.5, colour=MUTED)
    yield line(LEFT, bottom, RIGHT, bottom, colour=RULE)
    yield upright_text(12, (bottom + top) / 2, title, size=10)


def linear_marks(scale: Scale, count: int, factor: float = 1.0) -> list[tuple[float, str]]:
    """Ticks of a linear axis with labels; a sign where it is below nought."""
    values = ticks(scale.low * factor, scale.high * factor, count)
    return [(scale(v / factor), f"{v:,g}".replace("-", "\u2212")) for v in values]


def log_marks(
    low: float, high: float, pixel: Callable[[float], float], name: Callable[[float], str]
) -> list[tuple[float, str]]:
    """Ticks of a logarithmic axis with labels."""
    return [(pixel(v), name(v)) for v in log_ticks(low, high)]


def key(entries: Sequence[tuple[Markup, str, float]]) -> Iterator[Markup]:
    """Signs and their meaning in a line above a picture; each with the width it takes."""
    x = LEFT
    for sign, words, width in entries:
        yield Markup('<g transform="translate({},{})">{}</g>').format(f"{x:.1f}", "11", sign)
        yield text(x + 20, 14.4, words, size=9.5)
        x += width


def band(points: Sequence[tuple[float, float, float]], colour: str) -> Markup:
    """Return the faint area between two curves, (x, low, high) in pixels: others show through."""
    if len(points) < 2:
        return Markup("")
    there = "L".join(f"{x:.1f},{low:.1f}" for x, low, _ in points)
    back = "L".join(f"{x:.1f},{high:.1f}" for x, _, high in reversed(points))
    return Markup('<path d="M{}L{}Z" fill="{}" fill-opacity="0.11"/>').format(there, back, colour)


def dashed(points: Sequence[tuple[float, float]], *, colour: str, width: float = 1) -> Markup:
    """Return an open dashed line."""
    if len(points) < 2:
        return Markup("")
    path = "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup(
        '<path d="M{}" fill="none" stroke="{}" stroke-width="{}" stroke-dasharray="4 3"/>'
    ).format(path, colour, f"{width:g}")


def strokes(spans: Iterable[tuple[float, float, float]], *, colour: str, width: float) -> Markup:
    """Return vertical strokes (x, from, to) as one path."""
    path = "".join(f"M{x:.1f},{a:.1f}V{b:.1f}" for x, a, b in spans)
    if not path:
        return Markup("")
    return Markup('<path d="{}" fill="none" stroke="{}" stroke-width="{}"/>').format(
        path, colour, f"{width:g}"
    )


def empty(words: str) -> Markup:
    """Return a frame that says why it holds no picture."""
    frame = Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="none" stroke="{}"/>').format(
        f"{LEFT:g}", f"{TOP:g}", f"{RIGHT - LEFT:g}", f"{BOTTOM - TOP:g}", GRID
    )
    middle = text(
        (LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2, words, anchor="middle", size=10, colour=MUTED
    )
    return frame + middle
