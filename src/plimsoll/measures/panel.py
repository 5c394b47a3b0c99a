"""Plain-array measures of many columns at once: no checks of content, no standard errors."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError
from plimsoll.measures.bootstrap import INTERPOLATED, MEAN, QUANTILE
from plimsoll.measures.empirical import PLOTTING
from plimsoll.measures.result import Convention
from plimsoll.measures.sample import check_confidence
from plimsoll.measures.tail import effective_size, interpolated_quantile, tail_boundary, tail_mean

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def value_at_risk_columns(
    losses: ArrayLike,
    confidence: float,
    *,
    weights: ArrayLike | None = None,
    convention: Convention = Convention.ORDER_STATISTIC,
) -> Vector:
    """(N,) value-at-risk of each column of (S, N) losses, weights (S,) shared by all.

    A column with a NaN has no number: NaN.

    Examples
    --------
    >>> value_at_risk_columns([[1.0, 5.0], [2.0, float("nan")]], 0.9)
    array([ 2., nan])
    """
    if convention is not Convention.ORDER_STATISTIC and convention not in PLOTTING:
        raise UsageError(
            "must be order_statistic, type7 or type8", found=str(convention), field="convention"
        )
    kind = INTERPOLATED if convention in PLOTTING else QUANTILE
    return _columns(losses, confidence, weights, kind, PLOTTING.get(convention, 1.0))


def expected_shortfall_columns(
    losses: ArrayLike, confidence: float, *, weights: ArrayLike | None = None
) -> Vector:
    """(N,) expected shortfall of each column; NaN as in `value_at_risk_columns`."""
    return _columns(losses, confidence, weights, MEAN)


def _columns(
    losses: ArrayLike,
    confidence: float,
    weights: ArrayLike | None,
    kind: int,
    plotting: float = 1.0,
) -> Vector:
    check_confidence(confidence)
    matrix = np.asarray(losses, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] == 0:
        raise UsageError("must be (scenarios, columns)", found=matrix.shape, field="losses")
    mass = np.ones(matrix.shape[0]) if weights is None else np.asarray(weights, dtype=np.float64)
    if mass.shape != matrix.shape[:1] or not mass.sum() > 0.0 or bool(np.any(mass < 0.0)):
        raise UsageError(
            f"must be {matrix.shape[0]} weights, none negative, not all zero",
            found=mass.shape,
            field="weights",
        )
    rows = np.array(matrix.T, order="C")
    out: Vector = _measure_columns(rows, mass.copy(), confidence, kind, plotting)
    return out


@njit(cache=True, nogil=True)
def _measure_columns(
    rows: Matrix, weights: Vector, confidence: float, kind: int, plotting: float
) -> Vector:
    out = np.empty(rows.shape[0])
    total = weights.sum()
    effective = effective_size(weights)
    for i in range(rows.shape[0]):
        if np.isnan(rows[i]).any():
            out[i] = np.nan
            continue
        order = np.argsort(rows[i])
        ordered, mass = rows[i][order], weights[order]
        if kind == QUANTILE:
            out[i] = ordered[tail_boundary(mass, total, confidence)[0]]
        elif kind == INTERPOLATED:
            out[i] = interpolated_quantile(ordered, mass, total, confidence, effective, plotting)
        else:
            out[i] = tail_mean(ordered, mass, total, confidence)
    return out
