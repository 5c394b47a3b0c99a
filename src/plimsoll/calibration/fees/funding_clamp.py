r"""The clamp of funding: wide enough to hold the price to its index, within what margin can pay.

Funding is the premium, clamped. Too narrow a clamp lets the premium run away where it binds; one
interval's payment beyond what stands between initial and maintenance margin liquidates users by
the clock. So the clamp lies between

.. math:: q_{p}(|\text{premium}|) \;\le\; c \;\le\; \kappa\,(\mathrm{IM} - \mathrm{MM}),

:math:`\kappa` the share of the cushion that one interval may take (dYdX: six times (IMF - MMF) a
day, that is, per eight hours of a rate quoted so; Binance: the maintenance ratio itself).

A clamp is of one interval: rates that were paid for other lengths count in proportion to the one
in force at the end. It is never nothing, which would forbid all funding: at least a step of its
grid, and where the cushion leaves none there is no clamp.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.calibration.fees.funding_intervals import at_last_interval
from plimsoll.calibration.rounding import rate_up
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError

LEAST_INTERVALS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampRule:
    """What the venue sets.

    Parameters
    ----------
    level : float
        Share of intervals in which the clamp must not bind.
    cushion_share : float
        Of IM - MM that one interval's payment may take.
    grid : Decimal
    """

    level: float = 0.999
    cushion_share: float = 0.25
    grid: Decimal = Decimal("0.0001")

    def __post_init__(self) -> None:
        if not 0.5 < self.level < 1.0:
            raise ParameterError("must lie in (0.5, 1)", found=self.level, field="clamp.level")
        if not 0.0 < self.cushion_share <= 1.0:
            raise ParameterError(
                "must lie in (0, 1]", found=self.cushion_share, field="clamp.cushion_share"
            )
        if not self.grid > 0:
            raise ParameterError("must be positive", found=str(self.grid), field="clamp.grid")


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingClamp:
    """The clamp, per funding interval.

    Parameters
    ----------
    rate : Decimal
        Published; the premium's quantile where the cushion allows it, else the cushion's share.
    needed, needed_error : float
        Quantile of the absolute premium, and its standard error by the binomial spread of ranks.
    allowed : float
    lacking : float
        By how much the cushion falls short of what is needed; 0 where both hold.
    intervals : int
    hours : float
        Of the interval that it holds for; NaN where that is not known.
    """

    rate: Decimal
    needed: float
    needed_error: float
    allowed: float
    lacking: float
    intervals: int
    hours: float = math.nan

    @property
    def conflict(self) -> str:
        """What conflicts and by how much; empty where nothing does."""
        if self.lacking == 0.0:
            return ""
        return (
            f"the premium needs {self.needed:.4%} an interval and the cushion IM - MM allows "
            f"{self.allowed:.4%}: raise IM - MM, its share, or shorten the interval by "
            f"{self.needed / self.allowed:.2f} times"
        )


def funding_clamp(
    premiums: ArrayLike,
    *,
    initial_rate: float,
    maintenance_rate: float,
    rule: ClampRule,
    hours: ArrayLike | None = None,
) -> FundingClamp:
    """Return the clamp of one market.

    Parameters
    ----------
    premiums : (T,) array_like
        Unclamped premium (or funding) per interval, fractions; NaN are left out.
    initial_rate, maintenance_rate : float
        Of the lowest tier.
    rule : ClampRule
    hours : (T,) array_like, or None
        Length of each interval; None: all alike.

    Raises
    ------
    InsufficientDataError
        For fewer than 100 intervals.
    UsageError
        Where maintenance is not below initial margin, or leaves less than a step of the grid.
    """
    values = np.asarray(premiums, dtype=np.float64)
    if values.ndim != 1 or np.isinf(values).any():
        raise UsageError("must be one rate an interval", found=values.shape, field="premiums")
    scaled, span = at_last_interval(values, hours)
    size = np.sort(np.abs(scaled[~np.isnan(scaled)]))
    if size.size < LEAST_INTERVALS:
        raise InsufficientDataError(
            f"must hold {LEAST_INTERVALS} intervals", found=size.size, field="premiums"
        )
    return clamp_for(
        float(np.quantile(size, rule.level, method="higher")),
        initial_rate=initial_rate,
        maintenance_rate=maintenance_rate,
        rule=rule,
        needed_error=_rank_error(size, rule.level),
        intervals=int(size.size),
        hours=span,
    )


def clamp_for(
    needed: float,
    *,
    initial_rate: float,
    maintenance_rate: float,
    rule: ClampRule,
    needed_error: float = 0.0,
    intervals: int = 0,
    hours: float = math.nan,
) -> FundingClamp:
    """Return the clamp for a premium that must pass, within the market's own cushion.

    Parameters
    ----------
    needed, needed_error : float
        Of the market's own intervals, or lent by others (``intervals`` 0).
    hours : float
        Of the interval; NaN where it is not known.

    Raises
    ------
    UsageError
        Where maintenance is not below initial margin, or leaves less than a step of the grid.
    """
    if not 0.0 < maintenance_rate < initial_rate:
        raise UsageError(
            "must lie below the initial rate", found=maintenance_rate, field="maintenance_rate"
        )
    allowed = rule.cushion_share * (initial_rate - maintenance_rate)
    wanted = max(rate_up(needed, rule.grid), rule.grid)
    most = (Decimal(f"{allowed:.12f}") / rule.grid).to_integral_value(ROUND_FLOOR) * rule.grid
    if not most:
        raise UsageError(
            f"must leave a step of the grid, {rule.grid:f}, to an interval's funding",
            found=f"{allowed:.6f}",
            field="cushion_share (IM - MM)",
        )
    return FundingClamp(
        rate=min(wanted, most),
        needed=needed,
        needed_error=needed_error,
        allowed=allowed,
        lacking=max(0.0, float(wanted - most)),
        intervals=intervals,
        hours=hours,
    )


def _rank_error(ordered: np.ndarray[tuple[int], np.dtype[np.float64]], level: float) -> float:
    """Half the distance between the order statistics a binomial standard deviation each way."""
    spread = np.sqrt(ordered.size * level * (1.0 - level))
    centre = ordered.size * level
    low, high = (int(np.clip(round(centre + s * spread), 1, ordered.size)) for s in (-1, 1))
    return float(0.5 * (ordered[high - 1] - ordered[low - 1]))
