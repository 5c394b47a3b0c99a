"""Tiered margin of many accounts: the fused kernel, and the tier lookup it is made of.

For a position of size ``x`` of an owner who holds ``X`` in all, ``X`` in tier ``i``::

    maintenance = x m_i - D_i x / X
    initial     = max(x r_i - E_i x / X, x / min(chosen leverage, L_i), maintenance)

with maintenance rate ``m``, initial rate ``r``, deductions ``D`` and ``E`` (0 where a venue applies
the tier's rate to the whole) and highest leverage ``L`` (the form of Binance's brackets). An owner
of one account has ``x = X``. Size is what the venue's table counts: notional in its quote currency
(settlement currency for quanto contracts), contracts, or coins; margin is in that unit too, and is
turned into the tier currency by the value of one. Requirements of inverse contracts fall due in
coin, so they are divided by the mark.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.payoffs import INVERSE, profit

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

BEYOND_LAST_TIER = 1
NO_TIERS = 3
NO_QUANTITY = 5
NO_FUNDING = 19

NOTIONAL = 0
CONTRACTS = 1
COINS = 2


class PositionColumns(NamedTuple):
    """A accounts with P positions in all; see `plimsoll.domain.book.Book`."""

    offsets: Codes  # (A + 1,)
    market: Codes  # (P,) index into the market columns
    quantity: Vector  # (P,) signed contracts
    entry_price: Vector  # (P,)
    isolated_margin: Vector  # (P,) in settlement currency, NaN = cross
    leverage: Vector  # (P,) chosen, NaN = none
    funding: Vector  # (P,) accrued, settlement currency, positive = received
    linked: Vector  # (P,) contracts on that side in the owner's other accounts


def read_only(positions: PositionColumns) -> PositionColumns:
    """Return the columns, views that cannot be written to where they could.

    numba compiles a kernel anew for each mixture of read-only and writeable columns: so there is
    one, wherever they come from.
    """
    columns: list[Any] = list(positions)
    for place, column in enumerate(columns):
        if column.flags.writeable:
            columns[place] = column.view()
            columns[place].setflags(write=False)
    return PositionColumns(*columns)


class MarketColumns(NamedTuple):
    """M markets with T tiers in all; market j has the rows offsets[j] to offsets[j + 1] - 1."""

    payoff: Codes  # (M,) codes of `plimsoll.maths.payoffs`
    contract_size: Vector  # (M,)
    mark: Vector  # (M,) NaN where there is none
    settle_price: Vector  # (M,) of the settlement currency in the numeraire, NaN = none
    reason: Codes  # (M,) why a market has no numbers, 0 if it has
    measure: Codes  # (M,) what the tier table counts: NOTIONAL, CONTRACTS or COINS
    unit_value: Vector  # (M,) tier currency per unit of the measure; 1 for notional
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
    size: Vector  # of all the owner holds, in what the tier table counts
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
def size_of(
    measure: int, payoff: int, contracts: float, contract_size: float, mark: float
) -> float:
    """Size in what the tier table counts.

    Examples
    --------
    Five inverse contracts of 100 dollars at 50,000:

    >>> [float(size_of(m, INVERSE, -5.0, 100.0, 50e3)) for m in (NOTIONAL, CONTRACTS, COINS)]
    [500.0, 5.0, 0.01]
    """
    if measure == CONTRACTS:
        return abs(contracts)
    if measure == COINS:
        amount = abs(contracts) * contract_size
        return amount / mark if payoff == INVERSE else amount
    return notional_of(payoff, contracts, contract_size, mark)


@njit(cache=True, nogil=True)
def initial_margin(
    size: float, rate: float, deduction: float, leverage: float, max_leverage: float
) -> float:
    """Initial margin in the unit of ``size``; ``leverage`` NaN means none was chosen.

    Examples
    --------
    >>> initial_margin(1e3, 0.02, 0.0, np.nan, 50.0), initial_margin(1e3, 0.02, 0.0, 4.0, 50.0)
    (20.0, 250.0)
    """
    margin = size * rate - deduction
    if np.isnan(leverage):
        return margin
    return max(margin, size / min(leverage, max_leverage))


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
    count = positions.market.size
    part = PositionMargin(
        np.empty(count, np.int64),
        np.empty(count),
        np.empty(count),
        np.empty(count),
        np.empty(count),
        np.empty(count),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
    )
    _value_positions(positions, markets, part)
    _margin_positions(positions, markets, part)
    return part, _sum_units(positions, markets, part)


# Each pass takes its columns out of the tuples once: handing tuples of arrays to a function per
# position counts references, which costs twenty times the arithmetic.


@njit(cache=True, nogil=True)
def _value_positions(
    positions: PositionColumns, markets: MarketColumns, part: PositionMargin
) -> None:
    market, quantity, entry = positions.market, positions.quantity, positions.entry_price
    funding, linked = positions.funding, positions.linked
    payoff, size, mark = markets.payoff, markets.contract_size, markets.mark
    price, measure, why = markets.settle_price, markets.measure, markets.reason
    unrealised, notional, reason, owned = part.unrealised, part.notional, part.reason, part.size
    initial, maintenance, tier = part.initial, part.maintenance, part.tier
    for p in range(market.size):
        j, q = market[p], quantity[p]
        initial[p], maintenance[p], tier[p] = np.nan, np.nan, -1
        unrealised[p], notional[p], owned[p] = np.nan, np.nan, np.nan
        reason[p] = why[j]
        if why[j] != 0 and why[j] != NO_TIERS:
            continue
        if np.isnan(q):
            reason[p] = NO_QUANTITY
            continue
        if not np.isfinite(funding[p]):
            reason[p] = NO_FUNDING
            continue
        gain = profit(payoff[j], q * size[j], entry[p], mark[j]) + funding[p]
        unrealised[p] = gain * price[j]
        notional[p] = notional_of(payoff[j], q, size[j], mark[j])
        owned[p] = size_of(measure[j], payoff[j], abs(q) + linked[p], size[j], mark[j])


@njit(cache=True, nogil=True)
def _margin_positions(
    positions: PositionColumns, markets: MarketColumns, part: PositionMargin
) -> None:
    market, leverage, quantity = positions.market, positions.leverage, positions.quantity
    payoff, mark, price = markets.payoff, markets.mark, markets.settle_price
    measure, contract_size, unit_value = markets.measure, markets.contract_size, markets.unit_value
    offsets, cap, max_leverage = markets.tier_offsets, markets.cap, markets.max_leverage
    rate, deduction = markets.maintenance_rate, markets.deduction
    initial_rate, initial_deduction = markets.initial_rate, markets.initial_deduction
    initial, maintenance, tier, reason = part.initial, part.maintenance, part.tier, part.reason
    owned = part.size
    for p in range(market.size):
        if reason[p] != 0:
            continue
        j, whole = market[p], owned[p]
        if np.isnan(whole):
            reason[p] = NO_QUANTITY  # of one of the owner's other accounts
            continue
        row = tier_row(whole, cap, offsets[j], offsets[j + 1])
        if row < 0:
            reason[p] = BEYOND_LAST_TIER
            continue
        tier[p] = row - offsets[j]
        x = size_of(measure[j], payoff[j], quantity[p], contract_size[j], mark[j])
        share = x / whole if whole > 0.0 else 1.0
        to_numeraire = price[j] / mark[j] if payoff[j] == INVERSE else price[j]
        kept = x * rate[row] - deduction[row] * share
        asked = initial_margin(
            x, initial_rate[row], initial_deduction[row] * share, leverage[p], max_leverage[row]
        )
        maintenance[p] = kept * unit_value[j] * to_numeraire
        # Deductions may leave initial margin one rounding below maintenance where rates meet.
        initial[p] = max(asked, kept) * unit_value[j] * to_numeraire


@njit(cache=True, nogil=True)
def _sum_units(
    positions: PositionColumns, markets: MarketColumns, part: PositionMargin
) -> UnitMargin:
    offsets, market, isolated = positions.offsets, positions.market, positions.isolated_margin
    price, accounts = markets.settle_price, positions.offsets.size - 1
    units = accounts + np.sum(~np.isnan(isolated))
    initial, maintenance = np.zeros(units), np.zeros(units)
    unrealised, margin = np.zeros(units), np.zeros(units)
    position, account = np.full(units, -1, np.int64), np.arange(units)
    unit_of = part.unit
    part_initial, part_maintenance, part_unrealised = (
        part.initial,
        part.maintenance,
        part.unrealised,
    )
    following = accounts
    for a in range(accounts):
        for p in range(offsets[a], offsets[a + 1]):
            unit = a
            if not np.isnan(isolated[p]):
                unit, following = following, following + 1
                margin[unit] = isolated[p] * price[market[p]]
                position[unit], account[unit] = p, a
            unit_of[p] = unit
            initial[unit] += part_initial[p]
            maintenance[unit] += part_maintenance[p]
            unrealised[unit] += part_unrealised[p]
    return UnitMargin(initial, maintenance, unrealised, margin, position, account)
