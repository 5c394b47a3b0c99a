"""Gap add-on: losses of a jump beyond the margin's range.

With ``L(x)`` the loss of an underlying's positions when it jumps by ``x`` at once::

    add-on = share x max(0, max(L(g), L(-g)) - max(0, L(c), L(-c)))

the part of a jump of ``g`` that a margin for moves up to ``c`` does not cover.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import ParameterError
from plimsoll.margin.add_ons.exposed import Charge, Charged, ExposedBook, cell_losses, charge_of
from plimsoll.margin.add_ons.markets import AddOnMarkets, unit_column
from plimsoll.margin.governed import check_bounds, governed
from plimsoll.margin.underlying import parameters_by_unit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GapParameters:
    """One underlying's jump.

    Raises
    ------
    ParameterError
        For a value out of its bounds, and a jump within the covered move.
    """

    gap_move: Decimal = governed(
        Unit.FRACTION, "0.01", "0.99", about="jump of the underlying", default="0.3"
    )
    covered_move: Decimal = governed(
        Unit.FRACTION, 0, "0.98", about="move that the margin covers", default="0.1"
    )
    share: Decimal = governed(
        Unit.FRACTION, 0, 1, about="part of the uncovered loss that is asked", default="0.25"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "GapParameters")
        if self.covered_move > self.gap_move:
            raise ParameterError(
                f"must not exceed gap_move {self.gap_move}",
                found=str(self.covered_move),
                field="GapParameters.covered_move",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class GapAddOn:
    """Charge for jumps; parameters by underlying."""

    parameters: ParameterSet | Mapping[str, GapParameters]
    charged: Charged = Charged.BOTH

    def __post_init__(self) -> None:
        object.__setattr__(self, "charged", chosen(Charged, self.charged, "charged"))

    def prepare(self, markets: AddOnMarkets) -> PreparedGap:
        """Revalue every market at both jumps and both covered moves."""
        units = markets.groups.units
        held = parameters_by_unit(GapParameters, self.parameters, units)
        gap = unit_column(held, units, lambda p: float(p.gap_move))
        covered = unit_column(held, units, lambda p: float(p.covered_move))
        moves = np.column_stack([gap, -gap, covered, -covered])
        return PreparedGap(
            add_on=self,
            share=unit_column(held, units, lambda p: float(p.share)),
            profit=markets.profit(moves),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedGap:
    """Shares (R,) by underlying, profits (N + 1, 4) by market."""

    add_on: GapAddOn
    share: FloatArray
    profit: FloatArray

    def charge(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        """Charge each underlying of a unit."""
        del inner
        rise, fall, *within = cell_losses(exposed, self.profit)
        worst = np.maximum(rise, fall)
        covered = np.maximum(np.maximum(*within), 0.0)
        amount = self.share[exposed.cells.risk_unit] * np.maximum(worst - covered, 0.0)
        return charge_of(
            "gap",
            "Gap",
            exposed.of_cells(amount),
            self.add_on.charged,
            exposed.lacking_parameters(self.share, exposed.delta_reason),
            "share of the loss of a jump beyond the covered move",
        )
