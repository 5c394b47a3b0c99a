"""Which markets move most, and least, with one: as things are, stressed and broken."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from plimsoll.estimators.nightly.dependence import DependenceEstimate
from plimsoll.report.arrangement import short_name
from plimsoll.report.estimate_axes import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    across_axis,
    empty,
    key,
    linear_marks,
)
from plimsoll.report.palette import BREACH, GRID, INK, MARGIN, MUTED, RULE
from plimsoll.report.svg import Scale, drawing, line, mark, text

_MOST, _LEAST = 9, 2
_INDENT = 64.0
_DRESS = (
    ("circle", MARGIN, True, "as estimated"),
    ("triangle", BREACH, False, "stressed"),
    ("diamond", MUTED, False, "broken"),
)


def neighbours_drawing(found: DependenceEstimate, market: str, title: str) -> Markup:
    """Return correlations of one market with its closest and its farthest others."""
    if market not in found.markets or len(found.markets) < 2:
        return drawing(WIDTH, HEIGHT, title, [empty("no correlations")])
    at = found.markets.index(market)
    rows = [np.asarray(m[at]) for m in (found.correlation, found.stressed, found.broken)]
    order = [j for j in np.argsort(-rows[0], kind="stable").tolist() if j != at]
    chosen = order if len(order) <= _MOST + _LEAST else [*order[:_MOST], *order[-_LEAST:]]
    low = min(0.0, *(float(r[chosen].min()) for r in rows))
    across = Scale(low=low, high=1.0, start=LEFT + _INDENT, stop=RIGHT - 6)
    step = (BOTTOM - TOP) / len(chosen)
    parts = [
        *across_axis(linear_marks(across, 6), "correlation of standardised returns [1]"),
        line(across(0.0), BOTTOM, across(0.0), TOP, colour=RULE),
        *key(
            tuple(
                (mark(7, 0, shape, colour=colour, radius=3, filled=filled), words, 92.0)
                for shape, colour, filled, words in _DRESS
            )
        ),
    ]
    for place, j in enumerate(chosen):
        y = TOP + (place + 0.5) * step
        name = short_name(found.markets[j], 16)
        parts.append(line(across.start, y, across.stop, y, colour=GRID))
        parts.append(text(across.start - 6, y + 3, name, anchor="end", size=9.5, colour=INK))
        for (shape, colour, filled, _), row in zip(_DRESS, rows, strict=True):
            dot = mark(across(float(row[j])), y, shape, colour=colour, radius=3, filled=filled)
            parts.append(dot)
    if len(chosen) < len(order):
        y = TOP + _MOST * step
        parts.append(line(LEFT, y, RIGHT, y, colour=MUTED, dash="2 3"))
    return drawing(WIDTH, HEIGHT, title, parts)
