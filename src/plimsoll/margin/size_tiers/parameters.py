"""Parameters of rates that rise in a straight line with size."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.governed import check_bounds, governed


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRates:
    """One market: ``rate(x) = min(base + slope x, highest)`` for a size of ``x`` coins.

    Raises
    ------
    ParameterError
        For values outside their bounds, maintenance above initial, or a highest rate that is
        below a base.
    """

    initial_rate: Decimal = governed(
        Unit.FRACTION, "0.0001", 1, about="initial rate of the smallest position"
    )
    maintenance_rate: Decimal = governed(
        Unit.FRACTION, "0.0001", 1, about="maintenance rate of the smallest position"
    )
    initial_slope: Decimal = governed(
        Unit.FRACTION, 0, 1, about="what each coin adds to the initial rate", default=0
    )
    maintenance_slope: Decimal = governed(
        Unit.FRACTION, 0, 1, about="what each coin adds to the maintenance rate", default=0
    )
    highest_rate: Decimal = governed(
        Unit.FRACTION, "0.0001", 1, about="no rate exceeds it", default=1
    )

    def __post_init__(self) -> None:
        check_bounds(self, "SizeRates")
        below = self.maintenance_rate <= self.initial_rate <= self.highest_rate
        if not (below and self.maintenance_slope <= self.initial_slope):
            raise ParameterError(
                "must satisfy maintenance <= initial <= highest, in rate and slope",
                found=f"{self.maintenance_rate} + {self.maintenance_slope} x, "
                f"{self.initial_rate} + {self.initial_slope} x, at most {self.highest_rate}",
                field="SizeRates",
            )
