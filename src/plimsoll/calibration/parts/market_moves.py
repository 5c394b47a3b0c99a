"""Moves of each market over its close-out and its users' reaction, at today's volatility.

Each log move is scaled by the forecast volatility of the last day over that of the day on which it
began: a move of a calm month counts for what it would be today. Nothing after the last day of the
proof's margins is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.risk_paths import loss_of_move
from plimsoll.calibration.solve import MarketSolution
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.validation.walk_forward import in_force

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketMoves:
    """One market of the set.

    Parameters
    ----------
    market, underlying, risk_class : str
    losses : (T, 2) float64
        Share of notional lost by longs and shorts over consecutive close-outs, at today's
        volatility; NaN where it is not known.
    worst_losses : (R, 2) float64
        Deepest on the path of each reaction time, likewise, not negative.
    raw_losses : (K, 2) float64
        Over a close-out from every bar of the whole history, as they came.
    volatility_daily, volatility_ratio : float
        Forecast of the last day, and over its mean of the window.
    volatility_path : (D,) float64
        Forecasts of the window's days.
    cost, adv_usd, largest_usd : float
        Of closing (stated for the class), daily volume, and the largest position of the tiers.
    maintenance_rate, initial_rate, price_risk : float
        Of the lowest tier, of the side that asks less, and what covers the price move.
    bars_per_day, close_out_bars : int
    """

    market: str
    underlying: str
    risk_class: str
    losses: FloatArray
    worst_losses: FloatArray
    raw_losses: FloatArray
    volatility_daily: float
    volatility_ratio: float
    volatility_path: FloatArray
    cost: float
    adv_usd: float
    largest_usd: float
    maintenance_rate: float
    initial_rate: float
    price_risk: float
    bars_per_day: int
    close_out_bars: int

    __repr__ = field_summary

    @property
    def binding_side(self) -> int:
        """Side with the worse far loss: 0 long, 1 short."""
        known = self.losses[np.isfinite(self.losses).all(axis=1)]
        if not known.size:
            return 0
        return int(np.argmax(np.quantile(known, 0.99, axis=0)))


def known_prices(proof: Proof) -> tuple[IntArray, FloatArray]:
    """Return when each bar was known, and log prices (T, N), up to the last margin's day."""
    history = proof.history.before(as_of_ns(proof))
    return history.available_ns, np.log(history.usable_close())


def as_of_ns(proof: Proof) -> int:
    """Return the midnight of the last margins: the instant the set is made at."""
    return int(proof.paths.time_ns[-1])


def market_moves(proof: Proof, *, window_days: int) -> tuple[MarketMoves, ...]:
    """Return the moves of every market that has tiers, in the problem's order."""
    available, price = known_prices(proof)
    places = {name: column for column, name in enumerate(proof.history.markets)}
    return tuple(
        _moves(proof, solution, places[name], available, price[:, places[name]], window_days)
        for solution in proof.solutions
        if solution.tiers is not None and (name := _column_name(solution, places)) is not None
    )


def _column_name(solution: MarketSolution, places: dict[str, int]) -> str | None:
    return solution.spec.symbol if solution.spec.symbol in places else None


def _moves(
    proof: Proof,
    solution: MarketSolution,
    column: int,
    available: IntArray,
    price: FloatArray,
    window_days: int,
) -> MarketMoves:
    risk_class = proof.problem.risk_class(solution.spec)
    payoff, interval = proof.payoff_of[solution.spec.symbol], proof.history.interval_ns
    close_out = max(1, risk_class.maintenance_horizon_hours * HOUR_NS // interval)
    reaction = max(1, risk_class.reaction_horizon_hours * HOUR_NS // interval)
    path = proof.paths.volatility_daily[:, column]
    recent = path[-window_days:]
    recent = recent[np.isfinite(recent)]
    now = solution.volatility_daily
    first = int(np.searchsorted(available, as_of_ns(proof) - window_days * DAY_NS))
    scale = _scales(proof.paths.time_ns, path, available, now)
    tiers = solution.sided
    assert tiers is not None  # the caller leaves out markets without tiers
    return MarketMoves(
        market=solution.spec.symbol,
        underlying=solution.spec.instrument.partition("/")[0],
        risk_class=risk_class.name,
        losses=_scaled_losses(price, scale, first, close_out, payoff),
        worst_losses=_worst_losses(price, scale, first, reaction, payoff),
        raw_losses=_losses(price[close_out:] - price[:-close_out], payoff),
        volatility_daily=now,
        volatility_ratio=now / float(recent.mean()) if recent.size else 1.0,
        volatility_path=recent,
        cost=risk_class.liquidation_cost,
        adv_usd=solution.spec.adv_usd or risk_class.adv_usd,
        largest_usd=float(risk_class.tier_caps_usd[-1]),
        maintenance_rate=min(float(t.tiers[0].maintenance_rate) for t in tiers.by_side),
        initial_rate=min(float(t.tiers[0].initial_rate) for t in tiers.by_side),
        price_risk=solution.price_risk,
        bars_per_day=DAY_NS // interval,
        close_out_bars=int(close_out),
    )


def _scales(set_ns: IntArray, path: FloatArray, available: IntArray, now: float) -> FloatArray:
    """(T,) today's volatility over that in force at each bar; NaN before there was one."""
    row = in_force(set_ns, available)
    return np.where(row >= 0, now / path[np.maximum(row, 0)], np.nan)


def _losses(move: FloatArray, payoff: Payoff) -> FloatArray:
    return loss_of_move(payoff, -move, move)


def _scaled_losses(
    price: FloatArray, scale: FloatArray, first: int, bars: int, payoff: Payoff
) -> FloatArray:
    rows = np.arange(first, price.size - bars, bars)
    return _losses((price[rows + bars] - price[rows]) * scale[rows], payoff)


def _worst_losses(
    price: FloatArray, scale: FloatArray, first: int, bars: int, payoff: Payoff
) -> FloatArray:
    rows = np.arange(first, price.size - bars, bars)
    ahead = price[rows[:, None] + np.arange(1, bars + 1)]
    known = np.isfinite(ahead).any(axis=1) & np.isfinite(price[rows]) & np.isfinite(scale[rows])
    rows, ahead = rows[known], ahead[known]
    fall = np.maximum(0.0, price[rows] - np.nanmin(ahead, axis=1)) * scale[rows]
    rise = np.maximum(0.0, np.nanmax(ahead, axis=1) - price[rows]) * scale[rows]
    return loss_of_move(payoff, fall, rise)
