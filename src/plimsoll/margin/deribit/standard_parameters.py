"""Parameters of Deribit's standard margin, per currency pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.governed import check_bounds, governed


@dataclass(frozen=True, slots=True, kw_only=True)
class DeribitStandardPair:
    """One pair, for instance ``BTC_USD``.

    Raises
    ------
    ParameterError
        For a value outside its bounds, and for initial rates under maintenance rates.
    """

    future_initial_rate: Decimal = governed(
        Unit.FRACTION, "0.001", "1", about="initial margin of a small future"
    )
    future_initial_slope: Decimal = governed(
        Unit.FRACTION, "0", "1", about="rise of that rate per coin of the position"
    )
    future_maintenance_rate: Decimal = governed(
        Unit.FRACTION, "0.001", "1", about="maintenance margin of a small future"
    )
    future_maintenance_slope: Decimal = governed(
        Unit.FRACTION, "0", "1", about="rise of that rate per coin of the position"
    )
    option_initial_rate: Decimal = governed(
        Unit.FRACTION, "0", "1", default="0.15", about="short option at the money"
    )
    option_initial_floor: Decimal = governed(
        Unit.FRACTION, "0", "1", default="0.10", about="short option far out of the money"
    )
    option_maintenance_rate: Decimal = governed(
        Unit.FRACTION, "0", "1", default="0.075", about="short option, and of a short put's mark"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "DeribitStandardPair")
        for low, high in (
            ("future_maintenance_rate", "future_initial_rate"),
            ("future_maintenance_slope", "future_initial_slope"),
            ("option_maintenance_rate", "option_initial_floor"),
            ("option_initial_floor", "option_initial_rate"),
        ):
            if getattr(self, low) > getattr(self, high):
                raise ParameterError(
                    f"must not exceed {high} ({getattr(self, high)})",
                    found=str(getattr(self, low)),
                    field=f"DeribitStandardPair.{low}",
                )


StandardParameters = ParameterSet | Mapping[str, DeribitStandardPair]
