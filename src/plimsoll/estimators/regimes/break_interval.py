"""Intervals of break dates (Bai, 1997)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr

from plimsoll.errors import ParameterError
from plimsoll.maths.break_dates import bartlett_variance, newey_west_bandwidth

Vector = NDArray[np.float64]


class BreakDate(NamedTuple):
    """First row of a new level, the interval of that row, and the means before and after."""

    row: int
    lower: int
    upper: int
    before: float
    after: float


def argmax_distribution(x: float) -> float:
    """``P(argmax_s (W(s) - |s| / 2) <= x)`` for x >= 0 (Yao, 1987; Bai, 1997, appendix B).

    Examples
    --------
    >>> round(argmax_distribution(11.033), 3)
    0.975
    """
    root = math.sqrt(x)
    middle = 1.0 + root / math.sqrt(2.0 * math.pi) * math.exp(-x / 8.0)
    last = 1.5 * math.exp(x + float(log_ndtr(-1.5 * root)))
    return middle - 0.5 * (x + 5.0) * float(ndtr(-0.5 * root)) + last


def dated_breaks(values: Vector, rows: Sequence[int], confidence: float) -> tuple[BreakDate, ...]:
    """Intervals of the rows at which the mean of ``values`` changes.

    Half-widths are ``c w^2 / delta^2`` rows with delta the shift, w^2 the long-run variance of the
    later stretch for the lower end and of the earlier one for the upper, c from
    :func:`argmax_distribution`. Asymptotic for small shifts: of shifts that are plain to see they
    are wider than they need be.
    """
    if not 0.0 < confidence < 1.0:
        raise ParameterError(
            "must lie strictly between 0 and 1", found=confidence, field="confidence"
        )
    level = 0.5 + 0.5 * confidence
    quantile = float(brentq(lambda x: argmax_distribution(x) - level, 0.0, 200.0))
    ends = [0, *rows, values.size]
    found = []
    for a, row, b in zip(ends, ends[1:], ends[2:], strict=False):
        left, right = np.array(values[a:row]), np.array(values[row:b])
        before, after = float(left.mean()), float(right.mean())
        # A date found too late stands among the later rows, whose noise misplaced it.
        below, above = (_reach(side, after - before, quantile) for side in (right, left))
        found.append(BreakDate(row, max(row - below, a), min(row + above, b - 1), before, after))
    return tuple(found)


def _reach(side: Vector, shift: float, quantile: float) -> int:
    """Rows of one half of the interval, at most all of that side."""
    variance = bartlett_variance(side, newey_west_bandwidth(side))
    wide = quantile * max(variance, 0.0)
    if not wide < shift * shift * side.size:
        return int(side.size)
    return math.ceil(wide / (shift * shift)) + 1
