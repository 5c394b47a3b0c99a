"""The generated venue of the demo and of tests. Everything here is SYNTHETIC, and says so."""

from plimsoll.sandbox.comparison import Comparison, compare, comparison_table
from plimsoll.sandbox.generator import DEFAULT_START_NS, generate
from plimsoll.sandbox.law import LAWS, MarketLaw
from plimsoll.sandbox.venue import (
    FundingPayments,
    PlantedFault,
    SandboxMarket,
    SandboxVenue,
    Truth,
)

__all__ = [
    "DEFAULT_START_NS",
    "LAWS",
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
