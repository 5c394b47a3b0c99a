"""Carry accounts over a history, at once or in pieces: the same bits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import UsageError
from plimsoll.maths import account_replay_records as kernel
from plimsoll.maths.account_replay import fund_path, replay_bars
from plimsoll.maths.account_replay_records import ReplayAccounts, ReplayMarkets, ReplayRule
from plimsoll.maths.payoffs import profit_table
from plimsoll.validation.replay.accounts import ReplayPopulation
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.result import ReplayEvents, ReplayResult, ReplayTotals
from plimsoll.validation.replay.venue import CloseOutTerms, ReplayVenue

FloatArray = NDArray[np.float64]
_ROOM_PER_ACCOUNT = 4


class Replay:
    """A replay that can be carried on bar by bar.

    Parameters
    ----------
    marks : MarkPaths
    venue : ReplayVenue
    accounts : ReplayPopulation

    Raises
    ------
    UsageError
        Where bars, markets or accounts do not fit together.
    """

    def __init__(self, marks: MarkPaths, venue: ReplayVenue, accounts: ReplayPopulation) -> None:
        shape = (marks.time_ns.size, len(marks.markets), 2)
        if venue.table.shape != shape:
            raise UsageError(f"must be {shape}", found=venue.table.shape, field="venue.table")
        if len(accounts) and int(accounts.market.max()) >= len(marks.markets):
            raise UsageError("must be a market of the marks", field="accounts.market")
        self._marks, self._venue, self._accounts = marks, venue, accounts
        self._columns = (_accounts(accounts), _markets(marks, venue), _contiguous(venue))
        self._rule = _rule(venue.terms, marks.interval_ns)
        self._state = np.zeros((len(accounts), kernel.STATES))
        self._ledger = np.zeros((marks.time_ns.size, kernel.LEDGERS))
        self._events: list[FloatArray] = []
        self._bar = 0

    @property
    def bar(self) -> int:
        """Bars that have passed."""
        return self._bar

    def advance(self, stop: int | None = None) -> Replay:
        """Carry on to bar ``stop`` (not included), by default to the end."""
        last = self._marks.time_ns.size
        until = last if stop is None else stop
        if not self._bar <= until <= last:
            raise UsageError(f"must lie in {self._bar} .. {last}", found=until, field="stop")
        room = _ROOM_PER_ACCOUNT * len(self._accounts) + 1
        while True:
            state, ledger = self._state.copy(), self._ledger.copy()
            events = np.empty((room, kernel.EVENTS))
            found = replay_bars(*self._columns, self._rule, state, ledger, events, self._bar, until)
            if found <= room:
                break
            room = found
        self._state, self._ledger, self._bar = state, ledger, until
        self._events.append(events[:found].copy())
        return self

    def result(self) -> ReplayResult:
        """Return what has happened so far."""
        ledger = self._ledger[: self._bar]
        path, uncovered = np.empty(self._bar), np.empty(self._bar)
        fees = ledger[:, kernel.FEES].copy()
        deficits = ledger[:, kernel.DEFICITS].copy()
        fund_path(self._venue.fund_usd, fees, deficits, path, uncovered)
        events = _ordered(np.concatenate([np.empty((0, kernel.EVENTS)), *self._events]))
        lost = np.bincount(events.account, weights=events.deficit, minlength=len(self._accounts))
        return ReplayResult(
            venue=self._venue.name,
            time_ns=self._marks.time_ns[: self._bar],
            events=events,
            fund=path,
            uncovered=uncovered,
            fees=fees,
            deficits=deficits,
            deposited=self._state[:, kernel.DEPOSITED].copy(),
            account_deficit=lost.astype(np.float64),
            totals=self._totals(path, uncovered),
        )

    def equity(self) -> FloatArray:
        """(A,) equity of open accounts at the last mark that was printed; 0 for others."""
        s, held = self._state, self._accounts
        last = _last_marks(self._marks.close[: max(1, self._bar)])[held.market]
        entry = np.where(s[:, kernel.PHASE] == kernel.OPEN, s[:, kernel.ENTRY], last)
        payoffs = np.full(len(held), self._marks.payoff, dtype=np.int64)
        moves = (last / entry - 1.0)[:, None]
        gained = profit_table(payoffs, held.side * s[:, kernel.AMOUNT], entry, moves)[:, 0]
        return np.asarray(s[:, kernel.COLLATERAL] + gained)

    def _totals(self, path: FloatArray, uncovered: FloatArray) -> ReplayTotals:
        held = self.equity()
        open_gain = float(np.sum(held - self._state[:, kernel.COLLATERAL]))
        sums = self._ledger.sum(axis=0)
        start = self._venue.fund_usd
        return ReplayTotals(
            paid_in=float(sums[kernel.PAID_IN]),
            paid_out=float(sums[kernel.PAID_OUT]),
            held=float(held.sum()),
            maker=float(sums[kernel.MAKER]) - open_gain,
            fees=float(sums[kernel.FEES]),
            deficits=float(sums[kernel.DEFICITS]),
            uncovered=float(uncovered.sum()),
            fund=float(path[-1]) - start if path.size else 0.0,
        )


def replay(marks: MarkPaths, venue: ReplayVenue, accounts: ReplayPopulation) -> ReplayResult:
    """Carry accounts over all bars."""
    return Replay(marks, venue, accounts).advance().result()


def _accounts(held: ReplayPopulation) -> ReplayAccounts:
    columns = (getattr(held, name) for name in ReplayAccounts._fields)
    return ReplayAccounts(*(np.array(one, order="C") for one in columns))


def _markets(marks: MarkPaths, venue: ReplayVenue) -> ReplayMarkets:
    shape = marks.close.shape
    low = marks.close if marks.low is None else marks.low
    high = marks.close if marks.high is None else marks.high
    return ReplayMarkets(
        payoff=np.full(shape[1], marks.payoff, dtype=np.int64),
        close=np.array(marks.close, order="C"),
        low=np.array(low, order="C"),
        high=np.array(high, order="C"),
        funding=np.zeros(shape) if marks.funding is None else np.array(marks.funding, order="C"),
        half_spread=np.array(marks.half_spread, order="C"),
        impact=np.array(marks.impact, order="C"),
        table=np.array(venue.table.reshape(shape[0], -1), dtype=np.int64, order="C"),
        next_call=marks.next_call(),
    )


def _contiguous(venue: ReplayVenue) -> kernel.ReplayTiers:
    held = venue.tiers
    rest = (np.array(column, dtype=np.float64, order="C") for column in held[1:])
    return kernel.ReplayTiers(np.array(held.offsets, order="C"), *rest)


def _rule(terms: CloseOutTerms, interval_ns: int) -> ReplayRule:
    return ReplayRule(
        liquidation_level=terms.liquidation_level,
        call_level=terms.call_level,
        share=terms.share,
        whole_below=float(terms.rule.whole_below_usd),
        backstop_below=float(terms.rule.backstop_below),
        fee_rate=float(terms.rule.fee_rate),
        cooldown=math.ceil(terms.rule.cooldown_seconds * 1e9 / interval_ns),
        latency=terms.latency_bars,
    )


def _last_marks(close: FloatArray) -> FloatArray:
    """(M,) last printed close of each market; 1 where there is none (and no account)."""
    printed = np.isfinite(close)
    last = close.shape[0] - 1 - np.argmax(printed[::-1], axis=0)
    found = close[last, np.arange(close.shape[1])]
    return np.where(printed.any(axis=0), found, 1.0)


def _ordered(rows: FloatArray) -> ReplayEvents:
    """Events in the order of time, then of accounts, then as they happened to one."""
    order = np.lexsort((rows[:, kernel.ACCOUNT], rows[:, kernel.BAR]))
    rows = rows[order]
    whole = rows[:, : kernel.KIND + 1].astype(np.int64)
    parts = [rows[:, column].copy() for column in range(kernel.PRICE, kernel.EVENTS)]
    return ReplayEvents(
        bar=whole[:, kernel.BAR].copy(),
        account=whole[:, kernel.ACCOUNT].copy(),
        kind=whole[:, kernel.KIND].copy(),
        price=parts[0],
        notional=parts[1],
        cost=parts[2],
        fee=parts[3],
        deficit=parts[4],
        later_equity=parts[5],
        later_maintenance=parts[6],
    )
