"""What a unit of collateral counts for under PMRM_2."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.governed import check_bounds, governed

_ROUNDING = Decimal("1e-12")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralRule:
    """Haircuts of one asset, and whether it takes part in the scenarios.

    Raises
    ------
    ParameterError
        Outside the bounds, and where the haircuts add up to more than 1.
    """

    maintenance_haircut: Decimal = governed(
        Unit.FRACTION, 0, 1, about="share of the value that does not count"
    )
    initial_extra: Decimal = governed(
        Unit.FRACTION, 0, 1, about="further share that initial margin does not count", default=0
    )
    cancels_risk: Decimal = governed(
        Unit.FRACTION,
        0,
        1,
        grid="1",
        about="1 where the asset moves with the underlying and hedges it, else 0",
        default=0,
    )

    def __post_init__(self) -> None:
        check_bounds(self, "collateral")
        total = self.maintenance_haircut + self.initial_extra
        if total > 1 + _ROUNDING:
            raise ParameterError(
                "haircuts must add up to 1 at most", found=str(total), field="collateral"
            )
        if self.cancels_risk not in (0, 1):
            raise ParameterError(
                "must be 0 or 1", found=str(self.cancels_risk), field="collateral.cancels_risk"
            )
