"""Volatility forecast at every boundary, from what was known there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.estimators.horizon.price_record import Boundaries, PriceRecord
from plimsoll.maths.heavy_ewma import (
    HOLE_DAYS,
    LEAST_WARM_UP,
    WARM_UP_DAYS,
    heavy_ewma_volatility_path,
    replay_origins,
)

FloatArray = NDArray[np.float64]


class VolatilityPath(Protocol):
    """What forecasts the volatility a market's moves are measured in."""

    def path(self, record: PriceRecord, boundaries: Boundaries) -> FloatArray:
        """Return (D,) volatilities per bar; NaN where too little was known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HeavyEwmaPath:
    """Student-t score EWMA on one-bar returns (`plimsoll.maths.heavy_ewma`).

    Parameters
    ----------
    half_life_days : float
    nu : float
        Degrees of freedom of the score; infinity gives the RiskMetrics EWMA.
    """

    half_life_days: float = 11.0
    nu: float = 4.0

    def __post_init__(self) -> None:
        if self.half_life_days <= 0.0:
            raise ParameterError(
                "must be positive", found=self.half_life_days, field="half_life_days"
            )
        if self.nu <= 2.0:
            raise ParameterError("must exceed 2", found=self.nu, field="nu")

    def path(self, record: PriceRecord, boundaries: Boundaries) -> FloatArray:
        """Return (D,) volatilities per bar."""
        decay = 0.5 ** (1.0 / (self.half_life_days * boundaries.bars_per_day))
        late, condemned = record.late_masks(boundaries.time_ns)
        return heavy_ewma_volatility_path(
            record.log_price,
            record.mask_from_ns,
            boundaries.bars,
            boundaries.time_ns,
            replay_origins(late, condemned, boundaries.bars),
            decay,
            self.nu,
            max(WARM_UP_DAYS * boundaries.bars_per_day, LEAST_WARM_UP),
            max(HOLE_DAYS * boundaries.bars_per_day, 2),
        )
