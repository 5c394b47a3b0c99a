"""Every name of the reference forecasters, loaded: what the package imports on first use."""

from __future__ import annotations

from plimsoll.estimators.reference.anti_procyclicality import Buffered, Floored, StressWeighted
from plimsoll.estimators.reference.blends import PooledBlend
from plimsoll.estimators.reference.conformal import ConformalSimulation
from plimsoll.estimators.reference.constant import Constant
from plimsoll.estimators.reference.ewma import Ewma
from plimsoll.estimators.reference.filtered import FilteredSimulation
from plimsoll.estimators.reference.fitted_log_blend import FittedLogBlend
from plimsoll.estimators.reference.forecast import Forecaster, ForecastPaths
from plimsoll.estimators.reference.garch import GarchSimulation
from plimsoll.estimators.reference.har import PanelHar
from plimsoll.estimators.reference.historical import HistoricalSimulation
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.methods import forecasters
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel
from plimsoll.estimators.reference.targeted import TargetedGarchSimulation

__all__ = [
    "Buffered",
    "ConformalSimulation",
    "Constant",
    "Ewma",
    "FilteredSimulation",
    "FittedLogBlend",
    "Floored",
    "ForecastPaths",
    "Forecaster",
    "GarchSimulation",
    "HistoricalSimulation",
    "LogBlend",
    "PanelHar",
    "PooledBlend",
    "ReturnsPanel",
    "StressWeighted",
    "TargetedGarchSimulation",
    "forecasters",
    "returns_panel",
]
