"""Charges beside a margin model, and the model with them."""

from plimsoll.margin.add_ons.composition import PreparedWithAddOns, WithAddOns
from plimsoll.margin.add_ons.concentration import (
    ConcentrationAddOn,
    ConcentrationBase,
    ConcentrationForm,
    ConcentrationParameters,
)
from plimsoll.margin.add_ons.counterparty import CounterpartyAddOn, counterparty_add_on
from plimsoll.margin.add_ons.depeg import DepegAddOn, PegBand, peg_band
from plimsoll.margin.add_ons.exposed import (
    AddOn,
    Charge,
    Charged,
    ExposedBook,
    PreparedAddOn,
    exposed_book,
)
from plimsoll.margin.add_ons.gap import GapAddOn, GapParameters
from plimsoll.margin.add_ons.hedged import (
    BasisAddOn,
    BasisParameters,
    MinimumCharge,
    MinimumParameters,
    MinimumRule,
)
from plimsoll.margin.add_ons.liquidity import LiquidityAddOn, LiquidityParameters, LiquidityRule
from plimsoll.margin.add_ons.markets import AddOnMarkets, add_on_markets
from plimsoll.margin.add_ons.size_tiers import SizeTierAddOn
from plimsoll.margin.add_ons.wrong_way import WrongWayAddOn, WrongWayParameters

__all__ = [
    "AddOn",
    "AddOnMarkets",
    "BasisAddOn",
    "BasisParameters",
    "Charge",
    "Charged",
    "ConcentrationAddOn",
    "ConcentrationBase",
    "ConcentrationForm",
    "ConcentrationParameters",
    "CounterpartyAddOn",
    "DepegAddOn",
    "ExposedBook",
    "GapAddOn",
    "GapParameters",
    "LiquidityAddOn",
    "LiquidityParameters",
    "LiquidityRule",
    "MinimumCharge",
    "MinimumParameters",
    "MinimumRule",
    "PegBand",
    "PreparedAddOn",
    "PreparedWithAddOns",
    "SizeTierAddOn",
    "WithAddOns",
    "WrongWayAddOn",
    "WrongWayParameters",
    "add_on_markets",
    "counterparty_add_on",
    "exposed_book",
    "peg_band",
]
