"""Margin models: what each account must hold."""

from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.liquidation import (
    LiquidationPrice,
    LiquidationStatus,
    isolated_liquidation_price,
)
from plimsoll.margin.protocol import MarginModel, MarginParameters, Prepared
from plimsoll.margin.tiered import InitialRule, PreparedTiered, TieredMargin

__all__ = [
    "CurrencyPricing",
    "InitialRule",
    "LiquidationPrice",
    "LiquidationStatus",
    "MarginModel",
    "MarginParameters",
    "Prepared",
    "PreparedTiered",
    "TieredMargin",
    "isolated_liquidation_price",
]
