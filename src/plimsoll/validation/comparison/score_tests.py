"""Is a method better than the benchmark? One-sided Diebold-Mariano with its power.

The alternatives are stated: a true difference of 0.02 under FZ0, which is worth 2 % of the
shortfall (the score is homogeneous of degree zero), and of 2 % of the benchmark's own mean under
the quantile loss.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from plimsoll.domain.market import DAY_NS
from plimsoll.validation.comparison.method_score import ScoreDifference
from plimsoll.validation.diebold_mariano import diebold_mariano
from plimsoll.validation.ranking.score_difference import DEFAULT_DIFFERENCE
from plimsoll.validation.tested_forecasts import SIGNIFICANCE

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FZ0_DIFFERENCE = DEFAULT_DIFFERENCE
QUANTILE_SHARE = DEFAULT_DIFFERENCE
"""Share of the benchmark's mean quantile loss that its power is against."""


def better_power(standard_error: float, days: int, difference: float) -> float:
    """Chance that the one-sided test at 5 % finds a model truly better by ``difference``.

    Noncentral t with one degree less than there are days, at the estimated standard error; NaN
    where nothing varies.

    Examples
    --------
    >>> round(better_power(0.01, 1000, 0.0), 6)
    0.05
    """
    if not standard_error > 0.0 or days < 2:
        return float("nan")
    critical = float(special.stdtrit(days - 1, 1.0 - SIGNIFICANCE))
    shift = abs(difference) / standard_error
    power = 1.0 - float(special.nctdtr(days - 1, shift, critical))
    # The noncentral law is not computed far out, where the power is one.
    return 1.0 if not math.isfinite(power) else min(1.0, max(0.0, power))


def score_difference(
    method: FloatArray, benchmark: FloatArray, time_ns: IntArray, difference: float
) -> ScoreDifference:
    """Compare (S, N, 2) scores over all pairs, days as clusters.

    Parameters
    ----------
    difference : float
        True difference that the power is against.
    """
    rows = method.shape[0]
    found = diebold_mariano(method.reshape(rows, -1), benchmark.reshape(rows, -1), time_ns)
    return ScoreDifference(
        mean=found.mean_difference,
        standard_error=found.standard_error,
        statistic=found.statistic,
        p_better=found.p_first_better,
        power=better_power(found.standard_error, found.days, difference),
        difference=difference,
    )


def daily_means(score: FloatArray, time_ns: IntArray) -> FloatArray:
    """(days,) mean score over the scored pairs of each UTC day; days without any are left out."""
    day = time_ns // DAY_NS
    first = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    known = np.isfinite(score).reshape(score.shape[0], -1)
    held = np.where(known, score.reshape(score.shape[0], -1), 0.0)
    total = np.add.reduceat(held.sum(axis=1), first)
    count = np.add.reduceat(known.sum(axis=1), first)
    return np.asarray(total[count > 0] / count[count > 0], dtype=np.float64)
