"""How far a computed number may be from an expected one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plimsoll.errors import DataFormatError


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """The larger of a relative and an absolute distance; zero both: equal.

    Parameters
    ----------
    relative, absolute : float
        Of the expected number.
    truncated : bool
        Numbers are cut to integers, towards zero, before they are compared.
    """

    relative: float = 0.0
    absolute: float = 0.0
    truncated: bool = False

    def allows(self, expected: float, found: float) -> bool:
        """Whether ``found`` is near enough; integers of any size are compared exactly."""
        allowed = max(self.relative * abs(expected), self.absolute)
        return bool(self.distance(expected, found) <= allowed)

    def distance(self, expected: float, found: float) -> float:
        """Return how far apart the numbers are, cut to integers where the tolerance cuts them."""
        if self.truncated and math.isfinite(found):
            return abs(math.trunc(found) - math.trunc(expected))
        return abs(found - expected)

    def is_relative(self, expected: float) -> bool:
        """Whether the relative distance is what decides at ``expected``."""
        return self.relative * abs(expected) >= self.absolute and self.relative > 0.0

    @property
    def text(self) -> str:
        """A phrase for tables."""
        if self.truncated:
            return "equal as truncated integers"
        parts = [f"{self.relative:g} relative"] * (self.relative > 0.0)
        parts += [f"{self.absolute:g} absolute"] * (self.absolute > 0.0)
        return " or ".join(parts) or "exact"


def own_tolerance(stated: Mapping[str, Any], where: str) -> Tolerance | None:
    """Read a case's own tolerance: ``rel``, ``abs``, ``exact``; None where it states none.

    Raises
    ------
    DataFormatError
        Where a distance is no number, or negative.
    """
    distances = {}
    for key in ("rel", "abs"):
        value = stated.get(key, 0.0)
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if not plain or not value >= 0.0:
            raise DataFormatError(
                "must be a number from 0", found=value, field=f"{where}: tolerance.{key}"
            )
        distances[key] = float(value)
    if not distances["rel"] and not distances["abs"] and stated.get("exact") is not True:
        return None
    return Tolerance(relative=distances["rel"], absolute=distances["abs"])
