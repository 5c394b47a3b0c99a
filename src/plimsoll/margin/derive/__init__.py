"""Derive's margins: PMRM_2, its first version PMRM, and the standard margin SRM."""

from plimsoll.margin.derive.cash_pricing import CashPricing
from plimsoll.margin.derive.collateral_rules import CollateralRule
from plimsoll.margin.derive.pmrm1 import DerivePmrm1, PreparedPmrm1
from plimsoll.margin.derive.pmrm1_parameters import Pmrm1Parameters
from plimsoll.margin.derive.pmrm2 import DerivePmrm2, PreparedPmrm2
from plimsoll.margin.derive.pmrm2_parameters import Pmrm2Parameters
from plimsoll.margin.derive.pmrm_scenarios import PmrmScenario
from plimsoll.margin.derive.srm import FLOOR, DeriveSrm, PreparedSrm
from plimsoll.margin.derive.srm_parameters import SrmParameters

__all__ = [
    "FLOOR",
    "CashPricing",
    "CollateralRule",
    "DerivePmrm1",
    "DerivePmrm2",
    "DeriveSrm",
    "Pmrm1Parameters",
    "Pmrm2Parameters",
    "PmrmScenario",
    "PreparedPmrm1",
    "PreparedPmrm2",
    "PreparedSrm",
    "SrmParameters",
]
