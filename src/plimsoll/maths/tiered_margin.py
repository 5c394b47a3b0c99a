"""Tiered margin of many accounts: the fused kernel, and the tier lookup it is made of.

For a position of notional ``N`` in tier ``i``::

    maintenance = N m_i - D_i
    initial     = max(N r_i - E_i, N / min(chosen leverage, L_i), maintenance)

with marginal maintenance rate ``m``, initial rate ``r``, deductions ``D`` and ``E`` (``E = 0``
where a venue applies the tier's initial rate to the whole notional) and highest leverage ``L``
(`reference/methodology.md`, 1.2). ``N`` is in the currency of the tier table: quote currency for
linear and inverse contracts, settlement currency for quanto ones. Requirements of inverse
contracts fall due in coin, so they are divided by the mark.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.payoffs import INVERSE, profit

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

BEYOND_LAST_TIER = 1
NO_MARK = 2
NO_TIERS = 3
NO_CURRENCY_PRICE = 4


class PositionColumns(NamedTuple):
    """A accounts with P positions in all; see `plimsoll.domain.account.Book`."""

    offsets: Codes  # (A + 1,)
    market: Codes  # (P,) index into the market columns
    quantity: Vector  # (P,) signed contracts
    entry_price: Vector  # (P,)
    isolated_margin: Vector  # (P,) in settlement currency, NaN = cross
    leverage: Vector  # (P,) chosen, NaN = the tier's highest


class MarketColumns(NamedTuple):
    """M markets with T tiers in all; market j has the rows offsets[j] to offsets[j + 1] - 1."""

    payoff: Codes  # (M,) codes of `plimsoll.maths.payoffs`
    contract_size: Vector  # (M,)
    mark: Vector  # (M,) NaN where there is none
    settle_price: Vector  # (M,) of the settlement currency in the numeraire, NaN = none
    tier_offsets: Codes  # (M + 1,)
    cap: Vector  # (T,) inclusive, infinity for an open tier
    maintenance_rate: Vector  # (T,)
    deduction: Vector  # (T,)
    initial_rate: Vector  # (T,)
    initial_deduction: Vector  # (T,)
    max_leverage: Vector  # (T,)


class PositionMargin(NamedTuple):
    """(P,) what the kernel found for each position; margins in the numeraire."""

    unit: Codes
    initial: Vector
    maintenance: Vector
    unrealised: Vector
    notional: Vector  # in the currency of the tier table
    tier: Codes  # within its market, -1 where there is none
    reason: Codes


class UnitMargin(NamedTuple):
    """(U,) sums over cross pools (one per account), then isolated positions."""

    initial: Vector
    maintenance: Vector
    unrealised: Vector
    isolated_margin: Vector  # in the numeraire; 0 for cross pools
    position: Codes  # -1 for cross pools
    account: Codes


@njit(cache=True, nogil=True)
def tier_row(notional: float, cap: Vector, first: int, last: int) -> int:
    """Row of the first tier in ``first`` to ``last - 1`` whose cap is not exceeded, or -1.

    Examples
    --------
    >>> caps = np.array([50.0, 600.0])
    >>> [tier_row(n, caps, 0, 2) for n in (0.0, 50.0, 50.01, 600.0, 600.01)]
    [0, 0, 1, 1, -1]
    """
    for row in range(first, last):
        if notional <= cap[row]:
            return row
    return -1


@njit(cache=True, nogil=True)
def notional_of(payoff: int, contracts: float, contract_size: float, mark: float) -> float:
    """Notional in the currency of the tier table; contract value for inverse contracts."""
    amount = abs(contracts) * contract_size
    return amount if payoff == INVERSE else amount * mark


@njit(cache=True, nogil=True)
def reason_of(markets: MarketColumns, j: int) -> int:
    """Code of why market ``j`` has no numbers, 0 if it has."""
    if not (np.isfinite(markets.mark[j]) and markets.mark[j] > 0.0):
        return NO_MARK
    if not (np.isfinite(markets.settle_price[j]) and markets.settle_price[j] > 0.0):
        return NO_CURRENCY_PRICE
    if markets.tier_offsets[j + 1] == markets.tier_offsets[j]:
        return NO_TIERS
    return 0


@njit(cache=True, nogil=True)
def tier_margins(
    markets: MarketColumns, row: int, notional: float, leverage: float
) -> tuple[float, float]:
    """Initial and maintenance margin of ``notional`` in tier ``row``, in the tier's currency."""
    maintenance = notional * markets.maintenance_rate[row] - markets.deduction[row]
    initial = notional * markets.initial_rate[row] - markets.initial_deduction[row]
    if not np.isnan(leverage):
        initial = max(initial, notional / min(leverage, markets.max_leverage[row]))
    # Deductions may leave initial margin one rounding below maintenance where the rates meet.
    return max(initial, maintenance), maintenance


@njit(cache=True, nogil=True)
def tiered_margin(
    positions: PositionColumns, markets: MarketColumns
) -> tuple[PositionMargin, UnitMargin]:
    """Margin of every position and unit, summed from left to right in the order of positions.

    Parameters
    ----------
    positions : PositionColumns
    markets : MarketColumns

    Returns
    -------
    PositionMargin, UnitMargin
        NaN where a position has a reason, and in the sums of its unit.
    """
    accounts, count = positions.offsets.size - 1, positions.market.size
    isolated = 0
    for p in range(count):
        isolated += not np.isnan(positions.isolated_margin[p])
    part = PositionMargin(
        np.zeros(count, np.int64),
        np.full(count, np.nan),
        np.full(count, np.nan),
        np.full(count, np.nan),
        np.full(count, np.nan),
        np.full(count, -1, np.int64),
        np.zeros(count, np.int64),
    )
    units = accounts + isolated
    total = UnitMargin(
        np.zeros(units),
        np.zeros(units),
        np.zeros(units),
        np.zeros(units),
        np.full(units, -1, np.int64),
        np.arange(units),
    )
    following = accounts
    for a in range(accounts):
        for p in range(positions.offsets[a], positions.offsets[a + 1]):
            unit = a
            _margin_position(positions, markets, p, part)
            if not np.isnan(positions.isolated_margin[p]):
                unit, following = following, following + 1
                price = markets.settle_price[positions.market[p]]
                total.isolated_margin[unit] = positions.isolated_margin[p] * price
                total.position[unit] = p
                total.account[unit] = a
            part.unit[p] = unit
            total.initial[unit] += part.initial[p]
            total.maintenance[unit] += part.maintenance[p]
            total.unrealised[unit] += part.unrealised[p]
    return part, total


@njit(cache=True, nogil=True)
def _margin_position(
    positions: PositionColumns, markets: MarketColumns, p: int, part: PositionMargin
) -> None:
    j = positions.market[p]
    part.reason[p] = reason_of(markets, j)
    if part.reason[p] == NO_MARK or part.reason[p] == NO_CURRENCY_PRICE:
        return
    mark, price, payoff = markets.mark[j], markets.settle_price[j], markets.payoff[j]
    amount = positions.quantity[p] * markets.contract_size[j]
    part.unrealised[p] = profit(payoff, amount, positions.entry_price[p], mark) * price
    notional = notional_of(payoff, positions.quantity[p], markets.contract_size[j], mark)
    part.notional[p] = notional
    if part.reason[p] == NO_TIERS:
        return
    first = markets.tier_offsets[j]
    row = tier_row(notional, markets.cap, first, markets.tier_offsets[j + 1])
    if row < 0:
        part.reason[p] = BEYOND_LAST_TIER
        return
    part.tier[p] = row - first
    initial, maintenance = tier_margins(markets, row, notional, positions.leverage[p])
    to_numeraire = price / mark if payoff == INVERSE else price
    part.initial[p] = initial * to_numeraire
    part.maintenance[p] = maintenance * to_numeraire
