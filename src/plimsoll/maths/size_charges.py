"""Charges that rise with the size of positions, by account: size tiers and concentration.

For a position of notional ``x``, of an owner who holds ``X`` on that side of the market in all, in
a market with tiers ``i``, threshold ``T`` and base rate ``b``::

    tiers          x m_i - D_i x / X                    X in tier i
    concentration  b x (max(1, sqrt(X / T)) - 1)

each summed over the account from left to right, in one pass over its positions. Most positions
are small: neither beyond the first tier nor beyond the threshold. What those need stands side by
side, and the others' tier is counted rather than searched, since a search that cannot be foreseen
costs more than all of the arithmetic.
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


class SizeTerms(NamedTuple):
    """N markets of at least one tier each; caps rise, and a first tier deducts nothing."""

    notional: Vector  # (N,) of one contract, numeraire
    threshold: Vector  # (N,) notional that is no concentration; infinite: none ever is
    base_rate: Vector  # (N,) of notional
    tier_offsets: Codes  # (N + 1,)
    cap: Vector  # (T,) notional up to which a tier reaches; infinite: no end
    rate: Vector  # (T,)
    deduction: Vector  # (T,)


def concentration_terms(notional: Vector, threshold: Vector, base_rate: Vector) -> SizeTerms:
    """Terms (N,) of markets whose tiers charge nothing."""
    count = notional.size
    free = np.full(count, np.inf), np.zeros(count), np.zeros(count)
    return SizeTerms(notional, threshold, base_rate, np.arange(count + 1), *free)


def tier_terms(
    notional: Vector, tier_offsets: Codes, cap: Vector, rate: Vector, deduction: Vector
) -> SizeTerms:
    """Terms of N markets where nothing is a concentration."""
    never = np.full(notional.size, np.inf)
    return SizeTerms(notional, never, np.zeros(never.size), tier_offsets, cap, rate, deduction)


class SizeCharges(NamedTuple):
    """(A,) each, in the numeraire, not negative.

    NaN for an account with a size of NaN, or a position beyond the last tier of its market.
    """

    tiers: Vector
    concentration: Vector


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def excess_of_root(size: float, threshold: float) -> float:
    """``max(1, sqrt(size / threshold)) - 1``; infinite where the threshold is nothing.

    Nothing has no excess over anything, and a threshold of NaN is never exceeded.
    """
    ratio = size / threshold
    return math.sqrt(ratio if ratio > 1.0 else 1.0) - 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def excesses_of_root(size: Vector, threshold: Vector, out: Vector) -> None:
    """Fill `excess_of_root` of each size (P,) over its own threshold (P,)."""
    for p in range(size.size):
        out[p] = excess_of_root(size[p], threshold[p])


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _large_position(
    n: np.uint64,
    size: float,
    whole: float,
    share: float,
    threshold: Vector,
    base_rate: Vector,
    tier_offsets: Codes,
    cap: Vector,
    rate: Vector,
    deduction: Vector,
) -> tuple[float, float]:
    """Tier charge and concentration of any position, NaN beyond the last tier.

    ``share`` is ``size / whole``.
    """
    first, beyond = np.uint64(tier_offsets[n]), np.uint64(tier_offsets[n + np.uint64(1)])
    i = first
    for k in range(first, beyond):
        i += np.uint64(not whole <= cap[k])
    if i == beyond:
        return math.nan, math.nan
    excess = base_rate[n] * size * excess_of_root(whole, threshold[n])
    return size * rate[i] - deduction[i] * share, excess


@njit(cache=True, nogil=True, error_model="numpy")
def small_positions(
    notional: Vector, threshold: Vector, tier_offsets: Codes, cap: Vector, rate: Vector
) -> Matrix:
    """(N, 4) what a position in the first tier and without concentration needs, side by side.

    Notional of one contract, size up to which this holds, rate, and nothing: rows of four do not
    cross lines of the cache.
    """
    out = np.zeros((notional.size, 4))
    for n in range(notional.size):
        i = tier_offsets[n]
        out[n, 0], out[n, 1], out[n, 2] = notional[n], min(cap[i], threshold[n]), rate[i]
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def charges_of_chunk(
    start: int,
    stop: int,
    offsets: Codes,
    row: Codes,
    quantity: Vector,
    linked: Vector,
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
    """Fill what the accounts ``start`` to ``stop - 1`` owe; ``small`` is `small_positions`.

    ``linked`` (P,) are contracts of the owner's other accounts; empty: there are none.
    """
    rest = threshold, base_rate, tier_offsets, cap, rate, deduction
    for a in range(start, stop):
        charge, excess = 0.0, 0.0
        first, last = np.uint64(offsets[a]), np.uint64(offsets[a + 1])
        for p in range(first, last if linked.size == 0 else first):
            n = np.uint64(row[p])
            size = abs(quantity[p]) * small[n, 0]
            if size <= small[n, 1]:
                charge += size * small[n, 2]
            else:
                more, beyond = _large_position(n, size, size, 1.0, *rest)
                charge += more
                excess += beyond
        for p in range(first if linked.size > 0 else last, last):
            n = np.uint64(row[p])
            size = abs(quantity[p]) * small[n, 0]
            whole = (abs(quantity[p]) + linked[p]) * small[n, 0]
            if whole <= small[n, 1]:
                charge += size * small[n, 2]
            else:
                more, beyond = _large_position(n, size, whole, size / whole, *rest)
                charge += more
                excess += beyond
        tiers[a], concentration[a] = charge, excess


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def charges_of_chunks(
    offsets: Codes,
    row: Codes,
    quantity: Vector,
    linked: Vector,
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
    """`charges_of_chunk` of all accounts by all threads; the same bits."""
    accounts = offsets.size - 1
    for k in prange((accounts + ACCOUNTS_PER_CHUNK - 1) // ACCOUNTS_PER_CHUNK):
        start = k * ACCOUNTS_PER_CHUNK
        stop = min(start + ACCOUNTS_PER_CHUNK, accounts)
        charges_of_chunk(
            start,
            stop,
            offsets,
            row,
            quantity,
            linked,
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


def size_charges(
    positions: AccountPositions,
    terms: SizeTerms,
    *,
    linked: Vector | None = None,
    out: SizeCharges | None = None,
) -> SizeCharges:
    """Charge the positions of every account by their size.

    Parameters
    ----------
    positions : AccountPositions
        Their rows are those of ``terms``.
    terms : SizeTerms
    linked : (P,) float64, optional
        Contracts on that side of the market in the owner's other accounts; None: there are none.
    out : SizeCharges, optional
        Filled and returned: fresh memory costs a tenth of the work.

    Raises
    ------
    UsageError
        For rows without market, a market without tier or whose first one deducts something, and
        columns of another shape.

    Examples
    --------
    Two contracts of 100 in the second tier, at twice the threshold:

    >>> terms = SizeTerms(
    ...     np.array([100.0]),
    ...     np.array([50.0]),
    ...     np.array([0.1]),
    ...     np.array([0, 2]),
    ...     np.array([150.0, np.inf]),
    ...     np.array([0.01, 0.02]),
    ...     np.array([0.0, 1.5]),
    ... )
    >>> held = AccountPositions(
    ...     offsets=np.array([0, 1]), row=np.array([0]), quantity=np.array([-2.0])
    ... )
    >>> [float(charge[0]) for charge in size_charges(held, terms)]
    [2.5, 20.0]
    """
    count, others = len(positions), np.empty(0) if linked is None else linked
    _check_terms(positions, terms)
    if out is None:
        out = SizeCharges(np.empty(count), np.empty(count))
    if any(column.shape != (count,) for column in out):
        raise UsageError(f"must have {count} rows", found=out[0].shape, field="out")
    if linked is not None and linked.shape != positions.row.shape:
        raise UsageError(
            f"must be one per position ({positions.row.size})", found=linked.shape, field="linked"
        )
    # What costs nothing to exceed is never exceeded: nothing times infinity would be no number.
    terms = terms._replace(threshold=np.where(terms.base_rate == 0.0, np.inf, terms.threshold))
    small = small_positions(terms.notional, terms.threshold, *terms[3:6])
    columns = positions.offsets, positions.row, positions.quantity, others, small, *terms[1:], *out
    if positions.row.size < _PARALLEL_POSITIONS:
        charges_of_chunk(0, count, *columns)
    else:
        charges_of_chunks(*columns)
    return out


def _check_terms(positions: AccountPositions, terms: SizeTerms) -> None:
    if positions.highest_row >= terms.notional.size:
        raise UsageError(
            f"must lie in 0 to {terms.notional.size - 1}", found=positions.highest_row, field="row"
        )
    if bool(np.any(np.diff(terms.tier_offsets) < 1)):
        raise UsageError("must be at least one a market", found="none", field="tiers")
    if bool(np.any(terms.deduction[terms.tier_offsets[:-1]] != 0.0)):
        raise UsageError("must be 0 in first tiers", found="another number", field="deduction")
