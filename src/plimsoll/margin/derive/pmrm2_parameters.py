"""Parameters of PMRM_2, one set per underlying; defaults are those of the venue's tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.margin.derive.collateral_rules import CollateralRule
from plimsoll.margin.derive.pmrm_parameters import PmrmParameters
from plimsoll.margin.derive.pmrm_rule import PmrmRule, StaticDiscount
from plimsoll.margin.derive.pmrm_scenarios import PmrmScenario, check_scenarios, pmrm2_scenarios
from plimsoll.margin.derive.skew import SkewShape
from plimsoll.margin.governed import check_bounds, from_set, governed
from plimsoll.margin.level_order import LevelOrder

_F = Unit.FRACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Pmrm2Parameters(PmrmParameters):
    """Governed numbers, scenarios and collateral of one risk unit.

    Where the venue's contract states bounds they are these; the others are wide enough for every
    set of its tests.

    Parameters
    ----------
    scenarios : tuple of PmrmScenario
    collateral : mapping of str to CollateralRule
        By currency, but for the cash; a currency without rule has no number.

    Raises
    ------
    ParameterError
    """

    range_up: Decimal = Decimal("0.5")
    range_down: Decimal = Decimal("0.275")
    initial_factor: Decimal = Decimal(1)
    basis_up: Decimal = Decimal("1.045")
    basis_down: Decimal = Decimal("0.955")
    basis_addition: Decimal = Decimal("0.5")
    basis_multiplier: Decimal = Decimal(2)
    confidence_threshold: Decimal = Decimal("0.55")
    confidence_margin: Decimal = Decimal(1)
    minimum_vol_up: Decimal = governed(
        _F, 0, 100, about="least volatility in up scenarios", default="0.45"
    )
    maintenance_factor: Decimal = governed(
        _F, "0.1", 10, about="of the worst loss in maintenance margin", default="0.8"
    )
    long_discount: Decimal = governed(
        _F, 0, 10, about="of an expiry's positive shocked value", default="0.95"
    )
    long_rate_multiplier: Decimal = governed(
        _F, 0, 100, about="of the rate in that discount", default=1
    )
    long_rate_addition: Decimal = governed(
        _F, 0, 100, about="to the rate in that discount, annual", default="0.08"
    )
    short_markup: Decimal = governed(
        _F, 0, 10, about="of an expiry's negative shocked value", default="1.04"
    )
    short_rate_multiplier: Decimal = governed(
        _F, 0, 100, about="of the rate in that markup", default="0.5"
    )
    short_rate_addition: Decimal = governed(
        _F, 0, 100, about="to the rate in that markup, annual", default="0.08"
    )
    perpetual_maintenance: Decimal = governed(
        _F, 0, 10, about="of perpetuals' notional", default="0.015"
    )
    perpetual_initial_extra: Decimal = governed(
        _F, 0, 10, about="of it, in initial margin on top", default="0.005"
    )
    option_maintenance: Decimal = governed(
        _F, 0, 10, about="of unpaired short options' notional", default="0.003"
    )
    option_initial_extra: Decimal = governed(
        _F, 0, 10, about="of it, in initial margin on top", default="0.002"
    )
    linear_cap: Decimal = governed(_F, -100, 100, about="largest tilt of a smile", default="0.15")
    linear_cap_slope: Decimal = governed(
        _F, -100, 100, about="of that, per root of a year", default="-0.05"
    )
    abs_cap: Decimal = governed(_F, -100, 100, about="largest lift of both wings", default="0.15")
    abs_cap_slope: Decimal = governed(
        _F, -100, 100, about="of that, per root of a year", default="-0.05"
    )
    minimum_k_star: Decimal = governed(
        _F, 0, 100, about="least log-moneyness at which the largest is reached", default="0.01"
    )
    width_scale: Decimal = governed(
        _F, 0, 100, about="standard deviations at which it is reached", default=4
    )
    width_vol: Decimal = governed(
        _F, -100, 100, about="volatility of those standard deviations", default="0.6"
    )
    width_vol_slope: Decimal = governed(
        _F, -100, 100, about="of that, per root of a year", default="-0.1"
    )
    scenarios: tuple[PmrmScenario, ...] = field(default_factory=pmrm2_scenarios)
    collateral: Mapping[str, CollateralRule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_bounds(self, "PMRM_2")
        check_scenarios(self.scenarios)

    def level_order(self) -> tuple[LevelOrder, ...]:
        """Both levels hang on one worst loss, never a gain; the extras are not negative."""
        return (
            LevelOrder(
                initial="initial_factor",
                maintenance="maintenance_factor",
                why="books without perpetuals and unpaired shorts",
            ),
        )

    def rule(self) -> PmrmRule:
        """Return what losses depend on, as floats."""
        return PmrmRule(
            scenarios=self.scenarios,
            vol=self.vol_rule(float(self.minimum_vol_up)),
            skew=SkewShape(
                linear_cap=float(self.linear_cap),
                linear_slope=float(self.linear_cap_slope),
                abs_cap=float(self.abs_cap),
                abs_slope=float(self.abs_cap_slope),
                minimum_k_star=float(self.minimum_k_star),
                width=float(self.width_scale),
                vol=float(self.width_vol),
                vol_scale=float(self.width_vol_slope),
            ),
            discount=StaticDiscount(
                long_base=float(self.long_discount),
                long_multiplier=float(self.long_rate_multiplier),
                long_addition=float(self.long_rate_addition),
                short_base=float(self.short_markup),
                short_multiplier=float(self.short_rate_multiplier),
                short_addition=float(self.short_rate_addition),
            ),
            discounted=True,
            basis=self.basis_rule(),
            confidence_threshold=float(self.confidence_threshold),
            confidence_margin=float(self.confidence_margin),
        )


def pmrm2_of_set(parameters: ParameterSet) -> dict[str, Pmrm2Parameters]:
    """Read all risk units of a set; collateral stands under ``UNIT+CURRENCY``.

    Raises
    ------
    UsageError
        Where a rule of collateral lacks its haircut.
    ParameterError
        Outside the bounds.
    """
    found = {}
    for unit in parameters.markets:
        if "+" in unit:
            continue
        rules = {
            market.removeprefix(f"{unit}+"): from_set(CollateralRule, parameters, market)
            for market in parameters.markets
            if market.startswith(f"{unit}+")
        }
        own = from_set(Pmrm2Parameters, parameters, unit)
        found[unit] = replace(own, collateral=rules)
    return found
