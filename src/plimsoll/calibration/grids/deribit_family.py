"""Deribit's shape: price range, volatility shocks, extended table, roll shock, offsets.

Cross margin in dollars, so that portfolios in both coins have one number. Searched per pair: the
price range, volatility up and down, its floor, both powers, the least time to expiry, the extended
table's share and the roll shock; over both pairs the share of gains that counts and the
correlation contingency. The cap of gains is that of the pair with the largest published one: a
share of gains needs one. Dampeners, delta shock and maintenance factor stay as published: at the
library's size they do not bind, and the last scales everything alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from plimsoll.calibration.grids.grid_family import Changes, GridFamily, knobs_of
from plimsoll.calibration.grids.grid_market import Settlement, dollar_pricing
from plimsoll.calibration.grids.portfolio_library import PAIR_SCOPE
from plimsoll.margin.deribit import (
    GENERAL,
    DeribitGeneral,
    DeribitPortfolioMargin,
    PortfolioMode,
)

_PAIR = {
    "price_range": ("0.005", "0.02", "0.4"),
    "volatility_range_up": ("0.05", "0", "1.5"),
    "volatility_range_down": ("0.05", "0", "1"),
    "minimum_vol_up": ("0.05", "0", "1"),
    "short_vega_power": ("0.05", "0", "0.7"),
    "long_vega_power": ("0.05", "0", "0.65"),
    "vega_floor_hours": ("6", "0", "72"),
    "extended_table_factor": ("0.1", "0", "1"),
    "annualised_move_risk": ("0.0025", "0", "0.2"),
    "min_annualised_move": ("0.0005", "0", "0.05"),
}
"""Powers: not steeper than chains say (0.64 with an error of 0.04 beyond 30 days)."""
OFFSETS = ("pnl_offset", "correlation_contingency")
"""What gains in one coin count against losses in another."""
VOLATILITY = (
    "volatility_range_up",
    "volatility_range_down",
    "minimum_vol_up",
    "short_vega_power",
    "long_vega_power",
    "vega_floor_hours",
)
_HINTS = {
    "volatility_range_up": "0.25",
    "volatility_range_down": "0.2",
    "short_vega_power": "0.6",
    "long_vega_power": "0.5",
    "vega_floor_hours": "48",
    "annualised_move_risk": "0.01",
    "min_annualised_move": "0.005",
}
"""Shocks and powers nearer to those of chains and volatility index than the published ones."""


def deribit_family(
    published: Mapping[str, Any], coins: tuple[str, ...] = ("BTC", "ETH")
) -> GridFamily:
    """Build the family on published parameters.

    Parameters
    ----------
    published : mapping of str to DeribitPair
        By pair (``BTC_USD``), and what holds for all under ``general``.
    coins : tuple of str
    """
    pairs = {f"{coin}_USD": published[f"{coin}_USD"] for coin in coins}
    held = {GENERAL: published.get(GENERAL, DeribitGeneral()), **pairs}
    knobs = [knob for coin in coins for knob in knobs_of(f"{coin}_USD", coin, _PAIR)]
    if len(coins) > 1:
        for unit in pairs:
            knobs += knobs_of(unit, PAIR_SCOPE, {"pnl_offset": ("0.05", "0", "1")})
        contingency = {"correlation_contingency": ("0.05", "0", "1")}
        knobs += knobs_of(GENERAL, PAIR_SCOPE, contingency)
    cap = max(pair.max_offsetable_pnl_usd for pair in pairs.values())
    pricing = dollar_pricing(coins)
    model = DeribitPortfolioMargin(
        pricing=pricing, mode=PortfolioMode.CROSS, worst_case_decimals=None
    )
    return GridFamily(
        name="deribit",
        title="Deribit-shaped portfolio grid",
        settlement=Settlement.INVERSE,
        model=model,
        published=held,
        knobs=tuple(knobs),
        tie=partial(_with_cap, cap),
        scenarios=35,
        hints={name: Decimal(value) for name, value in _HINTS.items()},
    )


def _with_cap(cap: Decimal, published: Any, changes: Changes) -> Changes:  # noqa: ARG001
    """A share of gains counts up to a cap."""
    counts = changes.get("pnl_offset", Decimal(0)) > 0
    return {**changes, "max_offsetable_pnl_usd": cap} if counts else changes
