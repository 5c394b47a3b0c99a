"""Plimsoll calibrates the margin parameters of a crypto-derivatives venue, and proves them.

>>> import plimsoll
>>> plimsoll.calibrate.__module__
'plimsoll.journeys.calibrate'

The names below are the front door (`plimsoll.journeys` and the nouns they return). They are
imported on first use, so that ``import plimsoll`` and ``plimsoll --help`` answer at once (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.domain.evidence import Evidence, Verdict
    from plimsoll.domain.parameters import ParameterSet
    from plimsoll.domain.table import Table
    from plimsoll.journeys.backtest_collateral import backtest_collateral
    from plimsoll.journeys.backtest_crash import backtest_crash
    from plimsoll.journeys.backtest_frontier import backtest_frontier
    from plimsoll.journeys.backtest_grids import backtest_grids
    from plimsoll.journeys.backtest_ladders import backtest_ladders
    from plimsoll.journeys.backtest_solvent import backtest_solvent
    from plimsoll.journeys.calibrate import calibrate
    from plimsoll.journeys.check import check
    from plimsoll.journeys.compare import compare
    from plimsoll.journeys.compare_result import ComparisonResult
    from plimsoll.journeys.demo import demo
    from plimsoll.journeys.estimate import estimate
    from plimsoll.journeys.estimate_markets import estimate_markets
    from plimsoll.journeys.estimate_markets_result import MarketEstimates
    from plimsoll.journeys.estimate_result import EstimateResult
    from plimsoll.journeys.evidence import read_evidence
    from plimsoll.journeys.fetch import fetch
    from plimsoll.journeys.init import init
    from plimsoll.journeys.list_market import list_market
    from plimsoll.journeys.list_market_result import ListingResult
    from plimsoll.journeys.margin import margin_book
    from plimsoll.journeys.margin_preset_result import PresetMargin
    from plimsoll.journeys.margin_result import MarginResult
    from plimsoll.journeys.params import difference, parameter_table, read_parameters
    from plimsoll.journeys.recalibrate import RecalibrationResult, recalibrate
    from plimsoll.journeys.result import CalibrationResult
    from plimsoll.journeys.study_result import StudyResult
    from plimsoll.journeys.surface import surface, surfaces
    from plimsoll.journeys.surface_batch import SurfacesResult
    from plimsoll.journeys.surface_result import SurfaceResult
    from plimsoll.journeys.warm import warm

__version__ = "0.1.0"

_FRONT_DOOR = {
    "CalibrationResult": "plimsoll.journeys.result",
    "ComparisonResult": "plimsoll.journeys.compare_result",
    "EstimateResult": "plimsoll.journeys.estimate_result",
    "Evidence": "plimsoll.domain.evidence",
    "ListingResult": "plimsoll.journeys.list_market_result",
    "MarginResult": "plimsoll.journeys.margin_result",
    "MarketEstimates": "plimsoll.journeys.estimate_markets_result",
    "ParameterSet": "plimsoll.domain.parameters",
    "PresetMargin": "plimsoll.journeys.margin_preset_result",
    "RecalibrationResult": "plimsoll.journeys.recalibrate",
    "StudyResult": "plimsoll.journeys.study_result",
    "SurfaceResult": "plimsoll.journeys.surface_result",
    "SurfacesResult": "plimsoll.journeys.surface_batch",
    "Table": "plimsoll.domain.table",
    "Verdict": "plimsoll.domain.evidence",
    "backtest_collateral": "plimsoll.journeys.backtest_collateral",
    "backtest_crash": "plimsoll.journeys.backtest_crash",
    "backtest_frontier": "plimsoll.journeys.backtest_frontier",
    "backtest_grids": "plimsoll.journeys.backtest_grids",
    "backtest_ladders": "plimsoll.journeys.backtest_ladders",
    "backtest_solvent": "plimsoll.journeys.backtest_solvent",
    "calibrate": "plimsoll.journeys.calibrate",
    "check": "plimsoll.journeys.check",
    "compare": "plimsoll.journeys.compare",
    "demo": "plimsoll.journeys.demo",
    "difference": "plimsoll.journeys.params",
    "estimate": "plimsoll.journeys.estimate",
    "estimate_markets": "plimsoll.journeys.estimate_markets",
    "fetch": "plimsoll.journeys.fetch",
    "init": "plimsoll.journeys.init",
    "list_market": "plimsoll.journeys.list_market",
    "margin_book": "plimsoll.journeys.margin",
    "parameter_table": "plimsoll.journeys.params",
    "read_evidence": "plimsoll.journeys.evidence",
    "read_parameters": "plimsoll.journeys.params",
    "recalibrate": "plimsoll.journeys.recalibrate",
    "surface": "plimsoll.journeys.surface",
    "surfaces": "plimsoll.journeys.surface",
    "warm": "plimsoll.journeys.warm",
}

__all__ = [
    "CalibrationResult",
    "ComparisonResult",
    "EstimateResult",
    "Evidence",
    "ListingResult",
    "MarginResult",
    "MarketEstimates",
    "ParameterSet",
    "PresetMargin",
    "RecalibrationResult",
    "StudyResult",
    "SurfaceResult",
    "SurfacesResult",
    "Table",
    "Verdict",
    "__version__",
    "backtest_collateral",
    "backtest_crash",
    "backtest_frontier",
    "backtest_grids",
    "backtest_ladders",
    "backtest_solvent",
    "calibrate",
    "check",
    "compare",
    "demo",
    "difference",
    "estimate",
    "estimate_markets",
    "fetch",
    "init",
    "list_market",
    "margin_book",
    "parameter_table",
    "read_evidence",
    "read_parameters",
    "recalibrate",
    "surface",
    "surfaces",
    "warm",
]


def __getattr__(name: str) -> Any:
    if name not in _FRONT_DOOR:
        raise AttributeError(f"module 'plimsoll' has no attribute {name!r}")
    value = getattr(import_module(_FRONT_DOOR[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the front door: no import of this module, and what modules have by themselves."""
    own = (name for name in globals() if name.startswith("__"))
    return sorted({*__all__, *own})
