"""Every name of the venue's structure, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.calibration.structure.change_check import (
    RefusedChange,
    check_changes,
    refused_changes,
    values_in_force,
)
from plimsoll.calibration.structure.diagnosis import diagnose
from plimsoll.calibration.structure.exact import Violation, check_set
from plimsoll.calibration.structure.freezing import FrozenSet, Thawed, solve_frozen
from plimsoll.calibration.structure.infeasible import (
    Diagnosis,
    InfeasibleProblemError,
    Relaxation,
)
from plimsoll.calibration.structure.market_rules import (
    bonus_within_threshold,
    budget_rule,
    class_ordering,
    factor_and_haircut,
    floor_rule,
    loan_below_threshold,
    ordered_pair,
)
from plimsoll.calibration.structure.publication import (
    schedule_table,
    structure_parameters,
    structure_table,
    variable_of,
)
from plimsoll.calibration.structure.rules import LinearRule, Rule, Sense, TableRule
from plimsoll.calibration.structure.scheduling import DatedSet, ScheduleTerms, schedule
from plimsoll.calibration.structure.solution import SolvedSet, Weights, solve_set
from plimsoll.calibration.structure.tier_rules import (
    coverage_need_rule,
    falling,
    leverage_table,
    link_rule,
    monotone_tiers,
    need_rule,
    reaction_rule,
    rising,
    tier_key,
    tier_step_maximum,
)
from plimsoll.calibration.structure.variables import GovernedVariable, StepLimits, Tightening

__all__ = [
    "DatedSet",
    "Diagnosis",
    "FrozenSet",
    "GovernedVariable",
    "InfeasibleProblemError",
    "LinearRule",
    "RefusedChange",
    "Relaxation",
    "Rule",
    "ScheduleTerms",
    "Sense",
    "SolvedSet",
    "StepLimits",
    "TableRule",
    "Thawed",
    "Tightening",
    "Violation",
    "Weights",
    "bonus_within_threshold",
    "budget_rule",
    "check_changes",
    "check_set",
    "class_ordering",
    "coverage_need_rule",
    "diagnose",
    "factor_and_haircut",
    "falling",
    "floor_rule",
    "leverage_table",
    "link_rule",
    "loan_below_threshold",
    "monotone_tiers",
    "need_rule",
    "ordered_pair",
    "reaction_rule",
    "refused_changes",
    "rising",
    "schedule",
    "schedule_table",
    "solve_frozen",
    "solve_set",
    "structure_parameters",
    "structure_table",
    "tier_key",
    "tier_step_maximum",
    "values_in_force",
    "variable_of",
]
