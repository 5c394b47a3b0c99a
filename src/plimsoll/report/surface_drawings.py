"""Printed pictures of a surface against its quotes: smiles, term structure, residuals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from markupsafe import Markup

from plimsoll.report.palette import BAND, GRID, INK, MARGIN, MUTED, RULE
from plimsoll.report.surface_figures import FAR, TENORS, quote_groups
from plimsoll.report.surface_view import Residuals, SmilePanel, TermPoints, tenor_text
from plimsoll.report.svg import Scale, drawing, line, mark, polyline, text, ticks, upright_text

_SMILE = (320.0, 190.0)
_WIDE = (520.0, 300.0)
_DAYS = (0.25, 0.5, 1.0, 2.0, 4.0, 7.0, 14.0, 30.0, 60.0, 120.0, 240.0, 480.0)


def smile_drawing(panel: SmilePanel, label: str) -> Markup:
    """Return one smile: bars from bid to ask, the fitted curve, dropped quotes in red."""
    width, height = _SMILE
    low = np.concatenate([panel.curve, panel.bid[panel.used]])
    high = np.concatenate([panel.curve, panel.ask[panel.used]])
    across = Scale(
        low=float(panel.curve_strike[0]), high=float(panel.curve_strike[-1]), start=42, stop=304
    )
    up = Scale(low=max(0.0, float(low.min())), high=float(high.max()), start=height - 34, stop=10)
    parts = [*axes(across, up, f"strike [{panel.unit}]", "implied vol [%]", thousands)]
    at = across(panel.forward)
    parts.append(line(at, up.start, at, up.stop, colour=RULE, dash="2 2"))
    for mask, _, colour in quote_groups(panel):
        for i in np.flatnonzero(mask).tolist():
            parts += _bar(across(float(panel.strike[i])), *_within(panel, i, up), colour)
    curve = zip(panel.curve_strike.tolist(), panel.curve.tolist(), strict=True)
    parts.append(polyline(((across(x), up(y)) for x, y in curve), colour=MARGIN, width=1.4))
    title = f"Smile of {panel.title}, {panel.subtitle}, {label}"
    return drawing(width, height, title, parts)


def term_drawing(term: TermPoints, label: str) -> Markup:
    """Return at-the-money volatility against time to expiry, with its 95 per cent band."""
    width, height = _WIDE
    days = np.log(term.days)
    room = 0.04 * float(days[-1] - days[0]) + 0.05
    across = Scale(low=float(days[0]) - room, high=float(days[-1]) + room, start=52, stop=508)
    bounds = [v for v in (*term.low, *term.high, *term.vol) if math.isfinite(v)]
    margin = 0.08 * (max(bounds) - min(bounds)) + 0.1
    up = Scale(low=min(bounds) - margin, high=max(bounds) + margin, start=height - 40, stop=12)
    parts = [*_levels(across, up, "at-the-money volatility [%, annual]")]
    for day in _DAYS:
        if across.low <= math.log(day) <= across.high:
            x = across(math.log(day))
            parts.append(line(x, up.start, x, up.stop))
            parts.append(text(x, up.start + 13, f"{day:g}", anchor="middle", size=9, colour=MUTED))
    middle = (across.start + across.stop) / 2
    parts.append(
        text(middle, height - 8, "time to expiry [days]", anchor="middle", size=9, colour=MUTED)
    )
    parts += _band(term, across, up)
    points = [(across(float(d)), up(float(v))) for d, v in zip(days, term.vol, strict=True)]
    parts.append(polyline(points, colour=MARGIN, width=1.6))
    parts += [mark(x, y, "circle", colour=MARGIN, radius=2.6) for x, y in points]
    first, last = tenor_text(float(term.days[0])), tenor_text(float(term.days[-1]))
    return drawing(width, height, f"At-the-money volatility from {first} to {last}, {label}", parts)


def residual_drawing(found: Residuals, label: str) -> Markup:
    """Return errors over half the spread against deviations from the forward."""
    width, height = _WIDE
    reach = float(np.ceil(2.0 * np.nanmax(np.abs(found.deviations), initial=1.0)) / 2.0)
    across = Scale(low=-reach, high=reach, start=52, stop=508)
    up = Scale(low=-FAR - 0.15, high=FAR + 0.15, start=height - 40, stop=26)
    parts = [_rectangle(across.start, up(1.0), across.stop, up(-1.0), GRID)]
    parts += axes(
        across, up, "log-moneyness [at-the-money deviations]", "fit less mid [half spreads]"
    )
    for y, name in ((1.0, "ask"), (-1.0, "bid")):
        parts.append(line(across.start, up(y), across.stop, up(y), colour=INK))
        parts.append(
            text(across.stop - 3, up(y) - 4 * y + 3, name, anchor="end", size=9, colour=MUTED)
        )
    parts += _residual_key()
    for i in range(found.error.size):
        parts.append(_residual_mark(found, i, across, up))
    return drawing(width, height, f"Errors of {found.error.size} quotes, {label}", parts)


def axes(
    across: Scale, up: Scale, across_title: str, up_title: str, across_text: object = None
) -> Iterator[Markup]:
    """Grid, ticks and titles of a picture with two linear axes."""
    yield from _levels(across, up, up_title)
    for value in ticks(across.low, across.high, 6):
        x = across(value)
        name = across_text(value) if callable(across_text) else f"{value:g}"
        yield line(x, up.start, x, up.stop)
        yield text(x, up.start + 12, name, anchor="middle", size=9, colour=MUTED)
    middle = (across.start + across.stop) / 2
    yield text(middle, up.start + 26, across_title, anchor="middle", size=9, colour=MUTED)


def thousands(value: float) -> str:
    """Short form of a strike.

    >>> thousands(95_000.0), thousands(3_250.0), thousands(0.5)
    ('95k', '3.25k', '0.5')
    """
    return f"{value / 1000.0:g}k" if abs(value) >= 1000.0 else f"{value:g}"


def _levels(across: Scale, up: Scale, title: str) -> Iterator[Markup]:
    for value in ticks(up.low, up.high, 5):
        yield line(across.start, up(value), across.stop, up(value))
        yield text(
            across.start - 4, up(value) + 3, f"{value:g}", anchor="end", size=9, colour=MUTED
        )
    yield line(across.start, up.start, across.stop, up.start, colour=RULE)
    yield upright_text(10, (up.start + up.stop) / 2, title, size=9)


def _bar(x: float, bottom: float, top: float, colour: str) -> Iterator[Markup]:
    yield line(x, bottom, x, top, colour=colour, width=1.6)
    for y in (bottom, top):
        yield line(x - 2, y, x + 2, y, colour=colour, width=1.2)


def _within(panel: SmilePanel, i: int, up: Scale) -> tuple[float, float]:
    """Pixels of bid and ask; what a wild quote shows outside the picture ends at its edge."""
    low, high = (min(max(float(v[i]), up.low), up.high) for v in (panel.bid, panel.ask))
    return up(low), up(high)


def _band(term: TermPoints, across: Scale, up: Scale) -> Iterator[Markup]:
    known = np.isfinite(term.low) & np.isfinite(term.high)
    if not bool(known.any()):
        return
    days = np.log(term.days[known])
    there = [(across(float(d)), up(float(v))) for d, v in zip(days, term.low[known], strict=True)]
    back = [(across(float(d)), up(float(v))) for d, v in zip(days, term.high[known], strict=True)]
    yield area([*there, *reversed(back)], BAND)


def area(points: Sequence[tuple[float, float]], colour: str, edge: str = "none") -> Markup:
    """Return a filled polygon."""
    path = "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<path d="M{}Z" fill="{}" stroke="{}" stroke-width="0.4"/>').format(
        path, colour, edge
    )


def _rectangle(left: float, top: float, right: float, bottom: float, colour: str) -> Markup:
    return area([(left, top), (right, top), (right, bottom), (left, bottom)], colour)


def _residual_mark(found: Residuals, i: int, across: Scale, up: Scale) -> Markup:
    error, days = float(found.error[i]), float(found.days[i])
    colour = next(colour for _, end, colour in TENORS if days < end)
    x, y = across(float(found.deviations[i])), up(min(max(error, -FAR), FAR))
    return mark(x, y, "circle" if abs(error) <= FAR else "diamond", colour=colour, radius=1.9)


def _residual_key() -> Iterator[Markup]:
    for i, (name, _, colour) in enumerate(TENORS):
        yield mark(60 + 84 * i, 11, "circle", colour=colour, radius=2.6)
        yield text(67 + 84 * i, 14.2, name, size=9)
    yield text(67 + 84 * len(TENORS), 14.2, "diamond: beyond the edge", size=9, colour=MUTED)
