"""Health of margin units, and how far away liquidation is, in columns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.requirement import Requirements
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_HOURS_A_YEAR = 8760.0


class HealthState(IntEnum):
    """What a venue would do with a margin unit."""

    UNKNOWN = -1  # it has a reason instead of a margin
    HEALTHY = 0
    UNDER_INITIAL = 1  # no new risk
    UNDER_MAINTENANCE = 2  # to be liquidated
    BANKRUPT = 3  # equity is negative


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Health:
    """(U,) health of margin units.

    Parameters
    ----------
    ratio : (U,) float64
        Maintenance margin over equity: liquidation at 1. Zero where nothing is required and
        equity is not negative; infinite where something is and equity is not positive.
    excess : (U,) float64
        Equity less maintenance margin, in the numeraire.
    state : (U,) int64
        `HealthState` codes.
    """

    ratio: FloatArray
    excess: FloatArray
    state: IntArray


def health(requirements: Requirements) -> Health:
    """Return the health of every unit, without a loop over accounts."""
    equity, maintenance = requirements.equity, requirements.maintenance
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(equity > 0.0, maintenance / equity, np.inf)
    nothing = (maintenance == 0.0) & (equity >= 0.0)
    unknown = requirements.unknown
    ratio = np.where(unknown, np.nan, np.where(nothing, 0.0, ratio))
    state = np.full(equity.size, int(HealthState.HEALTHY))
    state[equity < requirements.initial] = HealthState.UNDER_INITIAL
    state[equity < maintenance] = HealthState.UNDER_MAINTENANCE
    state[equity < 0.0] = HealthState.BANKRUPT
    state[unknown] = HealthState.UNKNOWN
    return Health(ratio=ratio, excess=requirements.maintenance_excess, state=state.astype(np.int64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiquidationDistance:
    """(U,) how far a liquidation price is from the mark.

    Parameters
    ----------
    price : (U,) float64
        Liquidation price less mark, signed.
    fraction : (U,) float64
        The same as a share of the mark: a simple return.
    deviations : (U,) float64
        Absolute log return over one standard deviation of the horizon.
    """

    price: FloatArray
    fraction: FloatArray
    deviations: FloatArray


def liquidation_distance(
    mark: FloatArray,
    liquidation_price: FloatArray,
    *,
    volatility_annual: FloatArray | float,
    horizon_hours: float,
) -> LiquidationDistance:
    """Return the distance of liquidation prices (NaN: none, infinitely many deviations away).

    Parameters
    ----------
    mark, liquidation_price : (U,) float64
    volatility_annual : (U,) float64 or float
        Positive; log returns are taken to scale with the root of time.
    horizon_hours : float

    Raises
    ------
    UsageError
        For a volatility or a horizon that is not positive.

    Examples
    --------
    A fall of 10 % at 80 % a year over a day: ln(0.9) / (0.8 sqrt(1/365)) = 2.516 deviations.

    >>> far = liquidation_distance(
    ...     np.array([100.0]), np.array([90.0]), volatility_annual=0.8, horizon_hours=24.0
    ... )
    >>> far.fraction.round(3).tolist(), far.deviations.round(3).tolist()
    ([-0.1], [2.516])
    """
    if not horizon_hours > 0.0:
        raise UsageError("must be positive", found=horizon_hours, field="horizon_hours")
    if not np.all(np.asarray(volatility_annual) > 0.0):
        raise UsageError("must be positive", found=volatility_annual, field="volatility_annual")
    deviation = np.asarray(volatility_annual) * np.sqrt(horizon_hours / _HOURS_A_YEAR)
    move = liquidation_price / mark
    far = np.abs(np.log(move)) / deviation
    return LiquidationDistance(
        price=liquidation_price - mark,
        fraction=move - 1.0,
        deviations=np.where(np.isnan(liquidation_price), np.inf, far),
    )
