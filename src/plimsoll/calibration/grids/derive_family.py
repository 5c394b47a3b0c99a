"""Derive's shape (PMRM 2): volatility, contingencies and the factor on the worst loss.

Contracts are linear. Price moves of the scenarios stand as published: they are a table. In their
place the factor on the worst loss is searched, which scales them all; with it volatility up and
down, its floor and powers, the basis contingency, and the rates on perpetuals and on unpaired short
options. The factor of maintenance margin keeps its published ratio to that of initial margin. Units
do not offset each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from plimsoll.calibration.grids.grid_family import Changes, GridFamily, knobs_of
from plimsoll.calibration.grids.grid_market import Settlement, dollar_pricing
from plimsoll.margin.derive import CashPricing, DerivePmrm2

_KNOBS = {
    "initial_factor": ("0.025", "0.5", "2"),
    "range_up": ("0.05", "0", "1.5"),
    "range_down": ("0.05", "0", "1"),
    "minimum_vol_up": ("0.05", "0", "1"),
    "short_power": ("0.05", "0", "0.7"),
    "long_power": ("0.05", "0", "0.65"),
    "floor_hours": ("6", "6", "72"),
    "basis_addition": ("0.05", "0", "2"),
    "perpetual_initial_extra": ("0.001", "0", "0.05"),
    "option_initial_extra": ("0.0005", "0", "0.02"),
}
_HINTS = {"range_up": "0.25", "range_down": "0.2", "short_power": "0.6", "floor_hours": "48"}


def derive_family(
    published: Mapping[str, Any], coins: tuple[str, ...] = ("BTC", "ETH")
) -> GridFamily:
    """Build the family on published parameters, by risk unit."""
    pricing = dollar_pricing(coins)
    cash = CashPricing(numeraire=pricing.numeraire, pricing_markets=pricing.pricing_markets)
    return GridFamily(
        name="derive",
        title="Derive-shaped portfolio grid (PMRM 2)",
        settlement=Settlement.LINEAR,
        model=DerivePmrm2(pricing=cash),
        published={coin: published[coin] for coin in coins},
        knobs=tuple(knob for coin in coins for knob in knobs_of(coin, coin, _KNOBS)),
        tie=_with_maintenance,
        scenarios=23,
        futures=False,
        hints={name: Decimal(value) for name, value in _HINTS.items()},
    )


def _with_maintenance(published: Any, changes: Changes) -> Changes:
    """Both factors scale one worst loss: they move together."""
    if "initial_factor" not in changes:
        return changes
    link = published.maintenance_factor / published.initial_factor
    return {**changes, "maintenance_factor": link * changes["initial_factor"]}
