"""Whether one market's level of volatility changed, and when: structural-break tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from plimsoll.domain.finding import Reason
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import PlimsollError
from plimsoll.estimators.regimes.break_interval import BreakDate
from plimsoll.estimators.regimes.cumulated_squares import cusum_of_squares, variance_breaks
from plimsoll.estimators.regimes.mean_shifts import (
    LEAST_LEVELS,
    log_variance_level,
    mean_breaks,
    mean_shift_statistic,
)
from plimsoll.journeys.estimate_power import (
    DRAWS,
    LEVEL,
    VARIANCE_RATIO,
    RejectionShares,
    break_power,
)
from plimsoll.journeys.estimate_returns import IntArray, RecentReturns, failure

K = ColumnKind
Found = tuple[float, float, int, tuple[BreakDate, ...], IntArray, bool, RejectionShares]
"""Statistic, p, number of breaks, breaks, times of rows, whether of log variances, power."""
BLOCK_DAYS = 5
_SQUARES, _LEVEL = "cumulated squares (kappa 2)", "log variance of a day (sup F)"


def breaks_table(recent: RecentReturns) -> Table:
    """Return the tests of constant volatility, with the last break and its interval."""
    notes: list[str] = []
    rows = [
        _row(name, test, recent, notes)
        for name, test in ((_SQUARES, _squares), (_LEVEL, _daily_level))
    ]
    return Table(
        name="volatility_breaks",
        title=f"Breaks in the volatility of {recent.market}",
        columns=(
            Column(name="test", title="Test"),
            Column(name="statistic", title="Statistic", kind=K.NUMBER),
            Column(name="p_value", title="p", kind=K.NUMBER, digits=3),
            Column(
                name="power",
                title="Power",
                kind=K.NUMBER,
                digits=2,
                about="Chance to reject at 5 % if the variance rose by half at mid-sample.",
            ),
            Column(
                name="size",
                title="Size",
                kind=K.NUMBER,
                digits=2,
                about="The same without a break.",
            ),
            Column(name="breaks", title="Breaks at 5 %", kind=K.COUNT),
            Column(name="last", title="Last break (UTC)", kind=K.TIME),
            Column(name="earliest", title="95 % from", kind=K.TIME),
            Column(name="latest", title="to", kind=K.TIME),
            Column(name="before", title="Vol before", kind=K.FRACTION, digits=0, about="A year."),
            Column(name="after", title="Vol after", kind=K.FRACTION, digits=0, about="A year."),
            Column(name="reason", title="Reason"),
        ),
        rows=tuple(rows),
        notes=(
            f"{recent.span}. A flag on the level: the reference does not cut its history there. "
            "Persistence near 1 is not told from a break: cumulated squares reject a fifth of "
            "stationary GARCH samples at 5 %.",
            f"Power and size: {DRAWS} samples of the same returns in blocks of {BLOCK_DAYS} days "
            "drawn anew (seed 0), known to 5 points; slower clustering is gone from them.",
            *notes,
        ),
    )


def _row(
    name: str, test: Callable[[RecentReturns], Found], recent: RecentReturns, notes: list[str]
) -> tuple[Cell, ...]:
    blank = (name, *(None,) * 10)
    if recent.reason is not None:
        return (*blank, recent.reason.value)
    try:
        found = test(recent)
    except PlimsollError as error:
        notes.append(failure(name, error))
        return (*blank, Reason.FIT_FAILED.value)
    statistic, p_value, count, breaks, time_ns, logs, (size, power) = found
    dated = _dated(breaks, time_ns, logs, recent)
    return (name, statistic, p_value, power, size, count, *dated, None)


def _dated(
    breaks: Sequence[BreakDate], time_ns: IntArray, logs: bool, recent: RecentReturns
) -> tuple[Cell, ...]:
    """Last break, its interval, and annual volatility before and after it."""
    if not breaks:
        return (None,) * 5
    last = breaks[-1]
    years = math.sqrt(365.0 * recent.bars_per_day)
    levels = [math.exp(0.5 * v) if logs else math.sqrt(v) for v in (last.before, last.after)]
    times = [int(time_ns[min(row, time_ns.size - 1)]) for row in (last.row, last.lower, last.upper)]
    return (*times, levels[0] * years, levels[1] * years)


def _squares(recent: RecentReturns) -> Found:
    found = variance_breaks(recent.known, kind="kappa2")
    whole, breaks = found.whole, found.breaks
    shares = break_power(
        recent.known,
        lambda drawn: cusum_of_squares(drawn, kind="kappa2").p_value < LEVEL,
        lambda half: half * math.sqrt(VARIANCE_RATIO),
        block=round(BLOCK_DAYS * recent.bars_per_day),
    )
    return whole.statistic, whole.p_value, len(breaks), breaks, recent.known_ns, False, shares


def _daily_level(recent: RecentReturns) -> Found:
    """Log variance of blocks of a day or, of a short past, of shorter ones."""
    rows = max(2, min(round(recent.bars_per_day), recent.known.size // (3 * LEAST_LEVELS)))
    level = log_variance_level(recent.known, rows=rows)
    found = mean_breaks(level)
    starts = np.asarray(recent.known_ns[: level.size * rows : rows])
    shares = break_power(
        level,
        lambda drawn: mean_shift_statistic(drawn) > found.criticals[0],
        lambda half: half + math.log(VARIANCE_RATIO),
        block=max(1, round(BLOCK_DAYS * recent.bars_per_day / rows)),
    )
    first = found.statistics[0], found.p_values[0]
    return *first, len(found.breaks), found.breaks, starts, True, shares
