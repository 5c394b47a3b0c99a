"""Is the expected shortfall right? Residuals on breaches, pooled over markets, clustered by day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from plimsoll.validation.comparison.method_score import ClusteredMean
from plimsoll.validation.newey_west import DEFAULT_LAGS, daily_sums, variance_of_sum

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


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
    residual = np.where(broke, (loss - expected_shortfall) / value_at_risk, 0.0)
    return clustered_mean(residual, broke, time_ns)


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
    value = np.where(broke, loss / (tail * expected_shortfall), 0.0) - 1.0
    return clustered_mean(np.where(scored, value, 0.0), scored, time_ns)


def clustered_mean(values: FloatArray, counted: BoolArray, time_ns: IntArray) -> ClusteredMean:
    """Ratio of the sum of ``values`` to the number ``counted``, its error clustered by day.

    The mean of days weighted by their counts; the linearised residuals of each day are summed
    with Newey-West weights (5 lags), p-values are of the normal law.
    """
    total = daily_sums(values.reshape(values.shape[0], -1).sum(axis=1), time_ns)
    count = daily_sums(
        counted.reshape(counted.shape[0], -1).sum(axis=1).astype(np.float64), time_ns
    )
    held = float(count.sum())
    if held == 0.0:
        nan = float("nan")
        return ClusteredMean(mean=nan, standard_error=nan, p_two_sided=nan, p_positive=nan, count=0)
    mean = float(total.sum()) / held
    error = float(np.sqrt(variance_of_sum(total - mean * count, DEFAULT_LAGS))) / held
    z = mean / error if error > 0.0 else float("nan")
    return ClusteredMean(
        mean=mean,
        standard_error=error,
        p_two_sided=float(2.0 * special.ndtr(-abs(z))),
        p_positive=float(special.ndtr(-z)),
        count=int(held),
    )
