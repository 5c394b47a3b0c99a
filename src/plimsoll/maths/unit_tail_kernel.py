"""The seam of the simulation margin: what computes tail measures of margin units.

Beside `plimsoll.maths.account_losses.LossKernel`, whose scenarios are equally likely and whose
accounts hold nothing but contracts: here scenarios may have weights, units hold coins and may see
orders filled, and the scenario that stands for a measure is told. Where scenarios are equally
likely both select the worst losses by the same kernel, `select_lowest`.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.unit_losses import (
    ProfitRows,
    UnitExposures,
    UnitFills,
    UnitTails,
    unit_tails,
    unit_tails_parallel,
)

PARALLEL_CELLS = 1_000_000
"""Positions times scenarios above which two threads are worth their start."""


class UnitTailKernel(Protocol):
    """What measures tails: the seam where a native kernel may be dropped in.

    Arguments are contiguous and their rows lie within the table. Results must not depend on the
    number of threads, nor a unit's on the other units.
    """

    def tails(
        self,
        kind: int,
        levels: NDArray[np.float64],
        exposures: UnitExposures,
        fills: UnitFills,
        rows: ProfitRows,
    ) -> UnitTails:
        """Return the measure of every unit at two levels, and the scenario that stands for each.

        Parameters
        ----------
        kind : int
            Of `plimsoll.maths.weighted_tails`: VALUE_AT_RISK, EXPECTED_SHORTFALL, SPECTRAL (its
            levels are aversions) or WORST_CASE.
        levels : (2,) float64
        """
        ...


class NumbaUnitTails:
    """Kernels compiled by numba; threads where there is more than about 1 ms of work."""

    def tails(
        self,
        kind: int,
        levels: NDArray[np.float64],
        exposures: UnitExposures,
        fills: UnitFills,
        rows: ProfitRows,
    ) -> UnitTails:
        """See `UnitTailKernel.tails`."""
        units = exposures.offsets.size - 1
        out = UnitTails(np.zeros((units, 2)), np.zeros((units, 2), dtype=np.int64))
        work = (exposures.row.size + fills.row.size + units) * rows.weights.size
        kernel = unit_tails_parallel if work >= PARALLEL_CELLS else unit_tails
        kernel(kind, levels, exposures, fills, rows, out)
        return out


NUMBA_TAILS = NumbaUnitTails()
