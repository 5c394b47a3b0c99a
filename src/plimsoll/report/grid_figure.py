"""Margin against reference loss of every portfolio, log-log: the published set and the calibrated.

Where a mark lies under the diagonal, the loss that the calm scenarios exceed at the target is more
than the margin.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from plimsoll.domain.evidence import Evidence
from plimsoll.report.embedding import plot_text
from plimsoll.report.figures import SYMBOLS, Figure, axis, layout
from plimsoll.report.key_figures import find_column, find_table, number
from plimsoll.report.palette import GRID, LOSS, MARGIN, MUTED, RULE
from plimsoll.report.svg import Scale, drawing, line, mark, text, upright_text

_WIDTH, _HEIGHT = 560.0, 400.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 60.0, 30.0, 34.0, 44.0
_SHAPES = {"hedged": "circle", "directional": "triangle"}
_SETS = (("published", LOSS, False), ("calibrated", MARGIN, True))
_TITLES = ("reference loss at the target [USD]", "initial margin [USD]")
_NEEDED = ("portfolio", "group", "loss", "published", "calibrated")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioMark:
    """One portfolio: name, group, reference loss, margins by set."""

    name: str
    group: str
    loss: float
    published: float
    calibrated: float

    @property
    def is_drawn(self) -> bool:
        """Whether all three have a logarithm."""
        return min(self.loss, self.published, self.calibrated) >= 1.0


def portfolio_marks(evidence: Evidence) -> tuple[PortfolioMark, ...]:
    """Return the rows of the table ``grid_portfolios`` that a logarithmic picture can show."""
    table = find_table(evidence, "grid_portfolios")
    if table is None or not all(find_column(table, name) for name in _NEEDED):
        return ()
    marks = (
        PortfolioMark(
            name=str(row["portfolio"]),
            group=str(row["group"]),
            loss=number(row["loss"]),
            published=number(row["published"]),
            calibrated=number(row["calibrated"]),
        )
        for row in table
    )
    return tuple(m for m in marks if m.is_drawn)


def _ends(marks: Sequence[PortfolioMark]) -> tuple[float, float]:
    """Half powers of ten around everything drawn, as logarithms."""
    values = [v for m in marks for v in (m.loss, m.published, m.calibrated)]
    low, high = (2.0 * math.log10(end) for end in (min(values), max(values)))
    return math.floor(low) / 2.0, math.floor(high + 1.0) / 2.0


def grid_figure(marks: Sequence[PortfolioMark], label: str) -> Figure:
    """Return the live picture."""
    low, high = _ends(marks)
    diagonal: Figure = {
        "type": "scatter",
        "mode": "lines",
        "name": "margin = loss",
        "x": [10.0**low, 10.0**high],
        "y": [10.0**low, 10.0**high],
        "line": {"color": MUTED, "width": 1, "dash": "dash"},
        "hoverinfo": "skip",
    }
    traces = [
        _trace(marks, group, name, colour, filled)
        for name, colour, filled in _SETS
        for group in _SHAPES
    ]
    shown = layout(
        480,
        label,
        xaxis=axis(_TITLES[0], type="log", range=[low, high], dtick=1),
        yaxis=axis(_TITLES[1], type="log", range=[low, high], dtick=1),
    )
    return {"data": [diagonal, *traces], "layout": shown}


def _trace(
    marks: Sequence[PortfolioMark], group: str, name: str, colour: str, filled: bool
) -> Figure:
    own = [m for m in marks if m.group == group]
    symbol = SYMBOLS[_SHAPES[group]] + ("" if filled else "-open")
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{group}, {name}",
        "x": [m.loss for m in own],
        "y": [getattr(m, name) for m in own],
        "text": [plot_text(m.name) for m in own],
        "marker": {"size": 6, "color": colour, "symbol": symbol, "opacity": 0.8},
        "hovertemplate": "%{text}<br>loss %{x:,.0f} USD<br>margin %{y:,.0f} USD<extra></extra>",
    }


def grid_drawing(marks: Sequence[PortfolioMark], label: str) -> Markup:
    """Return the picture as SVG."""
    low, high = _ends(marks)
    across = Scale(low=low, high=high, start=_LEFT, stop=_WIDTH - _RIGHT)
    up = Scale(low=low, high=high, start=_HEIGHT - _BOTTOM, stop=_TOP)
    parts = [*_frame(across, up), *_legend()]
    for name, colour, filled in _SETS:
        for one in marks:
            place = across(math.log10(one.loss)), up(math.log10(getattr(one, name)))
            shape = _SHAPES.get(one.group, "square")
            parts.append(mark(*place, shape, colour=colour, radius=1.9, filled=filled))
    return drawing(_WIDTH, _HEIGHT, f"Margin against reference loss, {label}", parts)


def _frame(across: Scale, up: Scale) -> Iterator[Markup]:
    low, high = across.low, across.high
    for power in range(math.ceil(low), math.floor(high) + 1):
        told = f"{10**power:,}"
        yield line(across(power), up.stop, across(power), up.start, colour=GRID)
        yield line(across.start, up(power), across.stop, up(power), colour=GRID)
        yield text(across(power), up.start + 13, told, anchor="middle", size=9, colour=MUTED)
        yield text(across.start - 5, up(power) + 3, told, anchor="end", size=9, colour=MUTED)
    yield line(across.start, up.start, across.stop, up.start, colour=RULE)
    yield line(across(low), up(low), across(high), up(high), colour=MUTED, dash="4 3")
    middle = (across.start + across.stop) / 2
    yield text(middle, up.start + 29, _TITLES[0], anchor="middle", size=9.5, colour=MUTED)
    yield upright_text(12, (up.start + up.stop) / 2, _TITLES[1], size=9.5)


def _legend() -> Iterator[Markup]:
    x = _LEFT
    for name, colour, filled in _SETS:
        for group, shape in _SHAPES.items():
            told = f"{group}, {name}"
            yield mark(x + 4, 14, shape, colour=colour, radius=3, filled=filled)
            yield text(x + 11, 17, told, size=8.5, colour=MUTED)
            x += 18 + 4.7 * len(told)
