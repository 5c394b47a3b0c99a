"""A covariance with what can be said about it: correlation, volatilities, how it was made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.estimators.dependence.observed_columns import Matrix, Vector
from plimsoll.estimators.observations import read_only


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CovarianceEstimate:
    """An estimated covariance, positive semi-definite; frozen.

    Attributes
    ----------
    covariance : ndarray, shape (N, N)
        In squared units of the returns.
    method : str
        Model and convention by name.
    observations : int
    shrinkage : float
        Intensity in [0, 1] towards the method's target; 0 where nothing was shrunk.
    repaired : bool
        Whether the correlations had to be moved to be semi-definite.
    repair_distance : float
        Frobenius distance they were moved by.
    sparse_pairs : int
        Pairs with too few common rows for a correlation of their own.
    """

    covariance: Matrix
    method: str
    observations: int
    shrinkage: float = 0.0
    repaired: bool = False
    repair_distance: float = 0.0
    sparse_pairs: int = 0

    @property
    def volatilities(self) -> Vector:
        """Square roots of the diagonal, (N,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def correlation(self) -> Matrix:
        """(N, N) with unit diagonal; a column without variance has correlation 0 with others."""
        return correlation_from(self.covariance)


def correlation_from(covariance: Matrix) -> Matrix:
    """Scale a semi-definite covariance to unit diagonal; zero variance gives a row of identity."""
    sigma = np.sqrt(np.diag(covariance))
    scale = np.where(sigma > 0.0, sigma, 1.0)
    out = np.clip(covariance / np.outer(scale, scale), -1.0, 1.0)
    np.fill_diagonal(out, 1.0)
    return read_only(np.asarray(out, dtype=np.float64))
