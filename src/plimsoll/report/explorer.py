"""The chooser of market and side: series, thinned and packed, and the dress of their picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plimsoll.domain.evidence import CoverageSeries
from plimsoll.report.coverage_points import CoveragePoint, series_key
from plimsoll.report.embedding import Plain, base64_array
from plimsoll.report.figures import Figure, axis, layout
from plimsoll.report.palette import BAND, BREACH, LOSS, MARGIN, MUTED
from plimsoll.report.thinning import kept_rows

MINUTE_NS = 60_000_000_000
BUCKETS = 500
"""Stretches of a series kept apart: two pixels wide on a common screen."""


def explorer(
    worst: Sequence[CoverageSeries], rows: Mapping[tuple[str, str, str], CoveragePoint], label: str
) -> Figure:
    """Return all that report.js needs to draw any market and side.

    Parameters
    ----------
    worst : sequence of CoverageSeries
        In the order of the chooser.
    rows : mapping
        Rows of the coverage table by market, side and horizon.
    label : str
        Price source.
    """
    return {
        "layout": _layout(label),
        "traces": _traces(),
        "series": [packed_series(item, rows.get(series_key(item))) for item in worst],
    }


def packed_series(series: CoverageSeries, row: CoveragePoint | None) -> Figure:
    """Return one series: times in minutes, margin and loss in per cent as float32.

    ``breaches`` holds the positions of the breaches among the kept points: they are decided on
    the full-precision numbers, never on the rounded ones. ``held`` and ``broken`` count horizons
    and breaches up to each kept point. ``tested`` holds the counts of the table; expectations are
    drawn only where the series has as many horizons (``is_counted``).
    """
    kept = kept_rows(series, BUCKETS)
    breached = series.breaches
    excess = np.where(breached, series.loss - series.margin, -np.inf)
    worst = int(np.argmax(excess)) if bool(breached.any()) else -1
    return {
        "market": series.market,
        "side": series.side,
        "horizon": series.horizon,
        "points": int(series.time_ns.size),
        "is_counted": row is not None and row.count == int(series.horizon_counts.sum()),
        "is_horizon": series.horizons is None,
        "tested": _tested(row),
        "worst": None if worst < 0 else float(f"{100.0 * excess[worst]:.6g}"),
        "worst_minute": None if worst < 0 else int(series.time_ns[worst] // MINUTE_NS),
        "held": base64_array(np.cumsum(series.horizon_counts)[kept], "uint32"),
        "broken": base64_array(np.cumsum(series.breach_counts)[kept], "uint32"),
        "minute": base64_array(series.time_ns[kept] // MINUTE_NS, "uint32"),
        "margin": base64_array(100.0 * series.margin[kept], "float32"),
        "loss": base64_array(100.0 * series.loss[kept], "float32"),
        "breaches": base64_array(np.flatnonzero(breached[kept]), "uint32"),
    }


def _tested(row: CoveragePoint | None) -> Plain:
    if row is None:
        return None
    return {"count": row.count, "breaches": row.breaches, "target": row.target}


def _layout(label: str) -> Figure:
    return layout(
        560,
        label,
        margin={"l": 64, "r": 16, "t": 66, "b": 40},
        hovermode="x",
        xaxis=axis("", type="date", anchor="y2", hoverformat="%Y-%m-%d %H:%M"),
        yaxis=axis("share of notional [%]", domain=[0.36, 1.0], zeroline=True, zerolinecolor=MUTED),
        yaxis2=axis("breaches [count]", domain=[0.0, 0.27], rangemode="tozero"),
    )


def _traces() -> list[Plain]:
    """Dress of the traces, in the order in which report.js fills them."""
    steps: Plain = {"shape": "hv", "color": MARGIN, "width": 1.6}
    edge: Plain = {"width": 0}
    return [
        _lines("realised loss (+), gain (−)", {"color": LOSS, "width": 0.9}, "loss %{y:.2f} %"),
        _lines("margin held", steps, "margin %{y:.2f} %"),
        {
            "type": "scatter",
            "mode": "markers",
            "name": "breach: loss above margin",
            "marker": {"symbol": "diamond", "color": BREACH, "size": 7},
            "hoverinfo": "skip",
        },
        {**_lower("", edge), "showlegend": False, "hoverinfo": "skip"},
        {
            **_lower("95 % band of independent breaches at target", edge),
            "fill": "tonexty",
            "fillcolor": BAND,
            "hoverinfo": "skip",
        },
        {
            **_lower("breaches expected", {"color": MUTED, "width": 1.2, "dash": "dash"}),
            "hoverinfo": "skip",
        },
        {
            **_lower("breaches found", {"shape": "hv", "color": BREACH, "width": 1.6}),
            "hovertemplate": "%{y} breaches so far<extra></extra>",
        },
    ]


def _lines(name: str, line: Plain, hover: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "line": line,
        "hovertemplate": f"{hover}<extra></extra>",
    }


def _lower(name: str, line: Plain) -> Figure:
    return {"type": "scatter", "mode": "lines", "name": name, "line": line, "yaxis": "y2"}
