"""A crash replayed for a stated open interest: who is closed out, and who bears the losses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.journeys.backtest_crash_parts import CrashParts, absorbed
from plimsoll.journeys.backtest_solvent_margins import CAPS_USD, FEE_RATE, LINK
from plimsoll.validation.replay.accounts import TYPICAL, ReplayPopulation, drawn_population
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.replay import replay
from plimsoll.validation.replay.result import EventKind, ReplayResult
from plimsoll.validation.replay.venue import CloseOutTerms, ReplayVenue, sized_tables

FloatArray = NDArray[np.float64]

OPEN_INTEREST_DAYS = 0.25
"""Open interest, in days of the turnover of the thirty days before."""
FUND_SHARE = 0.005
"""Fund, as a share of all open interest."""
FUND_SHARES = (0.0025, FUND_SHARE, 0.01, 0.02)
"""What is left for ADL is told for each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrashWaterfall:
    """(M,) dollars by market, of accounts that were closed out; the parts add up to ``loss``.

    Parameters
    ----------
    open_interest, loss : price loss and cost of closing
    free, base, stressed, liquidity : out of deposits, in this order
    fund, left : what the fund paid, and what is left for ADL
    closed : share of the open interest (both sides) that was closed out
    left_at : (K, M) what is left for ADL with each of ``FUND_SHARES``
    """

    open_interest: FloatArray
    loss: FloatArray
    free: FloatArray
    base: FloatArray
    stressed: FloatArray
    liquidity: FloatArray
    fund: FloatArray
    left: FloatArray
    closed: FloatArray
    left_at: FloatArray

    @property
    def imbalance(self) -> float:
        """Largest difference of the parts from the loss, relative."""
        parts = self.free + self.base + self.stressed + self.liquidity + self.fund + self.left
        return float(np.max(np.abs(parts - self.loss) / np.maximum(1.0, self.loss)))


def crash_waterfall(
    marks: MarkPaths,
    parts: CrashParts,
    turnover_usd: FloatArray,
    *,
    first: int,
    last: int,
    per_market: int,
    seed: int,
) -> CrashWaterfall:
    """Replay the bars ``first`` to ``last - 1`` for accounts that are all open at the start.

    Parameters
    ----------
    marks : MarkPaths
        With extremes and stressed costs.
    parts : CrashParts
    turnover_usd : (M,) float64
        Of a day.
    """
    shown = _cut(marks, first, last)
    accounts = _all_open(shown, per_market, seed)
    interest = OPEN_INTEREST_DAYS * turnover_usd
    notional = accounts.amount * shown.close[0, accounts.market]
    held = np.bincount(accounts.market, weights=notional, minlength=interest.size)
    scale = 2.0 * interest / held  # of both sides
    # One fund serves markets of different scale: it is drawn on after the replay.
    venue = _venue(shown, parts)
    found = replay(shown, venue, accounts)
    return _waterfall(shown, parts, venue, accounts, found, scale, interest)


def _cut(marks: MarkPaths, first: int, last: int) -> MarkPaths:
    rows = slice(first, last)
    return replace(
        marks,
        time_ns=marks.time_ns[rows],
        close=marks.close[rows],
        low=None if marks.low is None else marks.low[rows],
        high=None if marks.high is None else marks.high[rows],
        half_spread=marks.half_spread[rows],
        impact=marks.impact[rows],
    )


def _all_open(marks: MarkPaths, per_market: int, seed: int) -> ReplayPopulation:
    law = replace(TYPICAL, answered=0.0)
    drawn = drawn_population(law, marks, per_market, seed=seed)
    usd = drawn.amount * marks.close[drawn.entry_bar, drawn.market]
    return replace(
        drawn,
        amount=usd / marks.close[0, drawn.market],
        entry_bar=np.zeros_like(drawn.entry_bar),
        exit_bar=np.full_like(drawn.exit_bar, marks.time_ns.size + 1),
    )


def _venue(marks: MarkPaths, parts: CrashParts) -> ReplayVenue:
    """Maintenance: an hour's loss, cost and fee. Initial: eight hours, stress and liquidity."""
    cost = marks.half_spread[0][:, None] + marks.impact[0][:, None] * np.sqrt(np.array(CAPS_USD))
    kept = np.minimum(1.0, parts.base[:, :, 0, None] + cost[:, None, :] + FEE_RATE)
    whole = parts.base[:, :, 1] + parts.stressed[:, :, 1]
    initial = np.minimum(1.0, np.maximum(kept / LINK, whole[..., None] + cost[:, None, :]))
    flat = (len(marks.markets) * 2, len(CAPS_USD))
    place = np.arange(flat[0]).reshape(-1, 2)
    return ReplayVenue(
        name="calibrated",
        tiers=sized_tables(CAPS_USD, kept.reshape(flat), initial.reshape(flat)),
        table=np.broadcast_to(place, (marks.time_ns.size, *place.shape)).astype(np.int64),
        terms=CloseOutTerms(),
    )


def _waterfall(
    marks: MarkPaths,
    parts: CrashParts,
    venue: ReplayVenue,
    accounts: ReplayPopulation,
    found: ReplayResult,
    scale: FloatArray,
    interest: FloatArray,
) -> CrashWaterfall:
    events = found.events
    ended = events.of(EventKind.LIQUIDATED, EventKind.BANKRUPT)
    who = events.account[ended]
    market, weight = accounts.market[who], scale[accounts.market[who]]
    side = (accounts.side[who] < 0.0).astype(np.int64)
    entry = marks.close[0, market]
    notional = accounts.amount[who] * entry
    gain = accounts.side[who] * accounts.amount[who] * (events.price[ended] - entry)
    loss = np.maximum(0.0, events.cost[ended] - gain)
    deficit = events.deficit[ended]
    tier = np.minimum(np.searchsorted(CAPS_USD, notional), len(CAPS_USD) - 1)
    row = (2 * market + side) * len(CAPS_USD) + tier
    asked = notional * venue.tiers.initial_rate[row]
    base = np.minimum(asked, notional * parts.base[market, side, 1])
    stress = np.minimum(asked - base, notional * parts.stressed[market, side, 1])
    free = found.deposited[who] - asked
    layers = absorbed(loss - deficit, [free, base, stress])
    asked_of_fund = deficit * weight
    splits = [
        _fund_and_left(events.bar[ended], asked_of_fund, share * float(interest.sum()))
        for share in FUND_SHARES
    ]
    fund, left = splits[FUND_SHARES.index(FUND_SHARE)]
    columns = [loss * weight, *(layer * weight for layer in layers), fund, left, notional * weight]
    sums = [_by_market(market, one, interest.size) for one in columns]
    return CrashWaterfall(
        open_interest=interest,
        loss=sums[0],
        free=sums[1],
        base=sums[2],
        stressed=sums[3],
        liquidity=sums[4],
        fund=sums[5],
        left=sums[6],
        closed=sums[7] / (2.0 * interest),
        left_at=np.array([_by_market(market, rest, interest.size) for _, rest in splits]),
    )


def _by_market(market: NDArray[np.int64], values: FloatArray, count: int) -> FloatArray:
    return np.bincount(market, weights=values, minlength=count).astype(np.float64)


def _fund_and_left(
    bar: NDArray[np.int64], deficit: FloatArray, fund_usd: float
) -> tuple[FloatArray, FloatArray]:
    """Each deficit's part from the fund, first come first served; bars share what is there."""
    bars = int(bar.max()) + 1 if bar.size else 0
    asked = np.bincount(bar, weights=deficit, minlength=bars)
    before = np.concatenate([[0.0], np.cumsum(asked)[:-1]]) if bars else asked
    paid = np.clip(fund_usd - before, 0.0, asked)
    share = np.where(asked > 0.0, paid / np.where(asked > 0.0, asked, 1.0), 0.0)
    fund = deficit * share[bar]
    return fund, deficit - fund
