"""Live picture of coverage: a dot plot of breach rates against the target."""

from __future__ import annotations

from collections.abc import Sequence

from plimsoll.report.arrangement import in_columns, short_name
from plimsoll.report.coverage_points import CoverageGroup, CoveragePoint
from plimsoll.report.embedding import Plain, plot_text
from plimsoll.report.figures import SYMBOLS, Figure, axis, layout
from plimsoll.report.palette import INK, zone_colour, zone_shape

_ROOM = 0.012
_CLEAR = "rgba(255,255,255,0)"
"""No background: where the picture scrolls, the shadow of its box shows through."""


def coverage_figure(group: CoverageGroup, label: str) -> Figure:
    """Return the dot plot of breach rates, zones by colour and shape, sides by filling."""
    columns = in_columns(group.markets, 1 if len(group.markets) <= 16 else 2)
    top = 100.0 * max([group.target, *(p.high for p in group.points)]) * 1.04
    shown: Figure = layout(
        124.0 + 18.0 * len(columns[0]),
        label,
        margin={"l": 152, "r": 16, "t": 46, "b": 48},
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
    )
    data: list[Plain] = [_target_key(group.target)]
    named: set[str] = set()
    for index, markets in enumerate(columns):
        suffix = "" if index == 0 else str(index + 1)
        data += _coverage_traces(group, markets, suffix, named)
        shown |= _coverage_axes(markets, index, len(columns), top)
    shown["shapes"] = [_target_line(group.target, index) for index in range(len(columns))]
    return {"data": data, "layout": shown}


def _coverage_axes(markets: Sequence[str], index: int, columns: int, top: float) -> Figure:
    suffix = "" if index == 0 else str(index + 1)
    domain = [0.0, 1.0] if columns == 1 else ([0.0, 0.43], [0.57, 1.0])[index]
    rows: Figure = axis(
        "",
        range=[len(markets) - 0.5, -0.5],
        tickvals=list(range(len(markets))),
        ticktext=[plot_text(short_name(market, 19)) for market in markets],
        tickfont={"size": 11},
        automargin=False,
        anchor=f"x{suffix}",
        ticks="",
        fixedrange=True,
    )
    start = -_ROOM * top  # a mark at zero is whole, and none leaves the plot when it is zoomed
    rate = axis("breach rate [%]", range=[start, top], domain=domain, anchor=f"y{suffix}")
    return {f"yaxis{suffix}": rows, f"xaxis{suffix}": rate}


def _target_key(target: float) -> Figure:
    """An entry of the legend for the target, whose line is a shape and has none."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"target {100.0 * target:.2f} %",
        "x": [None],
        "y": [None],
        "line": {"color": INK, "width": 1.2, "dash": "dash"},
    }


def _target_line(target: float, index: int) -> Figure:
    suffix = "" if index == 0 else str(index + 1)
    return {
        "type": "line",
        "xref": f"x{suffix}",
        "yref": f"y{suffix} domain",
        "x0": 100.0 * target,
        "x1": 100.0 * target,
        "y0": 0,
        "y1": 1,
        "line": {"color": INK, "width": 1.2, "dash": "dash"},
    }


def _coverage_traces(
    group: CoverageGroup, markets: Sequence[str], suffix: str, named: set[str]
) -> list[Plain]:
    row = {market: index for index, market in enumerate(markets)}
    points = [point for point in group.points if point.market in row]
    traces: list[Plain] = []
    kinds = {(point.zone, point.side) for point in points}
    for key in sorted(kinds, key=lambda kind: (group.zones.index(kind[0]), kind[1])):
        mine = [point for point in points if (point.zone, point.side) == key]
        name = f"{key[0]} zone, {key[1]}".strip(", ")
        traces.append(_coverage_trace(mine, row, name, suffix, name not in named))
        named.add(name)
    return traces


def _coverage_trace(
    points: Sequence[CoveragePoint], row: dict[str, int], name: str, suffix: str, legend: bool
) -> Figure:
    first = points[0]
    colour = zone_colour(first.zone)
    shift = {"long": -0.18, "short": 0.18}.get(first.side, 0.0)
    symbol = SYMBOLS[zone_shape(first.zone)]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plot_text(name),
        "legendgroup": plot_text(name),
        "showlegend": legend,
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
        "x": [100.0 * p.rate for p in points],
        "y": [row[p.market] + shift for p in points],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [100.0 * (p.high - p.rate) for p in points],
            "arrayminus": [100.0 * (p.rate - p.low) for p in points],
            "color": colour,
            "thickness": 1,
            "width": 0,
        },
        "marker": {
            "symbol": symbol + ("-open" if first.side == "short" else ""),
            "color": colour,
            "size": 7,
        },
        "text": [_coverage_hover(p) for p in points],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _coverage_hover(point: CoveragePoint) -> str:
    return (
        f"{plot_text(point.market)} {plot_text(point.side)} {plot_text(point.horizon)}: "
        f"{point.breaches:,} of "
        f"{point.count:,} = {100 * point.rate:.2f} %<br>95 % interval {100 * point.low:.2f} to "
        f"{100 * point.high:.2f} %<br>zone {plot_text(point.zone)}"
    )
