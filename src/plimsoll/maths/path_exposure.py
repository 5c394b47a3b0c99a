"""Paths of many assets and of what netting sets of positions expose along them.

J assets move together over equal steps: with e an innovation of unit variance,

    ln S <- ln S + drift - v / 2 + sqrt(v) e,     e = mix (root x),   root root' = correlation,
    v    <- omega + (alpha + gamma [e < 0]) v e^2 + beta v,

x being independent normals and ``mix`` 1 or, for t innovations, sqrt((nu - 2) / chi2), common to
all assets of a step. The K netting sets are worth V = cash + sum of quantity S. At every step
collateral is called for what exceeds a threshold, and moves where the difference is at least the
minimum transfer; what was called m steps ago is the last that arrived:

    exposure(t) = max(V(t) - C(t - m) - initial, 0).

Random numbers depend on seed, path, step and asset alone, so paths are the same whatever their
number and the number of threads. chi2 is a gamma by Marsaglia and Tsang (2000), whose rejections
draw from counters of their own.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.counter_normals import normal_pairs, turn
from plimsoll.maths.counter_random import random_unit
from plimsoll.maths.elementary import exp

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

LANES = 64
"""Paths that go through the steps together."""

_TRIES = 64  # of one gamma number; a 65th is needed with a probability below 1e-80


class AssetPaths(NamedTuple):
    """J assets; per step."""

    spot: Vector
    drift: Vector
    variance: Vector  # of the first step
    omega: Vector
    alpha: Vector
    gamma: Vector
    beta: Vector
    root: Matrix  # (J, J) lower triangle
    degrees_of_freedom: float  # infinite: normal
    moves: bool  # whether variances do
    mixing_seed: int  # of chi2, another stream than that of the normals


class NettedPositions(NamedTuple):
    """K netting sets."""

    quantity: Matrix  # (K, J), signed, positive = the measuring party is long
    cash: Vector
    threshold: Vector
    own_threshold: Vector  # infinite where the measuring party posts nothing
    minimum_transfer: Vector
    initial: Vector
    lag_steps: int


class SetPaths(NamedTuple):
    """(K, steps + 1, paths)."""

    value: Cube
    exposure: Cube  # after collateral


@njit(cache=True, nogil=True, error_model="numpy")
def _gamma(shape: float, seed: int, counter: int) -> float:
    """One gamma number of unit scale, for a shape of at least 1."""
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    at = counter * 3 * _TRIES
    for _ in range(_TRIES):
        u = 1.0 - random_unit(seed, at)
        cosine, _sine = turn(random_unit(seed, at + 1))
        x = math.sqrt(-2.0 * math.log(u)) * cosine
        v = (1.0 + c * x) ** 3
        if v > 0.0 and math.log(1.0 - random_unit(seed, at + 2)) < 0.5 * x * x + d * (
            1.0 - v + math.log(v)
        ):
            return d * v
        at += 3
    return d


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_mix(nu: float, seed: int, path: int, step: int, steps: int, mix: Vector) -> None:
    """What turns normals into t numbers of unit variance, one for each path."""
    if nu == np.inf:
        mix[:] = 1.0
        return
    for i in range(mix.size):
        chi2 = 2.0 * _gamma(0.5 * nu, seed, (path + i) * steps + step)
        mix[i] = math.sqrt((nu - 2.0) / chi2)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_two(one: Vector, a: float, two: Vector, b: float, out: Vector) -> None:
    for i in range(out.size):
        out[i] += a * one[i] + b * two[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _add_one(one: Vector, a: float, out: Vector) -> None:
    for i in range(out.size):
        out[i] += a * one[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _combine(root: Vector, last: int, normal: Matrix, out: Vector) -> None:
    """Sum of ``root[k] normal[k]`` over k up to ``last``, two at a time."""
    out[:] = 0.0
    k = 0
    while k < last:
        _add_two(normal[k], root[k], normal[k + 1], root[k + 1], out)
        k += 2
    if k == last:
        _add_one(normal[k], root[k], out)


@njit(cache=True, nogil=True, error_model="numpy")
def _move(drift: float, variance: float, e: Vector, mix: Vector, log_price: Vector) -> None:
    """One step of one asset at a constant variance."""
    centre, scale = drift - 0.5 * variance, math.sqrt(variance)
    for i in range(e.size):
        log_price[i] += centre + scale * (mix[i] * e[i])


@njit(cache=True, nogil=True, error_model="numpy")
def _move_with_variance(
    j: int, assets: AssetPaths, e: Vector, mix: Vector, variance: Vector, log_price: Vector
) -> None:
    """One step of one asset and its variance."""
    drift, omega, beta = assets.drift[j], assets.omega[j], assets.beta[j]
    calm, fallen = assets.alpha[j], assets.alpha[j] + assets.gamma[j]
    for i in range(e.size):
        v = variance[i]
        shock = math.sqrt(v) * (mix[i] * e[i])
        log_price[i] += drift - 0.5 * v + shock
        weight = fallen if shock < 0.0 else calm
        variance[i] = omega + weight * (shock * shock) + beta * v


@njit(cache=True, nogil=True, error_model="numpy")
def _exponentials(scale: float, logs: Vector, out: Vector) -> None:
    for i in range(out.size):
        out[i] = scale * exp(logs[i])


@njit(cache=True, nogil=True, error_model="numpy")
def _step(
    step: int,
    steps: int,
    path: int,
    seed: int,
    assets: AssetPaths,
    normal: Matrix,
    e: Vector,
    mix: Vector,
    variance: Matrix,
    logs: Matrix,
    price: Matrix,
) -> None:
    """Move all assets of a block of paths by one step."""
    count = assets.spot.size
    pairs = (count + 1) // 2
    for pair in range(pairs):
        at = path * steps * pairs + step * pairs + pair
        normal_pairs(seed, at, steps * pairs, normal[2 * pair], normal[2 * pair + 1])
    _fill_mix(assets.degrees_of_freedom, assets.mixing_seed, path, step, steps, mix)
    for j in range(count):
        _combine(assets.root[j], j, normal, e)
        if assets.moves:
            _move_with_variance(j, assets, e, mix, variance[j], logs[j])
        else:
            _move(assets.drift[j], assets.variance[j], e, mix, logs[j])
        _exponentials(assets.spot[j], logs[j], price[j])


@njit(cache=True, nogil=True, error_model="numpy")
def _call(value: Vector, k: int, sets: NettedPositions, before: Vector, after: Vector) -> None:
    """Collateral after this step's call."""
    threshold, own, least = sets.threshold[k], sets.own_threshold[k], sets.minimum_transfer[k]
    for i in range(value.size):
        wanted = max(value[i] - threshold, 0.0) - max(-value[i] - own, 0.0)
        after[i] = wanted if abs(wanted - before[i]) >= least else before[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _keep(value: Vector, arrived: Vector, initial: float, kept: Vector, exposed: Vector) -> None:
    for i in range(value.size):
        kept[i] = value[i]
        exposed[i] = max(value[i] - arrived[i] - initial, 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _measure(
    t: int,
    first: int,
    sets: NettedPositions,
    price: Matrix,
    held: Cube,
    value: Vector,
    out: SetPaths,
) -> None:
    """Value and exposure of all sets of a block of paths at one time."""
    last = first + value.size
    for k in range(sets.cash.size):
        value[:] = sets.cash[k]
        for j in range(price.shape[0]):
            if sets.quantity[k, j] != 0.0:
                _add_one(price[j], sets.quantity[k, j], value)
        _call(value, k, sets, held[k, max(t - 1, 0)], held[k, t])
        arrived = held[k, max(t - sets.lag_steps, 0)]
        kept, exposed = out.value[k, t, first:last], out.exposure[k, t, first:last]
        _keep(value, arrived, sets.initial[k], kept, exposed)


@njit(cache=True, nogil=True, error_model="numpy")
def _run_block(
    block: int, seed: int, assets: AssetPaths, sets: NettedPositions, out: SetPaths
) -> None:
    """Follow up to `LANES` paths through all steps."""
    first, count, steps = block * LANES, assets.spot.size, out.value.shape[1] - 1
    lanes = min(LANES, out.value.shape[2] - first)
    normal, logs = np.empty((count + 1, lanes)), np.zeros((count, lanes))
    price, variance = np.empty((count, lanes)), np.empty((count, lanes))
    held = np.zeros((sets.cash.size, steps + 1, lanes))
    e, mix, value = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    for j in range(count):
        price[j] = assets.spot[j]
        variance[j] = assets.variance[j]
    _measure(0, first, sets, price, held, value, out)
    for t in range(1, steps + 1):
        _step(t - 1, steps, first, seed, assets, normal, e, mix, variance, logs, price)
        _measure(t, first, sets, price, held, value, out)


@njit(cache=True, nogil=True, error_model="numpy")
def set_paths(seed: int, assets: AssetPaths, sets: NettedPositions, out: SetPaths) -> None:
    """Fill ``out``; see the module text."""
    for block in range((out.value.shape[2] + LANES - 1) // LANES):
        _run_block(block, seed, assets, sets, out)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def set_paths_parallel(seed: int, assets: AssetPaths, sets: NettedPositions, out: SetPaths) -> None:
    """`set_paths` by all threads, with the same bits."""
    for block in prange((out.value.shape[2] + LANES - 1) // LANES):
        _run_block(block, seed, assets, sets, out)
