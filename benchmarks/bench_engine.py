"""Engines: a price re-margins whom it concerns, and nobody else.

python benchmarks/bench_engine.py            table into results/
python benchmarks/bench_engine.py --quick    few accounts, printed only

The tier model at a million accounts, against a Python loop over the holders (`tier_ticks`), and
whole portfolio models at 20,000 accounts, whose peer prepares the model for a plain mapping of the
instruments and margins the book as it stands. Prices that move there: of options and futures, each
with a mark of its own, and of the inverse perpetual whose index prices a coin, so that whatever
settles in the coin is revalued too.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

import tier_ticks
from alternate import Comparison, compare, in_units, table_of, write_table
from engine_venue import COINS, POSITIONS, book, instruments, models, snapshot
from plimsoll.domain.account import Order
from plimsoll.domain.instrument import Option, Perpetual
from plimsoll.runtime import Engine
from plimsoll.runtime.live_margins import AMOUNTS, margins_of

ACCOUNTS, QUICK = 20_000, 1_000
TIER_ACCOUNTS, TIER_QUICK = 1_000_000, 20_000
EVENTS, QUICK_EVENTS = 200, 20


class Ticks:
    """An engine of a model, and events for it, one after the other."""

    def __init__(self, model: Any, parameters: Any, accounts: int) -> None:
        self.model, self.parameters = model, parameters
        self.listed = instruments()
        now = snapshot(self.listed)
        self.engine = Engine(
            model=model,
            parameters=parameters,
            instruments=self.listed,
            snapshot=now,
            book=book(now, accounts),
        )
        self.rng, self.turns = np.random.default_rng(4), count()
        self.accounts = accounts
        options = [m for m, i in self.listed.items() if isinstance(i, Option)]
        others = [m for m, i in self.listed.items() if not isinstance(i, Option | Perpetual)]
        self.single = self._one_by_one([*options[:: len(options) // 97], *others])
        self.pricing = self._one_by_one([f"{coin}-PERP" for coin in COINS])

    @staticmethod
    def _one_by_one(markets: list[str]) -> Iterator[str]:
        return (markets[turn % len(markets)] for turn in count())

    def move(self, market: str) -> object:
        quote, by = self.engine.snapshot.quotes[market], float(self.rng.uniform(0.99, 1.01))
        return self.engine.on_price(
            market, replace(quote, mark=quote.mark * by, index=quote.index * by)
        )

    def fill(self) -> object:
        market = next(self.single)
        price = self.engine.snapshot.quotes[market].mark
        return self.engine.on_fill(self._account(), market, 0.5, price)

    def order(self) -> object:
        orders = [Order(market=next(self.single), quantity=1.0) for _ in range(2)]
        return self.engine.on_orders(self._account(), orders)

    def _account(self) -> str:
        return f"a{next(self.turns) % self.accounts}"

    def whole(self) -> object:
        """Prepare and margin all again."""
        engine = self.engine
        return self.prepared().requirements(engine.book)

    def prepared(self) -> Any:
        return self.model.prepare(self.engine.snapshot, self.parameters, self.listed)


def check(ticks: Ticks) -> str:
    """Margins are those of a fresh preparation, to the last bit."""
    for _ in range(5):
        ticks.move(next(ticks.single))
        ticks.move(next(ticks.pricing))
        ticks.fill()
    fresh, live = margins_of(ticks.prepared().requirements(ticks.engine.book)), ticks.engine.margins
    for name in AMOUNTS:
        np.testing.assert_array_equal(getattr(live, name), getattr(fresh, name))
    return f"{len(live):,} units equal to the last bit after 15 events"


def quantiles(call: Callable[[], object], rounds: int) -> str:
    """Median and 99th percentile of single calls."""
    times = np.empty(rounds)
    for i in range(rounds):
        start = time.perf_counter()
        call()
        times[i] = time.perf_counter() - start
    middle, high = np.quantile(times, [0.5, 0.99])
    return f"p50 {in_units(middle)}, p99 {in_units(high)}"


def lines_of(name: str, ticks: Ticks, rounds: int) -> tuple[list[Comparison], str]:
    """The rows of one model, and quantiles of its events."""
    peer = "prepare and margin the whole book"
    one, coin = (lambda: ticks.move(next(ticks.single))), (lambda: ticks.move(next(ticks.pricing)))
    lines = [
        compare(
            f"{name}: {what}", peer_name=peer, peer=ticks.whole, own=own, required=0.0, rounds=7
        )
        for what, own in (
            ("an option or future moves", one),
            ("the perpetual that prices a coin moves", coin),
        )
    ]
    few = max(rounds // 10, 5)
    times = f"- {name}: one market {quantiles(one, rounds)}; a coin {quantiles(coin, few)}; "
    times += f"on_fill {quantiles(ticks.fill, rounds)}; on_orders {quantiles(ticks.order, few)}"
    return lines, times


def main(arguments: list[str]) -> int:
    """Check, time, and write the table."""
    quick = "--quick" in arguments
    accounts, rounds = (QUICK, QUICK_EVENTS) if quick else (ACCOUNTS, EVENTS)
    tiered = TIER_QUICK if quick else TIER_ACCOUNTS
    first, lines, times = tier_ticks.lines_of(tiered, rounds, quantiles)
    gate, peak = [first], tier_ticks.peak_bytes(tiered)
    most = f"at most {tier_ticks.MOST_BYTES / 1e9:.0f}"
    times.append(f"- peak memory of that engine with its book: {peak / 1e9:.2f} GB ({most})")
    for name, (model, parameters) in models().items():
        ticks = Ticks(model, parameters, accounts)
        gate.append(f"{name}: {check(ticks)}")
        found, quantile = lines_of(name, ticks, rounds)
        lines += found
        times.append(quantile)
    title = (
        f"Engine: tiers at {tiered:,} accounts, whole models at {accounts:,} accounts x "
        f"{POSITIONS} of {len(instruments()):,} instruments"
    )
    if quick:
        print("\n".join([title, *gate, *table_of(lines), *times]))
        return 0
    write_table("engine", title, gate, [*table_of(lines), "", *times])
    missed = [line.task for line in lines if line.ratio < line.required]
    missed += ["memory"] if peak > tier_ticks.MOST_BYTES else []
    print(*(f"missed: {task}" for task in missed), sep="\n", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
