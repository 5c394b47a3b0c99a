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
number and the number of threads.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from plimsoll.maths.counter_normals import normal_pairs
from plimsoll.maths.elementary import exp
from plimsoll.maths.path_combination import add_weighted, combine_lower, whole_tiles
from plimsoll.maths.path_mixing import fill_mixing

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

LANES = 128
"""Paths that go through the steps together."""


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


class _BlockState(NamedTuple):
    """Of J assets, each (J, LANES)."""

    log: Matrix  # of price over spot
    price: Matrix
    variance: Matrix


class SetPaths(NamedTuple):
    """(K, steps + 1, paths)."""

    value: Cube
    exposure: Cube  # after collateral


@njit(cache=True, nogil=True, error_model="numpy")
def _move(j: int, assets: AssetPaths, e: Vector, mix: Vector, log: Vector, price: Vector) -> None:
    """One step of one asset at a constant variance."""
    variance, spot = assets.variance[j], assets.spot[j]
    centre, scale = assets.drift[j] - 0.5 * variance, math.sqrt(variance)
    for i in range(e.size):
        moved = log[i] + (centre + scale * (mix[i] * e[i]))
        log[i] = moved
        price[i] = spot * exp(moved)


@njit(cache=True, nogil=True, error_model="numpy")
def _move_with_variance(
    j: int,
    assets: AssetPaths,
    e: Vector,
    mix: Vector,
    variance: Vector,
    log: Vector,
    price: Vector,
) -> None:
    """One step of one asset and its variance."""
    drift, omega, beta, spot = assets.drift[j], assets.omega[j], assets.beta[j], assets.spot[j]
    calm, fallen = assets.alpha[j], assets.alpha[j] + assets.gamma[j]
    for i in range(e.size):
        v = variance[i]
        shock = math.sqrt(v) * (mix[i] * e[i])
        weight = fallen if shock < 0.0 else calm
        variance[i] = omega + weight * (shock * shock) + beta * v
        moved = log[i] + (drift - 0.5 * v + shock)
        log[i] = moved
        price[i] = spot * exp(moved)


@njit(cache=True, nogil=True, error_model="numpy")
def _step(
    step: int,
    steps: int,
    path: int,
    seed: int,
    assets: AssetPaths,
    root: Matrix,
    normal: Matrix,
    e: Matrix,
    mix: Vector,
    state: _BlockState,
) -> None:
    """Move all assets of a block of paths by one step."""
    count = assets.spot.size
    pairs = (count + 1) // 2
    for pair in range(pairs):
        at = path * steps * pairs + step * pairs + pair
        normal_pairs(seed, at, steps * pairs, normal[2 * pair], normal[2 * pair + 1])
    nu, first = assets.degrees_of_freedom, path * steps + step
    fill_mixing(nu, assets.mixing_seed, first, steps, mix)
    combine_lower(root, normal, e)
    for j in range(count):
        log, price = state.log[j], state.price[j]
        if assets.moves:
            _move_with_variance(j, assets, e[j], mix, state.variance[j], log, price)
        else:
            _move(j, assets, e[j], mix, log, price)


@njit(cache=True, nogil=True, error_model="numpy")
def _call(value: Vector, k: int, sets: NettedPositions, before: Vector, after: Vector) -> None:
    """Collateral after this step's call."""
    threshold, own, least = sets.threshold[k], sets.own_threshold[k], sets.minimum_transfer[k]
    for i in range(value.size):
        wanted = max(value[i] - threshold, 0.0) - max(-value[i] - own, 0.0)
        after[i] = wanted if abs(wanted - before[i]) >= least else before[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _keep(value: Vector, arrived: Vector, initial: float, kept: Vector, exposed: Vector) -> None:
    for i in range(kept.size):
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
    last = min(first + LANES, out.value.shape[2])
    for k in range(sets.cash.size):
        value[:] = sets.cash[k]
        add_weighted(sets.quantity[k], price, value)
        _call(value, k, sets, held[k, max(t - 1, 0)], held[k, t])
        arrived = held[k, max(t - sets.lag_steps, 0)]
        kept, exposed = out.value[k, t, first:last], out.exposure[k, t, first:last]
        _keep(value, arrived, sets.initial[k], kept, exposed)


@njit(cache=True, nogil=True, error_model="numpy")
def _run_block(
    block: int, seed: int, assets: AssetPaths, sets: NettedPositions, out: SetPaths
) -> None:
    """Follow `LANES` paths through all steps; of the last block those that are asked for."""
    first, count, steps = block * LANES, assets.spot.size, out.value.shape[1] - 1
    rows, shape = whole_tiles(count), (count, LANES)
    root = np.zeros((rows, rows))
    root[:count, :count] = assets.root
    normal, e = np.zeros((rows, LANES)), np.empty((rows, LANES))
    state = _BlockState(np.zeros(shape), np.empty(shape), np.empty(shape))
    held = np.zeros((sets.cash.size, steps + 1, LANES))
    mix, value = np.empty(LANES), np.empty(LANES)
    for j in range(count):
        state.price[j] = assets.spot[j]
        state.variance[j] = assets.variance[j]
    _measure(0, first, sets, state.price, held, value, out)
    for t in range(1, steps + 1):
        _step(t - 1, steps, first, seed, assets, root, normal, e, mix, state)
        _measure(t, first, sets, state.price, held, value, out)


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
