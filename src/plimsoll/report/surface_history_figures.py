"""One measure of many surfaces over time: live, and drawn for print."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from markupsafe import Markup

from plimsoll.domain.table import iso_minute
from plimsoll.report.embedding import Plain, plot_text
from plimsoll.report.figures import SYMBOLS, Figure, axis, layout
from plimsoll.report.palette import BREACH, INK, MUTED, RULE
from plimsoll.report.surface_history import Series, TimePicture
from plimsoll.report.svg import Scale, drawing, line, mark, ring, text, ticks, upright_text

_WIDTH, _HEIGHT = 520.0, 300.0
_DAY_NS = 86_400 * 10**9
_BROKEN = "broken snapshot"


def time_figure(picture: TimePicture, label: str) -> Figure:
    """Return the live picture."""
    data: list[Plain] = [_trace(series) for series in picture.series if len(series.value)]
    broken = _broken_trace(picture)
    shapes: list[Plain] = []
    if np.isfinite(picture.bound):
        shapes.append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": picture.bound,
                "y1": picture.bound,
                "line": {"color": INK, "width": 1},
            }
        )
    shown = layout(
        340.0,
        label,
        margin={"l": 64, "r": 38, "t": 46, "b": 48},  # room for half of the last date
        xaxis=axis("", type="date"),
        yaxis=axis(picture.unit),
        shapes=shapes,
    )
    return {"data": [*data, broken] if broken else data, "layout": shown}


def time_drawing(picture: TimePicture, label: str) -> Markup:
    """Return the picture as SVG."""
    at = np.concatenate([series.at_ns for series in picture.series]).astype(np.float64)
    value = np.concatenate([series.value for series in picture.series])
    known = np.append(value[np.isfinite(value)], [picture.bound] * bool(np.isfinite(picture.bound)))
    room = 0.04 * float(np.ptp(known)) or 1.0
    span = 0.02 * float(np.ptp(at)) or float(_DAY_NS)
    across = Scale(low=float(at.min()) - span, high=float(at.max()) + span, start=52, stop=508)
    up = Scale(
        low=float(known.min()) - room, high=float(known.max()) + room, start=_HEIGHT - 28, stop=26
    )
    parts = [*_grid(across, up, picture.unit), *_bound(picture, across, up)]
    for series in picture.series:
        parts += _marks(series, across, up)
    parts += _key(picture)
    return drawing(_WIDTH, _HEIGHT, f"{picture.title} over time, {label}", parts)


def _trace(series: Series) -> Figure:
    symbol = SYMBOLS[series.shape]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plot_text(series.name),
        "x": [iso_minute(int(at)) for at in series.at_ns],
        "y": _plain(series.value),
        "marker": {
            "color": series.colour,
            "size": 5,
            "symbol": symbol if series.filled else f"{symbol}-open",
            "opacity": 0.6,
            "line": {"width": 0.0 if series.filled else 0.9},
        },
        "hovertemplate": plot_text(series.name) + "<br>%{x}: %{y:.2f}<extra></extra>",
    }


def _broken_trace(picture: TimePicture) -> Figure:
    """Rings around the numbers of broken snapshots."""
    places = [(s, i) for s in picture.series if s.filled for i in np.flatnonzero(s.broken)]
    if not places:
        return {}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": _BROKEN,
        "x": [iso_minute(int(s.at_ns[i])) for s, i in places],
        "y": _plain(np.array([s.value[i] for s, i in places])),
        "marker": {"color": BREACH, "size": 13, "symbol": "circle-open", "line": {"width": 1.6}},
        "hoverinfo": "skip",
    }


def _grid(across: Scale, up: Scale, title: str) -> Iterator[Markup]:
    for value in ticks(up.low, up.high, 5):
        yield line(across.start, up(value), across.stop, up(value))
        yield text(
            across.start - 4, up(value) + 3, f"{value:g}", anchor="end", size=9, colour=MUTED
        )
    for day in ticks(across.low / _DAY_NS, across.high / _DAY_NS, 5):
        x, name = across(day * _DAY_NS), iso_minute(int(day) * _DAY_NS)[:10]
        yield line(x, up.start, x, up.stop)
        yield text(x, up.start + 13, name, anchor="middle", size=9, colour=MUTED)
    yield line(across.start, up.start, across.stop, up.start, colour=RULE)
    yield upright_text(10, (up.start + up.stop) / 2, title, size=9)


def _bound(picture: TimePicture, across: Scale, up: Scale) -> Iterator[Markup]:
    if np.isfinite(picture.bound):
        y = up(picture.bound)
        yield line(across.start, y, across.stop, y, colour=INK)
        name = f"line: {picture.bound_name}, {picture.bound:g}"
        yield text(across.stop, 14.2, name, anchor="end", size=9, colour=MUTED)


def _marks(series: Series, across: Scale, up: Scale) -> Iterator[Markup]:
    for i in np.flatnonzero(np.isfinite(series.value)).tolist():
        x, y = across(float(series.at_ns[i])), up(float(series.value[i]))
        yield mark(x, y, series.shape, colour=series.colour, radius=1.9, filled=series.filled)
        if series.filled and series.broken[i]:
            yield ring(x, y, colour=BREACH, radius=4.5)


def _key(picture: TimePicture) -> Iterator[Markup]:
    left = 58.0
    for series in picture.series:
        yield mark(left, 11, series.shape, colour=series.colour, radius=2.6, filled=series.filled)
        yield text(left + 7, 14.2, series.name, size=9)
        left += 22.0 + 5.0 * len(series.name)
    if any(bool(series.broken.any()) for series in picture.series):
        yield ring(left, 11, colour=BREACH, radius=4.0)
        yield text(left + 7, 14.2, _BROKEN, size=9)


def _plain(values: np.ndarray) -> list[Plain]:
    return [float(value) if np.isfinite(value) else None for value in values]
