"""Ranks as uniforms, and Kendall's tau."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from plimsoll.estimators.dependence.observed_columns import Matrix, as_panel, varying_columns
from plimsoll.maths.copula_kendall import dense_ranks, kendall_matrix


def pseudo_observations(returns: ArrayLike) -> Matrix:
    """Return ``rank / (n + 1)`` of each column, (n, N); ties share their mean rank.

    Raises
    ------
    DataFormatError, InsufficientDataError
        See :func:`plimsoll.estimators.dependence.observed_columns.as_panel`.

    Examples
    --------
    >>> pseudo_observations([[3.0], [1.0], [1.0]]).ravel().tolist()
    [0.75, 0.375, 0.375]
    """
    panel = as_panel(returns, minimum=2)
    ranks: Matrix = rankdata(panel, axis=0) / (panel.shape[0] + 1.0)
    return ranks


def kendall_tau(returns: ArrayLike) -> Matrix:
    """Return tau-b of all pairs of columns, (N, N), each pair over its common rows (NaN: hole).

    A pair without variation in its common rows has tau 0.

    Raises
    ------
    DataFormatError, InsufficientDataError
        See :func:`plimsoll.estimators.dependence.observed_columns.as_panel`.
    EstimationError
        A constant column.

    Examples
    --------
    >>> kendall_tau([[1.0, 1.0], [2.0, 3.0], [3.0, 2.0]])[0, 1].round(12)
    np.float64(0.333333333333)
    """
    panel = as_panel(returns, minimum=2, holes=True)
    varying_columns(panel)
    ranks, orders = dense_ranks(panel)
    tau = np.empty((panel.shape[1], panel.shape[1]))
    kendall_matrix(ranks, orders, tau)
    return np.where(np.isnan(tau), 0.0, tau)
