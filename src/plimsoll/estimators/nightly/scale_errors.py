r"""Sampling error of a blended volatility.

With standardised returns z independent, of kurtosis k, the log of the blend
:math:`\sum_k a_k v_k` of EWMAs has the variance

.. math:: \tfrac14 (k - 1) \sum_l \Bigl(\sum_k a_k w_{k,l}\Bigr)^2,

w the weight of lag l on each scale (delta method; a clipped square counts as it is). The truth
moves meanwhile: how well it is forecast is another matter, judged by coverage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_LONGEST_LAG = 20_000


def log_volatility_error(
    standardised: FloatArray, weights: FloatArray, decays: FloatArray, bars_seen: FloatArray
) -> FloatArray:
    """(N,) standard errors of log volatility; NaN where nothing varies.

    Parameters
    ----------
    standardised : (R, N) float64
        NaN where there is none.
    weights : (K,) float64
        Of the short scales.
    decays : (K + 1,) float64
        Per bar, the long scale last.
    bars_seen : (N,) float64
    """
    share = np.append(weights, 1.0 - weights.sum())
    lags = np.arange(_LONGEST_LAG)
    counted = np.clip(bars_seen, 1.0, _LONGEST_LAG).astype(np.int64)
    squared = {n: _squared_weights(share, decays, lags[:n]) for n in np.unique(counted).tolist()}
    spread = np.array([squared[n] for n in counted.tolist()])
    out: FloatArray = 0.5 * np.sqrt(np.maximum(_kurtosis(standardised) - 1.0, 0.0) * spread)
    return out


def _squared_weights(share: FloatArray, decays: FloatArray, lags: NDArray[np.int64]) -> float:
    """Sum of squares of the blend's weights by lag; each scale's add up to one."""
    each = decays[:, None] ** lags
    each /= each.sum(axis=1, keepdims=True)
    return float(((share @ each) ** 2).sum())


def _kurtosis(standardised: FloatArray) -> FloatArray:
    there = np.isfinite(standardised)
    values = np.where(there, standardised, 0.0)
    squares = values * values
    second, fourth = squares.sum(axis=0), (squares * squares).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = fourth * there.sum(axis=0) / second**2
    return np.where(second > 0.0, found, np.nan)
