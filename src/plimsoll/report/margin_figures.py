"""Heat maps of losses by price and volatility: live, drawn, and for notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from markupsafe import Markup

from plimsoll.domain.margin_explanation import UnitExplanation
from plimsoll.errors import UsageError
from plimsoll.report.embedding import Plain, plot_text
from plimsoll.report.figures import Figure, axis, layout
from plimsoll.report.margin_grid import LossGrid, amount_texts, loss_grid, move_text
from plimsoll.report.palette import BREACH, INK, MUTED
from plimsoll.report.surface_page import Picture
from plimsoll.report.svg import drawing, text

_STOPS = ((0.0, "#0b4f86"), (0.25, "#9cc3e0"), (0.5, "#f7f9fb"), (0.75, "#f1b193"), (1.0, BREACH))
"""Gain deep blue, nothing near white, loss red; the numbers stand in the cells."""
_ROW, _HEAD, _FOOT = 24.0, 30.0, 30.0
_WIDTH, _LEFT = 520.0, 78.0


def loss_pictures(
    explanations: Sequence[UnitExplanation], source: str, preset: str = "", prefix: str = ""
) -> Iterator[Picture]:
    """Return a heat map per margin unit and risk unit.

    Parameters
    ----------
    source : str
        Price source.
    preset : str
        Preset and its accuracy; both stand in the title of every picture.
    prefix : str
        Of the pictures' keys.
    """
    label = figure_label(source, preset)
    for place, explained in enumerate(explanations):
        for number, losses in enumerate(explained.scenarios):
            title = _title(explained, losses.risk_unit, preset)
            grid = loss_grid(losses, title, explained.numeraire)
            if not grid.moves:
                continue
            yield Picture(
                key=f"{prefix}loss-{place}-{number}",
                kind="loss term",
                title=grid.title,
                about=_about(grid),
                live=loss_figure(grid, label),
                printed=loss_drawing(grid, label),
            )


def figure_label(source: str, preset: str) -> str:
    """Return what a number of a preset never stands without: price source, preset and accuracy.

    >>> figure_label("SYNTHETIC", "preset okx, partial")
    'SYNTHETIC; preset okx, partial'
    """
    return f"{source}; {preset}" if preset else source


def loss_plots(
    explanations: Sequence[UnitExplanation], source: str, preset: str = ""
) -> Mapping[str, Any]:
    """Return the heat maps as ``plotly.graph_objects.Figure``, by name.

    Each has account, risk unit, preset with accuracy, and price source in its title.

    Raises
    ------
    UsageError
        Where plotly is not installed.
    """
    try:
        from plotly.graph_objects import Figure as Plot
    except ImportError as error:
        raise UsageError(
            "plotly must be installed", field="figures", remedy="pip install plotly"
        ) from error
    return {
        picture.key: Plot(data=picture.live["data"], layout=_titled(picture))
        for picture in loss_pictures(explanations, source, preset)
    }


def _titled(picture: Picture) -> Plain:
    """The layout of a picture that stands without its page: its title over that of the source."""
    shown: Any = picture.live["layout"]
    title = f"{plot_text(picture.title)}<br>{shown['title']['text']}"
    room = {"margin": {**shown["margin"], "t": 52}, "height": shown["height"] + 22.0}
    return {**shown, **room, "title": {**shown["title"], "text": title}}


def loss_figure(grid: LossGrid, label: str) -> Figure:
    """Return the live heat map; the binding cell has a frame, the runner-up a dashed one."""
    reach = _reach(grid)
    heat: Figure = {
        "type": "heatmap",
        "x": list(range(len(grid.vols))),
        "y": list(range(len(grid.moves))),
        "z": [[_plain(v) for v in row] for row in grid.losses.tolist()],
        "text": [list(row) for row in amount_texts(grid.losses)],
        "texttemplate": "%{text}",
        "textfont": {"size": 11},
        "customdata": [[plot_text(name) for name in row] for row in grid.names],
        "hovertemplate": "%{customdata}<br>%{z:.6g} "
        + plot_text(grid.currency)
        + "<extra></extra>",
        "colorscale": [[at, colour] for at, colour in _STOPS],
        "zmin": -reach,
        "zmax": reach,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
    }
    shown = layout(
        _HEAD + _FOOT + 36.0 + _ROW * len(grid.moves),
        label,
        margin={"l": 90, "r": 8, "t": 30, "b": 44},
        xaxis=axis(
            "volatility",
            tickvals=list(range(len(grid.vols))),
            ticktext=[plot_text(v.replace("_", " ")) for v in grid.vols],
            showgrid=False,
        ),
        yaxis=axis(
            "move of price",
            tickvals=list(range(len(grid.moves))),
            ticktext=[move_text(m) for m in grid.moves],
            range=[len(grid.moves) - 0.5, -0.5],
            showgrid=False,
            automargin=False,
        ),
        shapes=[*_frame(grid.binding, "solid"), *_frame(grid.runner_up, "dot")],
    )
    return {"data": [heat], "layout": shown}


def loss_drawing(grid: LossGrid, label: str) -> Markup:
    """Return the same as a drawing, for paper and readers without script."""
    across = (_WIDTH - _LEFT - 8.0) / len(grid.vols)
    height = _HEAD + _FOOT + _ROW * len(grid.moves)
    texts = amount_texts(grid.losses)
    parts: list[Markup] = []
    for column, vol in enumerate(grid.vols):
        middle = _LEFT + across * (column + 0.5)
        parts.append(
            text(middle, _HEAD - 8.0, vol.replace("_", " "), anchor="middle", size=10, colour=MUTED)
        )
    for row, move in enumerate(grid.moves):
        top = _HEAD + _ROW * row
        parts.append(text(_LEFT - 6.0, top + 16.0, move_text(move), anchor="end", size=10))
        for column in range(len(grid.vols)):
            shown = texts[row][column]
            parts.append(_cell(grid, (row, column), shown, _LEFT + across * column, top, across))
    foot = "move of price down the side, volatility across; framed: binds; dashed: runner-up"
    parts.append(text(_LEFT, height - 9.0, foot, size=9, colour=MUTED))
    return drawing(_WIDTH, height, f"Losses of {grid.title}, {label}", parts)


def _cell(
    grid: LossGrid, place: tuple[int, int], shown: str, x: float, y: float, width: float
) -> Markup:
    value = float(grid.losses[place])
    if not np.isfinite(value):
        return Markup("")
    frame, dash = "#ffffff", ""
    if place == grid.binding:
        frame = INK
    elif place == grid.runner_up:
        frame, dash = INK, "3 2"
    fill, ink = _colour(value / _reach(grid))
    box = Markup(
        '<rect x="{}" y="{}" width="{}" height="{}" fill="{}" stroke="{}" stroke-width="{}" '
        'stroke-dasharray="{}"/>'
    ).format(
        f"{x + 1:.1f}", f"{y + 1:.1f}", f"{width - 2:.1f}", f"{_ROW - 2:.1f}", fill, frame,
        2 if frame == INK else 0, dash,
    )  # fmt: skip
    middle = x + width / 2.0
    return box + text(middle, y + 16.0, shown, anchor="middle", size=10, colour=ink)


def _colour(share: float) -> tuple[str, str]:
    """Colour of a cell from gain (-1) to loss (1), and of the number in it."""
    place = min(max(0.5 * (share + 1.0), 0.0), 1.0)
    for (low, first), (high, second) in pairwise(_STOPS):
        if place <= high:
            fill = _mixed(first, second, (place - low) / (high - low))
            return fill, "#ffffff" if _is_dark(fill) else INK
    return BREACH, "#ffffff"


def _mixed(first: str, second: str, part: float) -> str:
    mixed = [
        round(a + (b - a) * part) for a, b in zip(_channels(first), _channels(second), strict=True)
    ]
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _channels(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def _is_dark(colour: str) -> bool:
    """Whether white reads better than ink on it (perceived brightness of Rec. 601)."""
    red, green, blue = _channels(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue < 140.0


def _frame(cell: tuple[int, int] | None, dash: str) -> list[Plain]:
    if cell is None:
        return []
    row, column = cell
    return [
        {
            "type": "rect",
            "x0": column - 0.49,
            "x1": column + 0.49,
            "y0": row - 0.48,
            "y1": row + 0.48,
            "line": {"color": INK, "width": 2, "dash": dash},
            "fillcolor": "rgba(0,0,0,0)",
        }
    ]


def _reach(grid: LossGrid) -> float:
    seen = np.abs(grid.losses[np.isfinite(grid.losses)])
    return float(seen.max()) if seen.size and seen.max() > 0.0 else 1.0


def _plain(value: float) -> Plain:
    return value if np.isfinite(value) else None


def _title(explained: UnitExplanation, risk_unit: str, preset: str) -> str:
    unit = "" if explained.unit == "cross" else f", {explained.unit}"
    label = f", {preset}" if preset else ""
    return f"{explained.account}{unit}: {risk_unit} [{explained.numeraire}]{label}"


def _about(grid: LossGrid) -> str:
    if grid.apart == 1:
        apart = " One scenario that moves something else stands in the table."
    elif grid.apart:
        apart = f" {grid.apart} scenarios that move something else stand in the table."
    else:
        apart = ""
    bound = " The framed cell binds, the dashed one is the runner-up." if grid.binding else ""
    shared = " Where scenarios share a cell, the largest loss is shown." if grid.covered else ""
    return (
        f"Loss by move of price and volatility in {grid.currency}, as the model counts it; a gain "
        f"is negative.{bound}{shared}{apart}"
    )
