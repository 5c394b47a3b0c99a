"""The joint distribution of spot and surface moves, by few parameters that people can name.

From the moves by tenor: spot; level at a pivot maturity; term structure, the level's move at a
short maturity less that at a long one; skew and curvature at the pivot. Each with its moments
and quantiles, all with their correlations, and all with block-bootstrap standard errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.vol_shocks.moves import SurfaceMoves
from plimsoll.maths.block_resampling import block_counts

FloatArray = NDArray[np.float64]

PARAMETERS = ("spot", "level", "term structure", "skew", "curvature")
_FEWEST = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointMoves:
    """n complete joint moves of F named things.

    Parameters
    ----------
    labels : tuple of F str
    values : (n, F) float64
        In time order; units as in `SurfaceMoves`.
    incomplete : int
        Moves left out because something was missing at an end.
    """

    labels: tuple[str, ...]
    values: FloatArray
    incomplete: int

    def __post_init__(self) -> None:
        self.values.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointDistribution:
    """Moments of joint moves and their standard errors.

    Parameters
    ----------
    labels : tuple of F str
    count : int
    mean, deviation : (F,) float64
    mean_error, deviation_error : (F,) float64
    probabilities : (Q,) float64
    quantiles, quantiles_error : (Q, F) float64
        Type-7 quantiles. Beyond 1 / n from the ends they are all but the extremes, and their
        errors are too small: a bootstrap draws nothing worse than it has seen.
    correlation, correlation_error : (F, F) float64
        Pearson's.
    """

    labels: tuple[str, ...]
    count: int
    mean: FloatArray
    mean_error: FloatArray
    deviation: FloatArray
    deviation_error: FloatArray
    probabilities: FloatArray
    quantiles: FloatArray
    quantiles_error: FloatArray
    correlation: FloatArray
    correlation_error: FloatArray


def parameter_moves(
    moves: SurfaceMoves,
    *,
    short_days: float = 7.0,
    pivot_days: float = 30.0,
    long_days: float = 90.0,
) -> JointMoves:
    """Spot, level, term structure, skew and curvature (`PARAMETERS`)."""
    short, pivot, long = (moves.column(day) for day in (short_days, pivot_days, long_days))
    values = np.column_stack(
        (
            moves.spot,
            moves.level[:, pivot],
            moves.level[:, short] - moves.level[:, long],
            moves.skew[:, pivot],
            moves.curvature[:, pivot],
        )
    )
    return _complete(PARAMETERS, values)


def tenor_moves(moves: SurfaceMoves) -> JointMoves:
    """Spot, then level, skew and curvature of every tenor: what components are taken of."""
    names = [f"{day:g} d" for day in moves.tenors_days]
    labels = tuple(f"{what} {name}" for what in ("level", "skew", "curvature") for name in names)
    values = np.column_stack((moves.spot, moves.level, moves.skew, moves.curvature))
    return _complete(("spot", *labels), values)


def joint_distribution(
    joint: JointMoves,
    *,
    probabilities: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99),
    block_length: int = 7,
    replicates: int = 200,
    seed: int,
) -> JointDistribution:
    """Moments, quantiles and correlations with standard errors by the block bootstrap.

    Parameters
    ----------
    joint : JointMoves
        Of `parameter_moves` or `tenor_moves`; rows in order of time.
    probabilities : tuple of float
        Of the quantiles, within [0, 1].
    block_length : int
        Moves drawn together, so that their dependence from one to the next is in the errors.
    replicates : int
        Bootstrap samples.
    seed : int

    Returns
    -------
    JointDistribution

    Raises
    ------
    InsufficientDataError
        For fewer than 20 complete moves.
    """
    count = joint.values.shape[0]
    if count < _FEWEST:
        raise InsufficientDataError(
            f"at least {_FEWEST} complete moves are needed", found=count, field="joint"
        )
    counts = block_counts(count, block_length=block_length, replicates=replicates, seed=seed)
    drawn = [_moments(np.repeat(joint.values, c, axis=0), probabilities) for c in counts]
    mean, deviation, quantiles, correlation = _moments(joint.values, probabilities)
    errors = [np.nanstd(column, axis=0, ddof=1) for column in zip(*drawn, strict=True)]
    return JointDistribution(
        labels=joint.labels,
        count=count,
        mean=mean,
        mean_error=errors[0],
        deviation=deviation,
        deviation_error=errors[1],
        probabilities=np.array(probabilities),
        quantiles=quantiles,
        quantiles_error=errors[2],
        correlation=correlation,
        correlation_error=errors[3],
    )


def _moments(
    values: FloatArray, probabilities: tuple[float, ...]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    return (
        values.mean(axis=0),
        values.std(axis=0, ddof=1),
        np.quantile(values, probabilities, axis=0),
        np.asarray(np.corrcoef(values, rowvar=False), dtype=np.float64),
    )


def _complete(labels: tuple[str, ...], values: FloatArray) -> JointMoves:
    whole = np.isfinite(values).all(axis=1)
    return JointMoves(labels=labels, values=values[whole], incomplete=int(np.sum(~whole)))
