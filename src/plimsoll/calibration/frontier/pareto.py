"""What is not dominated: no other is at least as good in everything and better in something."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError


def non_dominated(points: ArrayLike) -> NDArray[np.bool_]:
    """(P,) whether no other row is as low in every column and lower in one.

    Examples
    --------
    >>> non_dominated([[0.9, 1.5], [0.95, 1.3], [0.96, 1.5]])
    array([ True,  True, False])
    """
    x = _points(points)
    return np.array([not dominates(x, row).any() for row in x], dtype=np.bool_)


def dominates(points: ArrayLike, point: ArrayLike) -> NDArray[np.bool_]:
    """(P,) which rows dominate a point; lower is better in every column."""
    x, one = _points(points), np.asarray(point, dtype=np.float64)
    return np.asarray((x <= one).all(axis=1) & (x < one).any(axis=1))


def _points(points: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(points, dtype=np.float64)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise UsageError("must be (points, figures), all finite", found=x.shape, field="points")
    return x
