"""The charges of one OKX risk unit beside its scenarios: MR3, MR4, MR5, MR7 and MR9.

Published are what each is for, MR4's move, MR7's multipliers and MR9's construction; the exact
formulas of MR3 to MR5 are not, and are read here as stated at each function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.grids.cash_sensitivities import CashSensitivities
from plimsoll.margin.okx.brackets import DepegBand, band_of, progressive
from plimsoll.margin.units.cell_sums import CellSums

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEG_ORDER = ("USDT", "USDC", "USD")
"""Order in which currencies are hedged against one another; others follow."""


def term_structure_charge(sums: CellSums, cash: CashSensitivities, move: FloatArray) -> FloatArray:
    """MR3: vega that one expiry hedges of another, times a relative move of volatility.

    MR1 moves all volatilities one way; what it nets between expiries is exposed to their moving
    apart. ``move`` (C,) is each cell's.
    """
    vega = sums.over_groups(cash.relative_vega)
    return np.minimum(vega.long, vega.short) * move


def basis_charge(
    sums: CellSums, cash: CashSensitivities, years: FloatArray, move: FloatArray
) -> FloatArray:
    """MR4: sum over expiries of absolute cash delta, times years to expiry and annualised move.

    ``years`` (K,) is each group's; perpetuals and spot have none.
    """
    delta = sums.over_groups(cash.delta, years)
    return (delta.long_weighted + delta.short_weighted) * move


def interest_rate_charge(
    sums: CellSums, cash: CashSensitivities, years: FloatArray, move: FloatArray
) -> FloatArray:
    """MR5: what a parallel move of the rate does to the present value of the options."""
    value = sums.over_groups(cash.value, years)
    return np.abs(value.long_weighted - value.short_weighted) * move


def raw_minimum_charge(
    sums: CellSums,
    cash: CashSensitivities,
    linear_rate: FloatArray,
    option_rate: FloatArray,
) -> FloatArray:
    """MR7 before its brackets: fee and slippage of closing every contract; spot needs no closing.

    Parameters
    ----------
    linear_rate, option_rate : (C,) float64
    """
    of_linear = sums.gross_by_cell(cash.contract_notional) * linear_rate
    return of_linear + sums.gross_by_cell(cash.option_notional) * option_rate


def hedged_across_currencies(delta: FloatArray) -> dict[tuple[int, int], FloatArray]:
    """Return the size (C,) that each pair of legs hedges, pair after pair.

    Parameters
    ----------
    delta : (C, L) float64
        Cash delta by leg, legs in the order of hedging. Each pair takes what it can of opposite
        deltas; the next pair sees what is left.
    """
    left, hedged = delta.copy(), dict[tuple[int, int], FloatArray]()
    for a, b in combinations(range(delta.shape[1]), 2):
        opposite = left[:, a] * left[:, b] < 0.0
        size = np.where(opposite, np.minimum(np.abs(left[:, a]), np.abs(left[:, b])), 0.0)
        left[:, a] -= np.sign(left[:, a]) * size
        left[:, b] -= np.sign(left[:, b]) * size
        hedged[a, b] = size
    return hedged


def depeg_charge(
    delta: FloatArray, legs: Sequence[str], peg: Mapping[str, float], bands: Sequence[DepegBand]
) -> FloatArray:
    """MR9: hedged size of each pair of legs, at the rates of the weaker one's peg.

    The add-on of other models (`plimsoll.margin.add_ons.depeg`) takes all that is hedged through
    one set of brackets; with two legs both ask the same.

    Parameters
    ----------
    delta : (C, L) float64
    legs : sequence of L str
    peg : mapping of str to float
        Price of each leg's currency in USD.
    """
    total = np.zeros(delta.shape[0])
    for (a, b), size in hedged_across_currencies(delta).items():
        weaker = min(peg[legs[a]], peg[legs[b]])
        total = total + progressive(size, band_of(bands, weaker).brackets)
    return total


def ordered_legs(currencies: Sequence[str]) -> tuple[str, ...]:
    """Put quote currencies into the order of hedging, each once.

    >>> ordered_legs(["USD", "USDE", "USDT"])
    ('USDT', 'USD', 'USDE')
    """
    known = [leg for leg in LEG_ORDER if leg in currencies]
    return (*known, *sorted({c for c in currencies if c not in LEG_ORDER}))
