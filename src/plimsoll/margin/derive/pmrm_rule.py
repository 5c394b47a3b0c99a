"""What PMRM_2 and PMRM have in common, as plain numbers: scenarios, discounts, contingencies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.derive.pmrm_scenarios import PmrmScenario
from plimsoll.margin.derive.skew import SkewShape
from plimsoll.scenarios.risk_grid import VolRule

FloatArray = NDArray[np.float64]

LARGEST_EXPONENT = 700.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticDiscount:
    """What a whole expiry's shocked value is multiplied by, by its sign.

    ``long = base exp(-T (r multiplier + addition))`` where it is positive, ``short = min(1 / D,
    base exp(T (r multiplier + addition)))`` where it is negative; D is the discount factor.

    Parameters
    ----------
    long_base, long_multiplier, long_addition : float
    short_base, short_multiplier, short_addition : float
        A base of None leaves negative values as they are.
    """

    long_base: float
    long_multiplier: float
    long_addition: float
    short_base: float | None = None
    short_multiplier: float = 0.0
    short_addition: float = 0.0

    def long_factor(self, rate: FloatArray, years: FloatArray) -> FloatArray:
        """Return the factors (K,) of positive values; ``rate`` (K,) is not negative."""
        growth = years * (rate * self.long_multiplier + self.long_addition)
        return self.long_base * np.exp(-growth)

    def short_factor(self, rate: FloatArray, years: FloatArray) -> FloatArray:
        """Return the factors (K,) of negative values; ``rate`` (K,) is not negative."""
        if self.short_base is None:
            return np.ones(rate.size)
        growth = years * (rate * self.short_multiplier + self.short_addition)
        markup = self.short_base * np.exp(np.minimum(growth, LARGEST_EXPONENT))
        return np.minimum(np.exp(np.minimum(rate * years, LARGEST_EXPONENT)), markup)


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisRule:
    """Contingency of the basis: loss of each expiry alone at two prices, more for far ones."""

    up: float
    down: float
    addition: float
    multiplier: float

    def weights(self, years: FloatArray) -> FloatArray:
        """Return what a loss (K,) counts."""
        return self.addition + self.multiplier * years


@dataclass(frozen=True, slots=True, kw_only=True)
class PmrmRule:
    """Parameters of one risk unit that the losses of a portfolio depend on.

    Parameters
    ----------
    discounted : bool
        Whether option values carry the discount factor of their expiry.
    """

    scenarios: tuple[PmrmScenario, ...]
    vol: VolRule
    skew: SkewShape | None
    discount: StaticDiscount
    discounted: bool
    basis: BasisRule
    confidence_threshold: float
    confidence_margin: float

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scenarios; a repeated one is numbered."""
        names = [scenario.name for scenario in self.scenarios]
        return tuple(
            name if names.count(name) == 1 else f"{name} ({names[:place].count(name) + 1})"
            for place, name in enumerate(names)
        )
