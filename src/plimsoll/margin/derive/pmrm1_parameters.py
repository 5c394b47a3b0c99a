"""Parameters of PMRM, the first version; defaults are those of the venue's tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.derive.pmrm_parameters import PmrmParameters
from plimsoll.margin.derive.pmrm_rule import PmrmRule, StaticDiscount
from plimsoll.margin.derive.pmrm_scenarios import PmrmScenario, check_scenarios, pmrm1_scenarios
from plimsoll.margin.governed import check_bounds, governed
from plimsoll.margin.level_order import LevelOrder

_F = Unit.FRACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Pmrm1Parameters(PmrmParameters):
    """Governed numbers and scenarios of one risk unit.

    Raises
    ------
    ParameterError
    """

    base_discount: Decimal = governed(
        _F, 0, 10, about="of an expiry's positive shocked value", default="0.95"
    )
    rate_multiplier: Decimal = governed(_F, 0, 100, about="of the rate in that discount", default=4)
    rate_addition: Decimal = governed(
        _F, 0, 100, about="to the rate in that discount, annual", default="0.05"
    )
    base_contingency: Decimal = governed(
        _F, 0, 10, about="of the notional of base collateral", default="0.02"
    )
    perpetual_contingency: Decimal = governed(
        _F, 0, 10, about="of perpetuals' notional", default="0.02"
    )
    option_contingency: Decimal = governed(
        _F, 0, 10, about="of unpaired short options' notional", default="0.01"
    )
    scenarios: tuple[PmrmScenario, ...] = field(default_factory=pmrm1_scenarios)

    def __post_init__(self) -> None:
        check_bounds(self, "PMRM")
        check_scenarios(self.scenarios)
        skews = [scenario.name for scenario in self.scenarios if scenario.is_skew]
        if skews:
            raise ParameterError("must not tilt smiles", found=skews, field="PMRM.scenarios")

    def level_order(self) -> tuple[LevelOrder, ...]:
        """Maintenance margin asks the worst loss and the contingencies once."""
        return (LevelOrder(initial="initial_factor", maintenance=Decimal(1), why="all books"),)

    def rule(self) -> PmrmRule:
        """Return what losses depend on, as floats; this version has no skew scenarios."""
        return PmrmRule(
            scenarios=self.scenarios,
            vol=self.vol_rule(),
            skew=None,
            discount=StaticDiscount(
                long_base=float(self.base_discount),
                long_multiplier=float(self.rate_multiplier),
                long_addition=float(self.rate_addition),
            ),
            discounted=False,
            basis=self.basis_rule(),
            confidence_threshold=float(self.confidence_threshold),
            confidence_margin=float(self.confidence_margin),
        )
