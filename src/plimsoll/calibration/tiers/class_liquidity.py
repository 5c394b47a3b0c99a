"""Turnover and spread of markets of which only closes are known: their class model.

Turnover follows the largest position that a venue allows, as a power law over the markets with
both (``log V = a + b log P``): a venue sets its limits by what its markets trade. A market without
volume takes the lower quartile about that line; one whose venue states no limit takes the line's
value at its class's median. Spread is a share of daily volatility.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import DataFormatError, InsufficientDataError
from plimsoll.maths.impact_laws import square_root_impact

FloatArray = NDArray[np.float64]

LEAST_MEMBERS = 5
SPREAD_OF_VOLATILITY = 0.02
"""Spread over daily volatility: 10 bp at 5 % a day; an assumption, not an estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnoverModel:
    """Turnover from the largest position allowed.

    Parameters
    ----------
    intercept, slope : float
        Of log turnover in log position, dollars.
    quartile : float
        Lower quartile of the residuals: added to the line.
    spread : float
        Standard deviation of the residuals.
    members : int
    """

    intercept: float
    slope: float
    quartile: float
    spread: float
    members: int

    def turnover_usd(self, largest_position_usd: float) -> float:
        """Cautious daily turnover of a market: the lower quartile."""
        line = self.intercept + self.slope * np.log(largest_position_usd)
        return float(np.exp(line + self.quartile))


def turnover_model(
    turnover_usd: Mapping[str, float], largest_position_usd: Mapping[str, float]
) -> TurnoverModel:
    """Fit the model to the markets that have both.

    Raises
    ------
    DataFormatError
        Numbers that are not positive.
    InsufficientDataError
        Fewer than five markets.
    """
    names = sorted(turnover_usd.keys() & largest_position_usd.keys())
    if len(names) < LEAST_MEMBERS:
        raise InsufficientDataError(
            f"at least {LEAST_MEMBERS} markets with turnover and a limit are needed",
            found=len(names),
            field="turnover_usd",
        )
    pairs = np.array([(largest_position_usd[name], turnover_usd[name]) for name in names])
    if not (np.isfinite(pairs).all() and np.all(pairs > 0.0)):
        raise DataFormatError("must be positive and finite", found=names[0], field="turnover_usd")
    x, y = np.log(pairs).T
    varied = float(np.var(x))
    slope = float(np.cov(x, y, bias=True)[0, 1] / varied) if varied > 0.0 else 0.0
    intercept = float(y.mean() - slope * x.mean())
    residual = y - intercept - slope * x
    return TurnoverModel(
        intercept=intercept,
        slope=slope,
        quartile=float(np.quantile(residual, 0.25)),
        spread=float(residual.std()),
        members=len(names),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCost:
    """Half the spread and the square-root law, all figures from a class.

    Parameters
    ----------
    volatility_daily : float
    turnover_usd : float
    impact : float
        Y; 1 is the prior.
    spread_of_volatility : float
    """

    volatility_daily: float
    turnover_usd: float
    impact: float = 1.0
    spread_of_volatility: float = SPREAD_OF_VOLATILITY

    def __call__(self, size_usd: FloatArray) -> FloatArray:
        """Relative cost of closing sizes at once."""
        return 0.5 * self.spread_of_volatility * self.volatility_daily + self.impact_of(size_usd)

    def error(self, size_usd: FloatArray) -> FloatArray:
        """Standard error: Y is known to about a quarter of itself (0.5 to 1.5 are two errors)."""
        return 0.25 * self.impact_of(size_usd)

    def impact_of(self, size_usd: FloatArray) -> FloatArray:
        """Part that grows with size."""
        return square_root_impact(
            size_usd,
            volume=self.turnover_usd,
            volatility=self.volatility_daily,
            impact=self.impact,
        )
