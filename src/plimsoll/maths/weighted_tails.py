"""Tail measures of one vector of weighted losses: the worst scenarios in order, and their shares.

With weights that sum to W, losses from the worst down and ``a = 1 - confidence``:

- value-at-risk: the first loss at which the weight gone through exceeds ``a W``;
- expected shortfall: ``[sum of w L of those above it + (a W - their weight) VaR] / (a W)``;
- exponential spectral measure: ``sum (Phi(u+) - Phi(u-)) L`` with u the share of weight gone
  through before and after a loss, ``Phi(u) = (1 - exp(-k u)) / (1 - exp(-k))``;
- worst case: the first loss.

The conventions are those of `plimsoll.measures` (`order_statistic`, `tail_mean`, `spectrum`). Only
losses that can be in the tail are sorted: the maxima of `BLOCKS` interleaved blocks of scenarios,
each with its own weight, bound the value-at-risk from below. Where scenarios are equally likely,
`plimsoll.maths.equal_tails` finds the same faster.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

VALUE_AT_RISK = 0
EXPECTED_SHORTFALL = 1
SPECTRAL = 2
WORST_CASE = 3

BLOCKS = 128
_BISECTIONS = 12
_FEW = 64
_PICKED = 8.0
_DEEPEST_BOUNDED = 0.25
_SLACK = 1e-10  # as in plimsoll.measures.tail


@njit(cache=True, nogil=True, error_model="numpy")
def _raise_peaks(part: Vector, weights: Vector, peak: Vector, mass: Vector) -> None:
    """Largest loss of every block so far, and its weight; of a fixed length, so it vectorises."""
    for b in range(BLOCKS):
        higher = part[b] > peak[b]
        peak[b] = part[b] if higher else peak[b]
        mass[b] = weights[b] if higher else mass[b]


# Only here may sums be taken in any order: a bound a little lower or higher serves as well, and
# `_SLACK` is wider than what rounding does.
@njit(cache=True, nogil=True, error_model="numpy", fastmath=True, forceinline=True)
def _mass_from(peak: Vector, mass: Vector, level: float) -> float:
    gone = 0.0
    for b in range(BLOCKS):
        gone += mass[b] if peak[b] >= level else 0.0
    return gone


@njit(cache=True, nogil=True, error_model="numpy")
def _lower_bound(loss: Vector, weights: Vector, needed: float, peak: Vector, mass: Vector) -> float:
    """Return a loss at and above which there is surely more weight than ``needed``."""
    peak[:] = loss[:BLOCKS]
    mass[:] = weights[:BLOCKS]
    whole = loss.size - loss.size % BLOCKS
    for start in range(BLOCKS, whole, BLOCKS):
        end = start + BLOCKS
        _raise_peaks(loss[start:end], weights[start:end], peak, mass)
    low, high = peak[0], peak[0]
    for b in range(BLOCKS):
        low, high = min(low, peak[b]), max(high, peak[b])
    if not _mass_from(peak, mass, low) > needed:
        return -math.inf
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if _mass_from(peak, mass, middle) > needed:
            low = middle
        else:
            high = middle
    return float(low)


@njit(cache=True, nogil=True, error_model="numpy")
def _sort_few(loss: Vector, order: Codes, count: int) -> None:
    """Sort scenarios by loss from the worst down, keeping the order of equals; for few of them."""
    for i in range(1, count):
        s = order[i]
        value, j = loss[s], i
        while j > 0 and loss[order[j - 1]] < value:
            order[j] = order[j - 1]
            j -= 1
        order[j] = s


@njit(cache=True, nogil=True, error_model="numpy")
def _pick_worst(loss: Vector, weights: Vector, needed: float, order: Codes) -> int:
    """Pick the worst scenarios one by one until their weight exceeds ``needed``; their number."""
    for s in range(loss.size):
        order[s] = s
    gone = 0.0
    for i in range(loss.size):
        best = i
        for j in range(i + 1, loss.size):
            s, worst = order[j], order[best]
            if loss[s] > loss[worst] or (loss[s] == loss[worst] and s > worst):
                best = j
        order[i], order[best] = order[best], order[i]
        gone += weights[order[i]]
        if gone > needed:
            return i + 1
    return int(loss.size)


@njit(cache=True, nogil=True, error_model="numpy")
def tail_order(
    loss: Vector,
    weights: Vector,
    total: float,
    deepest: float,
    peak: Vector,
    mass: Vector,
    order: Codes,
) -> int:
    """Put the scenarios of the worst share ``deepest`` into ``order``, worst first; their number.

    Of equal losses the later scenario counts as the worse. At least the scenario at which the
    share is exceeded is among them. ``total`` is the sum of the weights.
    """
    needed = (deepest + 2.0 * _SLACK) * total
    if loss.size <= 2 * BLOCKS and deepest * loss.size < _PICKED:
        return _pick_worst(loss, weights, needed, order)
    bound = -math.inf
    if loss.size > 2 * BLOCKS and deepest < _DEEPEST_BOUNDED:
        bound = _lower_bound(loss, weights, needed, peak, mass)
    count = 0
    for s in range(loss.size - 1, -1, -1):
        if loss[s] >= bound:
            order[count] = s
            count += 1
    if count <= _FEW:
        _sort_few(loss, order, count)
        return count
    found = order[:count].copy()
    ranks = np.argsort(-loss[found], kind="mergesort")
    for i in range(count):
        order[i] = found[ranks[i]]
    return count


@njit(cache=True, nogil=True)
def tail_shares(
    kind: int,
    level: float,
    weights: Vector,
    total: float,
    order: Codes,
    count: int,
    share: Vector,
) -> int:
    """Fill ``share`` with what each scenario of ``order`` counts for; return how many count.

    They add up to one; the measure is their sum with the losses. ``level`` is the confidence, or
    the aversion k of the exponential spectrum.
    """
    if kind == WORST_CASE:
        share[0] = 1.0
        return 1
    if kind == SPECTRAL:
        gone, whole = 0.0, -math.expm1(-level)
        for i in range(count):
            before = gone
            gone += weights[order[i]]
            after = min(gone / total, 1.0)
            step = math.exp(-level * before / total) * -math.expm1(
                -level * (after - before / total)
            )
            share[i] = step / whole
        return count
    tail = (1.0 - level) * total
    allowed = tail + _SLACK * total
    above, last = 0.0, 0
    while last < count - 1 and above + weights[order[last]] <= allowed:
        above += weights[order[last]]
        last += 1
    if kind == VALUE_AT_RISK:
        share[:last] = 0.0
        share[last] = 1.0
        return last + 1
    counted = max(tail, above)
    for i in range(last):
        share[i] = weights[order[i]] / counted
    share[last] = max(tail - above, 0.0) / counted
    return last + 1


@njit(cache=True, nogil=True)
def tail_measure(
    kind: int,
    level: float,
    loss: Vector,
    weights: Vector,
    total: float,
    order: Codes,
    count: int,
    share: Vector,
) -> tuple[float, int]:
    """Return the measure at ``level`` of what `tail_order` ordered, and its scenario.

    Of a quantile the scenario is its own; of a mean over a tail the worst one in it.
    """
    counted = tail_shares(kind, level, weights, total, order, count, share)
    if kind == VALUE_AT_RISK:
        return loss[order[counted - 1]], order[counted - 1]
    value = 0.0
    for i in range(counted):
        value += share[i] * loss[order[i]]
    return value, order[0]


@njit(cache=True, nogil=True)
def deepest_share(kind: int, first: float, second: float) -> float:
    """Share of weight that has to be ordered for both levels."""
    if kind == SPECTRAL:
        return 1.0
    return 0.0 if kind == WORST_CASE else 1.0 - min(first, second)
