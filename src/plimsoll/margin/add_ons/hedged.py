"""Add-ons on hedged size: a minimum charge on gross, basis between expiries and legs.

*Minimum charge.* A book that nets to nothing must still be closed leg by leg::

    hedged gross   add-on = rate x (gross - |net|)       nothing on outright positions
    floor          add-on = max(0, rate x gross - what the model asks)
    hedged floor   add-on = max(0, rate x (gross - |net|) - what the model asks)

*Basis.* Within an underlying, deltas of different expiries (or settlement currencies) are hedged
only up to the basis between them. With ``M = min(long groups, short groups)``, and ``t`` the years
between the delta-weighted mean expiries of the two sides::

    add-on = M x (least + annual x t)

(Forms of venues: MR4 and MR7 of OKX, delta spread of Bybit.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.add_ons.exposed import Charge, Charged, ExposedBook, charge_of
from plimsoll.margin.add_ons.markets import AddOnMarkets, is_option_or_spot, unit_column
from plimsoll.margin.governed import check_bounds, governed
from plimsoll.margin.joint.lifts import lift_to
from plimsoll.margin.underlying import parameters_by_unit
from plimsoll.margin.units.cell_sums import CellSums

FloatArray = NDArray[np.float64]

_DAYS_A_YEAR = 365.0


class MinimumRule(StrEnum):
    """How the minimum is asked."""

    HEDGED_GROSS = "hedged_gross"
    FLOOR = "floor"
    HEDGED_FLOOR = "hedged_floor"


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumParameters:
    """Cost of closing one unit of notional.

    Raises
    ------
    ParameterError
        For a value out of its bounds; neither rate may be 0, or hedged books would be free.
    """

    linear_rate: Decimal = governed(
        Unit.FRACTION, "0.00001", "0.2", about="of perpetuals, futures and spot", default="0.002"
    )
    option_rate: Decimal = governed(
        Unit.FRACTION, "0.00001", "0.2", about="of options' underlying notional", default="0.001"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "MinimumParameters")


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumCharge:
    """Minimum charge of hedged books; parameters by underlying."""

    parameters: ParameterSet | Mapping[str, MinimumParameters]
    rule: MinimumRule = MinimumRule.HEDGED_GROSS
    charged: Charged = Charged.BOTH

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule", chosen(MinimumRule, self.rule, "rule"))
        object.__setattr__(self, "charged", chosen(Charged, self.charged, "charged"))

    def prepare(self, markets: AddOnMarkets) -> PreparedMinimum:
        """Lay rates out by market."""
        units = markets.groups.units
        held = parameters_by_unit(MinimumParameters, self.parameters, units)
        linear = unit_column(held, units, lambda p: float(p.linear_rate))
        option = unit_column(held, units, lambda p: float(p.option_rate))
        is_option, _ = is_option_or_spot(markets.rows)
        rate = np.where(is_option, markets.by_row(option), markets.by_row(linear))
        return PreparedMinimum(add_on=self, known=linear, rate=rate)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedMinimum:
    """Rates (N + 1,) by market."""

    add_on: MinimumCharge
    known: FloatArray
    rate: FloatArray

    def charge(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        """Charge hedged size, or lift units to their floor."""
        if self.add_on.rule is MinimumRule.FLOOR:
            return self._floor(exposed, inner)
        sums, delta = exposed.sums, exposed.markets.delta
        gross, net = sums.gross_by_cell(np.abs(delta)), np.abs(sums.by_cell(delta))
        paid = sums.gross_by_cell(self.rate * np.abs(delta))
        with np.errstate(invalid="ignore", divide="ignore"):
            hedged = np.where(gross > 0.0, np.maximum(gross - net, 0.0) / gross, 0.0)
        asked, about = exposed.of_cells(paid * hedged), "cost of closing what is hedged, on gross"
        if self.add_on.rule is MinimumRule.HEDGED_FLOOR:
            asked, about = lift_to(inner.maintenance, asked), f"lift to the {about}"
        return charge_of(
            "minimum_charge",
            "Minimum charge",
            asked,
            self.add_on.charged,
            exposed.lacking_parameters(self.known, exposed.delta_reason),
            about,
        )

    def _floor(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        least = exposed.gross_sums(exposed.markets.gross * self.rate)
        return charge_of(
            "minimum_charge",
            "Minimum charge",
            lift_to(inner.maintenance, least),
            self.add_on.charged,
            exposed.lacking_parameters(self.known, exposed.gross_reason),
            "lift to the cost of closing everything, on gross",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisParameters:
    """How far hedged legs may move apart.

    Raises
    ------
    ParameterError
        For a value out of its bounds.
    """

    least_move: Decimal = governed(
        Unit.FRACTION, 0, "0.5", about="move between legs of one expiry", default="0.005"
    )
    annual_move: Decimal = governed(
        Unit.FRACTION, 0, 5, about="move of the annualised basis", default="0.1"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "BasisParameters")


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisAddOn:
    """Charge on what legs of one underlying hedge of one another; parameters by underlying."""

    parameters: ParameterSet | Mapping[str, BasisParameters]
    charged: Charged = Charged.BOTH

    def __post_init__(self) -> None:
        object.__setattr__(self, "charged", chosen(Charged, self.charged, "charged"))

    def prepare(self, markets: AddOnMarkets) -> PreparedBasis:
        """Lay moves out by underlying."""
        units = markets.groups.units
        held = parameters_by_unit(BasisParameters, self.parameters, units)
        return PreparedBasis(
            add_on=self,
            least=unit_column(held, units, lambda p: float(p.least_move)),
            annual=unit_column(held, units, lambda p: float(p.annual_move)),
            years=markets.groups.days_of_group / _DAYS_A_YEAR,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedBasis:
    """Moves (R,) by underlying, years (K,) to the expiry of each group."""

    add_on: BasisAddOn
    least: FloatArray
    annual: FloatArray
    years: FloatArray

    def charge(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        """Charge each underlying of a unit."""
        del inner
        hedged, apart = hedged_between_groups(exposed.sums, exposed.markets.delta, self.years)
        risk = exposed.cells.risk_unit
        amount = hedged * (self.least[risk] + self.annual[risk] * apart)
        return charge_of(
            "basis",
            "Basis",
            exposed.of_cells(amount),
            self.add_on.charged,
            exposed.lacking_parameters(self.least, exposed.delta_reason),
            "delta hedged between expiries and legs, times the move of their basis",
        )


def hedged_between_groups(
    sums: CellSums, delta: FloatArray, years: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the delta (C,) that groups hedge of one another, and the years (C,) between them."""
    held = sums.over_groups(delta, years)
    both = (held.long > 0.0) & (held.short > 0.0)
    far = held.long_weighted / np.where(both, held.long, 1.0)
    near = held.short_weighted / np.where(both, held.short, 1.0)
    return np.minimum(held.long, held.short), np.where(both, np.abs(far - near), 0.0)
