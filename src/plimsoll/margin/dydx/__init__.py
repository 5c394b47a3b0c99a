"""dYdX v4: margin fractions that rise with open interest, in whole quote quantums."""

from plimsoll.margin.dydx.liquidation import (
    FillablePriceRule,
    Holding,
    Subaccount,
    bankruptcy_quote_quantums,
    fillable_quote_price,
)
from plimsoll.margin.dydx.model import DydxMargin, PreparedDydx
from plimsoll.margin.dydx.parameters import LiquidityTier
from plimsoll.margin.dydx.quantums import OracleMarket, TierPpm, margin_quantums

__all__ = [
    "DydxMargin",
    "FillablePriceRule",
    "Holding",
    "LiquidityTier",
    "OracleMarket",
    "PreparedDydx",
    "Subaccount",
    "TierPpm",
    "bankruptcy_quote_quantums",
    "fillable_quote_price",
    "margin_quantums",
]
