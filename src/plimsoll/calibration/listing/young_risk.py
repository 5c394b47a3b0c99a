"""Price risk of a coin with a short history, long and short, at every horizon that is needed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.listing.class_moves import ClassMoves, class_moves
from plimsoll.calibration.listing.request import ListingRequest, ListingRules
from plimsoll.calibration.risk_paths import losses_of_moves
from plimsoll.calibration.young_paths import young_model
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.finding import Reason
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.estimators.pooling.young_assessment import risk_at
from plimsoll.estimators.pooling.young_market import YoungMarketPath

FloatArray = NDArray[np.float64]

LEAST_WEIGHT = 0.05
"""Of a coin that has hardly moved: what it is given of its turnover all the same."""
MOST_LOSS = 0.999
"""Of the side that cannot lose more than everything."""
DAYS_OF_PEERS = 10.0
"""Days at which own activity weighs as much as the peers', where the model has no weight."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskLeg:
    """Loss over one horizon, share of notional: of a long in column 0, of a short in 1.

    Parameters
    ----------
    horizon_hours : int
    confidence : float
    log_move, log_error : (2,) float64
        Fall and rise, positive, and their standard errors.
    loss, error : (2,) float64
        Predictive quantiles, and their standard errors.
    """

    horizon_hours: int
    confidence: float
    log_move: FloatArray
    log_error: FloatArray
    loss: FloatArray
    error: FloatArray

    __repr__ = field_summary

    @property
    def side(self) -> int:
        """The worse side: what one rate for both must cover."""
        return int(np.argmax(self.loss))

    @property
    def binding(self) -> float:
        """Loss of the worse side."""
        return float(self.loss[self.side])

    @property
    def binding_error(self) -> float:
        """Its standard error."""
        return float(self.error[self.side])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListingRisk:
    """What is known of a coin's moves.

    Parameters
    ----------
    age_days : float
    maintenance, reaction, sale : RiskLeg
        Over close-out, the user's reaction, and the sale of collateral.
    volatility_daily : float
    own_weight : float
        Of own activity against the peers', 0 to 1.
    listings, peers : float
        Effective number of past listings and of established markets behind it.
    review_ns : int
        When its history has doubled, or its youth ends.
    modelled : bool
        The numbers are of the young-market model; else its class's largest.
    reason : Reason or None
        Why the numbers rest on its peers more than on itself.
    source : str
    path : YoungMarketPath
        At the close-out horizon, of every young market at every midnight.
    """

    age_days: float
    maintenance: RiskLeg
    reaction: RiskLeg
    sale: RiskLeg
    volatility_daily: float
    own_weight: float
    listings: float
    peers: float
    review_ns: int
    modelled: bool
    reason: Reason | None
    source: str
    path: YoungMarketPath

    __repr__ = field_summary


def times(risk: ListingRisk, factor: float, error: float, payoff: Payoff) -> ListingRisk:
    """Return the risk with every loss multiplied, up to the whole notional, moves with them."""
    if factor == 1.0:
        return risk

    def grown(leg: RiskLeg) -> RiskLeg:
        move = _grown(leg.log_move, factor, payoff)
        loss, _ = _losses(move, np.zeros(2), payoff)
        return replace(
            leg,
            log_move=move,
            log_error=np.hypot(factor * leg.log_error, error * leg.log_move),
            loss=loss,
            error=np.hypot(factor * leg.error, error * leg.loss),
        )

    return replace(
        risk,
        maintenance=grown(risk.maintenance),
        reaction=grown(risk.reaction),
        sale=grown(risk.sale),
    )


def _grown(move: FloatArray, factor: float, payoff: Payoff) -> FloatArray:
    """Fall and rise at which a long and a short lose so many times as much."""
    bounded, free = (1, 0) if payoff is Payoff.INVERSE else (0, 1)
    found = np.empty(2)
    found[bounded] = -np.log1p(-min(-factor * np.expm1(-move[bounded]), MOST_LOSS))
    found[free] = np.log1p(factor * np.expm1(move[free]))
    return found


def listing_risk(request: ListingRequest) -> ListingRisk:
    """Assess the coin at the last midnight of its history.

    Where the pool is too small to have a number (`Reason.TOO_SHORT_HISTORY`), the largest one-year
    quantile of any established market of its class stands in.

    Raises
    ------
    InsufficientDataError
        A coin younger than the rules' least age, peers that did not trade before it, or no peer.
    UsageError
        A coin that is no longer young.
    """
    age = _checked_age(request)
    paths = _paths(request)
    path = paths[0]
    assessed = risk_at(
        path,
        len(path.time_ns) - 1,
        request.history.column(request.market),
        float(request.risk_class.maintenance_horizon_hours),
        float(request.problem.short_history.minimum_days),
    )
    own = assessed.reason is None and all(_has_number(one, request.market) for one in paths)
    per_day = np.sqrt(request.bars_per_day)
    if own:
        legs = [_of_path(request, one) for one in paths]
        volatility = float(assessed.volatility_per_bar or 0.0) * per_day
        weight, reason = assessed.own_weight, None
        source = "own hours, past listings and established peers"
    else:
        moves = class_moves(request)
        legs = [_of_class(request, one, moves) for one in paths]
        volatility = moves.volatility_daily
        weight, reason = age / (age + DAYS_OF_PEERS), Reason.TOO_SHORT_HISTORY
        source = f"largest of {moves.donors} established markets of {moves.scope}"
    if reason is None and not enough_days(request, age):
        reason = Reason.TOO_SHORT_HISTORY
    return ListingRisk(
        age_days=age,
        maintenance=legs[0],
        reaction=legs[2],
        sale=legs[1],
        volatility_daily=volatility,
        own_weight=float(np.clip(weight, LEAST_WEIGHT, 1.0)),
        listings=assessed.listings if own else 0.0,
        peers=assessed.peers if own else float(moves.donors),
        review_ns=assessed.review_at_ns,
        modelled=own,
        reason=reason,
        source=source,
        path=path,
    )


def check_age(age_days: float, market: str, rules: ListingRules, young_until: int) -> None:
    """Refuse a coin that is too young for a number, or no longer young.

    Raises
    ------
    InsufficientDataError, UsageError
    """
    if age_days < rules.least_days:
        raise InsufficientDataError(
            f"must reach over at least {rules.least_days:g} day(s) before the listing",
            found=f"{max(age_days, 0.0):.2f} days",
            field=market,
            remedy="wait, or take the class's parameters until there is a day of prices",
        )
    if age_days >= young_until:
        raise UsageError(
            f"must be younger than {young_until} days",
            found=f"{age_days:.0f} days",
            field=market,
            remedy="name it under markets in the venue file and run `plimsoll calibrate`",
        )


def enough_days(request: ListingRequest, age_days: float) -> bool:
    """Whether a coin has the days that the rules ask, a day begun counting as one."""
    return bool(np.ceil(age_days) >= request.rules.enough_days)


def _checked_age(request: ListingRequest) -> float:
    """Age at the instant, or why it is not one for a listing."""
    history, name = request.history, request.market
    printed = np.flatnonzero(np.isfinite(history.usable_close()[:, history.column(name)]))
    age = 0.0
    if printed.size:
        age = (request.as_of_ns - int(history.time_ns[printed[0]])) / DAY_NS
    check_age(age, name, request.rules, request.problem.short_history.minimum_days)
    if int(history.time_ns[printed[0]]) <= int(history.time_ns[0]) + DAY_NS:
        raise InsufficientDataError(
            "the peers' prices must begin more than a day before the coin's",
            found=f"they begin {(history.time_ns[printed[0]] - history.time_ns[0]) / DAY_NS:.1f} "
            "days before it",
            field=name,
            remedy="bring more history of the peers",
        )
    return float(age)


def _paths(request: ListingRequest) -> tuple[YoungMarketPath, ...]:
    """Over close-out and sale at the margin's level, over the reaction at its own."""
    problem, kind = request.problem, request.risk_class
    model = young_model(problem.short_history.minimum_days)
    hours = (float(kind.maintenance_horizon_hours), float(request.rules.sale.horizon_hours))
    held = model.paths(request.history, horizons_hours=hours, confidence=problem.maintenance_level)
    (reaction,) = model.paths(
        request.history,
        horizons_hours=(float(kind.reaction_horizon_hours),),
        confidence=problem.reaction_level,
    )
    return (*held, reaction)


def _has_number(path: YoungMarketPath, market: str) -> bool:
    return path.reason(len(path.time_ns) - 1, path.markets.index(market)) is None


def _of_path(request: ListingRequest, path: YoungMarketPath) -> RiskLeg:
    column = path.markets.index(request.market)
    move = path.log_move[-1, column]
    return _leg(request, path, move, move * path.log_error[-1, column])


def _of_class(request: ListingRequest, path: YoungMarketPath, moves: ClassMoves) -> RiskLeg:
    move, error = moves.largest(path.horizon_bars, path.confidence, request.problem.seed)
    return _leg(request, path, move, error)


def _leg(
    request: ListingRequest, path: YoungMarketPath, move: FloatArray, error: FloatArray
) -> RiskLeg:
    hours = path.horizon_bars * 24 // request.bars_per_day
    loss, loss_error = _losses(move, error, request.payoff)
    return RiskLeg(
        horizon_hours=int(hours),
        confidence=path.confidence,
        log_move=move,
        log_error=error,
        loss=loss,
        error=loss_error,
    )


def _losses(move: FloatArray, error: FloatArray, payoff: Payoff) -> tuple[FloatArray, FloatArray]:
    one = np.ones((1, 1))
    loss, spread = losses_of_moves(move[None, None], error[None, None], one, [payoff])
    return loss[0, 0], spread[0, 0]
