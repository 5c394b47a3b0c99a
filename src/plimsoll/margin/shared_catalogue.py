"""What models share, and the model of tiers, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.liquidation import (
    LiquidationPrice,
    LiquidationStatus,
    isolated_liquidation_price,
)
from plimsoll.margin.protocol import MarginModel, MarginParameters, Prepared
from plimsoll.margin.tiered import InitialRule, MaintenanceRule, PreparedTiered, TieredMargin

__all__ = [
    "CurrencyPricing",
    "InitialRule",
    "LiquidationPrice",
    "LiquidationStatus",
    "MaintenanceRule",
    "MarginModel",
    "MarginParameters",
    "Prepared",
    "PreparedTiered",
    "TieredMargin",
    "isolated_liquidation_price",
]
