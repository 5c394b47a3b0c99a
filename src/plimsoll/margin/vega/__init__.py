"""Vega: expected-shortfall risk factors, four margin levels, isolated order margin."""

from plimsoll.margin.vega.model import VegaMargin
from plimsoll.margin.vega.parameters import VegaMarket
from plimsoll.margin.vega.prepared import MarginLevels, PreparedVega

__all__ = ["MarginLevels", "PreparedVega", "VegaMargin", "VegaMarket"]
