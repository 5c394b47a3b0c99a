"""Conformance: computed numbers against published test vectors, of any engine, from any folder."""

from plimsoll.conformance.contract import Compute, UnknownCase
from plimsoll.conformance.engines import ENGINES, engine
from plimsoll.conformance.result import (
    CaseResult,
    Comparison,
    ConformanceResult,
    EngineResult,
)
from plimsoll.conformance.runner import run_conformance

__all__ = [
    "ENGINES",
    "CaseResult",
    "Comparison",
    "Compute",
    "ConformanceResult",
    "EngineResult",
    "UnknownCase",
    "engine",
    "run_conformance",
]
