"""A crash replayed for a stated open interest: who is closed out, and who bears the losses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.tiers import TierTable
from plimsoll.journeys.backtest_crash_parts import MarginLayers, absorbed, margin_layers
from plimsoll.journeys.backtest_crash_set import EveSet
from plimsoll.margin.liquidation.rules import LiquidationRule, StepSize
from plimsoll.validation.replay.accounts import TYPICAL, ReplayPopulation, drawn_population
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.replay import replay
from plimsoll.validation.replay.result import EventKind
from plimsoll.validation.replay.venue import CloseOutTerms, ReplayVenue, sized_tables

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CAPS_USD = (3e3, 1e4, 3e4, 1e5, 3e5, 1e6)
"""Sizes at which the set's requirement is read; a position takes that of the next one up."""
FUND_SHARES = (0.0025, 0.005, 0.01, 0.02)
"""Of all open interest: other sizes of the fund, as a sensitivity."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrashWaterfall:
    """(M,) dollars by market, of accounts that were closed out; the parts add up to ``loss``.

    Parameters
    ----------
    open_interest, loss : price loss and cost of closing
    free, base, stressed, add_ons : out of deposits, in this order
    fees : paid in by accounts closed out with something left, and spent on others' deficits
    fund, left : what the fund's stock paid, and what is left for ADL
    closed : share of the open interest (both sides) that was closed out
    left_at : (K, M) what is left for ADL with each of ``FUND_SHARES``
    fees_charged : (M,) all liquidation fees, spent or not
    """

    open_interest: FloatArray
    loss: FloatArray
    free: FloatArray
    base: FloatArray
    stressed: FloatArray
    add_ons: FloatArray
    fees: FloatArray
    fund: FloatArray
    left: FloatArray
    closed: FloatArray
    left_at: FloatArray
    fees_charged: FloatArray

    @property
    def imbalance(self) -> float:
        """Largest difference of the parts from the loss, relative."""
        deposits = self.free + self.base + self.stressed + self.add_ons
        parts = deposits + self.fees + self.fund + self.left
        return float(np.max(np.abs(parts - self.loss) / np.maximum(1.0, self.loss)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Closed:
    """(E,) close-outs of all markets, dollars of the stated open interest."""

    bar: IntArray
    market: IntArray
    notional: FloatArray
    loss: FloatArray
    free: FloatArray
    base: FloatArray
    stressed: FloatArray
    add_ons: FloatArray
    deficit: FloatArray
    fee: FloatArray


def crash_waterfall(
    marks: MarkPaths,
    eve: EveSet,
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
    eve : EveSet
    """
    shown = _cut(marks, first, last)
    layers = [margin_layers(eve, cap) for cap in CAPS_USD]
    each = [_closed(shown, eve, layers, m, per_market, seed) for m in range(len(eve.markets))]
    names = _Closed.__dataclass_fields__
    found = _Closed(**{n: np.concatenate([getattr(one, n) for one in each]) for n in names})
    return _waterfall(found, eve)


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


def _one(marks: MarkPaths, m: int) -> MarkPaths:
    """One market's path: each has a fee of its own."""
    column = slice(m, m + 1)
    return replace(
        marks,
        markets=marks.markets[column],
        close=marks.close[:, column],
        low=None if marks.low is None else marks.low[:, column],
        high=None if marks.high is None else marks.high[:, column],
        half_spread=marks.half_spread[:, column],
        impact=marks.impact[:, column],
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


def _venue(marks: MarkPaths, eve: EveSet, layers: list[MarginLayers], m: int) -> ReplayVenue:
    """The published ladder of one market with its add-ons, read at `CAPS_USD`."""
    tiers = eve.stressed[m]
    kept = np.array([maintenance_usd(tiers, cap) / cap for cap in CAPS_USD])
    asked = np.array([one.asked[m] for one in layers])
    kept = np.minimum(1.0, np.maximum.accumulate(kept))
    initial = np.minimum(1.0, np.maximum.accumulate(np.maximum(asked, kept)))
    rule = LiquidationRule(
        name="whole", size=StepSize.WHOLE, fee_rate=Decimal(str(float(eve.fee[m])))
    )
    return ReplayVenue(
        name=eve.markets[m],
        tiers=sized_tables(CAPS_USD, kept[None], initial[None]),
        table=np.zeros((marks.time_ns.size, 1, 2), dtype=np.int64),
        terms=CloseOutTerms(rule=rule),
    )


def _closed(
    marks: MarkPaths,
    eve: EveSet,
    layers: list[MarginLayers],
    m: int,
    per_market: int,
    seed: int,
) -> _Closed:
    shown = _one(marks, m)
    accounts, venue = _all_open(shown, per_market, seed), _venue(shown, eve, layers, m)
    # One fund serves markets of different scale: it is drawn on after the replay.
    found = replay(shown, venue, accounts)
    events = found.events
    ended = events.of(EventKind.LIQUIDATED, EventKind.BANKRUPT)
    who, entry = events.account[ended], shown.close[0, 0]
    notional = accounts.amount * entry
    scale = 2.0 * eve.interest_usd[m] / notional.sum()  # of both sides
    size = notional[who]
    tier = np.minimum(np.searchsorted(CAPS_USD, size), len(CAPS_USD) - 1)
    asked = size * venue.tiers.initial_rate[tier]
    gain = accounts.side[who] * accounts.amount[who] * (events.price[ended] - entry)
    loss = np.maximum(0.0, events.cost[ended] - gain)
    deficit = np.minimum(events.deficit[ended], loss)
    base, stressed = (
        size * np.array([getattr(one, name)[m] for one in layers])[tier]
        for name in ("base", "stressed")
    )
    fee = size * eve.fee[m]
    parts = absorbed(
        loss - deficit,
        [found.deposited[who] - asked, np.minimum(asked, base + fee), stressed],
    )
    return _Closed(
        bar=events.bar[ended],
        market=np.full(who.size, m, dtype=np.int64),
        notional=size * scale,
        loss=loss * scale,
        free=parts[0] * scale,
        base=parts[1] * scale,
        stressed=parts[2] * scale,
        add_ons=parts[3] * scale,
        deficit=deficit * scale,
        fee=events.fee[ended] * scale,
    )


def maintenance_usd(tiers: TierTable, size_usd: float) -> float:
    """Return the maintenance margin of a position, marginal by tier; the last tier goes on."""
    caps = [float("inf") if t.cap_usd is None else float(t.cap_usd) for t in tiers.tiers]
    row = min(int(np.searchsorted(caps, size_usd)), len(caps) - 1)
    rate, deduction = tiers.tiers[row].maintenance_rate, tiers.deductions_usd[row]
    return size_usd * float(rate) - float(deduction)


def _waterfall(found: _Closed, eve: EveSet) -> CrashWaterfall:
    whole = float(eve.interest_usd.sum())
    target = 0.0 if eve.fund is None else float(eve.fund.target_usd)
    fees, fund, left = paid_by(found.bar, found.deficit, found.fee, target)
    others = [
        paid_by(found.bar, found.deficit, found.fee, share * whole)[2] for share in FUND_SHARES
    ]

    def summed(values: FloatArray) -> FloatArray:
        count = len(eve.markets)
        return np.bincount(found.market, weights=values, minlength=count).astype(np.float64)

    return CrashWaterfall(
        open_interest=eve.interest_usd,
        loss=summed(found.loss),
        free=summed(found.free),
        base=summed(found.base),
        stressed=summed(found.stressed),
        add_ons=summed(found.add_ons),
        fees=summed(fees),
        fund=summed(fund),
        left=summed(left),
        closed=summed(found.notional) / (2.0 * eve.interest_usd),
        left_at=np.array([summed(rest) for rest in others]),
        fees_charged=summed(found.fee),
    )


def paid_by(
    bar: IntArray, deficit: FloatArray, fee: FloatArray, fund_usd: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Split each deficit over fees taken so far, the fund's stock, and what is left.

    First come first served; those of one bar share what is there, its own fees among it. Fees
    that nobody asked for yet stay for later bars.

    >>> bar, debts, fees = np.array([0, 1]), np.array([3.0, 10.0]), np.array([1.0, 2.0])
    >>> [part.round(9).tolist() for part in paid_by(bar, debts, fees, 5.0)]
    [[1.0, 2.0], [2.0, 3.0], [0.0, 5.0]]
    """
    bars = int(bar.max()) + 1 if bar.size else 0
    asked, came = (np.bincount(bar, weights=w, minlength=bars) for w in (deficit, fee))
    by_fees, by_fund = np.zeros(bars), np.zeros(bars)
    pot, stock = 0.0, fund_usd
    for b in range(bars):
        pot += came[b]
        by_fees[b] = min(pot, asked[b])
        by_fund[b] = min(stock, asked[b] - by_fees[b])
        pot, stock = pot - by_fees[b], stock - by_fund[b]
    share = np.where(asked > 0.0, 1.0 / np.where(asked > 0.0, asked, 1.0), 0.0)
    rest = asked - by_fees - by_fund
    fees, fund, left = (deficit * (part * share)[bar] for part in (by_fees, by_fund, rest))
    return fees, fund, left
