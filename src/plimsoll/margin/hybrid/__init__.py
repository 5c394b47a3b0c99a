"""Margin of several models at once: their maximum, or a weighted mixture, with floors."""

from plimsoll.margin.hybrid.model import HybridMargin, PreparedHybrid
from plimsoll.margin.hybrid.parameters import Combination, HybridParameters, LegWeight

__all__ = ["Combination", "HybridMargin", "HybridParameters", "LegWeight", "PreparedHybrid"]
