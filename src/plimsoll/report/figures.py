"""The live pictures as plotly JSON (data and layout), drawn in the browser by report.js."""

from __future__ import annotations

import math
from collections.abc import Sequence

from plimsoll.report.drawings import CALL_SHAPES, call_colours
from plimsoll.report.embedding import Plain, plot_text
from plimsoll.report.palette import GRID, INK, MARGIN, MUTED, RULE, zone_colour
from plimsoll.report.plotted import (
    CostPoint,
    CoverageGroup,
    CoveragePoint,
    in_columns,
    largest_calls,
    outermost,
    short_name,
)

Figure = dict[str, Plain]

_SYMBOLS = {"green": "circle", "amber": "triangle-up", "red": "square"}
FONT: Plain = {
    "family": "system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, Liberation Sans, sans-serif",
    "size": 12,
    "color": INK,
}


def axis(title: str, **more: Plain) -> Figure:
    """Return an axis in the report's dress."""
    return {
        "title": {"text": plot_text(title), "font": {"size": 12, "color": MUTED}, "standoff": 8},
        "gridcolor": GRID,
        "linecolor": RULE,
        "zeroline": False,
        "ticks": "outside",
        "tickcolor": RULE,
        "automargin": True,
        **more,
    }


def layout(height: float, label: str, **more: Plain) -> Figure:
    """Return a layout in the report's dress, price source and legend above the plot."""
    return {
        "height": height,
        "title": {
            "text": plot_text(f"Price source: {label}"),
            "font": {"size": 11, "color": MUTED},
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 6, "l": 4},
        },
        "font": FONT,
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "margin": {"l": 64, "r": 16, "t": 46, "b": 48},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
        "hoverlabel": {"bgcolor": "#ffffff", "bordercolor": RULE, "font": FONT},
        **more,
    }


def coverage_figure(group: CoverageGroup, label: str) -> Figure:
    """Return the dot plot of breach rates, zones by colour and shape, sides by filling."""
    columns = in_columns(group.markets, 1 if len(group.markets) <= 16 else 2)
    top = 100.0 * max([group.target, *(p.high for p in group.points)]) * 1.04
    shown: Figure = layout(
        124.0 + 18.0 * len(columns[0]), label, margin={"l": 140, "r": 16, "t": 46, "b": 48}
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
        ticktext=[plot_text(short_name(market, 20)) for market in markets],
        tickfont={"size": 11},
        automargin=False,
        anchor=f"x{suffix}",
        ticks="",
        fixedrange=True,
    )
    rate = axis("breach rate [%]", range=[0, top], domain=domain, anchor=f"y{suffix}")
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
    for key in dict.fromkeys((point.zone, point.side) for point in points):
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
    symbol = _SYMBOLS.get(first.zone.lower(), "diamond")
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
        f"{plot_text(point.market)} {plot_text(point.side)}: {point.breaches:,} of "
        f"{point.count:,} = {100 * point.rate:.2f} %<br>95 % interval {100 * point.low:.2f} to "
        f"{100 * point.high:.2f} %<br>zone {plot_text(point.zone)}"
    )


def cost_figure(points: Sequence[CostPoint], label: str) -> Figure:
    """Return mean margin against peak-to-trough, the outermost markets named."""
    known = [p for p in points if math.isfinite(p.peak_to_trough)]
    traces: list[Plain] = [
        _cost_trace([p for p in known if p.side == side], side)
        for side in dict.fromkeys(p.side for p in known)
    ]
    shown = layout(
        430,
        label,
        xaxis=axis("mean margin [% of notional]", rangemode="tozero"),
        yaxis=axis("peak to trough [ratio]", rangemode="tozero"),
        annotations=[_name_tag(p) for p in outermost(known)],
    )
    return {"data": traces, "layout": shown}


def _cost_trace(points: Sequence[CostPoint], side: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plot_text(side or "market"),
        "x": [100.0 * p.mean_margin for p in points],
        "y": [p.peak_to_trough for p in points],
        "text": [plot_text(p.name) for p in points],
        "marker": {
            "symbol": "circle-open" if side == "short" else "circle",
            "color": MARGIN,
            "size": 12 if side == "short" else 6,
        },
        "hovertemplate": "%{text}<br>mean margin %{x:.2f} %<br>peak to trough %{y:.2f}"
        "<extra></extra>",
    }


def _name_tag(point: CostPoint) -> Figure:
    return {
        "x": 100.0 * point.mean_margin,
        "y": point.peak_to_trough,
        "text": plot_text(short_name(point.market, 20)),
        "showarrow": False,
        "yanchor": "bottom",
        "yshift": 6,
        "font": {"size": 11, "color": MUTED},
    }


def calls_figure(points: Sequence[CostPoint], label: str) -> Figure:
    """Return the largest calls over 1, 5 and 20 days, largest 5-day call on top."""
    rows = largest_calls(points)
    names = [plot_text(short_name(p.name, 30)) for p in rows]
    traces: list[Plain] = [_spans(rows)]
    traces += [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": [100.0 * p.calls[index] for p in rows],
            "y": list(range(len(rows))),
            "text": names,
            "marker": {"symbol": shape, "color": colour, "size": 8},
            "hovertemplate": f"%{{text}}<br>largest {name} call %{{x:.2f}} %<extra></extra>",
        }
        for index, ((name, shape), colour) in enumerate(
            zip(CALL_SHAPES, call_colours(), strict=True)
        )
    ]
    shown = layout(
        120.0 + 15.0 * len(rows),
        label,
        xaxis=axis("largest rise of margin [% of notional]", rangemode="tozero"),
        yaxis=axis(
            "",
            range=[len(rows) - 0.5, -0.5],
            tickvals=list(range(len(rows))),
            ticktext=names,
            tickfont={"size": 10},
            ticks="",
            fixedrange=True,
        ),
    )
    return {"data": traces, "layout": shown}


def _spans(rows: Sequence[CostPoint]) -> Figure:
    """Thin lines from the smallest to the largest call of each row."""
    across: list[Plain] = []
    up: list[Plain] = []
    for index, point in enumerate(rows):
        known = [100.0 * value for value in point.calls if math.isfinite(value)]
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
