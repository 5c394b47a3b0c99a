"""Deribit's margin models: standard, and portfolio (segregated and cross)."""

from plimsoll.margin.deribit.portfolio import DeribitPortfolioMargin
from plimsoll.margin.deribit.portfolio_mode import PortfolioMode
from plimsoll.margin.deribit.portfolio_parameters import GENERAL, DeribitGeneral, DeribitPair
from plimsoll.margin.deribit.portfolio_prepared import AccountCharges
from plimsoll.margin.deribit.portfolio_shocks import DeltaRamp, RollRamp
from plimsoll.margin.deribit.standard import DeribitStandardMargin, OptionEquity
from plimsoll.margin.deribit.standard_parameters import DeribitStandardPair

__all__ = [
    "GENERAL",
    "AccountCharges",
    "DeltaRamp",
    "DeribitGeneral",
    "DeribitPair",
    "DeribitPortfolioMargin",
    "DeribitStandardMargin",
    "DeribitStandardPair",
    "OptionEquity",
    "PortfolioMode",
    "RollRamp",
]
