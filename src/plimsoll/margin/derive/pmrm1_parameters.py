"""Parameters of PMRM, the first version; defaults are those of the venue's tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.derive.pmrm_rule import BasisRule, PmrmRule, StaticDiscount
from plimsoll.margin.derive.pmrm_scenarios import PmrmScenario, check_scenarios, pmrm1_scenarios
from plimsoll.margin.governed import check_bounds, governed
from plimsoll.scenarios.risk_grid import VolRule

_F = Unit.FRACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Pmrm1Parameters:
    """Governed numbers and scenarios of one risk unit.

    Raises
    ------
    ParameterError
    """

    range_up: Decimal = governed(_F, 0, 100, about="rise of volatility at 30 days", default="0.45")
    range_down: Decimal = governed(_F, 0, 100, about="fall of volatility at 30 days", default="0.3")
    short_power: Decimal = governed(
        _F, 0, 10, about="power of 30 days over time, up to 30 days", default="0.3"
    )
    long_power: Decimal = governed(
        _F, 0, 10, about="power of 30 days over time, beyond 30 days", default="0.13"
    )
    floor_hours: Decimal = governed(
        Unit.HOURS, 0, 8760, about="shortest time in that power", default=24
    )
    initial_factor: Decimal = governed(
        _F, "0.5", 10, about="of the worst loss in initial margin", default="1.3"
    )
    base_discount: Decimal = governed(
        _F, 0, 10, about="of an expiry's positive shocked value", default="0.95"
    )
    rate_multiplier: Decimal = governed(_F, 0, 100, about="of the rate in that discount", default=4)
    rate_addition: Decimal = governed(
        _F, 0, 100, about="to the rate in that discount, annual", default="0.05"
    )
    basis_up: Decimal = governed(
        Unit.LEVERAGE, 1, 3, about="price of the basis contingency, up", default="1.05"
    )
    basis_down: Decimal = governed(
        Unit.LEVERAGE, 0, 1, about="price of the basis contingency, down", default="0.95"
    )
    basis_addition: Decimal = governed(
        _F, 0, 100, about="share of that loss that counts", default="0.25"
    )
    basis_multiplier: Decimal = governed(
        _F, 0, 100, about="more of it for every year to expiry", default="0.01"
    )
    peg_threshold: Decimal = governed(
        _F, 0, 100, about="price of the stable coin below which losses count more", default="0.98"
    )
    peg_factor: Decimal = governed(_F, 0, 1000, about="how much more", default=2)
    confidence_threshold: Decimal = governed(
        _F, 0, 1, about="confidence below which notional is charged", default="0.6"
    )
    confidence_margin: Decimal = governed(
        _F, 0, 100, about="of notional for each unit of lacking confidence", default="0.5"
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

    def rule(self) -> PmrmRule:
        """Return what losses depend on, as floats; this version has no skew scenarios."""
        return PmrmRule(
            scenarios=self.scenarios,
            vol=VolRule(
                range_up=float(self.range_up),
                range_down=float(self.range_down),
                short_power=float(self.short_power),
                long_power=float(self.long_power),
                floor_days=float(self.floor_hours / 24),
            ),
            skew=None,
            discount=StaticDiscount(
                long_base=float(self.base_discount),
                long_multiplier=float(self.rate_multiplier),
                long_addition=float(self.rate_addition),
            ),
            discounted=False,
            basis=BasisRule(
                up=float(self.basis_up),
                down=float(self.basis_down),
                addition=float(self.basis_addition),
                multiplier=float(self.basis_multiplier),
            ),
            confidence_threshold=float(self.confidence_threshold),
            confidence_margin=float(self.confidence_margin),
        )
