"""What collateral counts: haircuts that rise with size, caps, debts, by account and currency.

For a holding of value ``v`` at market prices, in an account whose holdings are worth ``T``::

    worth     w = v low  (v > 0),  v high  (v < 0)       what redemption makes of it
    eligible  e = min(w, cap, share T) venue
    haircut   H(e) = integral from 0 to e of (first + slope min(room, max(0, x - free))) dx
    counts    e - H(e);  of a debt  w liability

and never more than ``v``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.errors import UsageError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ACCOUNTS_PER_CHUNK = 1_024
_PARALLEL_HOLDINGS = 300_000  # a few ms of work by one thread


class CurrencyTerms(NamedTuple):
    """(C,) each; amounts in the numeraire."""

    price: Vector  # numeraire
    low: Vector  # share of the market value that an asset is taken at
    high: Vector  # and a debt
    cap: Vector  # counted of one account at most
    share: Vector  # of an account's collateral at most; 1: all of it
    venue: Vector  # share that counts under the venue's own cap
    first: Vector  # haircut of the first unit of value
    slope: Vector  # added per unit of value beyond ``free``
    free: Vector
    room: Vector  # value over which it rises to the largest; infinite where it does not rise
    liability: Vector  # what a debt of one counts
    most: Vector  # counted at most, whatever is held: 0 for tokens that count for nothing


class CountedCollateral(NamedTuple):
    """What counts of each currency, and what is taken of an account's market value in all."""

    counted: Matrix  # (A, C) numeraire
    haircut: Vector  # (A,) numeraire


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _lower(value: float, most: float) -> float:
    """Return the lower of two numbers; ``value`` where it is NaN."""
    return most if most < value else value


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def haircut_of(value: float, first: float, slope: float, free: float, room: float) -> float:
    """Haircut of a holding worth ``value``, not negative; see `CurrencyTerms`.

    Examples
    --------
    Above 50 the haircut rises from 0.1 over 20 units of value to 0.12:

    >>> round(haircut_of(100.0, 0.1, 0.001, 50.0, 20.0), 12)
    10.8
    """
    beyond = value - free
    if not beyond > 0.0:
        return first * value
    rising = _lower(beyond, room)
    return first * value + slope * rising * (beyond - 0.5 * rising)


@njit(cache=True, nogil=True, error_model="numpy")
def haircuts_of(
    value: Vector, first: float, slope: float, free: float, room: float, out: Vector
) -> None:
    """Fill `haircut_of` of each value."""
    for a in range(value.size):
        out[a] = haircut_of(value[a], first, slope, free, room)


@njit(cache=True, nogil=True, error_model="numpy")
def collateral_of_chunk(
    start: int,
    stop: int,
    held: Matrix,
    price: Vector,
    low: Vector,
    high: Vector,
    cap: Vector,
    share: Vector,
    venue: Vector,
    first: Vector,
    slope: Vector,
    free: Vector,
    room: Vector,
    liability: Vector,
    most: Vector,
    counted: Matrix,
    haircut: Vector,
) -> None:
    """Fill what the collateral of the accounts ``start`` to ``stop - 1`` counts."""
    shared = share.min() < 1.0 if share.size > 0 else False
    for a in range(start, stop):
        total, taken = 0.0, 0.0
        for c in range(price.size if shared else 0):
            asset = held[a, c] * price[c]
            total += asset if asset > 0.0 else 0.0
        for c in range(price.size):
            value = held[a, c] * price[c] if held[a, c] != 0.0 else 0.0
            counts = 0.0
            if value > 0.0:
                eligible = _lower(value * low[c], cap[c])
                if share[c] < 1.0:
                    eligible = _lower(eligible, share[c] * total)
                eligible *= venue[c]
                counts = eligible - haircut_of(eligible, first[c], slope[c], free[c], room[c])
            elif value != 0.0:
                counts = value * high[c] * liability[c]
            counts = _lower(_lower(counts, most[c]), value)
            counted[a, c] = counts
            taken += value - counts
        haircut[a] = taken


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def collateral_of_chunks(
    held: Matrix,
    price: Vector,
    low: Vector,
    high: Vector,
    cap: Vector,
    share: Vector,
    venue: Vector,
    first: Vector,
    slope: Vector,
    free: Vector,
    room: Vector,
    liability: Vector,
    most: Vector,
    counted: Matrix,
    haircut: Vector,
) -> None:
    """`collateral_of_chunk` of all accounts by all threads; the same bits."""
    accounts = haircut.size
    for k in prange((accounts + ACCOUNTS_PER_CHUNK - 1) // ACCOUNTS_PER_CHUNK):
        start = k * ACCOUNTS_PER_CHUNK
        stop = min(start + ACCOUNTS_PER_CHUNK, accounts)
        collateral_of_chunk(
            start,
            stop,
            held,
            price,
            low,
            high,
            cap,
            share,
            venue,
            first,
            slope,
            free,
            room,
            liability,
            most,
            counted,
            haircut,
        )


def counted_collateral(
    held: Matrix,
    currencies: CurrencyTerms,
    *,
    out: CountedCollateral | None = None,
) -> CountedCollateral:
    """Count the collateral of every account.

    Parameters
    ----------
    held : (A, C) float64
        In units of each currency; negative = debt.
    currencies : CurrencyTerms
    out : CountedCollateral, optional
        Filled and returned: fresh memory costs as much as the work.

    Returns
    -------
    CountedCollateral
        NaN where an amount or a price is, but for an amount of 0.

    Raises
    ------
    UsageError
        For columns of another shape.
    """
    count, width = held.shape[0], currencies.price.size
    if held.shape != (count, width):
        raise UsageError(f"must have {width} columns", found=held.shape, field="held")
    if out is None:
        out = CountedCollateral(np.empty((count, width)), np.empty(count))
    if out.counted.shape != held.shape or out.haircut.shape != (count,):
        raise UsageError(f"must have {count} rows", found=out.counted.shape, field="out")
    columns = np.require(held, np.float64, ["C", "W"]), *currencies, *out
    if held.size < _PARALLEL_HOLDINGS:
        collateral_of_chunk(0, count, *columns)
    else:
        collateral_of_chunks(*columns)
    return out
