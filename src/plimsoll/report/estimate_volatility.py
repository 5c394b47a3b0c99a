"""Volatility, forecast quantiles and what came of them, over the recent past."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.estimators.nightly.horizon_estimate import HorizonEstimate
from plimsoll.report.estimate_axes import (
    LEFT,
    RIGHT,
    across_axis,
    empty,
    key,
    linear_marks,
    month_ticks,
    strokes,
    up_axis,
)
from plimsoll.report.palette import BREACH, LOSS, MARGIN
from plimsoll.report.svg import Scale, drawing, line, mark, polyline

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_WIDTH, _HEIGHT = 520.0, 330.0
_VOL_TOP, _VOL_BOTTOM, _MOVE_TOP, _MOVE_BOTTOM = 26.0, 92.0, 108.0, 290.0
_SHORT_DAYS = 60.0
_HIGHEST = 1.6
"""A move further out than so many of the largest quantile is drawn at the edge."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForecastHistory:
    """One market's forecasts by step: simple moves of its price against their quantiles.

    Parameters
    ----------
    day : (D,) float64
        Days since 1970.
    volatility : (D,) float64
        Annual, a fraction.
    lower, upper : (D,) float64
        Quantiles of the move: minus the loss of a long, plus that of a short.
    move : (D,) float64
        NaN where it is not known.
    """

    day: FloatArray
    volatility: FloatArray
    lower: FloatArray
    upper: FloatArray
    move: FloatArray

    @property
    def breaches(self) -> tuple[int, int, int]:
        """Falls and rises beyond their quantile, and moves that could have been."""
        known = np.isfinite(self.move) & np.isfinite(self.lower)
        move, lower, upper = self.move[known], self.lower[known], self.upper[known]
        return int((move < lower).sum()), int((move > upper).sum()), int(known.sum())


def forecast_history(found: HorizonEstimate, column: int) -> ForecastHistory:
    """Return what one market's forecasts were, and its moves."""
    years = 365.0 * DAY_NS / (found.horizon_hours * HOUR_NS)
    return ForecastHistory(
        day=found.path_ns / DAY_NS,
        volatility=np.exp(found.log_scale_path[:, column]) * np.sqrt(years),
        lower=-found.value_at_risk_path[:, column, 0],
        upper=found.value_at_risk_path[:, column, 1],
        move=np.expm1(found.moves[:, column]),
    )


def volatility_drawing(history: ForecastHistory, title: str) -> Markup:
    """Return the volatility above, moves between their quantiles below; breaches marked."""
    known = np.isfinite(history.lower)
    if known.sum() < 2:
        reason = "no forecast of its own in the recent past"
        return drawing(_WIDTH, _HEIGHT, title, [empty(reason)])
    day = history.day[known]
    across = Scale(low=float(day[0]), high=float(day[-1]), start=LEFT, stop=RIGHT)
    months = month_ticks(int(day[0] * DAY_NS), int(day[-1] * DAY_NS))
    at = [(across(float(d)), name) for d, name in months if day[0] <= d <= day[-1]]
    parts = [*_key(history)]
    parts += _volatility(history, known, across)
    parts += [line(x, _VOL_BOTTOM, x, _VOL_TOP) for x, _ in at]
    parts += across_axis(at, "start of the move (UTC)", _MOVE_BOTTOM, _MOVE_TOP)
    parts += _moves(history, known, across)
    return drawing(_WIDTH, _HEIGHT, title, parts)


def _key(history: ForecastHistory) -> Iterator[Markup]:
    falls, rises, count = history.breaches
    yield from key(
        (
            (line(0, 0, 15, 0, colour=MARGIN, width=1.5), "99 % quantiles", 102.0),
            (line(7, -4, 7, 4, colour=LOSS, width=1.5), "moves", 66.0),
            (
                mark(7, 0, "diamond", colour=BREACH, radius=3),
                f"breaches: {falls} falls, {rises} rises of {count:,}",
                200.0,
            ),
        )
    )


def _volatility(history: ForecastHistory, known: FloatArray, across: Scale) -> Iterator[Markup]:
    values = history.volatility[known]
    up = Scale(low=0.0, high=float(np.nanmax(values)) * 1.08, start=_VOL_BOTTOM, stop=_VOL_TOP)
    marks = linear_marks(up, 3, 100.0)
    yield from up_axis(marks, "vol [% a year]", _VOL_BOTTOM, _VOL_TOP)
    points = zip(history.day[known][::3], values[::3], strict=True)
    yield polyline(((across(float(d)), up(float(v))) for d, v in points), colour=MARGIN, width=1.1)


def _moves(history: ForecastHistory, known: FloatArray, across: Scale) -> Iterator[Markup]:
    day, lower, upper = history.day[known], history.lower[known], history.upper[known]
    move = history.move[known]
    edge = _HIGHEST * max(float(np.nanmax(upper)), -float(np.nanmin(lower)))
    seen = move[np.isfinite(move)]
    high = min(edge, 1.08 * max(float(np.nanmax(upper)), float(seen.max(initial=0.0))))
    low = max(-edge, 1.08 * min(float(np.nanmin(lower)), float(seen.min(initial=0.0))))
    up = Scale(low=low, high=high, start=_MOVE_BOTTOM, stop=_MOVE_TOP)
    yield from up_axis(linear_marks(up, 5, 100.0), "move [% of price]", _MOVE_BOTTOM, _MOVE_TOP)
    spans = (
        (across(float(d)), up(max(low, min(0.0, a))), up(min(high, max(0.0, b))))
        for d, a, b in _daily(day, move)
    )
    yield strokes(spans, colour=LOSS, width=0.8)
    for bound in (lower, upper):
        points = zip(day[::3], bound[::3], strict=True)
        yield polyline(
            ((across(float(d)), up(float(v))) for d, v in points), colour=MARGIN, width=1.1
        )
    with np.errstate(invalid="ignore"):
        beyond = np.flatnonzero((move < lower) | (move > upper))
    for i in beyond.tolist():
        y = up(float(np.clip(move[i], low, high)))
        yield mark(across(float(day[i])), y, "diamond", colour=BREACH, radius=2.4)


def _daily(day: FloatArray, move: FloatArray) -> Iterator[tuple[float, float, float]]:
    """Smallest and largest move begun on each day; each move of a short past by itself."""
    number = np.floor(day) if day[-1] - day[0] > _SHORT_DAYS else day
    for start in np.unique(number):
        those = (number == start) & np.isfinite(move)
        if those.any():
            yield float(day[those].mean()), float(move[those].min()), float(move[those].max())
