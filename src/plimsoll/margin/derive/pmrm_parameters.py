"""Parameters that both versions of PMRM have; defaults are those of the first."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import Unit
from plimsoll.margin.derive.pmrm_rule import BasisRule
from plimsoll.margin.governed import governed
from plimsoll.scenarios.risk_grid import VolRule

_F = Unit.FRACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class PmrmParameters:
    """Governed numbers of one risk unit: volatility, worst loss, basis, peg, confidence."""

    range_up: Decimal = governed(_F, 0, 100, about="rise of volatility at 30 days", default="0.45")
    range_down: Decimal = governed(_F, 0, 100, about="fall of volatility at 30 days", default="0.3")
    short_power: Decimal = governed(
        _F, 0, 10, about="power of 30 days over time, up to 30 days", default="0.3"
    )
    long_power: Decimal = governed(
        _F, 0, 10, about="power of 30 days over time, beyond 30 days", default="0.13"
    )
    floor_hours: Decimal = governed(
        Unit.HOURS, 0, 876_000, about="shortest time in that power", default=24
    )
    initial_factor: Decimal = governed(
        _F, "0.5", 10, about="of the worst loss in initial margin", default="1.3"
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

    def vol_rule(self, minimum_vol_up: float = 0.0) -> VolRule:
        """Return how volatility moves; ``minimum_vol_up`` is the least where it rises."""
        return VolRule(
            range_up=float(self.range_up),
            range_down=float(self.range_down),
            short_power=float(self.short_power),
            long_power=float(self.long_power),
            floor_days=float(self.floor_hours / 24),
            minimum_vol_up=minimum_vol_up,
        )

    def basis_rule(self) -> BasisRule:
        """Return the contingency of the basis."""
        return BasisRule(
            up=float(self.basis_up),
            down=float(self.basis_down),
            addition=float(self.basis_addition),
            multiplier=float(self.basis_multiplier),
        )
