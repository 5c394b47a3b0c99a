"""Drift v2's ratios and weights in float64 columns, without the program's rounding.

Sizes in whole units, everything else as fractions; the program's integers stand in
`plimsoll.margin.drift.scaled_ratios`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class Ratios(NamedTuple):
    """(E,) margin ratios of a level before any premium, and the size factor."""

    ordinary: FloatArray
    high_leverage: FloatArray  # 0 where the market has no such mode
    size_factor: FloatArray


def size_premium(size: FloatArray, factor: FloatArray) -> FloatArray:
    """Return ``factor sqrt(size)``."""
    return factor * np.sqrt(size)


def liability_weight(size: FloatArray, factor: FloatArray, weight: FloatArray) -> FloatArray:
    """Return ``max(w, 0.8 w + premium)``; ``w`` where the factor is 0.

    >>> one = np.ones(1)
    >>> round(float(liability_weight(1_000.0 * one, 0.01 * one, 1.1 * one)[0]), 9)  # 0.88 + 0.316
    1.196227766
    """
    grown = 0.8 * weight + size_premium(size, factor)
    return np.where(factor == 0.0, weight, np.maximum(weight, grown))


def asset_weight(size: FloatArray, factor: FloatArray, weight: FloatArray) -> FloatArray:
    """Return ``min(w, 1.1 / (1 + premium))``; ``w`` where the factor is 0."""
    shrunk = 1.1 / (1.0 + size_premium(size, factor))
    return np.where(factor == 0.0, weight, np.minimum(weight, shrunk))


def opening_ratio(size: FloatArray, ratios: Ratios, high_leverage: BoolArray) -> FloatArray:
    """Return the ratio to open or to be filled; see `scaled_ratios.margin_ratio`."""
    ordinary = liability_weight(size, ratios.size_factor, ratios.ordinary)
    used = size_premium(size, ratios.size_factor) / (0.2 * ratios.ordinary)
    climbed = ratios.high_leverage + (ratios.ordinary - ratios.high_leverage) * used
    low = high_leverage & (ratios.high_leverage > 0.0) & (used < 1.0)
    return np.where(low, climbed, ordinary)


def keeping_ratio(size: FloatArray, ratios: Ratios, high_leverage: BoolArray) -> FloatArray:
    """Return the ratio to keep a position: in high-leverage mode the mode's own."""
    low = high_leverage & (ratios.high_leverage > 0.0)
    base = np.where(low, ratios.high_leverage, ratios.ordinary)
    return liability_weight(size, ratios.size_factor, base)


def scaled_initial_weight(weight: float, scale_start_usd: float, deposits_usd: float) -> float:
    """Return an initial collateral weight that falls as one over the market's deposits.

    >>> scaled_initial_weight(0.9, 500_000.0, 1_500_000.0)
    0.3
    """
    if scale_start_usd == 0.0 or deposits_usd <= scale_start_usd:
        return weight
    return weight * scale_start_usd / deposits_usd
