"""Paradex's shape: price range with weighted tails, volatility shocks, charges on delta.

Contracts are linear. Tail weights follow the price range, as the published ones do: range over
move, rounded up. Searched per underlying: range, volatility, powers, and the rates on net and on
hedged delta. Underlyings do not offset each other, so portfolios in several coins have no knob.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal
from typing import Any

from plimsoll.calibration.grids.grid_family import Changes, GridFamily, knobs_of
from plimsoll.calibration.grids.grid_market import Settlement, dollar_pricing
from plimsoll.margin.paradex import ParadexPortfolioMargin
from plimsoll.scenarios.grid_rules import GridRules

_KNOBS = {
    "price_range": ("0.005", "0.02", "0.4"),
    "volatility_range_up": ("0.05", "0", "1.5"),
    "volatility_range_down": ("0.05", "0", "1"),
    "minimum_vol_up": ("0.05", "0", "1"),
    "short_vega_power": ("0.05", "0", "0.7"),
    "long_vega_power": ("0.05", "0", "0.65"),
    "vega_floor_hours": ("6", "6", "72"),
    "unhedged_rate": ("0.0025", "0", "0.1"),
    "hedged_rate": ("0.0005", "0", "0.05"),
}
_TAILS = {
    "weight_down_66": "0.66",
    "weight_down_33": "0.33",
    "weight_up_50": "0.5",
    "weight_up_100": "1",
    "weight_up_200": "2",
    "weight_up_300": "3",
    "weight_up_400": "4",
    "weight_up_500": "5",
}
_HINTS = {
    "volatility_range_up": "0.25",
    "volatility_range_down": "0.2",
    "short_vega_power": "0.6",
    "long_vega_power": "0.5",
    "vega_floor_hours": "48",
    "hedged_rate": "0.003",
}
_DIGITS = Decimal("0.0001")


def paradex_family(
    published: Mapping[str, Any], coins: tuple[str, ...] = ("BTC", "ETH")
) -> GridFamily:
    """Build the family on published parameters, by underlying."""
    return GridFamily(
        name="paradex",
        title="Paradex-shaped portfolio grid",
        settlement=Settlement.LINEAR,
        model=ParadexPortfolioMargin(
            pricing=dollar_pricing(coins), grid_rules=GridRules(discounted=False)
        ),
        published={coin: published[coin] for coin in coins},
        knobs=tuple(knob for coin in coins for knob in knobs_of(coin, coin, _KNOBS)),
        tie=_with_tails,
        scenarios=24,
        hints={name: Decimal(value) for name, value in _HINTS.items()},
    )


def _with_tails(published: Any, changes: Changes) -> Changes:
    """Weights of far moves: the price range over the move."""
    reach = changes.get("price_range", published.price_range)
    weights = {
        name: min((reach / Decimal(move)).quantize(_DIGITS, ROUND_UP), Decimal(1))
        for name, move in _TAILS.items()
    }
    return {**changes, **weights}
