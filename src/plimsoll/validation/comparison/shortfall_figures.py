"""Is the expected shortfall right? Residuals on breaches, pooled over markets, clustered by day.

Breach days are few and their sums skewed, so p-values are those of resampled days
(`plimsoll.validation.panels.day_bootstrap`), not of the normal law.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError
from plimsoll.validation.comparison.method_score import ClusteredMean
from plimsoll.validation.newey_west import DEFAULT_LAGS, daily_sums, variance_of_sum
from plimsoll.validation.panels.day_bootstrap import (
    DAY_BOOTSTRAP,
    NullDraws,
    drawn_days,
    resampled_ratios,
)
from plimsoll.validation.panels.pooled_shortfall import t_power
from plimsoll.validation.shortfall.forecast_law import larger_losses
from plimsoll.validation.tested_forecasts import Direction

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

UNDERSTATEMENT = 0.10
"""Share by which the shortfall is too small in the alternative that powers are against."""

LEAST_DAYS = 3


def shortfall_residual(
    loss: FloatArray,
    value_at_risk: FloatArray,
    expected_shortfall: FloatArray,
    scored: BoolArray,
    time_ns: IntArray,
) -> ClusteredMean:
    """Mean of ``(L - ES) / VaR`` on breaches (McNeil and Frey, 2000, section 2.4).

    They scale by the volatility; the value-at-risk is a multiple of it, and known for every
    method. Positive: losses beyond the value-at-risk are larger than the shortfall says.
    """
    broke = scored & (loss > value_at_risk)
    residual = np.zeros(broke.shape)
    at_risk, mean = value_at_risk[broke], expected_shortfall[broke]
    residual[broke] = (loss[broke] - mean) / at_risk
    raised = larger_losses(UNDERSTATEMENT) - 1.0
    shift = raised * float((mean / at_risk).mean()) if at_risk.size else 0.0
    return clustered_mean(residual, broke, time_ns, shift=shift)


def shortfall_z(
    loss: FloatArray,
    value_at_risk: FloatArray,
    expected_shortfall: FloatArray,
    scored: BoolArray,
    time_ns: IntArray,
    tail: float,
) -> ClusteredMean:
    """Mean of ``L 1{L > VaR} / (a ES) - 1``: Acerbi and Szekely's second test (2014) as a loss."""
    broke = scored & (loss > value_at_risk)
    value = np.where(scored, -1.0, 0.0)
    value[broke] += loss[broke] / (tail * expected_shortfall[broke])
    return clustered_mean(value, scored, time_ns, shift=larger_losses(UNDERSTATEMENT) - 1.0)


def clustered_mean(
    values: FloatArray, counted: BoolArray, time_ns: IntArray, *, shift: float = 0.0
) -> ClusteredMean:
    """Ratio of the sum of ``values`` to the number ``counted``, its error clustered by day.

    The mean of days weighted by their counts; the linearised residuals of each day are summed
    with Newey-West weights (5 lags). p-values are of 399 studentised resamples of days, NaN with
    the power where fewer than three days count or resamples do not vary.

    Parameters
    ----------
    values : (S, ...) float64
        Zero where nothing is counted.
    shift : float
        Mean under the alternative of the power, two-sided at 5 %.
    """
    total = daily_sums(values.reshape(values.shape[0], -1).sum(axis=1), time_ns)
    count = daily_sums(
        counted.reshape(counted.shape[0], -1).sum(axis=1).astype(np.float64), time_ns
    )
    held = float(count.sum())
    nan = float("nan")
    mean = float(total.sum()) / held if held else nan
    error = (
        float(np.sqrt(variance_of_sum(total - mean * count, DEFAULT_LAGS))) / held if held else nan
    )
    days = int(np.sum(count > 0.0))
    two_sided = positive = power = nan
    law = _law(total, count) if days >= LEAST_DAYS and error > 0.0 else None
    if law is not None:
        two_sided = law.p_value(mean / error, Direction.TWO_SIDED)[0]
        positive = law.p_value(mean / error, Direction.UNDERSTATED)[0]
        critical = law.critical(Direction.TWO_SIDED)
        power = t_power(shift / error, days - 1, Direction.TWO_SIDED, "", critical).value
    return ClusteredMean(
        mean=mean,
        standard_error=error,
        p_two_sided=two_sided,
        p_positive=positive,
        count=int(held),
        power=power,
    )


def _law(total: FloatArray, count: FloatArray) -> NullDraws | None:
    try:
        return resampled_ratios(total, count, _draws(total.size), DEFAULT_LAGS)
    except InsufficientDataError:
        return None


@lru_cache(maxsize=4)
def _draws(days: int) -> NDArray[np.int64]:
    """The same resamples for every method of a comparison: starts do not overlap."""
    return drawn_days(days, 0, DAY_BOOTSTRAP)
