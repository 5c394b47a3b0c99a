"""The tails of standardised returns: quantiles against quantiles, survival, choice of threshold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from scipy.special import betaincinv

from plimsoll.estimators.nightly.market_tails import MarketTails, SideTail
from plimsoll.estimators.tails.peaks_over_threshold import FittedTail
from plimsoll.estimators.tails.threshold_choice import ThresholdStability
from plimsoll.report.estimate_axes import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    across_axis,
    band,
    empty,
    key,
    linear_marks,
    log_marks,
    log_scale,
    strokes,
    up_axis,
)
from plimsoll.report.palette import BREACH, INK, MARGIN, MUTED, RULE
from plimsoll.report.svg import Scale, drawing, line, mark, polyline, text

FloatArray = NDArray[np.float64]

SIDES = (("falls", "circle", MARGIN), ("rises", "triangle", BREACH))
_POINTS = 60
_NORMAL = 1.96


def quantile_drawing(tails: MarketTails, title: str) -> Markup:
    """Return exceedances against those the fitted tails expect, with 95 % of each rank."""
    sides = [(s, *dress) for s, dress in zip(_sides(tails), SIDES, strict=True) if s.tail]
    if not sides:
        return drawing(WIDTH, HEIGHT, title, [empty(_why(tails))])
    ordered = [
        (_ordered(side.tail), shape, colour) for side, _, shape, colour in sides if side.tail
    ]
    low = min(float(o[0].min()) for o, _, _ in ordered)
    high = max(float(max(o[0].max(), o[1].max())) for o, _, _ in ordered) * 1.06
    across = log_scale(low, high, LEFT, RIGHT)
    up = log_scale(low, high, BOTTOM, TOP)
    marks = log_marks(low, high, across, _plain), log_marks(low, high, up, _plain)
    parts = [
        *across_axis(marks[0], "quantile of the fitted tail [volatilities of a bar]"),
        *up_axis(marks[1], "observed [volatilities]"),
        *_key(),
    ]
    for found, _, colour in ordered:
        points = zip(*(v.tolist() for v in (found[0], found[2], found[3])), strict=True)
        parts.append(band([(across(x), up(a), up(b)) for x, a, b in points], colour))
    parts.append(line(LEFT, BOTTOM, RIGHT, TOP, colour=RULE, dash="3 3"))
    for found, shape, colour in ordered:
        for x, y in zip(found[0].tolist(), found[1].tolist(), strict=True):
            parts.append(mark(across(x), up(y), shape, colour=colour, radius=2.1, filled=False))
    return drawing(WIDTH, HEIGHT, title, parts)


def survival_drawing(tails: MarketTails, title: str) -> Markup:
    """Return the probability of a return beyond x, counted and fitted, with 95 % of the fit."""
    sides = [(s, *dress) for s, dress in zip(_sides(tails), SIDES, strict=True) if s.tail]
    if not sides:
        return drawing(WIDTH, HEIGHT, title, [empty(_why(tails))])
    curves = [_curve(side) for side, *_ in sides]
    fitted = [side.tail for side, *_ in sides if side.tail]
    low = min(t.threshold for t in fitted)
    high = 1.1 * max(max(float(t.threshold + t.excesses.max()) for t in fitted), *_ends(curves))
    least = 0.4 * min(1.0 / t.observations for t in fitted)
    most = 1.3 * max(t.tail_share for t in fitted)
    across, up = log_scale(low, high, LEFT, RIGHT), log_scale(least, most, BOTTOM, TOP)
    parts = [
        *across_axis(log_marks(low, high, across, _plain), "return [volatilities of a bar]"),
        *up_axis(log_marks(least, most, up, _percent), "bars beyond [%]"),
        *_key(),
    ]
    for curve, (_, _, _, colour) in zip(curves, sides, strict=True):
        wide = [(up(p), across(a), across(b)) for p, _, a, b in curve if np.isfinite(a + b)]
        parts.append(_sideways(wide, colour))
    for curve, (side, _, shape, colour) in zip(curves, sides, strict=True):
        line_points = ((across(x), up(p)) for p, x, _, _ in curve)
        parts.append(polyline(line_points, colour=colour, width=1.4))
        if side.tail is not None:
            parts += _counted(side.tail, shape, colour, across, up)
    return drawing(WIDTH, HEIGHT, title, parts)


def stability_drawing(
    falls: ThresholdStability | None, rises: ThresholdStability | None, used: float, title: str
) -> Markup:
    """Return the shape by the share of returns in the tail, with 95 % bars; the choice marked."""
    sides = [(s, *dress) for s, dress in zip((falls, rises), SIDES, strict=True) if s is not None]
    if not sides:
        return drawing(WIDTH, HEIGHT, title, [empty("no tail could be fitted")])
    shares = np.concatenate([s.tail_fractions for s, *_ in sides])
    reach = [np.where(np.isfinite(s.xi_errors), _NORMAL * s.xi_errors, 0.0) for s, *_ in sides]
    lows = [float((s.xi - r).min()) for (s, *_), r in zip(sides, reach, strict=True)]
    highs = [float((s.xi + r).max()) for (s, *_), r in zip(sides, reach, strict=True)]
    up = Scale(
        low=max(-1.0, min(*lows, -0.05)), high=min(1.5, max(*highs, 0.55)), start=BOTTOM, stop=TOP
    )
    low, high = 0.85 * float(shares.min()), 1.18 * float(shares.max())
    across = log_scale(low, high, LEFT, RIGHT)
    parts = [
        *across_axis(
            [(across(v), f"{100.0 * v:g}") for v in (0.02, 0.05, 0.1, 0.2) if low <= v <= high],
            "share of returns in the tail [%], high thresholds to the left",
        ),
        *up_axis(linear_marks(up, 5), "shape \u03be [1]"),
        line(LEFT, up(0.0), RIGHT, up(0.0), colour=INK, width=0.6),
        line(LEFT, up(0.5), RIGHT, up(0.5), colour=MUTED, dash="2 3"),
        text(RIGHT - 3, up(0.5) - 3, "infinite variance above", anchor="end", size=9, colour=MUTED),
        *_key(),
    ]
    if low < used < high:
        parts.append(line(across(used), BOTTOM, across(used), TOP, colour=RULE, width=5))
    for place, ((side, _, shape, colour), half) in enumerate(zip(sides, reach, strict=True)):
        x = [across(float(v)) + 4.0 * place - 2.0 for v in side.tail_fractions]
        bottom = np.maximum(side.xi - half, up.low).tolist()
        top = np.minimum(side.xi + half, up.high).tolist()
        spans = ((at, up(a), up(b)) for at, a, b in zip(x, bottom, top, strict=True))
        parts.append(strokes(spans, colour=colour, width=1.0))
        parts += [
            mark(at, up(float(np.clip(v, up.low, up.high))), shape, colour=colour, radius=2.6)
            for at, v in zip(x, side.xi, strict=True)
        ]
    return drawing(WIDTH, HEIGHT, title, parts)


def _sides(tails: MarketTails) -> tuple[SideTail, SideTail]:
    return tails.falls, tails.rises


def _why(tails: MarketTails) -> str:
    reason = tails.falls.reason
    return "no tail: " + ("" if reason is None else reason.value.replace("_", " "))


def _key() -> Iterator[Markup]:
    yield from key(
        tuple((mark(7, 0, shape, colour=c, radius=3), name, 62.0) for name, shape, c in SIDES)
    )


def _kept_ranks(count: int) -> NDArray[np.int64]:
    """Ranks from the largest, all of the first and ever fewer of the rest."""
    found = np.unique(np.rint(np.geomspace(1, count, _POINTS)).astype(np.int64))
    return found[found <= count]


def _ordered(tail: FittedTail) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Expected and observed exceedances, and the ends of 95 % of each order statistic."""
    count = tail.excesses.size
    ranks = _kept_ranks(count)
    observed = tail.threshold + tail.excesses[count - ranks]
    shares = [
        ranks / (count + 1.0),
        betaincinv(ranks, count - ranks + 1, 0.975),
        betaincinv(ranks, count - ranks + 1, 0.025),
    ]
    expected, low, high = (_beyond(tail, np.asarray(s, dtype=np.float64)) for s in shares)
    order = np.argsort(expected)
    return expected[order], observed[order], low[order], high[order]


def _beyond(tail: FittedTail, share: FloatArray) -> FloatArray:
    """Quantile beyond which a share of the exceedances lies."""
    if abs(tail.xi) < 1e-12:
        return np.asarray(tail.threshold - tail.beta * np.log(share))
    return np.asarray(tail.threshold + tail.beta / tail.xi * (share**-tail.xi - 1.0))


def _curve(side: SideTail) -> list[tuple[float, float, float, float]]:
    """Probability, quantile and its 95 % ends, from the threshold to beyond the largest return."""
    tail = side.tail
    if tail is None:
        return []
    found = []
    for p in np.geomspace(tail.tail_share * 0.999, 0.5 / tail.observations, 24):
        at = tail.quantile(1.0 - float(p))
        half = _NORMAL * side.quantile_error(1.0 - float(p))
        found.append((float(p), at, max(at - half, tail.threshold), at + half))
    return found


def _ends(curves: list[list[tuple[float, float, float, float]]]) -> list[float]:
    return [curve[-1][1] for curve in curves if curve]


def _sideways(points: list[tuple[float, float, float]], colour: str) -> Markup:
    """Band between two ends across, by height."""
    if len(points) < 2:
        return Markup("")
    there = "L".join(f"{a:.1f},{y:.1f}" for y, a, _ in points)
    back = "L".join(f"{b:.1f},{y:.1f}" for y, _, b in reversed(points))
    return Markup('<path d="M{}L{}Z" fill="{}" fill-opacity="0.11"/>').format(there, back, colour)


def _counted(tail: FittedTail, shape: str, colour: str, across: object, up: object) -> list[Markup]:
    assert callable(across)
    assert callable(up)
    ranks = _kept_ranks(tail.excesses.size)
    values = tail.threshold + tail.excesses[tail.excesses.size - ranks]
    per_peak = tail.exceedances / tail.excesses.size
    return [
        mark(
            across(float(x)),
            up(float(rank * per_peak / tail.observations)),
            shape,
            colour=colour,
            radius=2.1,
            filled=False,
        )
        for rank, x in zip(ranks, values, strict=True)
    ]


def _plain(value: float) -> str:
    return f"{value:g}"


def _percent(value: float) -> str:
    return f"{100.0 * value:g}"
