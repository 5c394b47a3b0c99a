"""Margin by Greeks: second-order losses on a grid of moves, and a pre-screen with a bound."""

from plimsoll.margin.greeks.model import GreeksMargin, PreparedGreeks
from plimsoll.margin.greeks.parameters import Correlations, GreeksParameters
from plimsoll.margin.greeks.screen import GreeksScreen, Screening, greeks_screen

__all__ = [
    "Correlations",
    "GreeksMargin",
    "GreeksParameters",
    "GreeksScreen",
    "PreparedGreeks",
    "Screening",
    "greeks_screen",
]
