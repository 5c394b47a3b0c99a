"""Cost of closing a position at once, by its size."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from plimsoll.estimators.liquidity.estimate import LiquidityEstimate, Source
from plimsoll.report.estimate_axes import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    across_axis,
    band,
    dashed,
    empty,
    key,
    log_marks,
    log_scale,
    up_axis,
)
from plimsoll.report.palette import BAND, BREACH, MARGIN
from plimsoll.report.svg import drawing, line, mark, polyline

_BANDS = {Source.BOOKS: "\u00b1 two standard errors"}
_NO_BAND = "no error: fewer than ten books"
_RANGE = "range of spread and impact"


def cost_drawing(found: LiquidityEstimate | None, reason: str, title: str) -> Markup:
    """Return c(Q) in basis points with its band; the bad moment dashed."""
    if found is None:
        return drawing(WIDTH, HEIGHT, title, [empty(f"no cost curve: {reason.replace('_', ' ')}")])
    size = found.notional_usd.tolist()
    cost, low, high, worst = (
        np.maximum(1e4 * curve, 1e-3).tolist()
        for curve in (found.cost, found.cost_low, found.cost_high, found.cost_worst)
    )
    sure = bool(np.isfinite(found.cost_low).all() and np.isfinite(found.cost_high).all())
    if not sure:  # too few books for an error
        low = high = cost
    least, most = 0.8 * min(low), 1.25 * max(*high, *worst)
    across = log_scale(size[0], size[-1], LEFT + 6, RIGHT - 6)
    up = log_scale(max(least, most * 1e-5), most, BOTTOM, TOP)
    marks = log_marks(size[0], size[-1], across, dollars)
    heights = log_marks(max(least, most * 1e-5), most, up, lambda v: f"{v:,g}")
    points = [(across(q), up(c)) for q, c in zip(size, cost, strict=True)]
    signs = [
        (line(0, 0, 15, 0, colour=MARGIN, width=1.6), f"mean, from {found.source}", 128.0),
        (
            line(0, 0, 15, 0, colour=BAND, width=8 if sure else 0),
            _BANDS.get(found.source, _RANGE) if sure else _NO_BAND,
            170.0,
        ),
    ]
    if found.source is Source.BOOKS:
        worst_sign = line(0, 0, 15, 0, colour=BREACH, width=1.2, dash="4 3")
        signs.append((worst_sign, "1 % worst moment", 110.0))
    parts = [
        *across_axis(marks, "position closed at once [USD]"),
        *up_axis(heights, "cost [basis points of the position]"),
        band(
            [(across(q), up(a), up(b)) for q, a, b in zip(size, low, high, strict=True) if sure],
            MARGIN,
        ),
        polyline(points, colour=MARGIN, width=1.6),
        *(mark(x, y, "circle", colour=MARGIN, radius=2.4) for x, y in points),
        *key(signs),
    ]
    if found.source is Source.BOOKS:
        bad = [(across(q), up(c)) for q, c in zip(size, worst, strict=True)]
        parts.append(dashed(bad, colour=BREACH, width=1.2))
    return drawing(WIDTH, HEIGHT, title, parts)


def dollars(value: float) -> str:
    """Short form of an amount.

    >>> dollars(1e4), dollars(3e6)
    ('10k', '3M')
    """
    for unit, name in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"
