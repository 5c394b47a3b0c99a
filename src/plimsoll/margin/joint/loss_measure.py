"""The measure of loss that a simulation margin asks for, named, and its run over a book."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths import unit_losses
from plimsoll.maths.unit_losses import (
    BLOCKS,
    ProfitRows,
    UnitExposures,
    UnitTails,
    tail_order,
    tail_shares,
    unit_tails,
    unit_tails_parallel,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PARALLEL_CELLS = 1_000_000
"""Positions times scenarios above which two threads are worth their start."""


class LossMeasure(StrEnum):
    """What is taken of the losses over the scenarios; conventions: `plimsoll.measures`."""

    VALUE_AT_RISK = "value_at_risk"
    EXPECTED_SHORTFALL = "expected_shortfall"
    SPECTRAL = "spectral"  # exponential spectrum, its level is the aversion k
    WORST_CASE = "worst_case"  # whatever the weights; takes no level

    @property
    def code(self) -> int:
        """Of the kernels in `plimsoll.maths.unit_losses`."""
        return _CODES[self]

    @property
    def phrase(self) -> str:
        """For tables."""
        return self.value.replace(
            "_", "-" if self is LossMeasure.VALUE_AT_RISK else " "
        ).capitalize()


_CODES = {
    LossMeasure.VALUE_AT_RISK: unit_losses.VALUE_AT_RISK,
    LossMeasure.EXPECTED_SHORTFALL: unit_losses.EXPECTED_SHORTFALL,
    LossMeasure.SPECTRAL: unit_losses.SPECTRAL,
    LossMeasure.WORST_CASE: unit_losses.WORST_CASE,
}


def measured(
    measure: LossMeasure, levels: tuple[float, float], exposures: UnitExposures, rows: ProfitRows
) -> UnitTails:
    """Return the measure of every unit at two levels, signed: a sure gain is negative."""
    units, positions = exposures.offsets.size - 1, exposures.row.size
    out = UnitTails(np.zeros((units, 2)), np.zeros((units, 2), dtype=np.int64))
    many = (positions + units) * rows.weights.size >= PARALLEL_CELLS
    kernel = unit_tails_parallel if many else unit_tails
    kernel(measure.code, np.array(levels), exposures, rows, out)
    return out


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
    deep = {LossMeasure.SPECTRAL: 1.0, LossMeasure.WORST_CASE: 0.0}.get(measure, 1.0 - level)
    count = tail_order(np.array(losses), mass, total, deep, *scratch, order)
    counted = tail_shares(measure.code, level, mass, total, order, count, share)
    kept = share[:counted] > 0.0
    return order[:counted][kept], share[:counted][kept]
