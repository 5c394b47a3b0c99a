"""Rows without a price: the volatility they had, and the move over a gap that is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.scenarios.joint_history.outcome import RowOrigin

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def standing_volatility(volatility: FloatArray, known: BoolArray, now: FloatArray) -> FloatArray:
    """Return (T, N) volatilities, those before a market's first return by its companions' ratios.

    Parameters
    ----------
    volatility : (T, N) float64
        Forecasts; before the first return what started the recursion, which nobody knew then.
    known : (T, N) bool
        Whether there is a return.
    now : (N,) float64
        Forecast at the end.
    """
    listed = np.cumsum(known, axis=0) > 0
    young = np.flatnonzero(~listed[-1] | ~listed[0])
    if not young.size:
        return volatility
    rows = np.flatnonzero(~listed.all(axis=1))
    ratio = _row_medians(np.where(listed[rows], volatility[rows] / now, np.inf), listed[rows])
    out = volatility.copy()
    out[rows] = np.where(listed[rows], volatility[rows], ratio[:, None] * now)
    return out


def _row_medians(values: FloatArray, counted: BoolArray) -> FloatArray:
    """(R,) medians over what is counted, the rest being infinite; 1 where nothing is."""
    count = counted.sum(axis=1)
    ordered, rows = np.sort(values, axis=1), np.arange(count.size)
    low, high = ordered[rows, np.maximum(count - 1, 0) // 2], ordered[rows, count // 2]
    return np.where(count > 0, 0.5 * (low + high), 1.0)


def bridged(
    log_prices: FloatArray, returns: FloatArray, volatility: FloatArray, origin: IntArray
) -> tuple[FloatArray, IntArray]:
    """Return returns and origins with every gap's bars adding up to the move over it.

    Parameters
    ----------
    log_prices : (T + 1, N) float64
        NaN without a print.
    returns : (T, N) float64
        Known or drawn.
    volatility : (T, N) float64
    origin : (T, N) int64
    """
    out, codes = returns.copy(), origin.copy()
    for j in range(returns.shape[1]):
        priced = np.flatnonzero(np.isfinite(log_prices[:, j]))
        for gap in np.flatnonzero(np.diff(priced) > 1).tolist():
            first, last = int(priced[gap]), int(priced[gap + 1])
            share = volatility[first:last, j] ** 2
            move = log_prices[last, j] - log_prices[first, j]
            rest = move - returns[first:last, j].sum()
            out[first:last, j] += rest * share / share.sum()
            codes[first:last, j] = RowOrigin.BRIDGED
    return out, codes
