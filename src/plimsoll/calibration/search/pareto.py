"""Points that no other beats in every objective, and the volume that they dominate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError

Matrix = NDArray[np.float64]
Index = NDArray[np.int64]


def pareto_front(points: ArrayLike, *, minimise: Sequence[bool] | None = None) -> Index:
    """Rows that no other row dominates: as good in all objectives and better in one.

    Parameters
    ----------
    points : (n, k) array_like
        Finite.
    minimise : sequence of k bool, optional
        Which objectives are better when lower; all by default.

    Returns
    -------
    (m,) int64
        In the order of the first objective, then the next. Equal points stand all or none.

    Examples
    --------
    >>> pareto_front([[1, 5], [2, 2], [3, 3], [4, 1]]).tolist()
    [0, 1, 3]
    """
    x = _signed(points, minimise)
    order = np.lexsort(x.T[::-1])
    front: list[int] = []
    for row in order:
        if front:
            rivals = x[front]
            as_good = (rivals <= x[row]).all(axis=1)
            if bool(np.any(as_good & (rivals < x[row]).any(axis=1))):
                continue
        front.append(int(row))
    return np.array(front, dtype=np.int64)


def hypervolume(
    points: ArrayLike, reference: ArrayLike, *, minimise: Sequence[bool] | None = None
) -> float:
    """Volume dominated by two or three objectives, up to a reference point.

    Points that are not better than the reference in every objective add nothing.

    Parameters
    ----------
    points : (n, k) array_like
        k is 2 or 3.
    reference : (k,) array_like
    minimise : as in `pareto_front`

    Examples
    --------
    >>> hypervolume([[1, 2], [2, 1]], [3, 3])
    3.0
    """
    x = _signed(points, minimise)
    corner = _signed(np.atleast_2d(np.asarray(reference, dtype=np.float64)), minimise)
    if corner.shape != (1, x.shape[1]) or x.shape[1] not in (2, 3):
        raise UsageError(
            "must have two or three objectives, one reference value each",
            found=f"{x.shape} and {corner.shape}",
            field="reference",
        )
    gain = corner - x
    gain = gain[(gain > 0.0).all(axis=1)]
    if x.shape[1] == 2:
        return _area(gain)
    return _volume(gain)


def _area(gain: Matrix) -> float:
    """Union of the rectangles from the reference to each point."""
    total, reached = 0.0, 0.0
    for wide, high in gain[np.lexsort((-gain[:, 1], -gain[:, 0]))]:
        if high > reached:
            total += float(wide * (high - reached))
            reached = float(high)
    return total


def _volume(gain: Matrix) -> float:
    """Slices along the last objective, each an area of the points that reach so far."""
    depths = np.unique(gain[:, 2])
    total, before = 0.0, 0.0
    for depth in depths:
        total += _area(gain[gain[:, 2] >= depth, :2]) * float(depth - before)
        before = float(depth)
    return total


def _signed(points: ArrayLike, minimise: Sequence[bool] | None) -> Matrix:
    x = np.asarray(points, dtype=np.float64)
    if x.ndim != 2 or not x.shape[1] or not bool(np.isfinite(x).all()):
        raise UsageError("must be finite, (points, objectives)", found=x.shape, field="points")
    lower = [True] * x.shape[1] if minimise is None else list(minimise)
    if len(lower) != x.shape[1]:
        raise UsageError("must say it of every objective", found=len(lower), field="minimise")
    out: Matrix = np.where(lower, x, -x)
    return out
