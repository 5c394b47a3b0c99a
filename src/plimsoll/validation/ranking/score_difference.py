"""Diebold and Mariano's comparison of two models as a result with power."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import EstimationError
from plimsoll.validation.diebold_mariano import diebold_mariano
from plimsoll.validation.newey_west import DEFAULT_LAGS
from plimsoll.validation.tested_forecasts import SIGNIFICANCE, ForecastTest, Power

DEFAULT_DIFFERENCE = 0.02


def score_difference_test(
    first: ArrayLike,
    second: ArrayLike,
    time_ns: NDArray[np.int64],
    *,
    lags: int = DEFAULT_LAGS,
    difference: float = DEFAULT_DIFFERENCE,
) -> ForecastTest:
    """Are two models equally good? Two-sided, t with one degree less than there are days.

    Parameters
    ----------
    first, second : (T,) or (T, N) array_like
        Scores, lower is better, NaN = not scored; negative statistic: the first is better.
    time_ns : (T,) int64
        Start of each horizon; scores are averaged by UTC day.
    lags : int
        Newey-West lags in days; at least the days that horizons overlap.
    difference : float
        Power is against a true difference of this size; 0.02 is 2 % of shortfall under FZ0.

    Raises
    ------
    EstimationError
        Scores whose difference never changes.
    """
    found = diebold_mariano(first, second, time_ns, lags=lags)
    if not found.standard_error > 0.0:
        raise EstimationError("the difference of the scores must vary", found=found.mean_difference)
    return ForecastTest(
        name="diebold_mariano",
        statistic=found.statistic,
        p_value=found.p_two_sided,
        reference_law=f"t({found.days - 1})",
        null="both models have the same expected score",
        alternative="one is better",
        observations=found.observations,
        convention=f"daily means, Newey-West with {lags} lags; gap {found.mean_difference:.5g}",
        power_of=partial(_power, found.standard_error, found.days - 1, difference),
    )


def _power(standard_error: float, degrees: int, difference: float) -> Power:
    critical = float(special.stdtrit(degrees, 1.0 - SIGNIFICANCE / 2.0))
    shift = abs(difference) / standard_error
    value = 1.0 - float(special.nctdtr(degrees, shift, critical))
    value += float(special.nctdtr(degrees, shift, -critical))
    return Power(
        value=min(1.0, max(0.0, value)),
        size=float("nan"),
        standard_error=0.0,
        alternative=f"a true difference of {difference:g}",
        method="noncentral t at the estimated standard error",
    )
