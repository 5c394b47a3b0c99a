"""Where accounts are liquidated, and how: prices of liquidation, step-by-step plans."""

from plimsoll.margin.liquidation.isolated import (
    LiquidationPrice,
    LiquidationStatus,
    isolated_liquidation_price,
)

__all__ = ["LiquidationPrice", "LiquidationStatus", "isolated_liquidation_price"]
