"""Every name of joint filtered history, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.scenarios.joint_history.filtering import filtered_panel
from plimsoll.scenarios.joint_history.holes import HoleFilling, HoleRule
from plimsoll.scenarios.joint_history.legs import (
    MixtureLegs,
    StressLeg,
    mixed_scenarios,
)
from plimsoll.scenarios.joint_history.marginals import Marginals
from plimsoll.scenarios.joint_history.monte_carlo import (
    InnovationLaw,
    copula_moves,
    monte_carlo_scenarios,
)
from plimsoll.scenarios.joint_history.outcome import (
    JointReason,
    MarketOutcome,
    RowOrigin,
)
from plimsoll.scenarios.joint_history.panel import FilteredPanel
from plimsoll.scenarios.joint_history.prices import PriceRows, price_rows
from plimsoll.scenarios.joint_history.recursion import VarianceRecursion
from plimsoll.scenarios.joint_history.rules import PanelRules
from plimsoll.scenarios.joint_history.simulation import (
    JointScenarios,
    LogMoves,
    Method,
    Simulation,
    as_scenarios,
    joint_scenarios,
)

__all__ = [
    "FilteredPanel",
    "HoleFilling",
    "HoleRule",
    "InnovationLaw",
    "JointReason",
    "JointScenarios",
    "LogMoves",
    "Marginals",
    "MarketOutcome",
    "Method",
    "MixtureLegs",
    "PanelRules",
    "PriceRows",
    "RowOrigin",
    "Simulation",
    "StressLeg",
    "VarianceRecursion",
    "as_scenarios",
    "copula_moves",
    "filtered_panel",
    "joint_scenarios",
    "mixed_scenarios",
    "monte_carlo_scenarios",
    "price_rows",
]
