"""A liquidity tier of dYdX v4."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.dydx.quantums import MILLION, TierPpm
from plimsoll.margin.governed import check_bounds, governed


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidityTier:
    """Margin fractions of one market.

    Raises
    ------
    ParameterError
        For values outside their bounds or between two ppm, and for a lower cap above the upper.
    """

    initial_margin: Decimal = governed(
        Unit.FRACTION, 0, 1, grid="0.000001", about="initial fraction at low open interest"
    )
    maintenance_fraction: Decimal = governed(
        Unit.FRACTION, 0, 1, grid="0.000001", about="maintenance as a share of the base initial"
    )
    open_interest_lower_usd: Decimal = governed(
        Unit.USD,
        0,
        "1e12",
        grid="0.000001",
        about="from here the initial fraction rises",
        default=0,
    )
    open_interest_upper_usd: Decimal = governed(
        Unit.USD,
        0,
        "1e12",
        grid="0.000001",
        about="here the initial fraction is one; 0 switches it off",
        default=0,
    )

    def __post_init__(self) -> None:
        check_bounds(self, "LiquidityTier")
        for name in self.__slots__:
            if getattr(self, name) * MILLION % 1:
                raise ParameterError(
                    "must be a whole number of millionths",
                    found=str(getattr(self, name)),
                    field=f"LiquidityTier.{name}",
                )
        lower, upper = self.open_interest_lower_usd, self.open_interest_upper_usd
        if upper and lower > upper:
            raise ParameterError(
                "must not be above the upper cap",
                found=f"{lower} above {upper}",
                field="LiquidityTier.open_interest_lower_usd",
            )

    @property
    def ppm(self) -> TierPpm:
        """The chain's integers."""
        return TierPpm(
            initial_ppm=int(self.initial_margin * MILLION),
            maintenance_fraction_ppm=int(self.maintenance_fraction * MILLION),
            lower_cap=int(self.open_interest_lower_usd * MILLION),
            upper_cap=int(self.open_interest_upper_usd * MILLION),
        )
