"""Bybit portfolio margin, as far as it is published."""

from plimsoll.margin.bybit.contingencies import ShortOptionNetting
from plimsoll.margin.bybit.model import BybitMargin
from plimsoll.margin.bybit.parameters import FIRST_CLASS, FIRST_CLASS_2024, BybitParameters
from plimsoll.margin.bybit.prepared import PreparedBybit

__all__ = [
    "FIRST_CLASS",
    "FIRST_CLASS_2024",
    "BybitMargin",
    "BybitParameters",
    "PreparedBybit",
    "ShortOptionNetting",
]
