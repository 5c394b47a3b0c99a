"""Kernels of tail measures where scenarios have weights: every account's profits are ordered."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.account_losses_kernels import add_account

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

_SLACK = 1e-10  # as in `plimsoll.measures.tail`


@njit(cache=True, nogil=True, error_model="numpy")
def _boundary(order: Codes, mass: Vector, whole: float, confidence: float) -> tuple[int, float]:
    """Place of the value-at-risk in the order, worst first, and the mass beyond it."""
    allowed = (1.0 - confidence + _SLACK) * whole
    place, beyond = 0, 0.0
    while place < order.size - 1 and beyond + mass[order[place]] <= allowed:
        beyond += mass[order[place]]
        place += 1
    return place, beyond


@njit(cache=True, nogil=True, error_model="numpy")
def _tail_mean(
    profit: Vector, order: Codes, mass: Vector, whole: float, confidence: float
) -> float:
    place, beyond = _boundary(order, mass, whole, confidence)
    tail = (1.0 - confidence) * whole
    weighted = 0.0
    for i in range(place):
        weighted += mass[order[i]] * profit[order[i]]
    weighted += max(tail - beyond, 0.0) * profit[order[place]]
    return float(-weighted / max(tail, beyond))


@njit(cache=True, nogil=True, error_model="numpy")
def weighted_tail_of_accounts(
    offsets: Codes,
    row: Codes,
    quantity: Vector,
    table: Matrix,
    mass: Vector,
    quantiles: Vector,
    means: Vector,
    out: Matrix,
) -> None:
    """Fill ``out`` (A, V + E): values-at-risk at ``quantiles``, then shortfalls at ``means``."""
    scenarios, whole = table.shape[1], mass.sum()
    total, wide = np.empty(scenarios, table.dtype), np.empty(scenarios)
    for a in range(offsets.size - 1):
        held = add_account(offsets[a], offsets[a + 1], row, quantity, table, total, wide)
        if held == 0:
            out[a] = math.nan
            continue
        if held == 4:
            wide[:] = total
        order = np.argsort(wide, kind="mergesort")
        for v in range(quantiles.size):
            out[a, v] = -wide[order[_boundary(order, mass, whole, quantiles[v])[0]]]
        for e in range(means.size):
            out[a, quantiles.size + e] = _tail_mean(wide, order, mass, whole, means[e])
