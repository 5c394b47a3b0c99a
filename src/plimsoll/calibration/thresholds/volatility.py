"""A parameter as a function of the current volatility: bounds, grid, and which way it rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np

from plimsoll.errors import ParameterError

RATIOS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityAdjusted:
    """``base x ratio ^ elasticity``, within bounds, on a grid.

    Parameters
    ----------
    base : float
        At a ratio of 1.
    elasticity : float
        1: proportional to volatility, 0: fixed.
    lower, upper : Decimal
        Multiples of ``grid``.
    grid : Decimal
    round_up : bool
        Margins, fees and calls up; shares of a step, thresholds of lending down.
    """

    base: float
    elasticity: float
    lower: Decimal
    upper: Decimal
    grid: Decimal
    round_up: bool = True

    def __post_init__(self) -> None:
        if not (np.isfinite(self.base) and self.base >= 0.0 and np.isfinite(self.elasticity)):
            raise ParameterError(
                "must be finite and not negative", found=self.base, field="base, elasticity"
            )
        off = self.grid <= 0 or self.lower % self.grid or self.upper % self.grid
        if off or not 0 <= self.lower <= self.upper:
            raise ParameterError(
                "must be ordered multiples of a positive grid",
                found=f"{self.lower}, {self.upper}, {self.grid}",
                field="lower, upper",
            )

    def at(self, ratio: float) -> Decimal:
        """Return the value at a ratio of current to usual volatility.

        >>> rule = VolatilityAdjusted(
        ...     base=0.011, elasticity=1.0, lower=Decimal("0.005"), upper=Decimal("0.03"),
        ...     grid=Decimal("0.005"),
        ... )
        >>> [str(rule.at(r)) for r in (0.1, 1.0, 2.0, 9.0)]
        ['0.005', '0.015', '0.025', '0.03']
        """
        if not (np.isfinite(ratio) and ratio > 0.0):
            raise ParameterError("must be positive", found=ratio, field="ratio")
        exact = Decimal(f"{self.base * ratio**self.elasticity:.12f}")
        way = ROUND_CEILING if self.round_up else ROUND_FLOOR
        snapped = (exact / self.grid).to_integral_value(way) * self.grid
        return min(max(snapped, self.lower), self.upper)

    def over(self, ratios: Sequence[float] = RATIOS) -> tuple[Decimal, ...]:
        """Values at several ratios."""
        return tuple(self.at(ratio) for ratio in ratios)
