"""Dress of the live pictures: plotly JSON (data and layout), drawn in the browser by report.js."""

from __future__ import annotations

from plimsoll.report.embedding import Plain, plot_text
from plimsoll.report.palette import GRID, INK, MUTED, RULE

Figure = dict[str, Plain]

SYMBOLS = {"circle": "circle", "triangle": "triangle-up", "square": "square", "diamond": "diamond"}
"""Name that plotly has for each shape of the drawings."""

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
