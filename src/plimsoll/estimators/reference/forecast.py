"""What a forecaster of the loss distribution is, and how its forecasts are made as they were known.

A forecaster sees the whole panel, so that it may learn from the cross-section, and must use at a
boundary only what stands before it. `forecast` calls it on the panel as it is known at the end,
and once more for each of the few boundaries that saw a bar nobody had condemned yet; a test holds
the result against calls on cut histories.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.errors import DataFormatError
from plimsoll.estimators.reference.panel import ReturnsPanel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CONFIDENCE = 0.99
LONG, SHORT = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForecastPaths:
    """Loss quantile and tail mean of every market and side at every boundary.

    Parameters
    ----------
    time_ns : (D,) int64
        Boundaries; a forecast holds until the next.
    value_at_risk, expected_shortfall : (D, N, 2) float64
        Shares of notional, positive: side 0 is a long that loses in a fall (``1 - exp(-x)`` of a
        log fall x), side 1 a short that loses in a rise (``exp(x) - 1``). NaN where there is no
        number; a shortfall is at least its value-at-risk.
    """

    time_ns: IntArray
    value_at_risk: FloatArray
    expected_shortfall: FloatArray

    __repr__ = field_summary

    def __post_init__(self) -> None:
        shape = self.value_at_risk.shape
        if len(shape) != 3 or shape[0] != self.time_ns.size or shape[2] != 2:
            raise DataFormatError(
                f"must be (boundaries, markets, 2) with {self.time_ns.size} boundaries",
                found=shape,
                field="value_at_risk",
            )
        if self.expected_shortfall.shape != shape:
            raise DataFormatError(
                f"must have the shape of value_at_risk {shape}",
                found=self.expected_shortfall.shape,
                field="expected_shortfall",
            )


@runtime_checkable
class Forecaster(Protocol):
    """A method of forecasting the 99 % value-at-risk and expected shortfall over a horizon."""

    @property
    def name(self) -> str:
        """Short identifier, as in tables and options."""
        ...

    @property
    def title(self) -> str:
        """What it is, in one line, with the source of its expected shortfall."""
        ...

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary of ``panel`` from what stands before it."""
        ...


def forecast(forecaster: Forecaster, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
    """Return the forecasts as they would have been made, boundary by boundary.

    Where a market was not listed, or a method gives no positive finite number, there is none: NaN
    in both. A shortfall below its value-at-risk (a mean over no scenario) is raised to it.
    """
    found = forecaster.paths(panel, horizon_hours)
    at_risk, shortfall = found.value_at_risk.copy(), found.expected_shortfall.copy()
    for boundary in panel.replayed():
        seen = forecaster.paths(panel.as_known(int(boundary)), horizon_hours)
        at_risk[boundary], shortfall[boundary] = seen.value_at_risk[-1], seen.expected_shortfall[-1]
    usable = np.isfinite(at_risk) & (at_risk > 0.0) & np.isfinite(shortfall)
    usable &= panel.listed[:, :, None]
    return ForecastPaths(
        time_ns=panel.time_ns,
        value_at_risk=np.where(usable, at_risk, np.nan),
        expected_shortfall=np.where(usable, np.maximum(at_risk, shortfall), np.nan),
    )
