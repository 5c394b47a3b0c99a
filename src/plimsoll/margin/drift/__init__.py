"""Drift v2: margin ratios and collateral weights that depend on size."""

from plimsoll.margin.drift.model import DriftMargin
from plimsoll.margin.drift.parameters import CollateralRules, DriftRules, PerpetualRules
from plimsoll.margin.drift.prepared import PreparedDrift
from plimsoll.margin.drift.scaled_ratios import MarginLevel

__all__ = [
    "CollateralRules",
    "DriftMargin",
    "DriftRules",
    "MarginLevel",
    "PerpetualRules",
    "PreparedDrift",
]
