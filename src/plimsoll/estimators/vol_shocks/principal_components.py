"""Principal components of standardised moves, with standard errors.

Each column is centred and divided by its standard deviation, so that the components are those of
the correlation matrix R = V diag(l) V', and l_j / F the share of variance explained. Of the two
signs of a component the one is taken whose entry of largest absolute value is positive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import DataFormatError, EstimationError, InsufficientDataError
from plimsoll.maths.block_resampling import block_counts

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrincipalComponents:
    """Components of F columns of moves.

    Parameters
    ----------
    labels : tuple of F str
    mean, scale : (F,) float64
        Taken off and divided by; the columns' own mean and standard deviation (n - 1).
    loadings : (F, F) float64
        Columns are components, largest first; orthonormal.
    loadings_error : (F, F) float64
        Block-bootstrap; each resample's component has the sign that agrees with the sample's.
        Where two components explain alike they mix, and the errors say so by their size.
    explained, explained_error : (F,) float64
        Shares of variance; sum to one.
    scores : (n, F) float64
        Of the moves given.
    """

    labels: tuple[str, ...]
    mean: FloatArray
    scale: FloatArray
    loadings: FloatArray
    loadings_error: FloatArray
    explained: FloatArray
    explained_error: FloatArray
    scores: FloatArray

    def moves_of(self, scores: FloatArray) -> FloatArray:
        """Moves (n, F) of scores (n, k) on the first k components, the others at zero."""
        used = self.loadings[:, : scores.shape[1]]
        moves: FloatArray = self.mean + self.scale * (scores @ used.T)
        return moves


def principal_components(
    moves: FloatArray,
    labels: tuple[str, ...],
    *,
    block_length: int = 7,
    replicates: int = 200,
    seed: int,
) -> PrincipalComponents:
    """Principal components of (n, F) moves in time order.

    Raises
    ------
    DataFormatError
        For a shape that does not fit the labels, or moves that are not finite.
    InsufficientDataError
        For fewer moves than twice the columns.
    EstimationError
        For a column that does not vary.
    """
    if moves.ndim != 2 or moves.shape[1] != len(labels) or not bool(np.all(np.isfinite(moves))):
        raise DataFormatError(
            f"must be finite, with {len(labels)} columns",
            found=moves.shape,
            field="moves",
            remedy="leave incomplete moves out",
        )
    if moves.shape[0] < 2 * len(labels):
        raise InsufficientDataError(
            f"at least {2 * len(labels)} moves are needed", found=moves.shape[0], field="moves"
        )
    mean, scale = moves.mean(axis=0), moves.std(axis=0, ddof=1)
    if bool(np.any(scale <= 0.0)):
        still = labels[int(np.argmin(scale))]
        raise EstimationError("every column must vary", found=f"{still} does not", field="moves")
    explained, loadings = _components(moves, np.ones(moves.shape[0]))
    loadings *= np.where(loadings[np.abs(loadings).argmax(axis=0), range(len(labels))] < 0, -1, 1)
    counts = block_counts(
        moves.shape[0], block_length=block_length, replicates=replicates, seed=seed
    )
    drawn = [_components(moves, count.astype(np.float64)) for count in counts]
    agreed = [v * np.where(np.sum(v * loadings, axis=0) < 0.0, -1.0, 1.0) for _, v in drawn]
    return PrincipalComponents(
        labels=labels,
        mean=mean,
        scale=scale,
        loadings=loadings,
        loadings_error=np.std(agreed, axis=0, ddof=1),
        explained=explained,
        explained_error=np.std([share for share, _ in drawn], axis=0, ddof=1),
        scores=((moves - mean) / scale) @ loadings,
    )


def _components(moves: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Explained shares and loadings of weighted rows, largest first."""
    centred = moves - np.average(moves, axis=0, weights=weights)
    covariance = (centred * weights[:, None]).T @ centred
    # A resample may hold a column still: it then explains nothing rather than dividing by zero.
    root = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    values, vectors = np.linalg.eigh(covariance / np.outer(root, root))
    order = np.argsort(values)[::-1]
    return values[order] / values.sum(), vectors[:, order]
