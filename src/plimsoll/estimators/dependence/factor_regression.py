"""Regressions of many columns with holes on a few factors, weighted by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.dependence.observed_columns import Matrix, Vector

Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loadings:
    """Weighted least squares of each column on the factors.

    Attributes
    ----------
    betas, errors : ndarray, shape (N, K)
        Loadings and their heteroskedasticity-robust (White, 1980) standard errors.
    effective_rows : ndarray, shape (N,)
        ``(sum w)**2 / sum w**2`` over the rows a column was regressed on.
    """

    betas: Matrix
    errors: Matrix
    effective_rows: Vector


def effective_count(weights: Vector) -> float:
    """Rows that equal weights would need to be as informative (Kish, 1965)."""
    square = float(np.sum(weights * weights))
    return float(np.sum(weights)) ** 2 / square if square > 0.0 else 0.0


def regress(panel: Matrix, factors: Matrix, weights: Vector) -> Loadings:
    """Regress each column of ``panel`` (T, N) on ``factors`` (T, K), without an intercept.

    Rows with a hole (NaN) in the column or in a factor are left out of that column's regression. A
    factor that does not vary in a column's rows has loading 0 there.
    """
    n, k = panel.shape[1], factors.shape[1]
    betas, errors, counts = np.zeros((n, k)), np.zeros((n, k)), np.zeros(n)
    known = ~np.isnan(factors).any(axis=1)
    for i in range(n):
        rows = known & ~np.isnan(panel[:, i])
        if bool(rows.any()):
            betas[i], errors[i] = _weighted_least_squares(
                panel[rows, i], factors[rows], weights[rows]
            )
            counts[i] = effective_count(weights[rows])
    return Loadings(betas=betas, errors=errors, effective_rows=counts)


def _weighted_least_squares(y: Vector, x: Matrix, weights: Vector) -> tuple[Vector, Vector]:
    moments = (x * weights[:, None]).T @ x
    inverse = np.linalg.pinv(moments, rcond=1e-12, hermitian=True)
    beta: Vector = inverse @ (x.T @ (weights * y))
    scores = x * (weights * (y - x @ beta))[:, None]
    variance = inverse @ (scores.T @ scores) @ inverse
    return beta, np.sqrt(np.maximum(np.diag(variance), 0.0))


def drawn_to_prior(
    loadings: Loadings, prior: Matrix, prior_rows: float, pooled: Flags
) -> tuple[Matrix, Matrix]:
    """Betas and errors with ``n / (n + prior_rows)`` of the own and the rest of the prior (N, K).

    Where ``pooled`` the prior stands alone, and the error is 0: it is not the column's own.
    """
    share = loadings.effective_rows / (loadings.effective_rows + prior_rows)
    share = np.where(pooled, 0.0, share)[:, None]
    return share * loadings.betas + (1.0 - share) * prior, share * loadings.errors


def mean_of_members(panel: Matrix, labels: Codes, label: int, minimum: int) -> Vector:
    """Mean over a class in each row, (T,); NaN where fewer than ``minimum`` have a return."""
    members = panel[:, labels == label]
    seen = (~np.isnan(members)).sum(axis=1)
    total = np.where(np.isnan(members), 0.0, members).sum(axis=1)
    return np.where(seen >= minimum, total / np.maximum(seen, 1), np.nan)


def weighted_variance(values: Matrix, weights: Vector) -> Vector:
    """Second moment of each column over its own rows, (N,); 0 for a column without any."""
    seen = ~np.isnan(values)
    total = np.where(seen, weights[:, None], 0.0).sum(axis=0)
    square = np.where(seen, values * values * weights[:, None], 0.0).sum(axis=0)
    return np.asarray(square / np.where(total > 0.0, total, 1.0), dtype=np.float64)
