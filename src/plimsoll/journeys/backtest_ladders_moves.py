"""Moves of contracts, their scale, and the tail that all of them share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.journeys.backtest_ladders_contracts import LadderContract

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SCALE_TAIL = 0.05
"""Tail at which a contract's own level is read: far enough to be known, near enough to matter."""
VOLATILITY_DAYS = 365
"""Of the volatility in the cost of closing. Scale and tail are of the whole past: a ladder stands
for months, and the last year alone is one regime."""
LEAST_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Losses:
    """Losses over a horizon, long and short, of one contract between two instants.

    Parameters
    ----------
    time_ns : (H,) int64
        When each ended.
    loss : (2, H) float64
        Share of notional; long, short.
    """

    time_ns: IntArray
    loss: FloatArray

    @property
    def day(self) -> IntArray:
        """(H,) days since 1970."""
        return self.time_ns // DAY_NS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """What is known at a fit, and what comes after.

    Parameters
    ----------
    fitted_ns, until_ns : int
    known, final : (N, T) float64
        Log prices as known at the fit (later bars absent), and as known at the end.
    """

    fitted_ns: int
    until_ns: int
    known: FloatArray
    final: FloatArray
    available_ns: IntArray

    def past(self, contract: LadderContract, hours: int, days: int | None = None) -> Losses:
        """Losses known at the fit, of the last ``days`` or all."""
        since = 0 if days is None else self.fitted_ns - days * DAY_NS
        price = contract.log_price(self.known)
        return losses(price, self.available_ns[: price.size], since, self.fitted_ns, hours)

    def after(self, contract: LadderContract, hours: int) -> Losses:
        """Losses from the fit on."""
        price = contract.log_price(self.final)
        return losses(price, self.available_ns, self.fitted_ns, self.until_ns, hours)


def fold_of(panel: ReturnsPanel, fitted_ns: int, until_ns: int) -> Fold:
    """Return a fold; prices known at the fit are those of the last boundary not after it."""
    boundary = int(np.searchsorted(panel.time_ns, fitted_ns, side="right")) - 1
    return Fold(
        fitted_ns=fitted_ns,
        until_ns=until_ns,
        known=panel.as_known(boundary).price,
        final=panel.price,
        available_ns=panel.records[0].available_ns,
    )


def losses(
    log_price: FloatArray, available_ns: IntArray, since_ns: int, until_ns: int, hours: int
) -> Losses:
    """Losses of moves that begin at ``since_ns`` or later and end by ``until_ns``, side by side."""
    inside = (available_ns >= since_ns) & (available_ns <= until_ns)
    first = int(np.argmax(inside)) if inside.any() else 0
    on_grid = (available_ns[first:] // HOUR_NS) % hours == 0
    places = first + np.flatnonzero(on_grid & inside[first:])
    price, time = log_price[places], available_ns[places]
    move = np.diff(price)
    whole = np.isfinite(move) & (np.diff(time) == hours * HOUR_NS)
    move = move[whole]
    return Losses(time_ns=time[1:][whole], loss=np.array([-np.expm1(move), np.expm1(move)]))


def own_scale(past: Losses) -> float:
    """Level of a contract's losses: their quantile, both sides; NaN for a short history."""
    if np.unique(past.day).size < LEAST_DAYS:
        return float("nan")
    return float(np.quantile(past.loss, 1.0 - SCALE_TAIL))


def scaled_tail(contracts: tuple[LadderContract, ...], fold: Fold, hours: int) -> FloatArray:
    """Sorted losses known at a fit over their contract's scale, of one contract of each coin."""
    parts = [
        past.loss.ravel() / scale
        for contract in one_of_each_coin(contracts)
        for past in (fold.past(contract, hours),)
        for scale in (own_scale(past),)
        if scale > 0.0
    ]
    return np.sort(np.concatenate(parts))


def one_of_each_coin(contracts: tuple[LadderContract, ...]) -> tuple[LadderContract, ...]:
    """The first contract of each coin: others have the same prices."""
    return tuple({contract.coin: contract for contract in reversed(contracts)}.values())
