"""A checked and ordered sample: what every measure starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.measures.tail import effective_size

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderedSample:
    """Losses in ascending order with the weight of each.

    Parameters
    ----------
    values, mass : (n,) float64
    order : (n,) int64
        ``values = losses[order]``.
    total, effective : float
        Sum of the weights, and Kish's effective number of observations.
    """

    values: Vector
    mass: Vector
    order: NDArray[np.int64]
    total: float
    effective: float

    @property
    def shares(self) -> Vector:
        """(n + 1,) cumulative probability, from 0 to 1."""
        out = np.concatenate(([0.0], np.cumsum(self.mass))) / self.total
        out[-1] = 1.0
        return out


def ordered_sample(losses: ArrayLike, weights: ArrayLike | None) -> OrderedSample:
    """Check losses and weights, and order them.

    Raises
    ------
    InsufficientDataError
        For an empty sample or one without weight.
    UsageError
        For losses or weights that are not finite, negative weights or other shapes.
    """
    values = _vector(losses, "losses")
    mass = np.ones_like(values) if weights is None else _vector(weights, "weights")
    if mass.shape != values.shape:
        raise UsageError(
            f"must have one weight per loss ({values.size})", found=mass.size, field="weights"
        )
    _refuse(mass < 0.0, mass, "must not be negative", "weights")
    if mass.sum() <= 0.0:
        raise InsufficientDataError("must have a loss with a positive weight", field="losses")
    order = np.argsort(values, kind="stable")
    mass = np.ascontiguousarray(mass[order])
    return OrderedSample(
        values=np.ascontiguousarray(values[order]),
        mass=mass,
        order=order.astype(np.int64),
        total=float(mass.sum()),
        effective=float(effective_size(mass)),
    )


def check_confidence(confidence: float) -> None:
    """Refuse a confidence outside (0, 1), such as 99 for 0.99."""
    if not 0.0 < confidence < 1.0:
        raise ParameterError(
            "must lie in (0, 1)",
            found=confidence,
            field="confidence",
            remedy="write 99 % as 0.99",
        )


def _vector(values: ArrayLike, field: str) -> Vector:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise UsageError("must be one-dimensional", found=array.shape, field=field)
    if array.size == 0:
        raise InsufficientDataError("must have at least one observation", found=0, field=field)
    _refuse(~np.isfinite(array), array, "must be finite", field)
    return array


def _refuse(bad: NDArray[np.bool_], array: Vector, must: str, field: str) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise UsageError(
            must,
            found=float(array[row]),
            field=field,
            row=row,
            remedy="mask what has no number before measuring",
        )
