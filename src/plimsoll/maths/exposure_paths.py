"""Paths of a netting set's value and of what is left of it after collateral.

J coins follow correlated geometric Brownian motions,

    ln S(t + h) = ln S(t) + (drift - vol^2 / 2) h + vol sqrt(h) (L z),   L L' = correlation,

exact at the points of the grid. The set is worth, to the party that measures exposure,

    V(t) = sum of q (S e^{b (T - t)} - K)             forwards, perpetuals and spot (T infinite)
         + sum of q Black(S e^{b (T - t)}, K, vol sqrt(T - t))       options, undiscounted
         + cash,

each until it is settled at T, after which its payoff leaves the value or, where payoffs stay, is
cash (what settles between two points of the grid does so at the later one's prices). At every step
collateral is called for what exceeds the threshold,

    wanted = max(V - threshold, 0) - max(-V - own threshold, 0),

and moves there where the difference is at least the minimum transfer. When the other party stops
paying, what was called m steps ago is the last that arrived:

    exposure(t) = max(V(t) - C(t - m) - initial amount(t), 0).

Random numbers depend on seed, path, step and coin alone, so paths are the same whatever their
number and the number of threads.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.counter_normals import normal_pairs
from plimsoll.maths.elementary import exp, log, normal_cdf

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

LANES = 64
"""Paths that go through the steps together."""

FORWARD, CALL, PUT = 0, 1, 2
_MOMENT = 1e-12  # years


class CoinPaths(NamedTuple):
    """J coins."""

    spot: Vector  # (J,)
    drift: Vector  # (J,) annual
    vol: Vector  # (J,) annual
    root: Matrix  # (J, J) lower triangle of the correlation


class NettedTrades(NamedTuple):
    """K trades."""

    kind: Codes  # (K,) FORWARD, CALL or PUT
    coin: Codes  # (K,)
    quantity: Vector  # (K,) coins, signed, positive = the measuring party is long
    strike: Vector  # (K,)
    expiry_years: Vector  # (K,) infinite for what is not settled
    carry: Vector  # (K,) annual, b
    vol: Vector  # (K,) annual, of options
    cash: float  # owed to the measuring party whatever happens
    payoffs_stay: bool  # whether what a settled trade paid stays in the value


class CollateralTerms(NamedTuple):
    """The margin agreement."""

    threshold: float
    own_threshold: float  # infinite where the measuring party posts nothing
    minimum_transfer: float
    lag_steps: int
    initial: float
    initial_coins: Vector  # (J,)


class ExposurePaths(NamedTuple):
    """(steps + 1, paths)."""

    value: Matrix
    exposure: Matrix  # after collateral


@njit(cache=True, nogil=True, error_model="numpy")
def _move(row: Vector, weight: float, out: Vector) -> None:
    for i in range(out.size):
        out[i] += weight * row[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _exponentials(scale: float, logs: Vector, out: Vector) -> None:
    for i in range(out.size):
        out[i] = scale * exp(logs[i])


@njit(cache=True, nogil=True, error_model="numpy")
def _step_spots(
    step: int,
    steps: int,
    years: float,
    path: int,
    seed: int,
    coins: CoinPaths,
    normal: Matrix,
    logs: Matrix,
    spot: Matrix,
) -> None:
    """Move all coins of a block of paths by one step."""
    count = coins.spot.size
    pairs = (count + 1) // 2
    for pair in range(pairs):
        # Every path has a range of counters of its own, steps x pairs long.
        at = path * steps * pairs + step * pairs + pair
        normal_pairs(seed, at, steps * pairs, normal[2 * pair], normal[2 * pair + 1])
    root_years = math.sqrt(years)
    for j in range(count):
        logs[j] += (coins.drift[j] - 0.5 * coins.vol[j] * coins.vol[j]) * years
        for k in range(j + 1):
            weight = coins.root[j, k]
            if weight != 0.0:
                _move(normal[k], coins.vol[j] * root_years * weight, logs[j])
        _exponentials(coins.spot[j], logs[j], spot[j])


@njit(cache=True, nogil=True, error_model="numpy")
def _add_option(
    sign: float,
    quantity: float,
    strike: float,
    growth: float,
    dev: float,
    spot: Vector,
    out: Vector,
) -> None:
    """Add an option by Black; at ``dev`` zero its intrinsic value."""
    if dev <= 0.0:
        for i in range(out.size):
            out[i] += quantity * max(sign * (spot[i] * growth - strike), 0.0)
        return
    for i in range(out.size):
        forward = spot[i] * growth
        d1 = log(forward / strike) / dev + 0.5 * dev
        paid = forward * normal_cdf(sign * d1) - strike * normal_cdf(sign * (d1 - dev))
        out[i] += quantity * sign * paid


@njit(cache=True, nogil=True, error_model="numpy")
def _add_forward(quantity: float, strike: float, growth: float, spot: Vector, out: Vector) -> None:
    for i in range(out.size):
        out[i] += quantity * (spot[i] * growth - strike)


@njit(cache=True, nogil=True, error_model="numpy")
def _value(
    before: float, now: float, trades: NettedTrades, spot: Matrix, cash: Vector, out: Vector
) -> None:
    """Value of cash and all trades that are alive; what settled since ``before`` goes to cash."""
    out[:] = cash
    for k in range(trades.kind.size):
        left = trades.expiry_years[k] - now
        # A grid point meant to be the expiry may miss it by rounding.
        settles = left <= _MOMENT
        if settles and trades.expiry_years[k] - before <= _MOMENT:
            continue
        if left < -_MOMENT and not trades.payoffs_stay:
            continue
        _add_trade(k, max(left, 0.0), trades, spot, out)
        if settles and trades.payoffs_stay:
            _add_trade(k, 0.0, trades, spot, cash)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_trade(k: int, left: float, trades: NettedTrades, spot: Matrix, out: Vector) -> None:
    """Add one trade with ``left`` years to go."""
    growth = math.exp(trades.carry[k] * left) if trades.carry[k] != 0.0 else 1.0
    q, strike, s = trades.quantity[k], trades.strike[k], spot[trades.coin[k]]
    if trades.kind[k] == FORWARD:
        _add_forward(q, strike, growth, s, out)
    else:
        sign = 1.0 if trades.kind[k] == CALL else -1.0
        _add_option(sign, q, strike, growth, trades.vol[k] * math.sqrt(left), s, out)


@njit(cache=True, nogil=True, error_model="numpy")
def _call(value: Vector, terms: CollateralTerms, before: Vector, after: Vector) -> None:
    """Collateral after this step's call."""
    for i in range(value.size):
        wanted = max(value[i] - terms.threshold, 0.0) - max(-value[i] - terms.own_threshold, 0.0)
        moves = abs(wanted - before[i]) >= terms.minimum_transfer
        after[i] = wanted if moves else before[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _net(value: Vector, arrived: Vector, spot: Matrix, terms: CollateralTerms, out: Vector) -> None:
    for i in range(out.size):
        out[i] = value[i] - arrived[i] - terms.initial
    for j in range(terms.initial_coins.size):
        if terms.initial_coins[j] != 0.0:
            _move(spot[j], -terms.initial_coins[j], out)
    for i in range(out.size):
        out[i] = max(out[i], 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _run_block(
    block: int,
    times: Vector,
    seed: int,
    coins: CoinPaths,
    trades: NettedTrades,
    terms: CollateralTerms,
    out: ExposurePaths,
) -> None:
    """Follow up to `LANES` paths through all steps."""
    first, count, steps = block * LANES, coins.spot.size, times.size - 1
    lanes = min(LANES, out.value.shape[1] - first)
    normal, logs = np.empty((count + 1, lanes)), np.zeros((count, lanes))
    spot, held = np.empty((count, lanes)), np.zeros((steps + 1, lanes))
    for j in range(count):
        spot[j] = coins.spot[j]
    value, exposure, nothing = np.empty(lanes), np.empty(lanes), np.zeros(lanes)
    cash = np.full(lanes, trades.cash)
    for t in range(steps + 1):
        if t > 0:
            years = times[t] - times[t - 1]
            _step_spots(t - 1, steps, years, first, seed, coins, normal, logs, spot)
        _value(times[max(t - 1, 0)], times[t], trades, spot, cash, value)
        _call(value, terms, nothing if t == 0 else held[t - 1], held[t])
        _net(value, held[max(t - terms.lag_steps, 0)], spot, terms, exposure)
        for i in range(lanes):
            out.value[t, first + i] = value[i]
            out.exposure[t, first + i] = exposure[i]


@njit(cache=True, nogil=True, error_model="numpy")
def exposure_paths(
    times: Vector,
    seed: int,
    coins: CoinPaths,
    trades: NettedTrades,
    terms: CollateralTerms,
    out: ExposurePaths,
) -> None:
    """Fill ``out`` over the times (steps + 1,), which start at 0; years."""
    for block in range((out.value.shape[1] + LANES - 1) // LANES):
        _run_block(block, times, seed, coins, trades, terms, out)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def exposure_paths_parallel(
    times: Vector,
    seed: int,
    coins: CoinPaths,
    trades: NettedTrades,
    terms: CollateralTerms,
    out: ExposurePaths,
) -> None:
    """`exposure_paths` by all threads, with the same bits."""
    for block in prange((out.value.shape[1] + LANES - 1) // LANES):
        _run_block(block, times, seed, coins, trades, terms, out)
