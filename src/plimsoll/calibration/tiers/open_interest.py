"""Open interest: margin that rises with it, and limits on positions and on all of it.

Form of the scaling: dydxprotocol v4-chain, ``x/perpetuals/types/liquidity_tier.go``. What limits
are for: methodology section 7.7, and incidents E17 (open interest grown 80-fold in days), E20
(a position too large to be closed) and E21 (an index cheap to move).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.calibration.tiers.grid import limit_down
from plimsoll.errors import DataFormatError, ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInterestScaling:
    """Initial margin between its base and 1 while open interest goes from one cap to the other.

    Parameters
    ----------
    lower_cap_usd, upper_cap_usd : Decimal
        In order.

    Raises
    ------
    ParameterError
    """

    lower_cap_usd: Decimal
    upper_cap_usd: Decimal

    def __post_init__(self) -> None:
        if not Decimal(0) < self.lower_cap_usd < self.upper_cap_usd:
            raise ParameterError(
                "must be positive, the upper cap above the lower",
                found=(str(self.lower_cap_usd), str(self.upper_cap_usd)),
                field="open_interest_scaling",
            )

    def initial_rate(self, base: ArrayLike, open_interest_usd: ArrayLike) -> FloatArray:
        """``min(1, IMF + (1 - IMF) max(0, OI - lower) / (upper - lower))``.

        Examples
        --------
        The venue's own test: 20 %, caps of one and two million, 1.5 million open.

        >>> scaling = OpenInterestScaling(
        ...     lower_cap_usd=Decimal(1_000_000), upper_cap_usd=Decimal(2_000_000)
        ... )
        >>> round(float(scaling.initial_rate(0.2, 1.5e6)), 12)
        0.6
        """
        low, high = float(self.lower_cap_usd), float(self.upper_cap_usd)
        own = np.asarray(base, dtype=np.float64)
        above = np.maximum(np.asarray(open_interest_usd, dtype=np.float64) - low, 0.0)
        return np.asarray(np.minimum(1.0, own + (1.0 - own) * above / (high - low)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRules:
    """What bounds open interest and positions.

    Parameters
    ----------
    participation : float
        Share of turnover that a liquidator may be.
    free_days : float
        Open interest that closes within so many days is margined at the base rate.
    full_days : float
        Open interest that takes so long is margined in full; also the limit.
    position_days : float
        Days in which the largest single position must close.
    position_depth : float
        Multiple of the book's depth that it may be.
    """

    participation: float = 0.1
    free_days: float = 1.0
    full_days: float = 5.0
    position_days: float = 0.25
    position_depth: float = 20.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if not getattr(self, name) > 0.0:
                raise ParameterError("must be positive", found=getattr(self, name), field=name)
        if self.full_days <= self.free_days or self.participation > 1.0:
            raise ParameterError(
                "full_days must exceed free_days, and participation not 1",
                found=(self.free_days, self.full_days, self.participation),
                field="limit_rules",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketLimits:
    """Limits of one market, rounded down to the venue's figures.

    Parameters
    ----------
    scaling : OpenInterestScaling
    position_usd, open_interest_usd : Decimal
        Of one beneficial owner, and of a side of the market.
    position_bound, open_interest_bound : str
        What set each.
    candidates_usd : mapping of str to float
        Every bound before rounding, by name.
    """

    scaling: OpenInterestScaling
    position_usd: Decimal
    open_interest_usd: Decimal
    position_bound: str
    open_interest_bound: str
    candidates_usd: Mapping[str, float]


def market_limits(
    adv_usd: float,
    *,
    rules: LimitRules | None = None,
    depth_usd: float | None = None,
    manipulation_usd: float | None = None,
) -> MarketLimits:
    """Return the caps of the scaling and the limits of a market.

    Parameters
    ----------
    adv_usd : float
        Daily turnover, less what is thought to be washed.
    rules : LimitRules, optional
    depth_usd : float, optional
        Of the thinner side near mid, under stress; None: no books.
    manipulation_usd : float, optional
        Open interest at which moving the index begins to pay (`manipulation_bound`); None:
        unknown.

    Raises
    ------
    ParameterError
    """
    rule = rules or LimitRules()
    per_day = rule.participation * adv_usd
    if not (np.isfinite(adv_usd) and adv_usd > 0.0):
        raise ParameterError(
            "must be positive",
            found=adv_usd,
            field="adv_usd",
            remedy="take the class's turnover where the market's own is unknown",
        )
    whole = {"days to close open interest": rule.full_days * per_day}
    single = {"days to close a position": rule.position_days * per_day}
    if depth_usd is not None:
        single["depth"] = rule.position_depth * depth_usd
    if manipulation_usd is not None:
        whole["cost of moving the index"] = manipulation_usd
        single["cost of moving the index"] = manipulation_usd
    open_bound, one_bound = min(whole, key=whole.__getitem__), min(single, key=single.__getitem__)
    upper = limit_down(whole[open_bound])
    return MarketLimits(
        scaling=OpenInterestScaling(
            lower_cap_usd=limit_down(min(rule.free_days * per_day, float(upper) / 2.0)),
            upper_cap_usd=upper,
        ),
        position_usd=min(limit_down(single[one_bound]), upper),
        open_interest_usd=upper,
        position_bound=one_bound,
        open_interest_bound=open_bound,
        candidates_usd={**whole, **single},
    )


def manipulation_bound(shift: ArrayLike, cost_usd: ArrayLike, *, safety: float = 1.0) -> float:
    """Return the position from which moving the index pays: least of ``cost / shift``.

    A position N gains ``N d`` where the index moves by d, which costs ``cost(d)``
    (`plimsoll.estimators.liquidity.manipulation.push_mid`: its ``loss``).

    Parameters
    ----------
    shift : (K,) float64
        Of the index, relative; positive.
    cost_usd : (K,) float64
        Loss of who moves it so far.
    safety : float
        The bound is divided by it: 2 where moving must cost twice the gain.

    Raises
    ------
    DataFormatError, ParameterError

    Examples
    --------
    >>> round(manipulation_bound([0.01, 0.05], [1e4, 2e5]))
    1000000
    """
    moved, paid = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (shift, cost_usd))
    fine = moved.shape == paid.shape and moved.size > 0
    if not (fine and np.isfinite(moved * paid).all() and np.all(moved > 0.0) and np.all(paid > 0)):
        raise DataFormatError(
            "must be positive and finite, a cost for each shift",
            found=(moved.shape, paid.shape),
            field="shift",
        )
    if not safety > 0.0:
        raise ParameterError("must be positive", found=safety, field="safety")
    return float((paid / moved).min() / safety)
