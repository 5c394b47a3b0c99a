"""The class floor: what a market without numbers of its own takes from its class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Youth:
    """Which markets are young, and whom they borrow from.

    Parameters
    ----------
    young, listed : (D, N) bool
    classes : (N,) str
    quantile : float
        Quantile of the class's mature numbers that is the floor.
    minimum_donors : int
        With fewer mature markets in the class, the whole venue lends.
    lending : (D, N) bool or None
        Who may lend; by default the listed who are not young.
    """

    young: BoolArray
    listed: BoolArray
    classes: NDArray[np.str_]
    quantile: float
    minimum_donors: int
    lending: BoolArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Floored:
    """A path raised to the class floor, with its standard error."""

    path: FloatArray
    error: FloatArray


def class_floor(
    path: FloatArray, error: FloatArray, youth: Youth, *, only_missing: bool = False
) -> Floored:
    """Raise young markets to their class's quantile of mature ones, day by day.

    Where too few mature members of the class have a number, all mature markets of the venue lend
    theirs: one donor says nothing about the next listing. Without any there is no number. With
    ``only_missing`` a number of its own stands, even where it is lower.
    """
    path, error = path.copy(), error.copy()
    donors = youth.listed & ~youth.young if youth.lending is None else youth.lending
    mature = donors[:, :, None]
    lent, lent_error = np.where(mature, path, np.nan), np.where(mature, error, np.nan)
    for name in np.unique(youth.classes):
        members = np.flatnonzero(youth.classes == name)
        few = np.isfinite(lent[:, members]).sum(axis=1) < youth.minimum_donors
        floor, floor_error = (
            np.where(few, row_quantile(values, q), row_quantile(values[:, members], q))
            for values, q in ((lent, youth.quantile), (lent_error, 1.0))
        )
        for j in members:
            young = youth.young[:, j, None]
            enough = np.isfinite(path[:, j]) if only_missing else path[:, j] >= floor
            raised = young & ~enough
            path[:, j] = np.where(raised, floor, path[:, j])
            error[:, j] = np.where(raised, floor_error, error[:, j])
    return Floored(path=path, error=error)


def row_quantile(values: FloatArray, quantile: float) -> FloatArray:
    """(D, 2) quantile over the markets of (D, M, 2); NaN where no market has a value.

    numpy's linear (type-7) quantile to the last bit; its own ``nanquantile`` goes row by row.
    """
    count = np.sum(~np.isnan(values), axis=1)
    ordered = np.sort(values, axis=1)  # NaN last
    place = np.maximum(count - 1, 0) * quantile
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    below, above = (np.take_along_axis(ordered, i[:, None], axis=1)[:, 0] for i in (low, high))
    share = place - low
    step = above - below
    # Towards the nearer end, as numpy does it.
    return np.asarray(np.where(share < 0.5, below + step * share, above - step * (1.0 - share)))
