"""Log volatility of many markets on several time scales at once: clipped EWMAs of squared moves.

One step per market and bar, from a state of a few numbers; the path over a history is made of the
same steps, so that a stream and a batch agree to the last bit.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Index = NDArray[np.int64]

LEAST_SHARE = 0.05
FLOOR = 1e-12
"""Added to a variance per bar before its logarithm: a price that never moves has one."""


class EwmaRules(NamedTuple):
    """How squared moves are averaged; bars.

    ``clip``: a square counts for at most so many times the variance so far, once ``clip_after``
    bars are known; a scale that a stuck price has emptied takes `LEAST_SHARE` of the variance of
    the fullest scale, and a price that never moved clips nothing.
    ``longest_fade``: a hole fades the past by at most so many bars. ``longest_hole``: a longer one
    starts the market anew, and after it there is no number. ``warm_up``: none before.
    """

    clip: float
    clip_after: float
    longest_fade: float
    longest_hole: float
    warm_up: float


class EwmaState(NamedTuple):
    """Of N markets on K scales: decayed sums, their weights, last log print, bars since, bars seen.

    ``print_age`` is negative before the first print.
    """

    weighted: Matrix
    weight: Matrix
    last_price: Vector
    print_age: Vector
    bars_seen: Vector


def fresh_state(markets: int, scales: int) -> EwmaState:
    """State before any print."""
    return EwmaState(
        np.zeros((markets, scales)),
        np.zeros((markets, scales)),
        np.full(markets, np.nan),
        np.full(markets, -1.0),
        np.zeros(markets),
    )


@njit(cache=True, nogil=True)
def observe(state: EwmaState, market: int, price: float, decays: Vector, rules: EwmaRules) -> None:
    """Take one bar of one market: its log price, or NaN where it did not print."""
    if state.print_age[market] >= 0.0:
        state.print_age[market] += 1.0
    if np.isnan(price):
        return
    gap = state.print_age[market]
    if gap > rules.longest_hole or gap < 0.0:
        state.bars_seen[market] = 0.0
        state.weighted[market, :] = 0.0
        state.weight[market, :] = 0.0
    else:
        square = (price - state.last_price[market]) ** 2 / gap
        largest = _largest_variance(state, market)
        for k in range(decays.size):
            for _ in range(int(min(gap, rules.longest_fade))):
                value = square
                if state.bars_seen[market] > rules.clip_after and largest > 0.0:
                    own = state.weighted[market, k] / state.weight[market, k]
                    value = min(value, rules.clip * max(own, LEAST_SHARE * largest))
                state.weighted[market, k] *= decays[k]
                state.weighted[market, k] += (1.0 - decays[k]) * value
                state.weight[market, k] *= decays[k]
                state.weight[market, k] += 1.0 - decays[k]
        state.bars_seen[market] += gap
    state.last_price[market] = price
    state.print_age[market] = 0.0


@njit(cache=True, nogil=True)
def _largest_variance(state: EwmaState, market: int) -> float:
    """Variance so far on the scale that holds most; 0 where nothing moved yet."""
    most = 0.0
    if state.bars_seen[market] > 0.0:
        for k in range(state.weight.shape[1]):
            most = max(most, state.weighted[market, k] / state.weight[market, k])
    return most


@njit(cache=True, nogil=True)
def write_log_volatility(state: EwmaState, market: int, rules: EwmaRules, out: Vector) -> None:
    """Write (K,) log volatilities per bar of one market; NaN before it is warm, and once dead."""
    alive = 0.0 <= state.print_age[market] <= rules.longest_hole
    for k in range(out.size):
        out[k] = np.nan
        if alive and state.bars_seen[market] >= rules.warm_up:
            variance = state.weighted[market, k] / state.weight[market, k]
            out[k] = 0.5 * math.log(variance + FLOOR)


@njit(cache=True, nogil=True)
def take_bar(state: EwmaState, prices: Vector, decays: Vector, rules: EwmaRules) -> None:
    """Take one bar of all markets: (N,) log prices, NaN where there is no print."""
    for i in range(prices.size):
        observe(state, i, prices[i], decays, rules)


@njit(cache=True, nogil=True)
def log_volatilities(state: EwmaState, rules: EwmaRules) -> Matrix:
    """(N, K) log volatilities per bar as they stand."""
    markets, scales = state.weighted.shape
    out = np.empty((markets, scales))
    for i in range(markets):
        write_log_volatility(state, i, rules, out[i])
    return out


@njit(cache=True, parallel=True)
def log_volatility_path(
    state: EwmaState, price: Matrix, bars: Index, decays: Vector, rules: EwmaRules
) -> Cube:
    """(N, D, K) log volatilities per bar, each from the first ``bars[d]`` bars; moves the state on.

    Parameters
    ----------
    state : EwmaState
        Of N markets, left as it is after the last of ``bars``.
    price : (N, T) float64
        Log prices, NaN without a print.
    bars : (D,) int64
        Ascending.
    decays : (K,) float64
        Weight left after a bar.
    """
    out = np.empty((price.shape[0], bars.size, decays.size))
    for i in prange(price.shape[0]):
        done = 0
        for d in range(bars.size):
            for t in range(done, bars[d]):
                observe(state, i, price[i, t], decays, rules)
            done = max(done, bars[d])
            write_log_volatility(state, i, rules, out[i, d])
    return out
