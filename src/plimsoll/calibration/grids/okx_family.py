"""OKX's shape: three price steps, an extreme move, volatility, basis, and charges on size.

Contracts are taken as linear. The smaller price steps are a third and two thirds of the largest
and the extreme move is twice it, as published. Searched per risk unit: the largest step, the share
of the extreme loss, volatility up, down and its growth, the term-structure and basis moves, and
the charges on perpetuals, futures and options. Units do not offset each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from plimsoll.calibration.grids.grid_family import Changes, GridFamily, knobs_of
from plimsoll.calibration.grids.grid_market import Settlement, dollar_pricing
from plimsoll.margin.okx import OkxMargin

_KNOBS = {
    "largest_move": ("0.006", "0.018", "0.3"),
    "extreme_share": ("0.05", "0", "1"),
    "vol_up": ("0.05", "0", "1.5"),
    "vol_down": ("0.05", "0", "1"),
    "vol_power": ("0.05", "0", "0.7"),
    "term_structure_move": ("0.01", "0", "0.5"),
    "annualised_basis_move": ("0.0025", "0", "0.2"),
    "linear_charge": ("0.0002", "0.0002", "0.01"),
    "option_charge": ("0.0002", "0.0002", "0.01"),
}
_HINTS = {"vol_up": "0.25", "vol_down": "0.2", "vol_power": "0.6", "term_structure_move": "0.03"}


def okx_family(published: Mapping[str, Any], coins: tuple[str, ...] = ("BTC", "ETH")) -> GridFamily:
    """Build the family on published parameters, by risk unit."""
    return GridFamily(
        name="okx",
        title="OKX-shaped portfolio grid",
        settlement=Settlement.LINEAR,
        model=OkxMargin(pricing=dollar_pricing(coins)),
        published={coin: published[coin] for coin in coins},
        knobs=tuple(knob for coin in coins for knob in knobs_of(coin, coin, _KNOBS)),
        tie=_with_steps,
        scenarios=23,
        hints={name: Decimal(value) for name, value in _HINTS.items()},
    )


def _with_steps(published: Any, changes: Changes) -> Changes:
    """Steps of a third and two thirds; the extreme at twice the largest."""
    largest = changes.get("largest_move", published.largest_move)
    step = largest / 3
    return {**changes, "small_move": step, "middle_move": 2 * step, "extreme_move": 2 * largest}
