"""Moves of the established markets of a class: what a coin without numbers of its own takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.tail_moves import LEAST_MOVES, upper_quantile
from plimsoll.calibration.listing.request import ListingRequest
from plimsoll.domain.field_summary import field_summary
from plimsoll.errors import InsufficientDataError

FloatArray = NDArray[np.float64]

YEAR_DAYS = 365
ESTABLISHED_DAYS = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassMoves:
    """Log prices of the last year of established markets, one column each.

    Parameters
    ----------
    log_price : (T, M) float64
    volatility : (M,) float64
        Root-mean-square log return of a bar.
    volatility_daily : float
        Of the coin: the larger of its own and the donors' median.
    bars_per_day : int
    scope : str
        ``class X``, or ``the venue`` where the class has too few.
    """

    log_price: FloatArray
    volatility: FloatArray
    volatility_daily: float
    bars_per_day: int
    scope: str

    __repr__ = field_summary

    @property
    def donors(self) -> int:
        """How many markets."""
        return int(self.log_price.shape[1])

    def moves(self, bars: int) -> FloatArray:
        """(T - bars, M) log moves over so many bars, from every bar."""
        return np.asarray(self.log_price[bars:] - self.log_price[:-bars])

    def largest(self, bars: int, confidence: float, seed: int) -> tuple[FloatArray, FloatArray]:
        """(2,) largest quantile of a fall and of a rise among the donors, and its error."""
        moves = self.moves(bars)
        values, errors = np.zeros(2), np.zeros(2)
        for side, sign in enumerate((-1.0, 1.0)):
            quantiles = np.nanquantile(sign * moves, confidence, axis=0)
            worst = sign * moves[:, int(np.argmax(quantiles))]
            found = upper_quantile(worst, confidence, block=10 * self.bars_per_day, seed=seed)
            values[side], errors[side] = max(found.value, 0.0), found.standard_error
        return values, errors

    def worst(self, bars: int) -> FloatArray:
        """(2,) largest log fall and rise of any donor."""
        moves = self.moves(bars)
        return np.array([max(float(np.nanmax(-moves)), 0.0), max(float(np.nanmax(moves)), 0.0)])

    def scaled(self, bars: int, volatility_per_bar: float) -> FloatArray:
        """Moves that do not overlap, market by market in time order, at another volatility."""
        moves = self.moves(bars)[::bars] * (volatility_per_bar / self.volatility)
        flat = moves.T.ravel()
        return np.asarray(flat[np.isfinite(flat)])


def class_moves(request: ListingRequest) -> ClassMoves:
    """Return the moves of the coin's class, or of the whole venue where it has too few members.

    Raises
    ------
    InsufficientDataError
        No market with two months of prices that move.
    """
    history, per_day = request.history, request.bars_per_day
    close = np.where(history.active, history.usable_close(), np.nan)[-YEAR_DAYS * per_day :]
    log_price = np.log(np.where(close > 0.0, close, np.nan))
    steps = np.diff(log_price, axis=0)
    count = np.isfinite(steps).sum(axis=0)
    own = history.column(request.market)
    square = (np.where(np.isfinite(steps), steps, 0.0) ** 2).sum(axis=0)
    rms = np.sqrt(np.divide(square, count, out=np.zeros(count.size), where=count > 0))
    fit = (count >= max(ESTABLISHED_DAYS * per_day, LEAST_MOVES)) & (rms > 0.0)
    fit[own] = False
    chosen, scope = _donors(request, fit)
    if not chosen.size:
        raise InsufficientDataError(
            f"must hold a peer with {ESTABLISHED_DAYS} days of prices that move",
            found="none",
            field="peers",
            remedy="bring the prices of the venue's markets (data.prices of the venue file)",
        )
    daily = np.sqrt(per_day)
    return ClassMoves(
        log_price=np.ascontiguousarray(log_price[:, chosen]),
        volatility=rms[chosen],
        volatility_daily=float(max(rms[own], np.median(rms[chosen])) * daily),
        bars_per_day=per_day,
        scope=scope,
    )


def _donors(request: ListingRequest, fit: NDArray[np.bool_]) -> tuple[NDArray[np.int64], str]:
    name, markets = request.risk_class.name, request.history.markets
    same = np.array([request.class_of.get(market) == name for market in markets])
    members = np.flatnonzero(fit & same)
    if members.size >= request.problem.short_history.minimum_donors:
        return members, f"class {name}"
    return np.flatnonzero(fit), "the venue"
