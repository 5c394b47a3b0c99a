"""Scenarios: revaluation of instruments into the instrument x scenario table."""

from plimsoll.scenarios.option_rules import OptionRules
from plimsoll.scenarios.revaluation import revalue
from plimsoll.scenarios.scenario_table import RevaluationReason, ScenarioTable

__all__ = ["OptionRules", "RevaluationReason", "ScenarioTable", "revalue"]
