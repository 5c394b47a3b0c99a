"""One instrument moves in an engine of the tier model, against a Python loop over its holders.

Matter of bench_engine. The peer is what one writes without an engine: for every holder slices of
the book's columns, numpy on them, and sums; it keeps the index of holders that it needs.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alternate import Comparison, compare
from margin_venue import COLLATERAL, INSTRUMENTS, TIER_STEPS, perpetuals, tier_engine
from plimsoll.domain.book import Book

Vector = NDArray[np.float64]

REQUIRED, MOST_BYTES = 20.0, 3e9


class PeerLoop:
    """Initial margin, maintenance margin and equity of accounts, one after the other."""

    def __init__(self, book: Book, marks: Vector) -> None:
        self.offsets, self.market = book.offsets.tolist(), book.market
        self.quantity, self.entry = book.quantity, book.entry_price
        self.mark, self.size = marks, np.ones(INSTRUMENTS)
        caps = [np.inf if cap is None else float(cap) for cap, _, _ in TIER_STEPS]
        rates, initial = (np.array([float(step[k]) for step in TIER_STEPS]) for k in (1, 2))
        starts = np.array([0.0, *caps[:-1]])
        deductions = np.cumsum(starts * np.diff(rates, prepend=rates[0]))
        tables = (np.array(caps), rates, deductions, initial)
        self.caps, self.rate, self.deduction, self.initial = (
            np.tile(values, (INSTRUMENTS, 1)) for values in tables
        )
        self.found = np.full((len(book), 3), np.nan)

    def margin(self, accounts: list[int]) -> Vector:
        """Margin ``accounts``; return theirs (K, 3)."""
        for a in accounts:
            held = slice(self.offsets[a], self.offsets[a + 1])
            market, quantity = self.market[held], self.quantity[held]
            mark, contracts = self.mark[market], quantity * self.size[market]
            notional = np.abs(contracts) * mark
            tier = (notional[:, None] > self.caps[market]).sum(axis=1)
            maintenance = notional * self.rate[market, tier] - self.deduction[market, tier]
            initial = np.maximum(notional * self.initial[market, tier], maintenance)
            profit = contracts * (mark - self.entry[held])
            self.found[a, 0] = initial.sum()
            self.found[a, 1] = maintenance.sum()
            self.found[a, 2] = COLLATERAL + profit.sum()
        return self.found[accounts]


class TierTicks:
    """An engine of the tier model, the peer, and events for both."""

    def __init__(self, accounts: int, *, peer: bool = True) -> None:
        self.engine, self.accounts = tier_engine(accounts), accounts
        self.markets, self.rng = list(perpetuals()), np.random.default_rng(4)
        self.turns, self.moves = count(), count()
        if peer:
            book = self.engine.book
            marks = [self.engine.snapshot.quotes[m].mark for m in self.markets]
            self.peer = PeerLoop(book, np.array(marks))
            order = np.argsort(book.market, kind="stable")
            owner = book.account_of_position[order]
            ends = np.searchsorted(book.market[order], np.arange(INSTRUMENTS + 1))
            self.holders = [owner[ends[n] : ends[n + 1]].tolist() for n in range(INSTRUMENTS)]

    def price(self) -> object:
        """The next market's mark moves."""
        market = self.markets[7 * next(self.moves) % INSTRUMENTS]
        quote = self.engine.snapshot.quotes[market]
        return self.engine.on_price(market, replace(quote, mark=100.0 * self.rng.uniform(0.9, 1.1)))

    def loop(self) -> object:
        """The peer margins the holders of a market."""
        row = 7 * next(self.turns) % INSTRUMENTS
        self.peer.mark[row] = 100.0 * self.rng.uniform(0.9, 1.1)
        return self.peer.margin(self.holders[row])

    def fill(self) -> object:
        """An account trades."""
        turn = next(self.turns)
        account = f"a{turn * 7919 % self.accounts}"
        return self.engine.on_fill(account, self.markets[turn % INSTRUMENTS], 0.5, 100.0)


def check(ticks: TierTicks) -> str:
    """Both come to the same margins after the same moves; then prices go apart."""
    engine, peer, rows = ticks.engine, ticks.peer, (3, 700, 1_999)
    for row in rows:
        quote = engine.snapshot.quotes[ticks.markets[row]]
        peer.mark[row] = 100.0 * ticks.rng.uniform(0.9, 1.1)
        found = engine.on_price(ticks.markets[row], replace(quote, mark=float(peer.mark[row])))
        assert found.accounts.tolist() == ticks.holders[row]
        assert found.requirements is not None
        own, loop = found.requirements, peer.margin(ticks.holders[row])
        for column, values in enumerate((own.initial, own.maintenance, own.equity)):
            # Sums of a dozen terms in another order.
            np.testing.assert_allclose(loop[:, column], values, rtol=1e-12, atol=1e-9)
    return f"tier model: margins of the Python loop after {len(rows)} ticks, relative 1e-12"


def lines_of(
    accounts: int, rounds: int, quantiles: Callable[[Callable[[], object], int], str]
) -> tuple[str, list[Comparison], list[str]]:
    """Gate, the row, and quantiles of its events."""
    ticks = TierTicks(accounts)
    gate, few = check(ticks), max(rounds, 5)
    line = compare(
        f"tier model, {accounts:,} accounts: one of {INSTRUMENTS:,} instruments moves, "
        f"its {len(ticks.holders[0]):,} holders",
        peer_name="Python loop over numpy",
        peer=ticks.loop,
        own=ticks.price,
        required=REQUIRED,
        rounds=7,
        own_calls=5,
    )
    times = f"- tier model, {accounts:,} accounts: on_price {quantiles(ticks.price, few)}; "
    times += f"on_fill {quantiles(ticks.fill, few)}"
    return gate, [line], [times]


def peak_bytes(accounts: int) -> float:
    """Largest memory of a process that holds such an engine and nothing of the peer's."""
    command = [sys.executable, str(Path(__file__)), str(accounts)]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(told.stdout)


if __name__ == "__main__":
    kept = TierTicks(int(sys.argv[1]), peer=False)
    for _ in range(20):
        kept.price(), kept.fill()
    assert len(kept.engine.margins) == kept.accounts
    gc.collect()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
