"""What closing positions costs beside the move that a margin covers, by account.

The formulas are those of `plimsoll.margin.add_ons.liquidity`, of one position each; costs are
added from left to right.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.account_losses import AccountPositions

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

_POWER = 0.6


class LiquidityTerms(NamedTuple):
    """N markets; NaN where nobody knows, amounts in the numeraire."""

    notional: Vector  # (N,) of one contract
    half_spread: Vector  # (N,) relative
    volatility: Vector  # (N,) daily
    impact: Vector  # (N,) factor of square root, or of the unwind
    depth: Vector  # (N,) that is there under stress
    volume: Vector  # (N,) turnover a day
    participation: Vector  # (N,) largest share of turnover
    horizon_days: Vector  # (N,) that the margin covers
    quantile: Vector  # (N,) standard deviations that the margin covers


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _share(size: float, volume: float) -> float:
    """Size over turnover; infinite where nothing trades, NaN where nobody knows."""
    return 0.0 * volume if size == 0.0 else size / volume


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _higher(value: float, least: float) -> float:
    """Return the higher of two numbers; NaN where one is."""
    return value if value > least or math.isnan(value) else least


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _impact_rate(n: np.uint64, size: float, terms: LiquidityTerms) -> float:
    """Square-root law for what exceeds the depth."""
    beyond = _higher(size - terms.depth[n], 0.0)
    root = math.sqrt(_share(beyond, terms.volume[n]))
    return float(terms.half_spread[n] + terms.impact[n] * terms.volatility[n] * root)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _unwind_rate(n: np.uint64, size: float, terms: LiquidityTerms) -> float:
    """Even unwind over the cheapest time, less the price risk that the margin covers."""
    days, horizon = _share(size, terms.volume[n]), terms.horizon_days[n]
    risk = terms.quantile[n] * terms.volatility[n] / math.sqrt(3.0)
    cost = terms.impact[n] * terms.volatility[n] * days**_POWER
    taken = _higher(horizon, days / terms.participation[n])
    delay, impact = 0.0 * risk, 0.0
    if risk > 0.0:
        taken = _higher(taken, (1.2 * cost / risk) ** (1.0 / 1.1))
        delay = risk * (math.sqrt(taken) - math.sqrt(horizon))
        impact = 0.0 if cost == 0.0 else cost * taken**-_POWER
    elif not math.isfinite(cost):  # else nothing hurries without price risk, and impact is nothing
        impact = math.nan
    return float(terms.half_spread[n] + (delay + impact))


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_costs(
    offsets: Codes,
    row: Codes,
    quantity: Vector,
    linked: Vector,
    terms: LiquidityTerms,
    unwind: bool,
    cost: Vector,
    unknown: Codes,
) -> int:
    """Fill the cost (A,) of all accounts; list positions without a number, return how many."""
    lacking = 0
    for a in range(offsets.size - 1):
        total = 0.0
        for p in range(offsets[a], offsets[a + 1]):
            n, held = np.uint64(row[p]), abs(quantity[p])
            each = terms.notional[n]
            size = held * each
            whole = size if linked.size == 0 else (held + linked[p]) * each
            rate = _unwind_rate(n, whole, terms) if unwind else _impact_rate(n, whole, terms)
            paid = size * rate
            if math.isnan(paid):
                unknown[lacking] = p
                lacking += size != 0.0
            else:
                total += paid
        cost[a] = total
    return lacking


def liquidation_costs(
    positions: AccountPositions,
    terms: LiquidityTerms,
    *,
    unwind: bool = False,
    linked: Vector | None = None,
) -> tuple[Vector, Codes]:
    """Cost of closing the positions of every account, each at the rate of its owner's size.

    Parameters
    ----------
    positions : AccountPositions
        Their rows are those of ``terms``.
    terms : LiquidityTerms
    unwind : bool
        Optimal unwind instead of the square-root law.
    linked : (P,) float64, optional
        Contracts on that side of the market in the owner's other accounts; None: there are none.

    Returns
    -------
    cost : (A,) float64
        Not negative; of the positions that have one.
    unknown : int64
        Positions, other than of nothing, whose cost nobody knows.
    """
    cost, unknown = np.empty(len(positions)), np.empty(positions.row.size + 1, dtype=np.int64)
    columns = positions.offsets, positions.row, positions.quantity
    others = np.empty(0) if linked is None else linked
    found = _fill_costs(*columns, others, terms, unwind, cost, unknown)
    return cost, unknown[:found].copy()
