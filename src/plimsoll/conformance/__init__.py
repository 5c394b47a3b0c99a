"""Conformance: computed numbers against published test vectors, of any engine, from any folder."""

from plimsoll.conformance.contract import Compute, UnknownCase
from plimsoll.conformance.engines import ENGINES, engine

__all__ = ["ENGINES", "Compute", "UnknownCase", "engine"]
