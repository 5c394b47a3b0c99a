"""Live pictures of a surface against its quotes: smiles, term structure, residuals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plimsoll.report.embedding import Plain, plot_text
from plimsoll.report.figures import Figure, axis, layout
from plimsoll.report.palette import BAND, BREACH, GRID, INK, LOSS, MARGIN, MUTED, RULE
from plimsoll.report.surface_view import Residuals, SmilePanel, TermPoints

FAR = 2.5
"""Errors beyond so many half spreads are drawn at the edge, with an arrow's head."""
TENORS: Sequence[tuple[str, float, str]] = (
    ("under 2 d", 2.0, "#9aa5b1"),
    ("2 to 30 d", 30.0, "#4f8fc0"),
    ("over 30 d", np.inf, "#12406b"),
)
"""Name, end in days and colour of the groups in the picture of residuals, light to dark."""
PLAIN_CONFIG: Plain = {"displayModeBar": False}
FAINT = "#c3cad2"
_SMALL: Plain = {"size": 10}


def smile_figure(panel: SmilePanel) -> Figure:
    """Return one smile: bars from bid to ask, the fitted curve, dropped quotes in red."""
    shown: Figure = layout(
        218.0,
        "",
        margin={"l": 44, "r": 6, "t": 6, "b": 34},
        showlegend=False,
        xaxis=_small_axis(f"strike [{panel.unit}]", tickformat="~s", nticks=7),
        yaxis=_small_axis("implied vol [%]", nticks=6, range=_vol_range(panel)),
        shapes=[_upright(panel.forward)],
    )
    del shown["title"]
    data: list[Plain] = [
        *(
            _quote_bars(panel, mask, name, colour)
            for mask, name, colour in quote_groups(panel)
            if bool(mask.any())
        ),
        {
            "type": "scatter",
            "mode": "lines",
            "name": "fit",
            "x": _plain(panel.curve_strike),
            "y": _plain(panel.curve),
            "line": {"color": MARGIN, "width": 1.6},
            "hovertemplate": "strike %{x:,.0f}<br>fit %{y:.2f} %<extra></extra>",
        },
    ]
    return {"data": data, "layout": shown, "config": PLAIN_CONFIG}


def term_figure(term: TermPoints, label: str) -> Figure:
    """Return at-the-money volatility against time to expiry, with its 95 per cent band."""
    known = np.isfinite(term.low) & np.isfinite(term.high)
    band: Figure = {
        "type": "scatter",
        "mode": "lines",
        "x": [*_plain(term.days[known]), *_plain(term.days[known][::-1])],
        "y": [*_plain(term.low[known]), *_plain(term.high[known][::-1])],
        "fill": "toself",
        "fillcolor": BAND,
        "line": {"width": 0},
        "name": "95 % band",
        "hoverinfo": "skip",
    }
    line: Figure = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "at-the-money volatility",
        "x": _plain(term.days),
        "y": _plain(term.vol),
        "line": {"color": MARGIN, "width": 1.8},
        "marker": {"size": 7, "color": MARGIN, "line": {"color": "#ffffff", "width": 1}},
        "customdata": [
            [name, half, plot_text(source)]
            for name, half, source in zip(
                term.names, _plain(0.5 * (term.high - term.low)), term.sources, strict=True
            )
        ],
        "hovertemplate": "%{customdata[0]}<br>%{x:.1f} d: %{y:.2f} ± %{customdata[1]:.2f} %"
        "<br>%{customdata[2]}<extra></extra>",
    }
    shown = layout(
        380.0,
        label,
        xaxis=_days_axis(term.days),
        yaxis=axis("at-the-money volatility [%, annual]"),
    )
    return {"data": [band, line] if bool(known.any()) else [line], "layout": shown}


def residual_figure(found: Residuals, label: str) -> Figure:
    """Return errors over half the spread against deviations from the forward."""
    traces: list[Plain] = []
    start = 0.0
    for name, end, colour in TENORS:
        mine = (found.days >= start) & (found.days < end)
        if bool(mine.any()):
            traces.append(_residual_trace(found, mine, name, colour))
        start = end
    reach = float(np.ceil(2.0 * np.nanmax(np.abs(found.deviations), initial=1.0)) / 2.0)
    shown = layout(
        380.0,
        label,
        xaxis=axis("log-moneyness [at-the-money deviations]", range=[-reach, reach]),
        yaxis=axis(
            "fit less mid [half spreads]",
            range=[-FAR - 0.15, FAR + 0.15],
            tickvals=[-2, -1, 0, 1, 2],
        ),
        shapes=[_inside_band(), _level(-1.0), _level(0.0), _level(1.0)],
        annotations=[_edge_name(1.0, "ask"), _edge_name(-1.0, "bid")],
    )
    return {"data": traces, "layout": shown}


def _residual_trace(found: Residuals, mine: np.ndarray, name: str, colour: str) -> Figure:
    error = found.error[mine]
    symbols: list[Plain] = [
        "circle" if abs(e) <= FAR else ("triangle-up" if e > 0 else "triangle-down") for e in error
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": _plain(found.deviations[mine]),
        "y": _plain(np.clip(error, -FAR, FAR)),
        "customdata": [
            [plot_text(n), e] for n, e in zip(_at(found.names, mine), _plain(error), strict=True)
        ],
        "marker": {"color": colour, "size": 6, "opacity": 0.85, "symbol": symbols},
        "hovertemplate": "%{customdata[0]}<br>%{customdata[1]:.2f} half spreads<extra></extra>",
    }


def quote_groups(panel: SmilePanel) -> tuple[tuple[np.ndarray, str, str], ...]:
    """Mask, name and colour of fitted quotes, those too far out, and those a filter dropped."""
    return (
        (~(panel.used | panel.dropped), "outside the range of the fit", FAINT),
        (panel.used & ~panel.dropped, "bid to ask", LOSS),
        (panel.dropped, "dropped by a filter", BREACH),
    )


def _quote_bars(panel: SmilePanel, mine: np.ndarray, name: str, colour: str) -> Figure:
    middle = 0.5 * (panel.bid + panel.ask)[mine]
    half = 0.5 * (panel.ask - panel.bid)[mine]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": _plain(panel.strike[mine]),
        "y": _plain(middle),
        "marker": {"size": 2.5, "color": colour},
        "error_y": {
            "type": "data",
            "array": _plain(half),
            "color": colour,
            "thickness": 1.4,
            "width": 1.6,
        },
        "customdata": [list(_plain(row)) for row in np.stack([panel.bid, panel.ask])[:, mine].T],
        "hovertemplate": "strike %{x:,.0f}<br>bid %{customdata[0]:.2f} %, "
        f"ask %{{customdata[1]:.2f}} %<extra>{name}</extra>",
    }


def _vol_range(panel: SmilePanel) -> list[Plain]:
    """Room for the curve and the fitted quotes; a wild quote left out must not flatten them."""
    low = np.concatenate([panel.curve, panel.bid[panel.used]])
    high = np.concatenate([panel.curve, panel.ask[panel.used]])
    bottom, top = float(np.nanmin(low)), float(np.nanmax(high))
    room = 0.06 * (top - bottom)
    return [max(0.0, bottom - room), top + room]


def _small_axis(title: str, **more: Plain) -> Figure:
    dressed = axis(title, **more)
    named: Plain = {
        "text": plot_text(title),
        "font": {"size": 10, "color": MUTED},
        "standoff": 4,
    }
    return {**dressed, "title": named, "tickfont": _SMALL, "automargin": False}


def _days_axis(days: np.ndarray) -> Figure:
    ticks: list[Plain] = [0.25, 0.5, 1, 2, 4, 7, 14, 30, 60, 90, 180, 365, 730]
    low, high = float(np.log10(days.min())), float(np.log10(days.max()))
    room = 0.04 * (high - low) + 0.02
    return axis(
        "time to expiry [days, logarithmic]",
        type="log",
        tickvals=ticks,
        ticktext=[f"{tick:g}" for tick in ticks if isinstance(tick, float | int)],
        range=[low - room, high + room],
    )


def _upright(x: float) -> Plain:
    line: Plain = {"color": RULE, "width": 1, "dash": "dot"}
    return {
        "type": "line",
        "xref": "x",
        "yref": "y domain",
        "x0": x,
        "x1": x,
        "y0": 0,
        "y1": 1,
        "line": line,
        "layer": "below",
    }


def _level(y: float) -> Plain:
    line: Plain = {"color": INK if y else MUTED, "width": 1, "dash": "solid" if y else "dot"}
    return {
        "type": "line",
        "xref": "x domain",
        "yref": "y",
        "x0": 0,
        "x1": 1,
        "y0": y,
        "y1": y,
        "line": line,
        "layer": "below",
    }


def _inside_band() -> Plain:
    return {
        "type": "rect",
        "xref": "x domain",
        "yref": "y",
        "x0": 0,
        "x1": 1,
        "y0": -1,
        "y1": 1,
        "fillcolor": GRID,
        "opacity": 0.6,
        "line": {"width": 0},
        "layer": "below",
    }


def _edge_name(y: float, name: str) -> Plain:
    return {
        "xref": "x domain",
        "yref": "y",
        "x": 1,
        "y": y,
        "xanchor": "right",
        "yanchor": "bottom" if y > 0 else "top",
        "text": name,
        "showarrow": False,
        "font": {"size": 11, "color": MUTED},
    }


def _at(names: Sequence[str], mask: np.ndarray) -> list[str]:
    return [name for name, wanted in zip(names, mask.tolist(), strict=True) if wanted]


def _plain(values: np.ndarray) -> list[Plain]:
    """Numbers for JSON, six digits: a picture shows no more, and the page stays small."""
    return [float(f"{value:.6g}") for value in values.tolist()]
