"""Parameters of Paradex's portfolio margin, per underlying.

Names of the venue's configuration stand in brackets. Published values: `plimsoll.presets`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.margin.governed import check_bounds, governed


@dataclass(frozen=True, slots=True, kw_only=True)
class ParadexUnderlying:
    """One underlying (`plimsoll.margin.underlying.underlying`), for instance ``BTC``.

    Raises
    ------
    ParameterError
        For a value outside its bounds.
    """

    price_range: Decimal = governed(
        Unit.FRACTION, "0.01", "0.6", about="largest move of full weight"
    )
    volatility_range_up: Decimal = governed(
        Unit.FRACTION, "0", "3", about="relative rise at 30 days"
    )
    volatility_range_down: Decimal = governed(
        Unit.FRACTION, "0", "1", about="relative fall at 30 days"
    )
    minimum_vol_up: Decimal = governed(
        Unit.FRACTION, "0", "3", default="0", about="floor where it rises (min_vol_shock_up)"
    )
    short_vega_power: Decimal = governed(
        Unit.FRACTION, "0", "1", about="under 30 days (vega_power_short_dte)"
    )
    long_vega_power: Decimal = governed(
        Unit.FRACTION, "0", "1", about="beyond 30 days (vega_power_long_dte)"
    )
    vega_floor_hours: Decimal = governed(
        Unit.HOURS,
        "0",
        "720",
        default="24",
        about="least time to expiry (dte_floor_days)",
    )
    weight_down_66: Decimal = governed(Unit.FRACTION, "0", "1", about="of the move of -66 %")
    weight_down_33: Decimal = governed(Unit.FRACTION, "0", "1", about="of the move of -33 %")
    weight_up_50: Decimal = governed(Unit.FRACTION, "0", "1", about="of the move of +50 %")
    weight_up_100: Decimal = governed(Unit.FRACTION, "0", "1", about="of the move of +100 %")
    weight_up_200: Decimal = governed(Unit.FRACTION, "0", "1", about="of the move of +200 %")
    weight_up_300: Decimal = governed(Unit.FRACTION, "0", "1", about="of the move of +300 %")
    weight_up_400: Decimal = governed(Unit.FRACTION, "0", "1", about="of the move of +400 %")
    weight_up_500: Decimal = governed(Unit.FRACTION, "0", "1", about="of the move of +500 %")
    unhedged_rate: Decimal = governed(
        Unit.FRACTION, "0", "1", about="of net delta (unhedged_margin_factor)"
    )
    hedged_rate: Decimal = governed(
        Unit.FRACTION, "0", "1", about="of hedged delta (hedged_margin_factor)"
    )
    maintenance_factor: Decimal = governed(
        Unit.FRACTION, "0.1", "1", about="of the risk part (mmf_factor)"
    )
    future_fee_rate: Decimal = governed(
        Unit.FRACTION, "0", "0.05", about="fee provision on perpetuals and futures, of the mark"
    )
    option_fee_rate: Decimal = governed(
        Unit.FRACTION, "0", "0.05", about="fee provision on options, of the spot price"
    )
    option_fee_cap: Decimal = governed(
        Unit.FRACTION, "0", "1", default="0.125", about="most of an option's mark"
    )
    funding_hours: Decimal = governed(
        Unit.HOURS, "0", "72", about="of funding provided for (funding_provision_hour)"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "ParadexUnderlying")


ParadexParameters = ParameterSet | Mapping[str, ParadexUnderlying]
