"""Parameters of a Vega market: the lognormal risk model, slippage, level scales."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.governed import check_bounds, governed
from plimsoll.maths.lognormal_shortfall import RiskFactors, risk_factors


@dataclass(frozen=True, slots=True, kw_only=True)
class VegaMarket:
    """One market.

    Raises
    ------
    ParameterError
        For values outside their bounds, and for scales that do not rise from level to level.
    """

    volatility_annual: Decimal = governed(
        Unit.FRACTION, "0.001", 50, about="of the lognormal price"
    )
    tail_probability: Decimal = governed(
        Unit.FRACTION, "0.00000001", "0.1", about="beyond which losses are averaged"
    )
    horizon_years: Decimal = governed(
        Unit.FRACTION, "0.00000001", 1, about="time it takes to close out, as a share of a year"
    )
    drift_annual: Decimal = governed(
        Unit.FRACTION, "-0.000001", "0.000001", about="of the price", default=0
    )
    linear_slippage: Decimal = governed(
        Unit.FRACTION, 0, 1, about="cost of closing, as a share of notional", default=0
    )
    quadratic_slippage: Decimal = governed(
        Unit.FRACTION, 0, 1, about="that share's growth with each unit of size", default=0
    )
    search_scale: Decimal = governed(
        Unit.LEVERAGE, 1, 100, about="below this multiple margin is topped up", default="1.1"
    )
    initial_scale: Decimal = governed(
        Unit.LEVERAGE, 1, 100, about="multiple asked of new risk", default="1.2"
    )
    release_scale: Decimal = governed(
        Unit.LEVERAGE, 1, 100, about="above this multiple margin is given back", default="1.4"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "VegaMarket")
        if not self.search_scale <= self.initial_scale <= self.release_scale:
            raise ParameterError(
                "must satisfy search <= initial <= release",
                found=f"{self.search_scale}, {self.initial_scale}, {self.release_scale}",
                field="VegaMarket scales",
            )

    @property
    def risk_factors(self) -> RiskFactors:
        """Expected shortfall of a long and of a short per unit of notional."""
        return risk_factors(
            drift_annual=float(self.drift_annual),
            sigma_annual=float(self.volatility_annual),
            years=float(self.horizon_years),
            tail=float(self.tail_probability),
        )
