"""Engines by the name that vector files give them; a module is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module

from plimsoll.conformance.contract import Compute

ENGINES = {
    "derive_pmrm1": "plimsoll.conformance.derive_pmrm1:compute",
    "derive_pmrm2": "plimsoll.conformance.derive_pmrm2:compute",
    "derive_srm": "plimsoll.conformance.derive_srm:compute",
    "drift_v2": "plimsoll.conformance.drift:compute",
    "dydx_v4": "plimsoll.conformance.dydx:compute",
    "vega": "plimsoll.conformance.vega:compute",
}
"""Module and function of each engine."""


def engine(name: str) -> Compute | None:
    """Return the engine of that name, or None where there is none."""
    place = ENGINES.get(name)
    if place is None:
        return None
    module, function = place.split(":")
    found: Compute = getattr(import_module(module), function)
    return found
