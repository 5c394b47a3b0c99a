"""Whole models over a book: first and repeated requirements, preparing, bare kernel, scipy.

The same book is margined again and again under new prices. Repeated times are those of two
preparations by turns, under different prices, on one book.

python benchmarks/bench_requirements.py                 the whole of it, table into results/
python benchmarks/bench_requirements.py --quick         a fiftieth of the accounts, printed only
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

import machine
from alternate import in_units, seconds_of, write_table
from plimsoll.domain.book import Book
from plimsoll.domain.listing import Listing
from plimsoll.domain.requirement import Requirements
from plimsoll.maths.account_losses import AccountPositions, LossTable, worst_losses
from requirements_venue import POSITIONS, held, instruments, models, profits, snapshot

ACCOUNTS, QUICK, MANY, ROUNDS = 100_000, 2_000, 1_000_000, 7
PEER_BLOCK = 20_000  # accounts: the peer's dense results must fit somewhere
MOST_BYTES = 3e9


def asked_nothing_yet(book: Book) -> Book:
    """Return an equal book that remembers nothing."""
    return Book(**{f.name: getattr(book, f.name) for f in fields(book) if f.init})


def same(one: Requirements, other: Requirements) -> bool:
    """Whether two answers are equal to the bit."""
    columns = ("initial", "maintenance", "unrealised", "collateral")
    return all(getattr(one, c).tobytes() == getattr(other, c).tobytes() for c in columns)


def scipy_worst(book: csr_matrix, table: np.ndarray) -> np.ndarray:
    """Worst loss of every account, by dense blocks."""
    starts = range(0, book.shape[0], PEER_BLOCK)
    return np.concatenate([-(book[a : a + PEER_BLOCK] @ table).min(axis=1) for a in starts])


def medians(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each call, one after the other in every round."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(seconds_of(call))
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def timed(name: str, book: Book, rounds: int) -> tuple[str, str]:
    """One row of the table, and what was checked before."""
    model, parameters = models()[name]
    listed = Listing(instruments())
    markets = [snapshot(listed), snapshot(listed, 1.001)]
    both = [model.prepare(market, parameters, listed) for market in markets]
    turn = iter(range(10**9))

    def prepare() -> Any:
        return model.prepare(markets[next(turn) % 2], parameters, listed)

    def repeated() -> Requirements:
        found: Requirements = both[next(turn) % 2].requirements(book)
        return found

    for prepared in both:
        again = [prepared.requirements(book) for _ in range(2)]
        fresh = prepared.requirements(asked_nothing_yet(book))
        assert all(same(fresh, other) for other in again), name
        assert not fresh.unknown.any(), name
    table = profits(both[0], listed)
    positions = AccountPositions(
        offsets=np.array(book.offsets), row=np.array(book.market), quantity=np.array(book.quantity)
    )
    sparse = csr_matrix(
        (book.quantity, book.market, book.offsets), shape=(len(book), len(book.markets))
    )
    losses, kernel = LossTable.double(table), worst_losses(positions, LossTable.double(table))[0]
    gap = np.max(np.abs(kernel - scipy_worst(sparse, table)) / np.maximum(np.abs(kernel), 1.0))
    assert gap < 1e-9, (name, gap)
    unasked = iter([asked_nothing_yet(book) for _ in range(rounds)])
    found = medians(
        {
            "prepare": prepare,
            "first": lambda: both[0].requirements(next(unasked)),
            "repeated": repeated,
            "kernel": lambda: worst_losses(positions, losses),
            "scipy": lambda: scipy_worst(sparse, table),
        },
        rounds,
    )
    row = (
        f"| {name}, {table.shape[1]} scenarios | {in_units(found['prepare'])} "
        f"| {in_units(found['first'])} | {in_units(found['repeated'])} "
        f"| {found['first'] / found['repeated']:.1f} | {in_units(found['kernel'])} "
        f"| {found['repeated'] / found['kernel']:.1f} | {in_units(found['scipy'])} "
        f"| {found['scipy'] / found['repeated']:.1f} |"
    )
    return row, f"{name}: repeated as first, to the bit; bare losses as scipy's to {gap:.0e}"


def peak_bytes(name: str, accounts: int) -> float:
    """Largest memory of a process that margins a book twice by one model."""
    told = subprocess.run(
        [sys.executable, __file__, "--memory", name, str(accounts)],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(told.stdout)


def run_for_memory(name: str, accounts: int) -> None:
    """Margin one book under two preparations and keep the second answer; print the peak."""
    model, parameters = models()[name]
    listed = Listing(instruments())
    market = snapshot(listed)
    book = held(listed, market.quotes, accounts)
    for moved in (market, snapshot(listed, 1.001)):
        kept = model.prepare(moved, parameters, listed).requirements(book)
    assert len(kept) == accounts
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def main(arguments: list[str]) -> int:
    """Gate, timings, table; 1 where a demand was missed."""
    if arguments[:1] == ["--memory"]:
        run_for_memory(arguments[1], int(arguments[2]))
        return 0
    quick = "--quick" in arguments
    accounts, many = (QUICK, QUICK) if quick else (ACCOUNTS, MANY)
    listed = instruments()
    book = held(listed, snapshot(listed).quotes, accounts)
    rows, gate = zip(*(timed(name, book, ROUNDS) for name in models()), strict=True)
    head = (
        "| model | prepare | first requirements | repeated | first / repeated "
        "| bare kernel, worst loss | repeated / bare | scipy CSR, worst loss | scipy / repeated |"
    )
    peaks = {name: peak_bytes(name, many) for name in models()}
    memory = [
        f"- peak memory, {many:,} accounts margined twice, {name}: {peak / 1e9:.2f} GB (at most 3)"
        for name, peak in peaks.items()
    ]
    text = [head, "|---" * 9 + "|", *rows, "", *memory]
    if quick:
        print(machine.describe(), *gate, *text, sep="\n")
        return 0
    size = f"{accounts:,} accounts x {POSITIONS} positions of {len(listed):,} contracts"
    write_table("requirements", f"Requirements of {size}", list(gate), text)
    missed = [name for name, peak in peaks.items() if peak > MOST_BYTES]
    print(*(f"missed: memory of {name}" for name in missed), sep="\n", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
