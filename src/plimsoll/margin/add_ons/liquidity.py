"""Liquidity add-on: what closing a position costs beside the move that the margin covers.

Per unit of notional, for a position of notional ``N`` whose owner holds ``Q`` on that side of the
market, turnover ``V`` a day, depth ``D``, daily volatility ``sigma``, relative spread ``s``::

    square root     s/2 + Y sigma sqrt(max(Q - k D, 0) / V)
    optimal unwind  s/2 + c(h*) - a sqrt(h0),     c(h) = a sqrt(h) + b h^-0.6,
                    a = z sigma / sqrt(3),  b = eta sigma (Q / V)^0.6,
                    h* = max(h0, Q / (phi V), (1.2 b / a)^(1/1.1))

The first is Donier and Bonart's law for what exceeds the share ``k`` of the displayed depth; the
second closes evenly over ``h`` days, whose price risk has the variance of ``h / 3`` days, and pays
the temporary impact of Almgren, Thum, Hauptmann and Li (2005). ``a sqrt(h0)`` is what the
margin itself covers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.add_ons.exposed import Charge, Charged, ExposedBook, charge_of
from plimsoll.margin.add_ons.markets import AddOnMarkets, unit_column
from plimsoll.margin.add_ons.unknown_figures import check_default, with_default
from plimsoll.margin.governed import check_bounds, governed
from plimsoll.margin.underlying import parameters_by_unit
from plimsoll.maths.liquidation_costs import LiquidityTerms, liquidation_costs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_HOURS_A_DAY = 24.0


class LiquidityRule(StrEnum):
    """How the cost of size is read."""

    SQUARE_ROOT = "square_root"
    OPTIMAL_UNWIND = "optimal_unwind"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidityParameters:
    """One underlying's liquidity.

    Raises
    ------
    ParameterError
        For a value out of its bounds.
    """

    relative_spread: Decimal = governed(
        Unit.FRACTION, 0, "0.5", about="stressed bid-ask spread of mid", default="0.0005"
    )
    daily_volatility: Decimal = governed(
        Unit.FRACTION, 0, 2, about="standard deviation of daily returns", default="0.04"
    )
    impact: Decimal = governed(
        Unit.FRACTION, 0, 5, about="Y of the square root, eta of the unwind", default=1
    )
    depth_share: Decimal = governed(
        Unit.FRACTION, 0, 1, about="displayed depth that is there under stress", default="0.3"
    )
    participation: Decimal = governed(
        Unit.FRACTION,
        "0.001",
        1,
        about="largest share of turnover an unwind may be",
        default="0.1",
    )
    horizon_hours: Decimal = governed(
        Unit.HOURS, "0.01", 240, about="close-out time that the margin covers", default=1
    )
    quantile: Decimal = governed(
        Unit.FRACTION,
        0,
        10,
        about="standard deviations that the margin covers",
        default="2.326",
    )

    def __post_init__(self) -> None:
        check_bounds(self, "LiquidityParameters")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidityAddOn:
    """Charge for closing each position.

    Parameters
    ----------
    parameters : ParameterSet or mapping of str to LiquidityParameters
        By underlying.
    rule : LiquidityRule
    charged : Charged
    depth_when_unknown_usd, volume_when_unknown_usd : Decimal or None
        What stands in for a quote's missing figure; None: the market has a reason.
    """

    parameters: ParameterSet | Mapping[str, LiquidityParameters]
    rule: LiquidityRule = LiquidityRule.SQUARE_ROOT
    charged: Charged = Charged.BOTH
    depth_when_unknown_usd: Decimal | None = None
    volume_when_unknown_usd: Decimal | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule", chosen(LiquidityRule, self.rule, "rule"))
        object.__setattr__(self, "charged", chosen(Charged, self.charged, "charged"))
        check_default(self.depth_when_unknown_usd, "depth_when_unknown_usd")
        check_default(self.volume_when_unknown_usd, "volume_when_unknown_usd")

    def prepare(self, markets: AddOnMarkets) -> PreparedLiquidity:
        """Lay parameters and market figures into columns."""
        units = markets.groups.units
        held = parameters_by_unit(LiquidityParameters, self.parameters, units)

        def column(name: str) -> FloatArray:
            return markets.by_row(unit_column(held, units, lambda p: float(getattr(p, name))))

        depth = with_default(markets.quoted("depth_usd"), self.depth_when_unknown_usd)
        volume = with_default(markets.quoted("volume_24h_usd"), self.volume_when_unknown_usd)
        terms = LiquidityTerms(
            notional=markets.gross,
            half_spread=column("relative_spread") / 2.0,
            volatility=column("daily_volatility"),
            impact=column("impact"),
            depth=column("depth_share") * (depth * markets.dollar),
            volume=volume * markets.dollar,
            participation=column("participation"),
            horizon_days=column("horizon_hours") / _HOURS_A_DAY,
            quantile=column("quantile"),
        )
        return PreparedLiquidity(
            add_on=self,
            known=unit_column(held, units, lambda _: 1.0),
            terms=LiquidityTerms(*(np.array(values) for values in terms)),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedLiquidity:
    """Columns (N + 1,) by market; ``known`` (R,) by underlying."""

    add_on: LiquidityAddOn
    known: FloatArray
    terms: LiquidityTerms

    def charge(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        """Charge each position's notional at the rate of its owner's size."""
        del inner
        held, rule = exposed.held, self.add_on.rule
        cost, unknown = liquidation_costs(
            held.by_unit,
            self.terms,
            unwind=rule is LiquidityRule.OPTIMAL_UNWIND,
            linked=held.linked_by_unit,
        )
        reason = exposed.lacking_parameters(self.known, exposed.size_reason)
        return charge_of(
            "liquidity",
            "Liquidity",
            cost,
            self.add_on.charged,
            _without_liquidity(reason, held.in_book(unknown)),
            f"half the spread and impact of closing, by {rule.value.replace('_', ' ')}",
        )


def _without_liquidity(reason: IntArray, unknown: IntArray) -> IntArray:
    """(P,) ``reason``, and NO_LIQUIDITY where that is none and the cost is unknown."""
    fresh = unknown[reason[unknown] == 0]
    if not fresh.size:
        return reason
    found = reason.copy()
    found[fresh] = int(MarginReason.NO_LIQUIDITY)
    return found
