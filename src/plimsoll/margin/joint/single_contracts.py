"""What one contract would need on its own, long and short: for floors, orders, comparison."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.standalone_sums import standalone_sums
from plimsoll.maths.unit_losses import UnitExposures

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StandaloneMargins:
    """(N, 2) initial and maintenance measure of one contract held alone, not negative."""

    long: FloatArray
    short: FloatArray

    def of(self, row: IntArray, quantity: FloatArray) -> FloatArray:
        """(P, 2) of positions of ``quantity`` contracts of the rows."""
        side = np.where((quantity >= 0.0)[:, None], self.long[row], self.short[row])
        out: FloatArray = np.abs(quantity)[:, None] * side
        return out

    def of_units(self, exposures: UnitExposures) -> FloatArray:
        """(U, 2) sums over the positions of each unit."""
        out = np.empty((exposures.offsets.size - 1, 2))
        held = exposures.offsets, exposures.row, exposures.quantity
        standalone_sums(*held, self.long, self.short, out)
        return out


def one_each(count: int, sign: float, currencies: int) -> UnitExposures:
    """Return ``count`` units that hold one contract of one row each, long (1.0) or short (-1.0)."""
    return UnitExposures(
        np.arange(count + 1, dtype=np.int64),
        np.arange(count, dtype=np.int64),
        np.full(count, sign),
        np.zeros((count, currencies)),
    )
