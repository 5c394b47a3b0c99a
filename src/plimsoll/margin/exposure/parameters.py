"""Governed parameters of the exposure margin."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.exposure.profile import HOURS_A_YEAR
from plimsoll.margin.governed import check_bounds, governed

FloatArray = NDArray[np.float64]

PORTFOLIO = "PORTFOLIO"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureParameters:
    """Levels and horizon of an exposure margin.

    Raises
    ------
    ParameterError
        For values outside their bounds, and a maintenance level above the initial one.
    """

    initial_confidence: Decimal = governed(
        Unit.FRACTION, "0.5", "0.9999", grid="0.0001", default="0.99", about="of the initial margin"
    )
    maintenance_confidence: Decimal = governed(
        Unit.FRACTION,
        "0.5",
        "0.9999",
        grid="0.0001",
        default="0.975",
        about="of the maintenance margin; at most the initial one",
    )
    horizon_hours: Decimal = governed(
        Unit.HOURS, "1", "8760", default="240", about="over which exposure is looked at"
    )
    step_hours: Decimal = governed(
        Unit.HOURS, "0.25", "168", default="24", about="between calls for collateral"
    )

    def __post_init__(self) -> None:
        check_bounds(self, PORTFOLIO)
        if self.maintenance_confidence > self.initial_confidence:
            raise ParameterError(
                f"must be at most initial_confidence ({self.initial_confidence})",
                found=str(self.maintenance_confidence),
                field=f"{PORTFOLIO}.maintenance_confidence",
            )

    @property
    def times_years(self) -> FloatArray:
        """Grid from 0: whole steps, the last one at or after the horizon."""
        whole, rest = divmod(self.horizon_hours, self.step_hours)
        steps = int(whole) + bool(rest)
        step = float(self.step_hours) / HOURS_A_YEAR
        out: FloatArray = np.arange(steps + 1, dtype=np.float64) * step
        return out
