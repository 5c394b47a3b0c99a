"""Columnar account terms that join scenario losses: tiers, concentration, collateral.

For a position of notional ``N`` in a market with threshold ``T``, base rate ``b`` and tiers ``i``,
and for collateral of value ``v`` in a currency (`reference/methodology.md`, 1.2 and 2.3)::

    tiers          N m_i - D_i
    concentration  b N (max(1, sqrt(N / T)) - 1)
    collateral     v - integral from 0 to v of min(largest, first + slope max(0, x - free)) dx,
                   and a debt in full

each summed over the account from left to right. One pass over the positions; models with rules of
their own compute theirs in `plimsoll.margin`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.errors import UsageError
from plimsoll.maths.account_losses import AccountPositions

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

ACCOUNTS_PER_CHUNK = 1_024
_PARALLEL_POSITIONS = 600_000  # a few ms of work by one thread


class MarketTerms(NamedTuple):
    """N markets; every market has at least one tier, the last one's cap may be infinite."""

    notional: Vector  # (N,) of one contract, numeraire
    threshold: Vector  # (N,) notional that is no concentration; infinite: none ever is
    base_rate: Vector  # (N,) of notional
    tier_offsets: Codes  # (N + 1,)
    cap: Vector  # (T,) notional up to which a tier reaches
    rate: Vector  # (T,)
    deduction: Vector  # (T,)


class CurrencyTerms(NamedTuple):
    """C currencies: price, and the marginal haircut by value held."""

    price: Vector  # (C,) numeraire
    first: Vector  # (C,) haircut of the first unit of value
    slope: Vector  # (C,) added per unit of value beyond ``free``
    free: Vector  # (C,) numeraire
    largest: Vector  # (C,)


class AccountTerms(NamedTuple):
    """(A,) each, in the numeraire; tiers and concentration are requirements, positive.

    NaN in the requirements of an account with a quantity of NaN, or a position beyond the last
    tier of its market.
    """

    tiers: Vector
    concentration: Vector
    collateral: Vector


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _tier(notional: float, first: int, last: int, cap: Vector) -> int:
    """Row of the tier that holds ``notional``; ``last`` beyond all of them."""
    row = first
    while row < last and not notional <= cap[row]:
        row += 1
    return row


@njit(cache=True, nogil=True, error_model="numpy")
def counted_value(value: float, first: float, slope: float, free: float, largest: float) -> float:
    """What collateral of ``value`` counts after its haircut; a debt counts in full.

    Examples
    --------
    >>> counted_value(100.0, 0.1, 0.001, 50.0, 0.12), counted_value(-5.0, 0.1, 0.0, 0.0, 1.0)
    (89.2, -5.0)
    """
    if value <= 0.0:
        return value
    over = max(value - free, 0.0)
    rising = min(over, (largest - first) / slope) if slope > 0.0 else over
    haircut = first * (min(value, free) + rising) + 0.5 * slope * rising * rising
    return float(value - haircut - largest * (over - rising))


@njit(cache=True, nogil=True, error_model="numpy")
def small_positions(
    notional: Vector,
    threshold: Vector,
    tier_offsets: Codes,
    cap: Vector,
    rate: Vector,
    deduction: Vector,
) -> Matrix:
    """(N, 4) all that a position in the first tier and no concentration needs, side by side.

    Notional of one contract, size up to which this holds, rate and deduction.
    """
    out = np.empty((notional.size, 4))
    for n in range(notional.size):
        i = tier_offsets[n]
        out[n, 0], out[n, 1] = notional[n], min(cap[i], threshold[n])
        out[n, 2], out[n, 3] = rate[i], deduction[i]
    return out


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _large_position(
    n: int,
    size: float,
    threshold: Vector,
    base_rate: Vector,
    tier_offsets: Codes,
    cap: Vector,
    rate: Vector,
    deduction: Vector,
) -> tuple[float, float]:
    """Tier charge and concentration of any position, NaN beyond the last tier."""
    beyond = tier_offsets[n + 1]
    i = _tier(size, tier_offsets[n], beyond, cap)
    if i == beyond:
        return math.nan, math.nan
    excess = 0.0
    if size > threshold[n]:
        excess = base_rate[n] * size * (math.sqrt(size / threshold[n]) - 1.0)
    return size * rate[i] - deduction[i], excess


@njit(cache=True, nogil=True, error_model="numpy")
def requirements_of_chunk(
    start: int,
    stop: int,
    offsets: Codes,
    row: Codes,
    quantity: Vector,
    small: Matrix,
    threshold: Vector,
    base_rate: Vector,
    tier_offsets: Codes,
    cap: Vector,
    rate: Vector,
    deduction: Vector,
    tiers: Vector,
    concentration: Vector,
) -> None:
    """Fill what the accounts ``start`` to ``stop - 1`` owe; ``small`` is `small_positions`."""
    for a in range(start, stop):
        charge, excess = 0.0, 0.0
        for p in range(offsets[a], offsets[a + 1]):
            n = np.uint64(row[p])
            size = abs(quantity[p]) * small[n, 0]
            if size <= small[n, 1]:
                charge += size * small[n, 2] - small[n, 3]
            else:
                more, beyond = _large_position(
                    row[p], size, threshold, base_rate, tier_offsets, cap, rate, deduction
                )
                charge += more
                excess += beyond
        tiers[a], concentration[a] = charge, excess


@njit(cache=True, nogil=True, error_model="numpy")
def collateral_of_chunk(
    start: int,
    stop: int,
    held: Matrix,
    price: Vector,
    first: Vector,
    slope: Vector,
    free: Vector,
    largest: Vector,
    collateral: Vector,
) -> None:
    """Fill what the collateral of the accounts ``start`` to ``stop - 1`` counts."""
    for a in range(start, stop):
        counted = 0.0
        for c in range(price.size):
            value = held[a, c] * price[c] if held[a, c] != 0.0 else 0.0
            if 0.0 <= value <= free[c]:
                counted += value - first[c] * value
            else:
                counted += counted_value(value, first[c], slope[c], free[c], largest[c])
        collateral[a] = counted


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def terms_of_chunks(
    offsets: Codes,
    row: Codes,
    quantity: Vector,
    small: Matrix,
    threshold: Vector,
    base_rate: Vector,
    tier_offsets: Codes,
    cap: Vector,
    rate: Vector,
    deduction: Vector,
    tiers: Vector,
    concentration: Vector,
    held: Matrix,
    price: Vector,
    first: Vector,
    slope: Vector,
    free: Vector,
    largest: Vector,
    collateral: Vector,
) -> None:
    """All three terms of all accounts by all threads; the same bits as chunk by chunk."""
    accounts = offsets.size - 1
    for k in prange((accounts + ACCOUNTS_PER_CHUNK - 1) // ACCOUNTS_PER_CHUNK):
        start = k * ACCOUNTS_PER_CHUNK
        stop = min(start + ACCOUNTS_PER_CHUNK, accounts)
        requirements_of_chunk(
            start,
            stop,
            offsets,
            row,
            quantity,
            small,
            threshold,
            base_rate,
            tier_offsets,
            cap,
            rate,
            deduction,
            tiers,
            concentration,
        )
        collateral_of_chunk(start, stop, held, price, first, slope, free, largest, collateral)


def account_terms(
    positions: AccountPositions,
    markets: MarketTerms,
    held: Matrix,
    currencies: CurrencyTerms,
    *,
    out: AccountTerms | None = None,
) -> AccountTerms:
    """Compute the terms of every account.

    Parameters
    ----------
    positions : AccountPositions
        Their rows are those of ``markets``.
    markets : MarketTerms
    held : (A, C) float64
        Cross collateral in units of each currency; negative = debt.
    currencies : CurrencyTerms
    out : AccountTerms, optional
        Filled and returned: fresh memory costs a tenth of the work.

    Raises
    ------
    UsageError
        For rows without market, a market without tier, and collateral of another shape.
    """
    count, width = len(positions), currencies.price.size
    if held.shape != (count, width):
        raise UsageError(f"must have the shape {(count, width)}", found=held.shape, field="held")
    if positions.highest_row >= markets.notional.size:
        raise UsageError(
            f"must lie in 0 to {markets.notional.size - 1}",
            found=positions.highest_row,
            field="row",
        )
    if bool(np.any(np.diff(markets.tier_offsets) < 1)):
        raise UsageError("must be at least one a market", found="none", field="tiers")
    if out is None:
        out = AccountTerms(np.empty(count), np.empty(count), np.empty(count))
    if any(column.shape != (count,) for column in out):
        raise UsageError(f"must have {count} rows", found=out[0].shape, field="out")
    tiered = markets.tier_offsets, markets.cap, markets.rate, markets.deduction
    small = small_positions(markets.notional, markets.threshold, *tiered)
    columns = positions.offsets, positions.row, positions.quantity, small
    owed = *columns, markets.threshold, markets.base_rate, *tiered, out.tiers, out.concentration
    counted = np.ascontiguousarray(held), *currencies, out.collateral
    if positions.row.size < _PARALLEL_POSITIONS:
        requirements_of_chunk(0, count, *owed)
        collateral_of_chunk(0, count, *counted)
    else:
        terms_of_chunks(*owed, *counted)
    return out
