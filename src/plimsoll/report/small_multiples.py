"""The worst markets side by side: margin, loss and breaches, drawn for print and for no script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from markupsafe import Markup

from plimsoll.domain.evidence import CoverageSeries
from plimsoll.domain.table import iso_minute
from plimsoll.report.arrangement import short_name
from plimsoll.report.coverage_points import CoveragePoint, series_key
from plimsoll.report.palette import BREACH, INK, LOSS, MARGIN, MUTED, RULE
from plimsoll.report.svg import (
    Scale,
    drawing,
    line,
    mark,
    percent_tick,
    polyline,
    text,
    ticks,
    upright_text,
)
from plimsoll.report.thinning import kept_rows

PANELS = 12
_ACROSS = 3
_WIDTH, _HEIGHT = 240.0, 138.0
_TOP = 22.0
_BUCKETS = 80
_CROWD = 60


def small_multiples(
    worst: Sequence[CoverageSeries], rows: Mapping[tuple[str, str, str], CoveragePoint], label: str
) -> Markup:
    """Return up to twelve panels, each on its own scale, with a key above.

    The count beside a name is that of the table, where ``rows`` has one: a point of a series may
    stand for several horizons.
    """
    shown = [item for item in worst if item.time_ns.size][:PANELS]
    if not shown:
        return Markup("")
    parts: list[Markup] = [*_key()]
    for index, item in enumerate(shown):
        row, column = divmod(index, _ACROSS)
        count = _count(item, rows.get(series_key(item)))
        parts += _panel(item, count, column * _WIDTH, _TOP + row * _HEIGHT)
    height = _TOP + _HEIGHT * -(-len(shown) // _ACROSS)
    title = f"Margin against realised loss of {len(shown)} markets and sides, {label}"
    return drawing(_ACROSS * _WIDTH, height, title, parts)


def _panel(series: CoverageSeries, count: str, left: float, top: float) -> Iterator[Markup]:
    rows = kept_rows(series, _BUCKETS)
    times, margin, loss = series.time_ns[rows], series.margin[rows], series.loss[rows]
    across = Scale(
        low=float(times[0]), high=float(times[-1]), start=left + 34, stop=left + _WIDTH - 8
    )
    both = np.concatenate([margin, loss, [1e-9]])
    high = float(np.max(both[np.isfinite(both)])) * 1.05
    up = Scale(low=0.0, high=high, start=top + _HEIGHT - 24, stop=top + 16)
    yield text(left + 34, top + 10, f"{short_name(series.market, 18)} {series.side}", size=9)
    yield text(left + _WIDTH - 8, top + 10, count, anchor="end", size=9, colour=MUTED)
    yield from _axes(times, across, up)
    floor = np.clip(np.nan_to_num(loss), 0.0, None)
    yield polyline(_points(times, floor, across, up), colour=LOSS, width=0.5)
    yield polyline(_points(times, margin, across, up), colour=MARGIN, width=1.1)
    breached = series.breaches[rows]
    radius = 2.2 if int(breached.sum()) <= _CROWD else 1.4
    for at, value in zip(times[breached], loss[breached], strict=True):
        yield mark(across(float(at)), up(float(value)), "diamond", colour=BREACH, radius=radius)


def _points(
    times: np.ndarray, values: np.ndarray, across: Scale, up: Scale
) -> Iterator[tuple[float, float]]:
    for time, value in zip(times, values, strict=True):
        if np.isfinite(value):
            yield across(float(time)), up(float(value))


def _count(series: CoverageSeries, row: CoveragePoint | None) -> str:
    if row is not None:
        return f"{row.breaches:,} of {row.count:,}"
    return f"{int(series.breaches.sum()):,} of {series.time_ns.size:,} points"


def _axes(times: np.ndarray, across: Scale, up: Scale) -> Iterator[Markup]:
    for value in ticks(up.low, up.high, 4):
        yield line(across.start, up(value), across.stop, up(value))
        yield text(
            across.start - 4,
            up(value) + 3,
            percent_tick(value),
            anchor="end",
            size=8.5,
            colour=MUTED,
        )
    yield line(across.start, up.start, across.stop, up.start, colour=RULE)
    yield upright_text(across.start - 26, (up.start + up.stop) / 2, "% of notional", size=8)
    for at, name in _dates(times):
        x = across(at)
        yield line(x, up.start, x, up.start + 3, colour=MUTED)
        yield text(x, up.start + 12, name, anchor="middle", size=8.5, colour=MUTED)


def _dates(times: np.ndarray) -> list[tuple[float, str]]:
    """New Years within the span; first and last day where there are fewer than two."""
    first, last = int(times[0]), int(times[-1])
    years = range(int(iso_minute(first)[:4]) + 1, int(iso_minute(last)[:4]) + 1)
    starts = [(float(np.datetime64(f"{y}-01-01", "ns").astype(np.int64)), str(y)) for y in years]
    if len(starts) >= 2:
        return starts
    inner = (last - first) // 8
    return [(float(t), iso_minute(t)[:10]) for t in (first + inner, last - inner)]


def _key() -> Iterator[Markup]:
    yield line(36, 9, 58, 9, colour=MARGIN, width=1.6)
    yield text(64, 12.4, "margin held")
    yield line(146, 9, 168, 9, colour=LOSS, width=1)
    yield text(174, 12.4, "realised loss (gains at zero)")
    yield mark(340, 9, "diamond", colour=BREACH, radius=3.4)
    yield text(348, 12.4, "breach: loss above margin", colour=INK)
