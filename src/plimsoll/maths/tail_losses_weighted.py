"""Kernels of tail measures of many accounts where scenarios have weights."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.account_losses_kernels import add_account
from plimsoll.maths.weighted_tails import (
    BLOCKS,
    EXPECTED_SHORTFALL,
    VALUE_AT_RISK,
    tail_measure,
    tail_order,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]


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
    order, share = np.empty(scenarios, np.int64), np.empty(scenarios)
    peak, heavy = np.empty(BLOCKS), np.empty(BLOCKS)
    deepest = 0.0
    for level in quantiles:
        deepest = max(deepest, 1.0 - level)
    for level in means:
        deepest = max(deepest, 1.0 - level)
    for a in range(offsets.size - 1):
        held = add_account(offsets[a], offsets[a + 1], row, quantity, table, total, wide)
        if held == 0:
            out[a] = math.nan
            continue
        for s in range(scenarios):
            wide[s] = -(total[s] if held == 4 else wide[s])
        count = tail_order(wide, mass, whole, deepest, peak, heavy, order)
        for v in range(quantiles.size):
            out[a, v], _ = tail_measure(
                VALUE_AT_RISK, quantiles[v], wide, mass, whole, order, count, share
            )
        for e in range(means.size):
            out[a, quantiles.size + e], _ = tail_measure(
                EXPECTED_SHORTFALL, means[e], wide, mass, whole, order, count, share
            )
