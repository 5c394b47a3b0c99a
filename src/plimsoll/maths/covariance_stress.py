"""Correlation matrices moved towards extremes, semi-definite at every step.

    up       (1 - theta) R + theta s s'            all columns move as one, with signs s
    break    (1 - theta) R + theta I               nothing moves together
    blocks   R o M,  M = 1 within, 1 - theta between  what is between groups fails

A mixture of correlations is one; so is the entrywise product of two (Schur's theorem).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.covariance_nearest import DEFAULT_FLOOR, floored_correlation

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]


def correlation_up(correlation: Matrix, theta: float, signs: Vector) -> Matrix:
    """``(1 - theta) R + theta s s'``; ``theta`` in [0, 1], signs of 1 or -1."""
    return _with_ones((1.0 - theta) * correlation + theta * np.outer(signs, signs))


def correlation_break(correlation: Matrix, theta: float) -> Matrix:
    """``(1 - theta) R + theta I``; ``theta`` in [0, 1]."""
    return _with_ones((1.0 - theta) * correlation)


def correlation_break_between(correlation: Matrix, theta: float, groups: Index) -> Matrix:
    """``1 - theta`` of what is between columns of different groups; within stays as it is."""
    same = groups[:, None] == groups[None, :]
    return _with_ones(np.where(same, correlation, (1.0 - theta) * correlation))


def correlation_between(
    correlation: Matrix, theta: float, first: Index, second: Index, level: Matrix
) -> Matrix:
    """Move the block between two sets of columns towards ``level``; the nearest that is allowed.

    ``(1 - theta)`` of the block and ``theta`` of ``level``, shape (first, second); where no
    correlation matrix has such a block with the rest unchanged, the nearest one to it with
    eigenvalues from 1e-8.
    """
    out = correlation.copy()
    block = (1.0 - theta) * correlation[np.ix_(first, second)] + theta * level
    out[np.ix_(first, second)] = block
    out[np.ix_(second, first)] = block.T
    if float(np.linalg.eigvalsh(out)[0]) >= -1e-12:
        return _with_ones(out)
    return floored_correlation(out, floor=DEFAULT_FLOOR)


def _with_ones(matrix: Matrix) -> Matrix:
    out = np.clip(0.5 * (matrix + matrix.T), -1.0, 1.0)
    np.fill_diagonal(out, 1.0)
    return np.asarray(out, dtype=np.float64)
