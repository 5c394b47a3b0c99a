"""A fitted factor model: covariance, loadings, and how uncorrelated the residuals are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.dependence.covariance_estimate import correlation_from
from plimsoll.estimators.dependence.observed_columns import Matrix, Vector
from plimsoll.maths.covariance_pairwise import pairwise_moments

_REPORTED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualCorrelations:
    """What is left between the markets after the factors; it should be near zero.

    Attributes
    ----------
    pairs : int
        Pairs with rows enough.
    mean, mean_absolute : float
    share_beyond_noise : float
        Pairs whose correlation is beyond ``2 / sqrt(rows)``; 0.05 is what chance gives.
    strongest : tuple of (int, int, float)
        Columns and correlation of the strongest pairs, the strongest first.
    """

    pairs: int
    mean: float
    mean_absolute: float
    share_beyond_noise: float
    strongest: tuple[tuple[int, int, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedFactorModel:
    """Result of :class:`~plimsoll.estimators.dependence.factor_model.FactorModel`; frozen.

    Attributes
    ----------
    factor_names : tuple of str
        ``"leader i"`` by column, then ``"class c"`` by label.
    loadings, loading_errors : ndarray, shape (N, K)
        Errors are robust ones of the least squares, times what of it the shrinkage left; 0 for
        class loadings, for pooled columns and for what is exact.
    factor_covariance : ndarray, shape (K, K)
    residual_variances, degrees_of_freedom, effective_rows : ndarray, shape (N,)
        Of the residuals' t laws (0 and infinity for leaders), and what the loadings rest on.
    pooled : tuple of int
        Columns that have their class's numbers for want of their own.
    """

    factor_names: tuple[str, ...]
    loadings: Matrix
    loading_errors: Matrix
    factor_covariance: Matrix
    residual_variances: Vector
    degrees_of_freedom: Vector
    effective_rows: Vector
    pooled: tuple[int, ...]
    residual_correlations: ResidualCorrelations
    observations: int

    @property
    def covariance(self) -> Matrix:
        """``B F B' + diag(D)``, (N, N), positive semi-definite."""
        common = self.loadings @ self.factor_covariance @ self.loadings.T
        return 0.5 * (common + common.T) + np.diag(self.residual_variances)

    @property
    def correlation(self) -> Matrix:
        """The covariance scaled to unit diagonal, (N, N)."""
        return correlation_from(self.covariance)

    @property
    def volatilities(self) -> Vector:
        """Square roots of the covariance's diagonal, (N,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def explained(self) -> Vector:
        """Share of each market's variance that the factors explain, (N,)."""
        total = np.diag(self.covariance)
        own = self.residual_variances / np.where(total > 0.0, total, 1.0)
        return np.asarray(1.0 - own, dtype=np.float64)


def residual_correlations(
    residuals: Matrix, *, skip: NDArray[np.int64], minimum_overlap: int
) -> ResidualCorrelations:
    """Summarise the correlations of residuals (T, N) with NaN as holes, ``skip`` left out."""
    kept = np.setdiff1d(np.arange(residuals.shape[1]), skip)
    moments = pairwise_moments(residuals[:, kept])
    known = np.triu(moments.known_pairs(minimum_overlap=minimum_overlap), 1)
    rows, columns = np.nonzero(known)
    values = moments.correlations[known]
    if not values.size:
        return ResidualCorrelations(
            pairs=0, mean=0.0, mean_absolute=0.0, share_beyond_noise=0.0, strongest=()
        )
    noise = 2.0 / np.sqrt(moments.overlaps[known])
    order = np.argsort(-np.abs(values), kind="stable")[:_REPORTED]
    return ResidualCorrelations(
        pairs=int(values.size),
        mean=float(values.mean()),
        mean_absolute=float(np.abs(values).mean()),
        share_beyond_noise=float(np.mean(np.abs(values) > noise)),
        strongest=tuple(
            (int(kept[rows[p]]), int(kept[columns[p]]), float(values[p])) for p in order
        ),
    )
