"""Realised measures by block: variance, its continuous and jump parts, quarticity, semivariances.

Formulas stand in `plimsoll.maths.realised_measures`. Convention of the finite-sample factors: TQ,
MedRV and MinRV carry theirs, bipower none unless ``bipower_scaling`` asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import DataFormatError, UsageError
from plimsoll.estimators.realised.blocks import Blocks
from plimsoll.maths import realised_measures as kernel

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LEAST_RETURNS = 3
BNS_CONSTANT = np.pi**2 / 4.0 + np.pi - 5.0


class BipowerScaling(StrEnum):
    """Finite-sample factor of bipower variation."""

    NONE = "none"
    N_OVER_N_MINUS_1 = "n_over_n_minus_1"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RealisedMeasures:
    """Measures of B blocks, or of B blocks of N series: every array is (B,) or (N, B).

    Parameters
    ----------
    returns : float64
        m, returns in the block (holes left out).
    covered : bool
        m reaches the minimum; where not, every measure is NaN.
    variance, bipower, med, min : float64
        RV, BV, MedRV, MinRV; squares of the units of the returns.
    tripower_quarticity : float64
        TQ, of the integrated quarticity.
    fall_semivariance, rise_semivariance : float64
        RV of the negative, and of the other returns; they sum to RV.
    bipower_scaling : BipowerScaling
    """

    returns: FloatArray
    covered: BoolArray
    variance: FloatArray
    bipower: FloatArray
    tripower_quarticity: FloatArray
    med: FloatArray
    min: FloatArray
    fall_semivariance: FloatArray
    rise_semivariance: FloatArray
    bipower_scaling: BipowerScaling

    @property
    def jump(self) -> FloatArray:
        """max(RV - BV, 0): the part of jumps, tested or not."""
        return np.maximum(self.variance - self.bipower, 0.0)

    @property
    def ratio_z(self) -> FloatArray:
        """Ratio jump test, standard normal without jumps; large speaks for jumps.

        ``(1 - BV / RV) / sqrt((pi^2 / 4 + pi - 5) / m max(1, TQ / BV^2))`` (Barndorff-Nielsen and
        Shephard, 2006; Huang and Tauchen, 2005, recommend it among seven). 0 for a block that
        never moved.
        """
        moved = self.variance > 0.0
        share = 1.0 - _ratio(self.bipower, self.variance, moved)
        square = self.bipower**2
        spread = np.maximum(1.0, _ratio(self.tripower_quarticity, square, square > 0.0))
        z = share / np.sqrt(BNS_CONSTANT / np.maximum(self.returns, 1.0) * spread)
        return np.where(self.covered, np.where(moved, z, 0.0), np.nan)

    @property
    def ratio_p(self) -> FloatArray:
        """One-sided p-value of `ratio_z`: small speaks for jumps."""
        p: FloatArray = special.ndtr(-self.ratio_z)
        return p

    def significant_jump(self, significance: float = 0.001) -> FloatArray:
        """Jump part where the ratio test rejects at ``significance``, else 0.

        What is left of RV is then its continuous part (Andersen, Bollerslev and Diebold, 2007).

        Raises
        ------
        UsageError
        """
        if not 0.0 < significance < 1.0:
            raise UsageError("must lie in (0, 1)", found=significance, field="significance")
        return np.where(self.ratio_p < significance, self.jump, 0.0) + 0.0 * self.variance


def realised_measures(
    returns: ArrayLike,
    blocks: Blocks,
    *,
    bipower_scaling: BipowerScaling | str = BipowerScaling.NONE,
    least_returns: int = LEAST_RETURNS,
) -> RealisedMeasures:
    """Measure every block.

    Parameters
    ----------
    returns : (n,) or (N, n) array
        Log returns in any unit (fractions, per cent, basis points), NaN for a hole.
    blocks : Blocks
    bipower_scaling : {"none", "n_over_n_minus_1"}
    least_returns : int
        Fewer returns in a block, at least 3, and it has no measure.

    Raises
    ------
    DataFormatError, UsageError

    Examples
    --------
    >>> from plimsoll.estimators.realised.blocks import blocks_of
    >>> found = realised_measures([1.0, -2.0, 1.0], blocks_of([0, 1, 2]))
    >>> found.variance, found.fall_semivariance
    (array([6.]), array([4.]))
    """
    values = _rows(returns, blocks)
    if least_returns < LEAST_RETURNS:
        raise UsageError(
            f"must be at least {LEAST_RETURNS}", found=least_returns, field="least_returns"
        )
    scaling = BipowerScaling(bipower_scaling)
    table = kernel.measure_table(values, np.array(blocks.first), np.array(blocks.last))
    count = table[:, :, kernel.COUNT]
    covered = count >= least_returns
    if scaling is BipowerScaling.N_OVER_N_MINUS_1:
        table[:, :, kernel.BIPOWER] *= count / np.maximum(count - 1.0, 1.0)
    table[~covered, kernel.VARIANCE :] = np.nan
    flat = np.ndim(returns) == 1

    def column(which: int) -> FloatArray:
        out: FloatArray = table[0, :, which] if flat else table[:, :, which]
        return out

    return RealisedMeasures(
        returns=column(kernel.COUNT),
        covered=covered[0] if flat else covered,
        variance=column(kernel.VARIANCE),
        bipower=column(kernel.BIPOWER),
        tripower_quarticity=column(kernel.TRIPOWER),
        med=column(kernel.MED),
        min=column(kernel.MIN),
        fall_semivariance=column(kernel.FALLS),
        rise_semivariance=column(kernel.RISES),
        bipower_scaling=scaling,
    )


def _rows(returns: ArrayLike, blocks: Blocks) -> FloatArray:
    try:
        values = np.array(returns, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise DataFormatError(
            "must be numbers", found=type(returns).__name__, field="returns"
        ) from error
    if values.ndim not in (1, 2) or values.shape[-1] < int(blocks.last[-1]):
        raise DataFormatError(
            f"must be (n,) or (N, n) with n at least {int(blocks.last[-1])}, the end of the blocks",
            found=values.shape,
            field="returns",
        )
    if np.isinf(values).any():
        raise DataFormatError("must be finite, or NaN for a hole", found="inf", field="returns")
    return np.atleast_2d(values)


def _ratio(over: FloatArray, under: FloatArray, where: BoolArray) -> FloatArray:
    return np.divide(over, under, out=np.zeros_like(under), where=where)
