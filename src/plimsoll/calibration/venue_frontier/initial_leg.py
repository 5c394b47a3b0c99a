"""The whole margin: what initial margin adds, what users are called for, and who is closed out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.risk_paths import loss_of_move
from plimsoll.calibration.venue_frontier.record import VenueRecord
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, HOUR_NS, MarketHistory

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

CALL_HOURS = 8
"""Between margin calls, as the account replay of `plimsoll.validation.replay` has it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UserPaths:
    """Losses of positions opened when a margin is set, over the day that follows.

    Parameters
    ----------
    worst, at_call : (D, C, N, 2) float64
        Largest loss since the margin call before, and the loss at each of the day's C calls, as
        shares of notional; NaN where a price is missing.
    """

    worst: FloatArray
    at_call: FloatArray

    __repr__ = field_summary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InitialLeg:
    """What makes initial margin of the close-out leg, and what it is judged on.

    Parameters
    ----------
    reaction : VenueRecord
        Losses over the user's reaction time, and the rate at which they may exceed what initial
        margin adds.
    extra : (D, N) float64
        Liquidation cost, fee, and impact at the lowest tier's cap.
    link : float
        Maintenance over initial margin at most.
    users : UserPaths
    """

    reaction: VenueRecord
    extra: FloatArray
    link: float
    users: UserPaths

    __repr__ = field_summary

    def maintenance(self, close_out: FloatArray) -> FloatArray:
        """(D, N, 2) whole maintenance margin of a (D, N, 2) price risk."""
        return np.asarray(close_out + self.extra[:, :, None])

    def initial(self, close_out: FloatArray, reaction: FloatArray) -> FloatArray:
        """(D, N, 2) initial margin of the lowest tier, before it is rounded to a leverage."""
        whole = self.maintenance(close_out)
        return np.asarray(np.maximum(whole + reaction, whole / self.link))

    def solvent_liquidations(
        self, close_out: FloatArray, reaction: FloatArray
    ) -> tuple[BoolArray, BoolArray]:
        """(D, N, 2) days judged, and those that closed out a user who would have been solvent.

        A user pays in the initial margin as it is set and adds nothing. Closed out at the first
        price at which its equity is below maintenance, it would have been solvent where equity is
        not negative at the next margin call.
        """
        initial = self.initial(close_out, reaction)
        cushion = initial - self.maintenance(close_out)
        judged = np.isfinite(self.users.worst).all(axis=1) & np.isfinite(initial)
        with np.errstate(invalid="ignore"):
            hit = self.users.worst > cushion[:, None]
            alive = self.users.at_call <= initial[:, None]
        first = hit & (np.cumsum(hit, axis=1) == 1)
        return judged, judged & (first & alive).any(axis=1)


def user_paths(
    history: MarketHistory, payoffs: list[Payoff], set_ns: IntArray, lag_days: int
) -> UserPaths:
    """Measure the losses of both sides along each day, from bars trusted ``lag_days`` later.

    A day needs a price at its start and at every margin call; holes between them are skipped.
    """
    bars = CALL_HOURS * HOUR_NS // history.interval_ns
    calls = DAY_NS // (CALL_HOURS * HOUR_NS)
    days, markets = set_ns.size, len(history.markets)
    shape = (days, calls, markets, 2)
    worst, at_call = np.full(shape, np.nan), np.full(shape, np.nan)
    ends = history.time_ns + history.interval_ns
    opened = np.searchsorted(ends, set_ns, side="right") - 1
    inside = np.flatnonzero((opened >= 0) & (opened + calls * bars < len(history)))
    inside = inside[set_ns[inside] - ends[opened[inside]] < history.interval_ns]
    known_ns = set_ns[np.minimum(inside + lag_days, days - 1)]
    for call in range(calls):
        rows = opened[inside][:, None] + call * bars + np.arange(1, bars + 1)
        move = _moves(history, opened[inside], rows, known_ns)
        for column, payoff in enumerate(payoffs):
            # The worst of a monotone payoff is the payoff of the furthest move.
            fall, rise = -_least(move[:, :, column]), _most(move[:, :, column])
            worst[inside, call, column] = loss_of_move(payoff, fall, rise)
            last = move[:, -1, column]
            at_call[inside, call, column] = loss_of_move(payoff, -last, last)
    worst[~np.isfinite(at_call)] = np.nan
    return UserPaths(worst=worst, at_call=at_call)


def _moves(
    history: MarketHistory, opened: IntArray, rows: IntArray, known_ns: IntArray
) -> FloatArray:
    """(d, b, N) log moves since the day's start; NaN at bars without a trusted price."""

    def price(at: IntArray, known: IntArray) -> FloatArray:
        trusted = history.active[at] & (history.mask_from_ns[at] > known[..., None])
        return np.log(np.where(trusted, history.close[at], np.nan))

    start = price(opened, known_ns)
    each = price(rows, np.broadcast_to(known_ns[:, None], rows.shape))
    return np.asarray(each - start[:, None])


def _least(move: FloatArray) -> FloatArray:
    return np.asarray(np.fmin.reduce(move, axis=1))


def _most(move: FloatArray) -> FloatArray:
    return np.asarray(np.fmax.reduce(move, axis=1))
