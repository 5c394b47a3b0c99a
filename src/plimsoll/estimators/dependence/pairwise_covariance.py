"""Covariance of a panel with holes: each pair over its common rows, then made semi-definite.

Volatilities come from each column's own rows, correlations from the pairs', so what a repair moves
are correlations alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, ParameterError
from plimsoll.estimators.dependence.covariance_estimate import CovarianceEstimate
from plimsoll.estimators.dependence.observed_columns import Matrix, Vector, as_panel, as_symmetric
from plimsoll.estimators.observations import read_only
from plimsoll.maths.covariance_nearest import (
    DEFAULT_FLOOR,
    floored_correlation,
    nearest_correlation_matrix,
)
from plimsoll.maths.covariance_pairwise import PairwiseMoments, pairwise_moments

Flags = NDArray[np.bool_]

_MOVED = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class PairwiseCovariance:
    """Covariance from pairs of columns; holes are NaN.

    Parameters
    ----------
    decay : float, optional
        Weight of the past, for an exponentially weighted one; equal weights without.
    centred : bool
        Whether means are taken off.
    minimum_overlap : int
        Common rows that a pair needs for a correlation of its own; pairs with fewer take the mean
        of the others and are counted in ``sparse_pairs``.
    floor : float
        Least eigenvalue of the correlations where they have to be repaired.
    """

    decay: float | None = None
    centred: bool = True
    minimum_overlap: int = 20
    floor: float = DEFAULT_FLOOR

    def __post_init__(self) -> None:
        if self.decay is not None and not 0.0 < self.decay < 1.0:
            raise ParameterError("must lie in (0, 1)", found=self.decay, field="decay")
        if self.minimum_overlap < 3:
            raise ParameterError(
                "must be at least 3", found=self.minimum_overlap, field="minimum_overlap"
            )
        _check_floor(self.floor)

    def fit(self, returns: ArrayLike) -> CovarianceEstimate:
        """Fit to ``returns``, shape (n, N), NaN where a market has none.

        A column that is constant has variance 0 and correlation 0 with all others.

        Raises
        ------
        InsufficientDataError
            A column with fewer than ``minimum_overlap`` rows (it is named).
        DataFormatError
            See :func:`plimsoll.estimators.dependence.observed_columns.as_panel`.
        """
        panel = as_panel(returns, minimum=self.minimum_overlap, holes=True)
        self._check_lengths(panel)
        moments = pairwise_moments(panel, weights=self._weights(panel), centred=self.centred)
        still = _constant(panel, centred=self.centred)
        raw = self._filled(moments, still)
        correlation = floored_correlation(raw, floor=self.floor) if _is_broken(raw) else raw
        sigma = np.where(still, 0.0, np.sqrt(moments.variances))
        distance = float(np.linalg.norm(correlation - raw))
        known = moments.known_pairs(minimum_overlap=self.minimum_overlap)
        off = np.triu(~known, 1)[:, ~still][~still]
        return CovarianceEstimate(
            covariance=read_only(np.asarray(correlation * np.outer(sigma, sigma))),
            method="pairwise" + ("" if self.decay is None else f", decay {self.decay:g}"),
            observations=panel.shape[0],
            repaired=distance > _MOVED,
            repair_distance=distance,
            sparse_pairs=int(off.sum()),
        )

    def _weights(self, panel: Matrix) -> Vector | None:
        if self.decay is None:
            return None
        weights: Vector = self.decay ** np.arange(panel.shape[0] - 1.0, -1.0, -1.0)
        return weights

    def _check_lengths(self, panel: Matrix) -> None:
        counts = (~np.isnan(panel)).sum(axis=0)
        short = np.flatnonzero(counts < self.minimum_overlap)
        if short.size:
            raise InsufficientDataError(
                f"every column must have {self.minimum_overlap} rows",
                found=f"columns {short[:5].tolist()} with {counts[short[:5]].tolist()}",
                remedy="leave them out, lower minimum_overlap, or use FactorModel",
                field="returns",
            )

    def _filled(self, moments: PairwiseMoments, still: Flags) -> Matrix:
        filled = moments.filled_correlation(minimum_overlap=self.minimum_overlap)
        filled[still, :] = 0.0
        filled[:, still] = 0.0
        np.fill_diagonal(filled, 1.0)
        return filled


def nearest_correlation(matrix: ArrayLike, *, floor: float = DEFAULT_FLOOR) -> Matrix:
    """Return the correlation matrix nearest to a symmetric one (Higham, 2002), (N, N).

    Parameters
    ----------
    matrix : array_like, shape (N, N)
    floor : float
        Least eigenvalue of the result, in [0, 1). A correlation matrix that has it comes back as
        it is.

    Raises
    ------
    ParameterError
        Not symmetric, not finite, or a floor outside [0, 1).
    """
    _check_floor(floor)
    symmetric = as_symmetric(matrix, name="matrix")
    if bool(np.all(np.diag(symmetric) == 1.0)):
        return floored_correlation(symmetric, floor=floor)
    return nearest_correlation_matrix(symmetric, floor=floor)


def _check_floor(floor: float) -> None:
    if not 0.0 <= floor < 1.0:
        raise ParameterError("must lie in [0, 1)", found=floor, field="floor")


def _constant(panel: Matrix, *, centred: bool) -> Flags:
    """Whether each column's own rows are all equal (all zero where means are not taken off)."""
    low = np.nanmin(panel, axis=0)
    high = np.nanmax(panel, axis=0)
    flags: Flags = (low == high) if centred else (low == 0.0) & (high == 0.0)
    return flags


def _is_broken(correlation: Matrix) -> bool:
    """Whether an eigenvalue is negative beyond rounding."""
    return bool(np.linalg.eigvalsh(correlation)[0] < -1e-13 * correlation.shape[0])
