"""The frontier drawn: cost at the yardstick's coverage against peak to trough, named points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from plimsoll.calibration.frontier.figures import PathFigures
from plimsoll.report.embedding import plot_text
from plimsoll.report.figures import Figure, axis, layout
from plimsoll.report.palette import BREACH, INK, LOSS, MARGIN, MUTED
from plimsoll.report.scatter_axes import Box, meet, scatter_axes
from plimsoll.report.svg import Scale, drawing, mark, polyline, text

_WIDTH, _HEIGHT = 560.0, 360.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 16.0, 16.0, 44.0
_ACROSS = (0.95, 3.2)
_UP = (0.84, 1.06)
_TITLES = ("peak to trough of a trailing year", "mean margin at B's coverage, over B's")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierMark:
    """One place: its name is empty for policies that were tried and not chosen."""

    name: str
    peak_to_trough: float
    cost: float

    @property
    def inside(self) -> bool:
        """Whether it lies within the frame; what does not stands at the edge."""
        across = _ACROSS[0] <= self.peak_to_trough <= _ACROSS[1]
        return across and _UP[0] <= self.cost <= _UP[1]

    @property
    def held(self) -> tuple[float, float]:
        """Where it is drawn."""
        x = min(max(self.peak_to_trough, _ACROSS[0]), _ACROSS[1])
        return x, min(max(self.cost, _UP[0]), _UP[1])

    @property
    def label(self) -> str:
        """Name; with its figures where it lies beyond the frame."""
        beyond = f" (PT {self.peak_to_trough:.2f}, {self.cost:.2f})"
        return self.name + ("" if self.inside or not self.name else beyond)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOfSafety:
    """What one picture shows."""

    key: str
    title: str
    baselines: tuple[FrontierMark, ...]
    tried: tuple[FrontierMark, ...]
    points: tuple[FrontierMark, ...]


def price_of_safety(
    baselines: Mapping[str, Sequence[PathFigures]],
    tried: Mapping[str, Sequence[PathFigures]],
    points: Mapping[str, Sequence[PathFigures]],
    horizon: int,
    hours: int,
) -> PriceOfSafety:
    """Gather one horizon."""
    return PriceOfSafety(
        key=f"price-of-safety-{hours}",
        title=f"The price of safety, {hours} h",
        baselines=tuple(_marks(baselines, horizon)),
        tried=tuple(_marks(tried, horizon, named=False)),
        points=tuple(_marks(points, horizon)),
    )


def _marks(
    found: Mapping[str, Sequence[PathFigures]], horizon: int, *, named: bool = True
) -> Iterator[FrontierMark]:
    for name, figures in found.items():
        one = figures[horizon]
        yield FrontierMark(
            name=name if named else "",
            peak_to_trough=one.movement.peak_to_trough,
            cost=one.total.equal,
        )


def lower_edge(marks: Sequence[FrontierMark]) -> tuple[FrontierMark, ...]:
    """Marks that no other is cheaper and calmer than, from the calmest."""
    out: list[FrontierMark] = []
    for one in sorted(marks, key=lambda m: (m.peak_to_trough, m.cost)):
        if not out or one.cost < out[-1].cost:
            out.append(one)
    return tuple(out)


def frontier_figure(found: PriceOfSafety, label: str) -> Figure:
    """Return the live picture."""
    edge = lower_edge(found.tried)
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "edge of the policies tried",
            "x": [m.peak_to_trough for m in edge],
            "y": [m.cost for m in edge],
            "line": {"color": MARGIN, "width": 1.5},
            "hoverinfo": "skip",
        },
        _trace("policies tried, in hindsight", found.tried, MARGIN, "circle-open", 5),
        _trace("methods A-J", found.baselines, LOSS, "diamond", 9),
        _trace("points chosen walk-forward", found.points, BREACH, "square", 9),
    ]
    shown = layout(
        440,
        label,
        xaxis=axis(_TITLES[0], range=list(_ACROSS)),
        yaxis=axis(_TITLES[1], range=list(_UP)),
    )
    return {"data": list(traces), "layout": shown}


def _trace(name: str, marks: Sequence[FrontierMark], colour: str, symbol: str, size: int) -> Figure:
    places = [m.held for m in marks]
    return {
        "type": "scatter",
        "mode": "markers+text" if any(m.name for m in marks) else "markers",
        "name": name,
        "x": [x for x, _ in places],
        "y": [y for _, y in places],
        "cliponaxis": False,
        "text": [plot_text(m.label) for m in marks],
        "textposition": [_beside(m) for m in marks],
        "textfont": {"size": 10, "color": MUTED},
        "marker": {"size": size, "color": colour, "symbol": symbol},
        "customdata": [[m.peak_to_trough, m.cost] for m in marks],
        "hovertemplate": "%{text}<br>peak to trough %{customdata[0]:.2f}<br>"
        "cost %{customdata[1]:.3f}<extra></extra>",
    }


def _beside(one: FrontierMark) -> str:
    """Where the live name stands: never beyond the frame."""
    x, y = one.held
    return "middle left" if x > 2.4 else "bottom right" if y >= _UP[1] else "top right"


def frontier_drawing(found: PriceOfSafety, label: str) -> Markup:
    """Return the picture as SVG."""
    across = Scale(low=_ACROSS[0], high=_ACROSS[1], start=_LEFT, stop=_WIDTH - _RIGHT)
    up = Scale(low=_UP[0], high=_UP[1], start=_HEIGHT - _BOTTOM, stop=_TOP)

    def place(one: FrontierMark) -> tuple[float, float]:
        x, y = one.held
        return across(x), up(y)

    parts = [*scatter_axes(across, up, _TITLES)]
    edge = [place(m) for m in lower_edge(found.tried) if m.inside]
    parts.append(polyline(edge, colour=MARGIN, width=1.4))
    parts += [
        mark(*place(m), "circle", colour=MARGIN, radius=1.8, filled=False)
        for m in found.tried
        if m.inside
    ]
    taken: list[Box] = []
    named = [
        *((m, "square", BREACH, INK) for m in found.points),
        *((m, "diamond", LOSS, MUTED) for m in found.baselines),
    ]
    for one, _, _, _ in named:
        x, y = place(one)
        taken.append((x - 4, y - 4, x + 4, y + 4))
    for one, shape, colour, ink in named:
        x, y = place(one)
        parts.append(mark(x, y, shape, colour=colour, radius=3.6))
        parts.append(_named(one.label, x, y, taken, ink))
    return drawing(_WIDTH, _HEIGHT, f"{found.title}, {label}", parts)


def _named(label: str, x: float, y: float, taken: list[Box], colour: str) -> Markup:
    """The name at the nearest height at which it covers no other name and no mark."""
    end = x > 0.6 * _WIDTH
    width = 4.6 * len(label)
    left = x - 7 - width if end else x + 7

    def box(lower: float) -> Box:
        return left, y + lower - 7, left + width, y + lower + 2

    heights = [h for h in (3.0, -7.0, 13.0, -17.0, 23.0, -27.0, 33.0) if y + h > 18.0]
    lower = next((h for h in heights if not any(meet(box(h), b) for b in taken)), heights[0])
    taken.append(box(lower))
    anchor = "end" if end else "start"
    start = x - 7 if end else x + 7
    return text(start, y + lower, label, anchor=anchor, size=8, colour=colour)
