"""Liquidity add-on: what closing a position costs beside the move that the margin covers.

Per unit of notional, for a position of notional ``N`` whose owner holds ``Q`` on that side of the
market, turnover ``V`` a day, depth ``D``, daily volatility ``sigma``, relative spread ``s``::

    square root     s/2 + Y sigma sqrt(max(Q - k D, 0) / V)
    optimal unwind  s/2 + c(h*) - a sqrt(h0),     c(h) = a sqrt(h) + b h^-0.6,
                    a = z sigma / sqrt(3),  b = eta sigma (Q / V)^0.6,
                    h* = max(h0, Q / (phi V), (1.2 b / a)^(1/1.1))

The first is Donier and Bonart's law for what exceeds the share ``k`` of the displayed depth; the
second closes evenly over ``h`` days, whose price risk has the variance of ``h / 3`` days, and pays
Almgren's temporary impact (`reference/methodology.md`, 7.3 and 7.4). ``a sqrt(h0)`` is what the
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

FloatArray = NDArray[np.float64]

_HOURS_A_DAY = 24.0
_POWER = 0.6


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
        return PreparedLiquidity(
            add_on=self,
            known=unit_column(held, units, lambda _: 1.0),
            half_spread=column("relative_spread") / 2.0,
            volatility=column("daily_volatility"),
            impact=column("impact"),
            depth_share=column("depth_share"),
            participation=column("participation"),
            horizon_days=column("horizon_hours") / _HOURS_A_DAY,
            quantile=column("quantile"),
            depth=depth * markets.dollar,
            volume=volume * markets.dollar,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedLiquidity:
    """(N + 1,) columns by market; ``known`` (R,) by underlying."""

    add_on: LiquidityAddOn
    known: FloatArray
    half_spread: FloatArray
    volatility: FloatArray
    impact: FloatArray
    depth_share: FloatArray
    participation: FloatArray
    horizon_days: FloatArray
    quantile: FloatArray
    depth: FloatArray
    volume: FloatArray

    def charge(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        """Charge each position's notional at the rate of its owner's size."""
        del inner
        rate = self.rates(exposed.row, exposed.owned)
        reason = exposed.lacking_parameters(self.known, exposed.gross_reason)
        unknown = (reason == 0) & np.isnan(rate) & (exposed.gross > 0.0)
        reason = np.where(unknown, int(MarginReason.NO_LIQUIDITY), reason).astype(np.int64)
        rule = self.add_on.rule.value.replace("_", " ")
        return charge_of(
            "liquidity",
            "Liquidity",
            exposed.unit_sums(exposed.gross * rate),
            self.add_on.charged,
            reason,
            f"half the spread and impact of closing, by {rule}",
        )

    def rates(self, row: NDArray[np.int64], size: FloatArray) -> FloatArray:
        """(P,) cost per unit of notional of closing ``size`` (P,) in the markets ``row`` (P,)."""
        if self.add_on.rule is LiquidityRule.OPTIMAL_UNWIND:
            return self.half_spread[row] + self._unwind(row, size)
        beyond = np.maximum(size - (self.depth_share * self.depth)[row], 0.0)
        impact = self.impact[row] * self.volatility[row] * _root(beyond, self.volume[row])
        return self.half_spread[row] + impact

    def _unwind(self, row: NDArray[np.int64], size: FloatArray) -> FloatArray:
        days = _share(size, self.volume[row])
        risk = self.quantile[row] * self.volatility[row] / np.sqrt(3.0)
        cost = self.impact[row] * self.volatility[row] * days**_POWER
        least = np.maximum(self.horizon_days[row], days / self.participation[row])
        with np.errstate(divide="ignore", invalid="ignore"):
            best = np.where(risk > 0.0, (1.2 * cost / risk) ** (1.0 / 1.1), np.inf)
            # Without price risk nothing hurries: impact falls to nothing.
            taken = np.maximum(least, best)
            impact = np.where(cost == 0.0, 0.0, cost * taken**-_POWER)
            delay = np.where(
                risk > 0.0, risk * (np.sqrt(taken) - np.sqrt(self.horizon_days[row])), 0.0 * risk
            )
        rate: FloatArray = delay + impact
        return rate


def _share(size: FloatArray, volume: FloatArray) -> FloatArray:
    """Size over turnover; infinite where nothing trades, NaN where nobody knows."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = size / volume
    return np.where(size == 0.0, 0.0 * volume, share)


def _root(size: FloatArray, volume: FloatArray) -> FloatArray:
    return np.sqrt(_share(size, volume))
