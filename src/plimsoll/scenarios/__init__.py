"""Scenarios: revaluation of instruments into the instrument x scenario table."""

from plimsoll.scenarios.revaluation import ScenarioTable, revalue

__all__ = ["ScenarioTable", "revalue"]
