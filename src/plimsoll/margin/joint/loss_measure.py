"""The measure of loss that a simulation margin asks for, named, and its run over a book."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths import weighted_tails
from plimsoll.maths.unit_losses import ProfitRows, UnitExposures, UnitFills, UnitTails, no_fills
from plimsoll.maths.unit_tail_kernel import NUMBA_TAILS, UnitTailKernel
from plimsoll.maths.weighted_tails import BLOCKS, deepest_share, tail_order, tail_shares

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class LossMeasure(StrEnum):
    """What is taken of the losses over the scenarios; conventions: `plimsoll.measures`."""

    VALUE_AT_RISK = "value_at_risk"
    EXPECTED_SHORTFALL = "expected_shortfall"
    SPECTRAL = "spectral"  # exponential spectrum, its level is the aversion k
    WORST_CASE = "worst_case"  # whatever the weights; takes no level

    @property
    def code(self) -> int:
        """Of the kernels in `plimsoll.maths.weighted_tails`."""
        return _CODES[self]

    @property
    def phrase(self) -> str:
        """For tables."""
        return self.value.replace(
            "_", "-" if self is LossMeasure.VALUE_AT_RISK else " "
        ).capitalize()


_CODES = {
    LossMeasure.VALUE_AT_RISK: weighted_tails.VALUE_AT_RISK,
    LossMeasure.EXPECTED_SHORTFALL: weighted_tails.EXPECTED_SHORTFALL,
    LossMeasure.SPECTRAL: weighted_tails.SPECTRAL,
    LossMeasure.WORST_CASE: weighted_tails.WORST_CASE,
}


def measured(
    measure: LossMeasure,
    levels: tuple[float, float],
    exposures: UnitExposures,
    rows: ProfitRows,
    *,
    fills: UnitFills | None = None,
    kernel: UnitTailKernel = NUMBA_TAILS,
) -> UnitTails:
    """Return the measure of every unit at two levels, signed: a sure gain is negative.

    With ``fills``, of what a unit loses where in every scenario orders are filled that lose there:
    no fills of them, whole or in part, can make the measure larger.
    """
    orders = no_fills(exposures.offsets.size - 1) if fills is None else fills
    return kernel.tails(measure.code, np.array(levels), exposures, orders, rows)


def tail_of(
    measure: LossMeasure, level: float, losses: FloatArray, weights: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Scenarios that make up the measure of one unit's losses (S,), worst first, and their shares.

    The shares add up to one; with the losses of these scenarios they add up to the measure.
    """
    order, share = np.empty(losses.size, dtype=np.int64), np.empty(losses.size)
    scratch = np.empty(BLOCKS), np.empty(BLOCKS)
    mass = np.array(weights)
    total = float(mass.sum())
    deep = deepest_share(measure.code, level, level)
    count = tail_order(np.array(losses), mass, total, deep, *scratch, order)
    counted = tail_shares(measure.code, level, mass, total, order, count, share)
    kept = share[:counted] > 0.0
    return order[:counted][kept], share[:counted][kept]
