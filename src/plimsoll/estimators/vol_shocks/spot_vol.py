"""How spot and volatility move together: correlations, slopes each way, and corners.

By tenor: Pearson's and Spearman's correlation of spot and level moves; the regression

    level = drift + b_down min(spot, 0) + b_up max(spot, 0),

since volatility answers falls and rises differently, and sinks on days when nothing happens; the
same without the drift, sum xy / sum x^2 of each side; and how often both moves are among their own
most extreme, by corner, against q^2 n of independent moves. A model that gives credit for a
corner should have seen it empty here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from plimsoll.errors import InsufficientDataError, ParameterError
from plimsoll.estimators.vol_shocks.moves import SurfaceMoves
from plimsoll.maths.block_resampling import block_counts

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_FEWEST = 20
_MEASURES = (
    "pearson",
    "spearman",
    "drift",
    "slope_down",
    "slope_up",
    "ratio_down",
    "ratio_up",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpotVolRelation:
    """Spot against the level of T tenors.

    Parameters
    ----------
    tenors_days : (T,) float64
    count : (T,) int64
        Moves with both.
    pearson, pearson_error, spearman, spearman_error : (T,) float64
        Errors by the block bootstrap.
    drift, drift_error : (T,) float64
        Log move of volatility where spot stands still.
    slope_down, slope_down_error, slope_up, slope_up_error : (T,) float64
        Log move of volatility per log move of spot, beyond the drift: -1 down means that a fall of
        1 % brings a rise of volatility of 1 %.
    ratio_down, ratio_down_error, ratio_up, ratio_up_error : (T,) float64
        The same through the origin, the drift included.
    corner : float
        Share of each tail, 0.1 for the most extreme tenth.
    down_up, down_down, up_up, up_down : (T,) int64
        Corner counts, spot first: ``down_up`` is spot down with volatility up.
    expected : (T,) float64
        Of each, were spot and volatility independent.
    """

    tenors_days: FloatArray
    count: IntArray
    pearson: FloatArray
    pearson_error: FloatArray
    spearman: FloatArray
    spearman_error: FloatArray
    drift: FloatArray
    drift_error: FloatArray
    slope_down: FloatArray
    slope_down_error: FloatArray
    slope_up: FloatArray
    slope_up_error: FloatArray
    ratio_down: FloatArray
    ratio_down_error: FloatArray
    ratio_up: FloatArray
    ratio_up_error: FloatArray
    corner: float
    down_up: IntArray
    down_down: IntArray
    up_up: IntArray
    up_down: IntArray
    expected: FloatArray


def spot_vol_relation(
    moves: SurfaceMoves,
    *,
    corner: float = 0.1,
    block_length: int = 7,
    replicates: int = 200,
    seed: int,
) -> SpotVolRelation:
    """Correlations, slopes and corners by tenor.

    Raises
    ------
    ParameterError
        For a corner outside (0, 0.5).
    InsufficientDataError
        For fewer than 20 moves of some tenor.
    """
    if not 0.0 < corner < 0.5:
        raise ParameterError("must lie in (0, 0.5)", found=corner, field="corner")
    known = [np.isfinite(level) for level in moves.level.T]
    count = np.array([int(rows.sum()) for rows in known])
    if int(count.min()) < _FEWEST:
        raise InsufficientDataError(
            f"at least {_FEWEST} moves of every tenor are needed", found=int(count.min())
        )
    pairs = [
        (moves.spot[rows], level[rows]) for rows, level in zip(known, moves.level.T, strict=True)
    ]
    found = np.array([_relation(spot, level) for spot, level in pairs])
    errors = np.array([_errors(*pair, block_length, replicates, seed) for pair in pairs])
    corners = np.array([_corners(spot, level, corner) for spot, level in pairs])
    return SpotVolRelation(
        tenors_days=np.array(moves.tenors_days),
        count=count,
        **dict(zip(_MEASURES, found.T, strict=True)),
        **dict(zip((f"{name}_error" for name in _MEASURES), errors.T, strict=True)),
        corner=corner,
        down_up=corners[:, 0],
        down_down=corners[:, 1],
        up_up=corners[:, 2],
        up_down=corners[:, 3],
        expected=np.rint(corner * count) ** 2 / count,
    )


def _relation(spot: FloatArray, level: FloatArray) -> FloatArray:
    """`_MEASURES` of one tenor."""
    down, up = np.minimum(spot, 0.0), np.maximum(spot, 0.0)
    design = np.column_stack((np.ones(spot.size), down, up))
    slopes = np.linalg.lstsq(design, level, rcond=None)[0]
    return np.array(
        [
            np.corrcoef(spot, level)[0, 1],
            np.corrcoef(rankdata(spot), rankdata(level))[0, 1],
            *slopes,
            (down @ level) / (down @ down),
            (up @ level) / (up @ up),
        ]
    )


def _errors(
    spot: FloatArray, level: FloatArray, block_length: int, replicates: int, seed: int
) -> FloatArray:
    counts = block_counts(spot.size, block_length=block_length, replicates=replicates, seed=seed)
    drawn = [_relation(np.repeat(spot, c), np.repeat(level, c)) for c in counts]
    errors: FloatArray = np.std(drawn, axis=0, ddof=1)
    return errors


def _corners(spot: FloatArray, level: FloatArray, corner: float) -> IntArray:
    """Counts of down/up, down/down, up/up, up/down among the most extreme share of each."""
    tail = int(np.rint(corner * spot.size))
    spot_rank, level_rank = rankdata(spot, "ordinal"), rankdata(level, "ordinal")
    down, up = spot_rank <= tail, spot_rank > spot.size - tail
    low, high = level_rank <= tail, level_rank > spot.size - tail
    pairs = ((down, high), (down, low), (up, high), (up, low))
    return np.array([int(np.sum(a & b)) for a, b in pairs])
