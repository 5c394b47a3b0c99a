"""Roll shock and delta shock: charges on net delta, by expiry and in total.

The venue publishes the parameters of both and the ramp of neither; see
``docs/models/deribit-portfolio.md`` for what stands behind the defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.deribit.portfolio_parameters import DeribitPair
from plimsoll.margin.units.cell_sums import cell_sums
from plimsoll.margin.units.cells import Cells

FloatArray = NDArray[np.float64]


class RollRamp(StrEnum):
    """How the roll shock's rate grows with the years ``t`` to expiry; never under its minimum."""

    LINEAR = "linear"  # a t
    EXPONENTIAL = "exponential"  # exp(a t) - 1


class DeltaRamp(StrEnum):
    """Of what the rate min(largest, slope x coins beyond the threshold) is asked."""

    WHOLE = "whole"  # all of the net delta
    EXCESS = "excess"  # the part beyond the threshold


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellDeltas:
    """Net delta of C cells: in coins, its worth in the numeraire, and the roll shock on it."""

    coins: FloatArray
    worth: FloatArray
    roll_shock: FloatArray


def roll_rates(pair: DeribitPair, years: FloatArray, ramp: RollRamp) -> FloatArray:
    """Rate (G,) of each expiry's net delta; perpetuals are of zero years."""
    slope = float(pair.annualised_move_risk)
    grown = slope * years if ramp is RollRamp.LINEAR else np.expm1(slope * years)
    return np.maximum(grown, float(pair.min_annualised_move))


def cell_deltas(
    cells: Cells, delta: FloatArray, price: FloatArray, rate_of_group: FloatArray
) -> CellDeltas:
    """Net delta by cell; a cell is a margin unit in one pair, its groups are expiries.

    Parameters
    ----------
    cells : Cells
    delta, price : (N,) float64
        Coins of delta per contract, and what a coin is worth in the numeraire.
    rate_of_group : (K,) float64
    """
    sums, worth = cell_sums(cells), delta * price
    rolled = sums.over_groups(worth, rate_of_group)
    return CellDeltas(
        coins=sums.by_cell(delta),
        worth=sums.by_cell(worth),
        roll_shock=rolled.long_weighted + rolled.short_weighted,
    )


def delta_shocks(
    deltas: CellDeltas, pair: DeribitPair, per_usd: float, ramp: DeltaRamp
) -> FloatArray:
    """Shock (C,) on total net delta, in the numeraire.

    Parameters
    ----------
    deltas : CellDeltas
    pair : DeribitPair
    per_usd : float
        What a dollar is worth in the numeraire.
    ramp : DeltaRamp
    """
    worth = np.abs(deltas.worth)
    threshold = float(pair.delta_shock_threshold_usd) * per_usd
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(worth > threshold, (worth - threshold) / worth, 0.0)
    beyond = np.abs(deltas.coins) * share
    rate = np.minimum(float(pair.delta_shock_slope) * beyond, float(pair.max_delta_shock))
    charged = worth if ramp is DeltaRamp.WHOLE else worth * share
    return np.asarray(rate * charged, dtype=np.float64)
