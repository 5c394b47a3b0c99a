"""Margin rates that rise in a straight line with size."""

from plimsoll.margin.size_tiers.model import PreparedSizeTiers, SizeTieredMargin
from plimsoll.margin.size_tiers.parameters import SizeRates

__all__ = ["PreparedSizeTiers", "SizeRates", "SizeTieredMargin"]
