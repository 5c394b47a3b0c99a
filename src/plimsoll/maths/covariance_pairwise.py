"""Second moments of a panel with holes, each pair of columns over the rows both have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairwiseMoments:
    """Moments of pairs; a correlation of two is NaN where their common rows do not vary.

    Attributes
    ----------
    variances : ndarray, shape (N,)
        Of each column over all its own rows.
    correlations : ndarray, shape (N, N)
        Of each pair over its common rows; not semi-definite in general.
    overlaps : ndarray, shape (N, N)
        Number of common rows.
    """

    variances: Vector
    correlations: Matrix
    overlaps: Matrix

    def filled_correlation(self, *, minimum_overlap: int) -> Matrix:
        """Correlations with the mean of the known ones where a pair has too few rows."""
        known = self.known_pairs(minimum_overlap=minimum_overlap)
        n = known.shape[0]
        off = known & ~np.eye(n, dtype=np.bool_)
        mean = float(self.correlations[off].mean()) if bool(off.any()) else 0.0
        filled: Matrix = np.where(known, self.correlations, mean)
        np.fill_diagonal(filled, 1.0)
        return filled

    def known_pairs(self, *, minimum_overlap: int) -> NDArray[np.bool_]:
        """Whether a pair has a correlation and rows enough."""
        known: NDArray[np.bool_] = (self.overlaps >= minimum_overlap) & np.isfinite(
            self.correlations
        )
        return known


def pairwise_moments(
    panel: Matrix, *, weights: Vector | None = None, centred: bool = True
) -> PairwiseMoments:
    """Return the moments of a panel (T, N) with NaN as holes.

    Parameters
    ----------
    weights : ndarray, shape (T,), optional
        Of the rows; equal without. Divisor: the weights' sum (less one row for equal weights of a
        centred panel).
    centred : bool
        Whether means (of each pair's common rows) are taken off.
    """
    seen = (~np.isnan(panel)).astype(np.float64)
    values = np.where(np.isnan(panel), 0.0, panel)
    # A column's own scale and rough centre first, so that nothing is lost by cancellation.
    count = np.maximum(seen.sum(axis=0), 1.0)
    centre = values.sum(axis=0) / count if centred else np.zeros(panel.shape[1])
    values = (values - centre) * seen
    scale = np.sqrt((values * values).sum(axis=0) / count)
    scale = np.where(scale > 0.0, scale, 1.0)
    values = values / scale
    w = np.ones(panel.shape[0]) if weights is None else weights
    total = (seen * w[:, None]).T @ seen
    cross = (values * w[:, None]).T @ values
    square = (values * values * w[:, None]).T @ seen
    if centred:
        first = (values * w[:, None]).T @ seen
        with np.errstate(invalid="ignore", divide="ignore"):
            cross = cross - first * first.T / total
            square = square - first * first / total
    own = np.diag(square) * scale * scale
    divisor = np.diag(total) - (1.0 if weights is None and centred else 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        varies = square > 1e-12 * total
        level = np.where(varies & varies.T, 1.0, np.nan)
        correlations = np.clip(level * cross / np.sqrt(square * square.T), -1.0, 1.0)
        variances = np.where(divisor > 0.0, np.maximum(own, 0.0) / divisor, np.nan)
    return PairwiseMoments(variances=variances, correlations=correlations, overlaps=seen.T @ seen)
