"""What positions are worth: profit since entry, or value at the mark, in one pass over a book."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.payoffs import INVERSE

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

PARALLEL_POSITIONS = 300_000
"""Positions from which threads are worth starting: about a millisecond of work."""
_CHUNK = 16_384


class ValuedMarkets(NamedTuple):
    """M markets of a book, in the book's order."""

    payoff: Codes  # (M,) codes of `plimsoll.maths.payoffs`
    size: Vector  # (M,) contract size
    mark: Vector  # (M,) NaN where there is none
    settle_price: Vector  # (M,) in the numeraire
    has_value: Flags  # (M,) worth its mark, not only its profit
    reason: Codes  # (M,) 0 where there are numbers


class HeldPositions(NamedTuple):
    """P positions of a book."""

    market: Codes  # (P,)
    quantity: Vector  # (P,) signed contracts; NaN: unknown
    entry: Vector  # (P,) price
    funding: Vector  # (P,) accrued, settlement currency; (0,) for none


class PositionWorths(NamedTuple):
    """What is written."""

    worth: Vector  # (P,) in the numeraire; NaN where a reason stands
    reason: Codes  # (P,)


@njit(cache=True, nogil=True)
def _value_chunk(
    first: int,
    last: int,
    positions: HeldPositions,
    markets: ValuedMarkets,
    no_quantity: int,
    no_mark: int,
    no_funding: int,
    out: PositionWorths,
) -> None:
    market, quantity, entry, funding = positions
    payoff, size, mark, price = markets.payoff, markets.size, markets.mark, markets.settle_price
    has_value, known = markets.has_value, markets.reason
    worth, reason = out
    for p in range(first, last):
        j, q = market[p], quantity[p]
        code = no_quantity if np.isnan(q) else known[j]
        if code == 0 and not np.isfinite(mark[j]):
            code = no_mark
        if code == 0 and funding.size and not np.isfinite(funding[p]):
            code = no_funding
        reason[p] = code
        if code != 0:
            worth[p] = np.nan
            continue
        amount = q * size[j]
        if has_value[j]:
            own = amount * mark[j]
        else:
            own = amount * (mark[j] - entry[p])
            if payoff[j] == INVERSE:
                own /= entry[p] * mark[j]
            if funding.size:
                own += funding[p]
        worth[p] = own * price[j]


@njit(cache=True, nogil=True)
def value_positions(
    positions: HeldPositions,
    markets: ValuedMarkets,
    no_quantity: int,
    no_mark: int,
    no_funding: int,
    out: PositionWorths,
) -> None:
    """Fill worth and reason of every position.

    Parameters
    ----------
    positions : HeldPositions
        Funding counts for what has no value of its own.
    markets : ValuedMarkets
    no_quantity, no_mark, no_funding : int
        Codes of what is found here.
    out : PositionWorths
    """
    _value_chunk(
        0, positions.market.size, positions, markets, no_quantity, no_mark, no_funding, out
    )


@njit(cache=True, nogil=True, parallel=True)
def value_positions_parallel(
    positions: HeldPositions,
    markets: ValuedMarkets,
    no_quantity: int,
    no_mark: int,
    no_funding: int,
    out: PositionWorths,
) -> None:
    """As `value_positions`, by all threads; the result is the same to the bit."""
    count = positions.market.size
    for k in prange((count + _CHUNK - 1) // _CHUNK):
        first = k * _CHUNK
        last = min(first + _CHUNK, count)
        _value_chunk(first, last, positions, markets, no_quantity, no_mark, no_funding, out)
