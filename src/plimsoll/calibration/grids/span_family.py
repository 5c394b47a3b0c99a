"""SPAN's shape: price and volatility scan ranges, and the minimum of short options.

Contracts are taken as linear. Charges of calendar spreads and tiers stand as published: they are a
table, not a number. Units do not offset each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from plimsoll.calibration.grids.grid_family import GridFamily, knobs_of
from plimsoll.calibration.grids.grid_market import Settlement, dollar_pricing
from plimsoll.margin.span import SpanMargin

_KNOBS = {
    "price_scan_range": ("0.005", "0.02", "0.33"),
    "vol_scan_range": ("0.05", "0", "1"),
    "short_option_minimum": ("0.0005", "0", "0.1"),
}
_HINTS = {"vol_scan_range": "0.5", "short_option_minimum": "0.001"}


def span_family(
    published: Mapping[str, Any], coins: tuple[str, ...] = ("BTC", "ETH")
) -> GridFamily:
    """Build the family on published parameters, by risk unit."""
    return GridFamily(
        name="span",
        title="SPAN-shaped grid of sixteen scenarios",
        settlement=Settlement.LINEAR,
        model=SpanMargin(pricing=dollar_pricing(coins)),
        published={coin: published[coin] for coin in coins},
        knobs=tuple(knob for coin in coins for knob in knobs_of(coin, coin, _KNOBS)),
        scenarios=16,
        hints={name: Decimal(value) for name, value in _HINTS.items()},
    )
