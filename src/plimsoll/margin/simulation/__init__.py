"""Margin by simulation: a measure of the losses under any scenario set, fully revalued."""

from plimsoll.margin.joint.loss_measure import LossMeasure
from plimsoll.margin.simulation.dependence_break import BrokenBetween
from plimsoll.margin.simulation.model import PreparedSimulation, SimulationMargin
from plimsoll.margin.simulation.parameters import PORTFOLIO, SimulationParameters

__all__ = [
    "PORTFOLIO",
    "BrokenBetween",
    "LossMeasure",
    "PreparedSimulation",
    "SimulationMargin",
    "SimulationParameters",
]
