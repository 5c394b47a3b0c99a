"""How fast a policy takes up a step of volatility: margins after it over the margin before.

Markets are simulated with independent Student-t moves on either side of a step of their volatility,
so that the answer is the policy's alone (Gurrola-Perez and Murphy's "impulse response").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.frontier.margins import policy_margin
from plimsoll.calibration.frontier.panel_scales import PanelScales, panel_scales
from plimsoll.calibration.frontier.policy import MarginPolicy
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.errors import ParameterError
from plimsoll.estimators.horizon.price_record import Boundaries, PriceRecord
from plimsoll.estimators.reference.historical import HistoricalSimulation
from plimsoll.estimators.reference.panel import ReturnsPanel

FloatArray = NDArray[np.float64]

DAYS_AFTER = (1, 5, 20, 60)
FREEDOM = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityStep:
    """What is simulated.

    Parameters
    ----------
    factor : float
        Of the volatility, from the step on.
    days_before : int
    markets : int
    hourly_volatility : float
    horizon_hours : int
    seed : int
    """

    factor: float = 2.0
    days_before: int = 1095
    markets: int = 24
    hourly_volatility: float = 0.008
    horizon_hours: int = 24
    seed: int = 0

    def __post_init__(self) -> None:
        if self.factor <= 0.0 or self.days_before < 250 or self.markets < 1:
            raise ParameterError(
                "must be positive, with at least 250 days before", found=self, field="step"
            )

    def scales(self) -> PanelScales:
        """Simulate the markets, and prepare them for policies; the same for the same seed."""
        panel = simulated_panel(self)
        hours = self.horizon_hours
        year = HistoricalSimulation().paths(panel, hours).value_at_risk
        long = HistoricalSimulation(name="long", window_days=1095).paths(panel, hours)
        return panel_scales(panel, {hours: year}, {hours: long.value_at_risk})


def impulse_response(
    policy: MarginPolicy, step: VolatilityStep, scales: PanelScales
) -> tuple[float, ...]:
    """Margins 1, 5, 20 and 60 days after the step over those at it: medians over market-sides.

    Parameters
    ----------
    scales : PanelScales
        ``step.scales()``, shared by all policies.
    """
    margin = policy_margin(scales, policy, step.horizon_hours)
    path = margin.reshape(margin.shape[0], -1)
    before = step.days_before - 1
    return tuple(float(np.nanmedian(path[before + d] / path[before])) for d in DAYS_AFTER)


def simulated_panel(step: VolatilityStep) -> ReturnsPanel:
    """Independent Student-t markets whose volatility steps; the same for the same seed."""
    days = step.days_before + DAYS_AFTER[-1] + 1
    rng = np.random.default_rng(step.seed)
    move = rng.standard_t(FREEDOM, size=(step.markets, 24 * days)) * np.sqrt(0.5)
    move *= step.hourly_volatility
    move[:, 24 * step.days_before :] *= step.factor
    price = np.cumsum(move, axis=1)
    available = HOUR_NS * np.arange(1, 24 * days + 1, dtype=np.int64)
    times = DAY_NS * np.arange(1, days + 1, dtype=np.int64)
    never = np.full(available.size, np.iinfo(np.int64).max)
    names = tuple(f"SIMULATED{i}" for i in range(step.markets))
    return ReturnsPanel(
        markets=names,
        price=price,
        interval_ns=HOUR_NS,
        boundaries=Boundaries(
            time_ns=times, bars=24 * np.arange(1, days + 1, dtype=np.int64), bars_per_day=24
        ),
        listed=np.ones((days, step.markets), dtype=np.bool_),
        records=tuple(
            PriceRecord(
                market=name,
                log_price=row,
                mask_from_ns=never,
                available_ns=available,
                interval_ns=HOUR_NS,
            )
            for name, row in zip(names, price, strict=True)
        ),
    )
