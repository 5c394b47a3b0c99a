"""Parts of a margin against a crash: base, stressed leg, liquidity; each known before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.journeys.backtest_solvent_margins import DailyRisk
from plimsoll.validation.replay.markets import MarkPaths

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STRESS_WEIGHT = 0.25
STRESSED_DEPTH = 0.2
STATED_SIZE_USD = 1e5
HOURS = (1, 8)

MAJOR, LARGE, THIN = "major", "large", "thin"
CLASSES = {
    "BTCUSDT": MAJOR, "ETHUSDT": MAJOR, "SOLUSDT": LARGE, "DOGEUSDT": LARGE, "OPUSDT": LARGE,
    "PIPPINUSDT": THIN, "NAORISUSDT": THIN, "WLFIUSDT": THIN,
}  # fmt: skip
SEVERITY = {
    MAJOR: ((0.22, 0.33), (0.22, 0.33)),
    LARGE: ((0.30, 0.45), (0.33, 0.50)),
    THIN: ((0.76, 0.84), (1.50, 3.00)),
}
"""Loss of a long (1 h, 8 h) and of a short, of events before October 2025.

Majors: 2020-03-12, -22 % in an hour and -33 % in 3.25 h; rises are given the same. Large: YFI
2023-11-17, -45 % in five hours; CRV 2022-11-22, +50 %; an hour takes two thirds. Thin: OM
2025-04-13, -76 % in an hour and -84 % in a day; XPL 2025-08-26, +150 % in minutes; JELLY
2025-03-26, +300 % within an hour.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrashParts:
    """Parts of the margin of M markets and two sides, shares of notional.

    Parameters
    ----------
    base : (M, 2, 2) float64
        Market, side (long, short), horizon (1 h, 8 h): 99 % of the default forecaster at the last
        midnight before.
    stressed : (M, 2, 2) float64
        What a quarter's weight of the severity ladder adds to it.
    liquidity : (M,) float64
        Cost of closing the stated size at a fifth of the usual depth, at that midnight.
    """

    base: FloatArray
    stressed: FloatArray
    liquidity: FloatArray

    __repr__ = field_summary


def crash_parts(risk: DailyRisk, marks: MarkPaths, at_ns: int) -> CrashParts:
    """Return the parts in force at ``at_ns``; ``marks`` must have stressed costs."""
    day = int(np.searchsorted(risk.time_ns, at_ns, side="right")) - 1
    base = np.stack([risk.close_out[day], risk.day[day]], axis=-1)
    severity = np.array([SEVERITY[CLASSES[market]] for market in risk.markets])
    bar = int(np.searchsorted(marks.time_ns, at_ns))
    return CrashParts(
        base=base,
        stressed=STRESS_WEIGHT * np.maximum(0.0, severity - base),
        liquidity=closing_cost(marks, bar, np.full(len(risk.markets), STATED_SIZE_USD)),
    )


def closing_cost(marks: MarkPaths, bar: int, size_usd: FloatArray) -> FloatArray:
    """(M,) share of notional that closing a size costs at a bar."""
    out: FloatArray = marks.half_spread[bar] + marks.impact[bar] * np.sqrt(size_usd)
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorstPaths:
    """Worst loss on the path after any bar of a window, (M, 2, 2) as in `CrashParts`.

    ``start`` and ``end`` are bars: where the worst began, and where it stood deepest.
    """

    loss: FloatArray
    start: IntArray
    end: IntArray


def worst_paths(marks: MarkPaths, first: int, last: int) -> WorstPaths:
    """Search the starts ``first`` to ``last - 1``: from a close to the extreme of what follows."""
    low = marks.close if marks.low is None else marks.low
    high = marks.close if marks.high is None else marks.high
    shape = (len(marks.markets), 2, len(HOURS))
    found = WorstPaths(
        loss=np.zeros(shape), start=np.zeros(shape, np.int64), end=np.zeros(shape, np.int64)
    )
    for h, hours in enumerate(HOURS):
        bars = marks.bars_of(hours)
        for start in range(first, min(last, marks.time_ns.size - bars)):
            ahead = slice(start + 1, start + 1 + bars)
            for side, loss in (
                (0, 1.0 - low[ahead] / marks.close[start]),
                (1, high[ahead] / marks.close[start] - 1.0),
            ):
                _keep_worse(found, np.nan_to_num(loss, nan=-1.0), start, side, h)
    return found


def _keep_worse(found: WorstPaths, loss: FloatArray, start: int, side: int, h: int) -> None:
    worst = loss.max(axis=0)
    rows = np.flatnonzero(worst > found.loss[:, side, h])
    found.loss[rows, side, h] = worst[rows]
    found.start[rows, side, h] = start
    found.end[rows, side, h] = start + 1 + loss.argmax(axis=0)[rows]


def absorbed(loss: FloatArray, layers: Sequence[FloatArray]) -> list[FloatArray]:
    """Split losses over layers in order; the last part is what is left, so that all add up.

    >>> [part.tolist() for part in absorbed(np.array([0.5, 0.1]), [np.array([0.2, 0.2])])]
    [[0.2, 0.1], [0.3, 0.0]]
    """
    parts, rest = [], loss
    for layer in layers:
        part = np.minimum(rest, layer)
        parts.append(part)
        rest = rest - part
    return [*parts, rest]
