r"""Tiers of one market from its price risk and the cost of closing a position of size N.

The maintenance margin must cover, for every notional :math:`N` up to the last cap,

.. math:: R(N) = N\,\bigl(q + f + c_0 + Y \sigma_d \sqrt{N / V_d}\bigr)

with price risk :math:`q`, liquidation fee :math:`f`, cost of a small order :math:`c_0` and the
square-root law of market impact (Donier and Bonart, arXiv 1412.4503; :math:`\sigma_d` daily
volatility, :math:`V_d` daily volume). :math:`R` is convex, so the chords between the caps lie on or
above it: marginal rates :math:`(R(C_i) - R(C_{i-1})) / (C_i - C_{i-1})`, which rise from tier to
tier by construction, cover every size in between, and rounding each up keeps both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.calibration.problem import Structure
from plimsoll.calibration.rounding import RATE_DIGITS, initial_rate_of, leverage_down, rate_up
from plimsoll.domain.tiers import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeCost:
    """Cost of a close-out beyond the price move.

    Parameters
    ----------
    cost, fee : float
        Of a small order, and the liquidation fee; fractions of notional.
    impact : float
        Y of the square-root law.
    volatility_daily, adv_usd : float
    """

    cost: float
    fee: float
    impact: float
    volatility_daily: float
    adv_usd: float

    def requirement(self, price_risk: float, notional_usd: float) -> float:
        """R(N): maintenance in USD that a position of ``notional_usd`` needs."""
        impact = self.impact * self.volatility_daily * math.sqrt(notional_usd / self.adv_usd)
        return notional_usd * (price_risk + self.fee + self.cost + impact)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedTier:
    """A tier with what is known about it.

    Parameters
    ----------
    tier : Tier
    reaction_risk : float
        What initial margin adds to maintenance at least.
    maintenance_bound, initial_bound : bool
        The venue's maximum rate binds, so the tier covers less than it should.
    link_binds : bool
        Initial is set by MM / link, not by the user's reaction time.
    """

    tier: Tier
    reaction_risk: float
    maintenance_bound: bool
    initial_bound: bool
    link_binds: bool


def fit_tiers(
    price_risk: float,
    reaction_risk: float,
    size_cost: SizeCost,
    caps_usd: Sequence[Decimal],
    structure: Structure,
) -> tuple[FittedTier, ...]:
    """Return the tiers that cover R(N) on the venue's grid.

    Parameters
    ----------
    price_risk, reaction_risk : float
        99 % quantile over the close-out horizon and 95 % quantile over the user's reaction time,
        shares of notional.
    caps_usd : sequence of Decimal
        Rising.
    """
    lower, paid, fitted = 0.0, 0.0, []
    for cap in caps_usd:
        needed = size_cost.requirement(price_risk, float(cap))
        marginal = (needed - paid) / (float(cap) - lower)
        fitted.append(fit_tier(marginal, reaction_risk, cap, structure))
        lower, paid = float(cap), needed
    return tuple(fitted)


def fit_tier(
    maintenance: float, reaction_risk: float, cap_usd: Decimal | None, structure: Structure
) -> FittedTier:
    """Put one tier on the grid: maintenance up, initial = max(MM + reaction, MM / link)."""
    ceiling = structure.maximum_rate
    wanted = rate_up(maintenance, structure.maintenance_rate_step)
    maintenance_rate = min(max(wanted, structure.maintenance_rate_step), ceiling)
    return with_initial(
        maintenance_rate,
        initial_floor(maintenance_rate, reaction_risk),
        reaction_risk,
        cap_usd,
        structure,
        maintenance_bound=wanted > ceiling,
    )


def initial_floor(maintenance_rate: Decimal, reaction_risk: float) -> Decimal:
    """Return MM plus the user's reaction time, rounded up to a millionth."""
    return rate_up(float(maintenance_rate) + reaction_risk, RATE_DIGITS)


def initial_error(
    fitted: FittedTier, structure: Structure, maintenance_error: float, reaction_error: float
) -> float:
    """Standard error of an initial rate.

    Where MM / IM binds it is the maintenance rate's over the link; else both parts' added, since
    they come from the same days and their dependence is not known.
    """
    if fitted.link_binds:
        return maintenance_error / float(structure.maintenance_initial_link)
    return maintenance_error + reaction_error


def with_initial(
    maintenance_rate: Decimal,
    initial_wanted: Decimal,
    reaction_risk: float,
    cap_usd: Decimal | None,
    structure: Structure,
    *,
    maintenance_bound: bool = False,
) -> FittedTier:
    """Complete a maintenance rate with the initial rate and leverage the structure demands."""
    linked = maintenance_rate / structure.maintenance_initial_link
    demanded = max(initial_wanted, linked)
    leverage = leverage_down(min(demanded, Decimal(1)), structure.leverage_grid)
    initial = min(max(initial_rate_of(leverage), maintenance_rate), structure.maximum_rate)
    return FittedTier(
        tier=Tier(
            cap_usd=cap_usd,
            maintenance_rate=maintenance_rate,
            initial_rate=initial,
            # Of the rate as published: a bound that cuts the rate leaves another leverage.
            max_leverage=leverage_down(initial, structure.leverage_grid),
        ),
        reaction_risk=reaction_risk,
        maintenance_bound=maintenance_bound,
        initial_bound=demanded > initial,
        link_binds=linked >= initial_wanted,
    )
