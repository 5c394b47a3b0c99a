"""What outages make of the level, class by class: multipliers as a set publishes and applies them.

A multiplier is rounded up once, to the grid on which it is published; the level is multiplied by
what is published, so that a reader of the set finds in the rates what the set says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.calibration.add_ons.outage import ExtendedLevel, OutageRecord
from plimsoll.calibration.rounding import rate_up

STEP = Decimal("0.0001")
LARGEST = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutageLevels:
    """Levels of classes with and without outages.

    Parameters
    ----------
    found : mapping of str to ExtendedLevel
        By class.
    errors : mapping of str to float
        Standard errors of the ratios; NaN where there is none.
    missing : mapping of str to str
        Classes without a number, with why.
    record : OutageRecord
        Outages that the levels are of.
    applied : bool
        The level of the set is multiplied; else multipliers stand beside it.
    """

    found: Mapping[str, ExtendedLevel]
    errors: Mapping[str, float]
    missing: Mapping[str, str]
    record: OutageRecord
    applied: bool = False

    def multiplier(self, name: str) -> Decimal:
        """Return a class's multiplier on its grid, rounded up; 1 for a class without a number."""
        if name not in self.found:
            return Decimal(1)
        return published_multiplier(self.found[name].ratio, STEP)

    @property
    def in_level(self) -> Mapping[str, float]:
        """Multipliers that the level of the set bears, by class; empty where none is applied."""
        return {name: float(self.multiplier(name)) for name in self.found} if self.applied else {}

    @property
    def errors_in_level(self) -> Mapping[str, float]:
        """Standard errors of those multipliers; 0 where there is none."""
        if not self.applied:
            return {}
        return {n: e if math.isfinite(e) else 0.0 for n, e in self.errors.items()}


def published_multiplier(ratio: float, step: Decimal) -> Decimal:
    """Return a ratio on its grid, rounded up, within 1 and `LARGEST`.

    >>> published_multiplier(1.00002, Decimal("0.0001"))
    Decimal('1.0001')
    """
    return LARGEST if not ratio < float(LARGEST) else max(rate_up(ratio, step), Decimal(1))
