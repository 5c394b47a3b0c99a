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


@njit(cache=True, nogil=True)
def _value_chunk(
    first: int,
    last: int,
    market: Codes,
    quantity: Vector,
    entry: Vector,
    funding: Vector,
    markets: ValuedMarkets,
    no_quantity: int,
    no_mark: int,
    worth: Vector,
    reason: Codes,
) -> None:
    payoff, size, mark, price = markets.payoff, markets.size, markets.mark, markets.settle_price
    has_value, known = markets.has_value, markets.reason
    for p in range(first, last):
        j, q = market[p], quantity[p]
        code = no_quantity if np.isnan(q) else known[j]
        if code == 0 and not np.isfinite(mark[j]):
            code = no_mark
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
    market: Codes,
    quantity: Vector,
    entry: Vector,
    funding: Vector,
    markets: ValuedMarkets,
    no_quantity: int,
    no_mark: int,
    worth: Vector,
    reason: Codes,
) -> None:
    """Fill ``worth`` and ``reason`` (P,) of every position.

    Parameters
    ----------
    market : (P,) int64
    quantity : (P,) float64
        Signed contracts; NaN gets the code ``no_quantity``.
    entry : (P,) float64
    funding : (P,) or (0,) float64
        Accrued, in settlement currency; empty for none. Counts for what has no value of its own.
    markets : ValuedMarkets
    no_quantity, no_mark : int
        Codes of what is found here.
    worth : (P,) float64
        In the numeraire; NaN where a reason stands.
    reason : (P,) int64
    """
    _value_chunk(
        0,
        market.size,
        market,
        quantity,
        entry,
        funding,
        markets,
        no_quantity,
        no_mark,
        worth,
        reason,
    )


@njit(cache=True, nogil=True, parallel=True)
def value_positions_parallel(
    market: Codes,
    quantity: Vector,
    entry: Vector,
    funding: Vector,
    markets: ValuedMarkets,
    no_quantity: int,
    no_mark: int,
    worth: Vector,
    reason: Codes,
) -> None:
    """As `value_positions`, by all threads; the result is the same to the bit."""
    for k in prange((market.size + _CHUNK - 1) // _CHUNK):
        _value_chunk(
            k * _CHUNK,
            min((k + 1) * _CHUNK, market.size),
            market,
            quantity,
            entry,
            funding,
            markets,
            no_quantity,
            no_mark,
            worth,
            reason,
        )
