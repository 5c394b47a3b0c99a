"""Printed pictures of a whole surface: drawn in three dimensions, and the map of arbitrage."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from plimsoll.report.palette import INK, MUTED, RULE
from plimsoll.report.surface_drawings import area
from plimsoll.report.surface_grids import ArbitrageMap, Mesh
from plimsoll.report.surface_maps import (
    DENSITY_TOP,
    HEIGHT_COLOURS,
    ZERO_SCALE,
    map_position,
    map_ticks,
)
from plimsoll.report.svg import Scale, drawing, line, text, ticks

Point = tuple[float, float]
_WIDTH = 520.0
_MESH_WIDTH = 420.0
"""Narrow, so that a telephone shows the whole surface with legible letters."""
_DAYS = (1.0, 2.0, 4.0, 7.0, 14.0, 30.0, 60.0, 120.0, 240.0, 480.0)
_ROW = 13.0
_GUTTER = 130.0


def mesh_drawing(found: Mesh, label: str) -> Markup:
    """Return the surface seen from above its near left corner, drawn from back to front."""
    see = _camera(found)
    rows, columns = found.vol.shape
    low, high = float(found.vol.min()), float(found.vol.max())
    parts = [*_floor(found, see)]
    for j in range(rows - 2, -1, -1):
        for i in range(columns - 1):
            corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
            mean = float(np.mean([found.vol[b, a] for a, b in corners]))
            colour = _mixed(HEIGHT_COLOURS, (mean - low) / (high - low or 1.0))
            parts.append(
                area([see(a, b, float(found.vol[b, a])) for a, b in corners], colour, "#ffffff")
            )
    parts += _height_key(low, high)
    return drawing(_MESH_WIDTH, 330, f"Surface in three dimensions, {label}", parts)


def density_drawing(found: ArbitrageMap, label: str) -> Markup:
    """Return the map of Durrleman's g."""
    return _map(found, found.names, found.density, DENSITY_TOP, f"Map of g, {label}")


def forward_vol_drawing(found: ArbitrageMap, label: str) -> Markup:
    """Return the map of volatility between neighbouring expiries."""
    if not found.steps:
        return Markup("")
    top = float(np.quantile(np.abs(found.forward_vol), 0.9))
    title = f"Map of volatility between expiries, {label}"
    return _map(found, found.steps, found.forward_vol, top, title)


def _map(
    found: ArbitrageMap, names: Sequence[str], values: np.ndarray, top: float, title: str
) -> Markup:
    places = map_position(found.log_moneyness)
    across = Scale(low=float(places[0]), high=float(places[-1]), start=_GUTTER, stop=_WIDTH - 8)
    bottom = 22.0 + _ROW * len(names)
    parts: list[Markup] = [*_map_key(top)]
    for row, name in enumerate(names):
        y = 22.0 + _ROW * row
        parts.append(text(_GUTTER - 5, y + 9.5, name, anchor="end", size=8.5))
        parts += _cells(values[row], places, across, y, top)
    for place, name in map_ticks():
        x = across(place)
        parts.append(line(x, bottom, x, bottom + 3, colour=MUTED))
        parts.append(text(x, bottom + 13, name, anchor="middle", size=8.5, colour=MUTED))
    middle = (across.start + across.stop) / 2
    parts.append(
        text(
            middle, bottom + 26, "log-moneyness k = ln(K/F)", anchor="middle", size=9, colour=MUTED
        )
    )
    return drawing(_WIDTH, bottom + 32, title, parts)


def _cells(
    values: np.ndarray, places: np.ndarray, across: Scale, y: float, top: float
) -> Iterator[Markup]:
    """Runs of one colour in a row; a black edge where the sign changes."""
    share = np.clip((values + 0.5 * top) / (1.5 * top), 0.0, 1.0)
    steps = np.where(values < 0.0, 0, 8 + np.floor(24 * share)).astype(int)
    edges = [0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), steps.size - 1]
    for start, stop in pairwise(edges):
        left, right = across(float(places[start])), across(float(places[stop]))
        colour = _mixed(ZERO_SCALE, float(share[(start + stop) // 2]))
        box = [(left, y), (right + 0.3, y), (right + 0.3, y + _ROW - 1), (left, y + _ROW - 1)]
        yield area(box, colour)
    for i in np.flatnonzero(np.diff(values < 0.0)).tolist():
        x = across(float(places[i]))
        yield line(x, y, x, y + _ROW - 1, colour=INK, width=1.4)


def _map_key(top: float) -> Iterator[Markup]:
    for i in range(30):
        x = _GUTTER + 6.0 * i
        box = [(x, 4.0), (x + 6.2, 4.0), (x + 6.2, 12.0), (x, 12.0)]
        yield area(box, _mixed(ZERO_SCALE, (i + 0.5) / 30.0))
    yield line(_GUTTER + 60, 2, _GUTTER + 60, 14, colour=INK, width=1.4)
    yield text(_GUTTER - 5, 11.5, _short(-0.5 * top), anchor="end", size=8.5, colour=MUTED)
    yield text(_GUTTER + 186, 11.5, f"{_short(top)} and more", size=8.5, colour=MUTED)
    yield text(_GUTTER + 252, 11.5, "line: zero; red: arbitrage", size=8.5, colour=MUTED)


def _short(value: float) -> str:
    """Two figures, and never in powers of ten.

    >>> _short(128.4), _short(-0.6), _short(1.234)
    ('128', '-0.6', '1.2')
    """
    return f"{value:,.0f}" if abs(value) >= 10.0 else f"{value:.2g}"


def _camera(found: Mesh) -> Callable[[float, float, float], Point]:
    """Oblique view: deviations to the right, time into the picture, volatility up."""
    rows, columns = found.vol.shape
    low, high = float(found.vol.min()), float(found.vol.max())

    def see(i: float, j: float, vol: float) -> Point:
        across, along = i / (columns - 1), j / max(rows - 1, 1)
        up = (vol - low) / (high - low or 1.0)
        return 52 + 210 * across + 100 * along, 285 - 15 * across - 95 * along - 125 * up

    return see


def _floor(found: Mesh, see: Callable[[float, float, float], Point]) -> Iterator[Markup]:
    rows, columns = found.vol.shape
    low, high = float(found.vol.min()), float(found.vol.max())
    logs = np.log(found.days)
    last_i, last_j = columns - 1, rows - 1
    for value in ticks(float(found.deviations[0]), float(found.deviations[-1]), 5):
        i = last_i * (value - found.deviations[0]) / (found.deviations[-1] - found.deviations[0])
        yield _between(see(i, 0, low), see(i, last_j, low))
        x, y = see(i, 0, low)
        yield text(x - 4, y + 13, f"{value:g}", anchor="middle", size=8.5, colour=MUTED)
    for day in _DAYS:
        if rows > 1 and found.days[0] <= day <= found.days[-1]:
            j = last_j * (math.log(day) - logs[0]) / (logs[-1] - logs[0])
            yield _between(see(0, j, low), see(last_i, j, low))
            x, y = see(last_i, j, low)
            yield text(x + 5, y + 4, f"{day:g}", size=8.5, colour=MUTED)
    for value in ticks(low, high, 4):
        yield _between(see(0, last_j, value), see(last_i, last_j, value))
        yield _between(see(0, 0, value), see(0, last_j, value))
        x, y = see(0, 0, value)
        yield text(x - 5, y + 3, f"{value:g}", anchor="end", size=8.5, colour=MUTED)
    yield text(157, 322, "log-moneyness [deviations]", anchor="middle", size=9, colour=MUTED)
    yield text(336, 248, "days to expiry", size=9, colour=MUTED)
    yield text(4, 128, "implied vol [%]", size=9, colour=MUTED)


def _height_key(low: float, high: float) -> Iterator[Markup]:
    for i in range(30):
        x = 62.0 + 4.0 * i
        box = [(x, 8.0), (x + 4.2, 8.0), (x + 4.2, 15.0), (x, 15.0)]
        yield area(box, _mixed(HEIGHT_COLOURS, (i + 0.5) / 30.0))
    yield text(58, 15, f"{low:.0f} %", anchor="end", size=8.5, colour=MUTED)
    yield text(187, 15, f"{high:.0f} %", size=8.5, colour=MUTED)


def _between(one: Point, other: Point) -> Markup:
    return line(*one, *other, colour=RULE, width=0.6)


def _mixed(scale: Sequence[object], share: float) -> str:
    """Colour at a share of a scale of plotly's form."""
    stops = [(float(s), c) for s, c in _pairs(scale)]
    share = min(max(share, 0.0), 1.0)
    at = next(i for i, (stop, _) in enumerate(stops) if share <= stop or i == len(stops) - 1)
    if at == 0:
        return stops[0][1]
    (low, one), (high, other) = stops[at - 1], stops[at]
    weight = (share - low) / (high - low)
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + weight * (b - a)):02x}" for a, b in pairs)


def _pairs(scale: Sequence[object]) -> Iterator[tuple[float, str]]:
    for stop in scale:
        if isinstance(stop, list):
            yield float(stop[0]), str(stop[1])


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
