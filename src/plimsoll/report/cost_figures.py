"""Live pictures of cost: margin against its movement, and the largest calls."""

from __future__ import annotations

import math
from collections.abc import Sequence

from plimsoll.report.arrangement import short_name
from plimsoll.report.cost_points import (
    NAME_LENGTH,
    CostPicture,
    CostPoint,
    NamedPoint,
    Side,
    axis_range,
    largest_calls,
    named_points,
)
from plimsoll.report.embedding import Plain, plot_text
from plimsoll.report.figures import SYMBOLS, Figure, axis, layout
from plimsoll.report.palette import CALLS, INK, MARGIN, MUTED, RULE

_SIDES = {"long": ("circle", MARGIN, 6), "short": ("circle-open", MARGIN, 12)}
_ANCHORS: dict[Side, Figure] = {
    Side.ABOVE: {"yanchor": "bottom", "yshift": 6},
    Side.BELOW: {"yanchor": "top", "yshift": -6},
    Side.RIGHT: {"xanchor": "left", "xshift": 7},
    Side.LEFT: {"xanchor": "right", "xshift": -7},
}
_OTHER_SIDE = ("diamond-open", INK, 9)


def cost_figure(picture: CostPicture, label: str) -> Figure:
    """Return mean margin against peak-to-trough, markets named where there is room."""
    known = picture.scattered
    traces: list[Plain] = [
        _cost_trace([p for p in known if p.side == side], side) for side in picture.sides
    ]
    shown = layout(
        430,
        label,
        xaxis=axis(picture.margin_title, range=[*axis_range([p.mean_margin for p in known])]),
        yaxis=axis(picture.peak_title, range=[*axis_range([p.peak_to_trough for p in known])]),
        annotations=[_name_tag(named) for named in named_points(known)],
    )
    return {"data": traces, "layout": shown}


def _cost_trace(points: Sequence[CostPoint], side: str) -> Figure:
    symbol, colour, size = _SIDES.get(side or "long", _OTHER_SIDE)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plot_text(side or "market"),
        "x": [p.mean_margin for p in points],
        "y": [p.peak_to_trough for p in points],
        "text": [plot_text(p.name) for p in points],
        "marker": {"symbol": symbol, "color": colour, "size": size},
        "hovertemplate": "%{text}<br>mean margin %{x:.2f}<br>peak to trough %{y:.2f}"
        "<extra></extra>",
    }


def _name_tag(named: NamedPoint) -> Figure:
    return {
        "x": named.point.mean_margin,
        "y": named.point.peak_to_trough,
        "text": plot_text(short_name(named.point.market, NAME_LENGTH)),
        "showarrow": False,
        **_ANCHORS[named.side],
        "font": {"size": 11, "color": MUTED},
    }


def calls_figure(picture: CostPicture, label: str) -> Figure:
    """Return the largest calls over 1, 5 and 20 days, largest 5-day call on top."""
    rows = largest_calls(picture.points)
    names: list[Plain] = [plot_text(short_name(p.name, 30)) for p in rows]
    traces: list[Plain] = [_spans(rows)]
    for index, (name, shape, colour) in enumerate(CALLS):
        traces.append(_call_trace(rows, index, name, SYMBOLS[shape], colour))
    places: list[Plain] = list(range(len(rows)))
    shown = layout(
        120.0 + 15.0 * len(rows),
        label,
        xaxis=axis(picture.call_title, rangemode="tozero"),
        yaxis=axis(
            "",
            range=[len(rows) - 0.5, -0.5],
            tickvals=places,
            ticktext=names,
            tickfont={"size": 10},
            ticks="",
            fixedrange=True,
        ),
    )
    return {"data": traces, "layout": shown}


def _call_trace(
    rows: Sequence[CostPoint], index: int, name: str, symbol: str, colour: str
) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [p.calls[index] for p in rows],
        "y": list(range(len(rows))),
        "text": [plot_text(p.name) for p in rows],
        "marker": {"symbol": symbol, "color": colour, "size": 8},
        "hovertemplate": f"%{{text}}<br>largest call, {name}: %{{x:.2f}}<extra></extra>",
    }


def _spans(rows: Sequence[CostPoint]) -> Figure:
    """Thin lines from the smallest to the largest call of each row."""
    across: list[Plain] = []
    up: list[Plain] = []
    for index, point in enumerate(rows):
        known = [value for value in point.calls if math.isfinite(value)]
        across += [min(known), max(known), None]
        up += [index, index, None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": across,
        "y": up,
        "line": {"color": RULE, "width": 2},
        "hoverinfo": "skip",
        "showlegend": False,
    }
