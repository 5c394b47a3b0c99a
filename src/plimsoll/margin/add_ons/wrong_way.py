"""Wrong-way add-on: collateral in coin falls with the long position that it secures.

With ``L(x)`` the loss of an underlying's positions when it moves by ``x``, ``C`` the value of the
coins held (those that move with the underlying), ``H`` the haircut that they bear already::

    add-on = max(0, max over x in {w, -w} of (L(x) - C x) - max(0, L(w), L(-w)) - H)

so that margin, haircut and add-on cover the joint loss; right-way coins (a short position hedged
by the coins) ask nothing.
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
from plimsoll.margin.add_ons.exposed import Charge, Charged, ExposedBook, cell_losses, charge_of
from plimsoll.margin.add_ons.markets import AddOnMarkets, unit_column
from plimsoll.margin.governed import check_bounds, governed
from plimsoll.margin.underlying import parameters_by_unit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongWayParameters:
    """One underlying's move under which positions and coins are held together.

    Raises
    ------
    ParameterError
        For a value out of its bounds.
    """

    move: Decimal = governed(
        Unit.FRACTION, 0, "0.99", about="move of the underlying and its coins", default="0.2"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "WrongWayParameters")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongWayAddOn:
    """Charge for coins that fall with the positions they secure.

    Parameters
    ----------
    parameters : ParameterSet or mapping of str to WrongWayParameters
        By underlying.
    moves_with : mapping of str to str
        Underlying of currencies that are not its own coin, e.g. ``{"STETH": "ETH"}``.
    charged : Charged

    Notes
    -----
    Cross collateral only: an isolated position's margin is its own claim's currency. A numeraire
    that is a coin does not move against itself. Leave the add-on out over models that move
    collateral themselves.
    """

    parameters: ParameterSet | Mapping[str, WrongWayParameters]
    moves_with: Mapping[str, str]
    charged: Charged = Charged.BOTH

    def __post_init__(self) -> None:
        object.__setattr__(self, "charged", chosen(Charged, self.charged, "charged"))

    def prepare(self, markets: AddOnMarkets) -> PreparedWrongWay:
        """Revalue every market at both moves."""
        units = markets.groups.units
        held = parameters_by_unit(WrongWayParameters, self.parameters, units)
        move = unit_column(held, units, lambda p: float(p.move))
        return PreparedWrongWay(
            add_on=self, move=move, profit=markets.profit(np.column_stack([move, -move]))
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedWrongWay:
    """Moves (R,) by underlying, profits (N + 1, 2) by market."""

    add_on: WrongWayAddOn
    move: FloatArray
    profit: FloatArray

    def charge(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        """Charge cross pools; haircuts taken already are those of ``exposed``."""
        del inner
        rise, fall = cell_losses(exposed, self.profit)
        unit, risk = exposed.cells.unit, exposed.cells.risk_unit
        coins, taken = self._coins(exposed)
        pool = unit < len(exposed.book)
        account = np.where(pool, unit, 0)
        held = np.where(pool, coins[account, risk], 0.0) if coins.size else np.zeros(unit.size)
        less = np.where(pool, taken[account, risk], 0.0) if taken.size else np.zeros(unit.size)
        swing = held * self.move[risk]
        joint = np.maximum(rise - swing, fall + swing)
        alone = np.maximum(np.maximum(rise, fall), 0.0)
        amount = np.maximum(joint - alone - less, 0.0)
        return charge_of(
            "wrong_way",
            "Wrong-way collateral",
            exposed.of_cells(amount),
            self.add_on.charged,
            exposed.lacking_parameters(self.move, exposed.delta_reason),
            "joint loss of positions and coins over the positions' own and the haircut",
        )

    def _coins(self, exposed: ExposedBook) -> tuple[FloatArray, FloatArray]:
        """(A, R) value of coins that move with each underlying, and the haircut on them."""
        markets, book = exposed.markets, exposed.book
        units = markets.groups.units
        value, taken = np.zeros((len(book), len(units))), np.zeros((len(book), len(units)))
        for column, currency in enumerate(book.currencies):
            unit = self.add_on.moves_with.get(currency, currency)
            if unit not in units or currency == markets.pricing.numeraire:
                continue
            price = markets.pricing.price(currency, markets.snapshot, markets.instruments)
            at = units.index(unit)
            value[:, at] += np.nan_to_num(book.collateral[:, column] * price)
            if exposed.haircut is not None:
                taken[:, at] += np.nan_to_num(exposed.haircut[:, column])
        return value, taken
