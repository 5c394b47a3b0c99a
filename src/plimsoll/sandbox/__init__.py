"""The generated venue of the demo and of tests. Everything here is SYNTHETIC, and says so."""

from plimsoll.sandbox.comparison import Comparison, compare, comparison_table
from plimsoll.sandbox.generator import DEFAULT_DAYS, DEFAULT_START_NS, MARKETS, generate
from plimsoll.sandbox.law import LAWS, MarketLaw
from plimsoll.sandbox.venue import (
    FundingPayments,
    PlantedFault,
    SandboxMarket,
    SandboxVenue,
    Truth,
)

__all__ = [
    "DEFAULT_DAYS",
    "DEFAULT_START_NS",
    "LAWS",
    "MARKETS",
    "Comparison",
    "FundingPayments",
    "MarketLaw",
    "PlantedFault",
    "SandboxMarket",
    "SandboxVenue",
    "Truth",
    "compare",
    "comparison_table",
    "generate",
]
