"""Stressed and broken correlations: semi-definite whatever the strength.

`plimsoll.scenarios.stressed.broken_dependence` re-orders scenarios so that dependence breaks; here
are the matrices for models that draw from one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import ParameterError
from plimsoll.estimators.dependence.observed_columns import (
    Matrix,
    Vector,
    as_correlation,
    chosen_columns,
)
from plimsoll.maths.covariance_stress import (
    correlation_between,
    correlation_break,
    correlation_break_between,
    correlation_up,
)


def stressed_correlation(
    correlation: ArrayLike, theta: float, *, signs: ArrayLike | None = None
) -> Matrix:
    """Return ``(1 - theta) R + theta s s'``: everything moves as one, (N, N).

    Parameters
    ----------
    correlation : array_like, shape (N, N)
    theta : float
        In [0, 1]: 0 leaves the correlations, 1 is perfect dependence.
    signs : array_like of 1 and -1, shape (N,), optional
        Which way each column goes; all ones without. For a hedge pair, long one and short the
        other, signs of 1 and -1 are the move that hurts both legs.

    Raises
    ------
    ParameterError
    """
    matrix = as_correlation(correlation)
    _check_theta(theta)
    return correlation_up(matrix, theta, _signs(signs, matrix.shape[0]))


def broken_correlation(
    correlation: ArrayLike, theta: float, *, groups: Sequence[int] | None = None
) -> Matrix:
    """Return the correlations drawn to zero by ``theta`` in [0, 1], (N, N).

    ``groups``, a label a column, keeps what is within a group and breaks what is between.

    Raises
    ------
    ParameterError
    """
    matrix = as_correlation(correlation)
    _check_theta(theta)
    if groups is None:
        return correlation_break(matrix, theta)
    labels = np.array(list(groups), dtype=np.int64)
    if labels.size != matrix.shape[0]:
        raise ParameterError(f"must be {matrix.shape[0]} labels", found=labels.size, field="groups")
    return correlation_break_between(matrix, theta, labels)


def stressed_between(
    correlation: ArrayLike,
    theta: float,
    *,
    positions: Sequence[int],
    collateral: Sequence[int],
    position_signs: ArrayLike | None = None,
    collateral_signs: ArrayLike | None = None,
) -> Matrix:
    """Return correlations whose block between positions and collateral is drawn to an extreme.

    What hurts an account is collateral that falls when its positions lose: with signs of 1 for long
    positions and -1 for short ones, and 1 for collateral (held long), the block moves by ``theta``
    towards ``position_sign * collateral_sign``. Within positions and within collateral nothing
    moves unless that block allows no correlation matrix; then the nearest one is taken, with
    eigenvalues from 1e-8.

    Parameters
    ----------
    correlation : array_like, shape (N, N)
        Of positions and collateral together; columns in neither stay as they are.
    theta : float
        In [0, 1].
    positions, collateral : sequence of int
        Columns, without a common one.
    position_signs, collateral_signs : array_like of 1 and -1, optional
        All ones without.

    Raises
    ------
    ParameterError
    """
    matrix = as_correlation(correlation)
    _check_theta(theta)
    first = chosen_columns(positions, count=matrix.shape[0], name="positions")
    second = chosen_columns(collateral, count=matrix.shape[0], name="collateral")
    shared = np.intersect1d(first, second)
    if shared.size:
        raise ParameterError(
            "must have no column in common with positions",
            found=shared.tolist(),
            remedy="give a coin that is both one column for each",
            field="collateral",
        )
    level = np.outer(_signs(position_signs, first.size), _signs(collateral_signs, second.size))
    return correlation_between(matrix, theta, first, second, level)


def _check_theta(theta: float) -> None:
    if not 0.0 <= theta <= 1.0:
        raise ParameterError("must lie in [0, 1]", found=theta, field="theta")


def _signs(signs: ArrayLike | None, count: int) -> Vector:
    if signs is None:
        return np.ones(count)
    values = np.array(signs, dtype=np.float64).reshape(-1)
    if values.size != count or not bool(np.isin(values, (-1.0, 1.0)).all()):
        raise ParameterError(f"must be {count} numbers, each 1 or -1", found=signs, field="signs")
    return values
