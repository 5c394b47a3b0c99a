"""Margin of a million accounts: bare kernels, account terms, single calls, ticks, memory.

python benchmarks/bench_margin.py            the whole of it, table into results/
python benchmarks/bench_margin.py --quick    a fiftieth of the accounts, printed only
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

import machine
from alternate import Comparison, compare, in_units, write_table
from margin_venue import (
    GRID,
    INSTRUMENTS,
    POSITIONS,
    SIMULATED,
    Venue,
    perpetuals,
    random_venue,
    tier_engine,
)
from plimsoll.maths.account_losses import AccountPositions, LossTable, worst_loss, worst_losses
from plimsoll.maths.collateral_values import counted_collateral
from plimsoll.maths.grouped_losses import unit_losses_of, worst_of_cells
from plimsoll.maths.size_charges import size_charges
from plimsoll.maths.tail_losses import (
    expected_shortfall_weights,
    stacked_weights,
    tail_loss,
    tail_losses,
    value_at_risk_weights,
)
from plimsoll.runtime import LiveLosses

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ACCOUNTS, QUICK, ENGINE_ACCOUNTS = 1_000_000, 20_000, 20_000
PEER_BLOCK = 20_000  # accounts: the peer's dense results of 1,000 scenarios must fit somewhere
MOST_TIMES_BARE, MOST_BYTES = 2.5, 3e9


def scenario_margin(venue: Venue) -> Vector:
    """Worst loss by underlying, gains of an expiry counted in part, summed by account."""
    out, value = venue.buffers, np.zeros(INSTRUMENTS)
    worst_of_cells(venue.cells, venue.grid, value, venue.rules, out.loss, out.binding)
    return unit_losses_of(out.loss, venue.cell_offsets, out.scenario)


def full_margin(venue: Venue) -> tuple[Vector, Vector]:
    """Netting by expiry, tiers, concentration, collateral: requirement and what is cut of cover.

    By the functions that grid models, `SizeTierAddOn`, `ConcentrationAddOn` and `CollateralRules`
    call.
    """
    out = venue.buffers
    requirement = scenario_margin(venue)
    for charge in size_charges(venue.positions, venue.markets, out=out.charges):
        requirement += charge
    cover = counted_collateral(venue.held, venue.currencies, out=out.collateral)
    return requirement, cover.haircut


def sparse(positions: AccountPositions, dtype: type[np.floating]) -> csr_matrix:
    """The book as scipy takes it, with its narrow indices."""
    return csr_matrix(
        (
            positions.quantity.astype(dtype),
            positions.row.astype(np.int32),
            positions.offsets.astype(np.int32),
        ),
        shape=(len(positions), INSTRUMENTS),
    )


def scipy_tails(book: csr_matrix, table: NDArray[np.float32], weights: Matrix) -> Matrix:
    """VaR and ES by dense blocks and partial sorting."""
    found, kept = [], weights.shape[1]
    for start in range(0, book.shape[0], PEER_BLOCK):
        profit = book[start : start + PEER_BLOCK] @ table
        profit.partition((kept - 1, *(np.flatnonzero(weights[0])[:1])), axis=1)
        lowest = profit[:, :kept].astype(np.float64)
        at = int(np.flatnonzero(weights[0])[0])
        shortfall = -(lowest[:, :-1].sum(axis=1) * weights[1, 0])
        last = -lowest[:, -1] * weights[1, -1]
        found.append(np.column_stack([-lowest[:, at], shortfall + last]))
    return np.concatenate(found)


def tail_weights() -> Matrix:
    """VaR 99 % and ES 97.5 % of 1,000 equally likely scenarios."""
    return stacked_weights(
        [value_at_risk_weights(SIMULATED, 0.99), expected_shortfall_weights(SIMULATED, 0.975)]
    )


def gross(positions: AccountPositions, table: Matrix, accounts: int) -> Vector:
    """Gross scenario profit of the first accounts, the scale of float32's bound."""
    head = slice(0, accounts * POSITIONS)
    sums = np.abs(positions.quantity[head, None]) * np.abs(table[positions.row[head]])
    held: Vector = sums.reshape(accounts, POSITIONS, -1).sum(axis=1).max(axis=1)
    return held


def accuracy(venue: Venue) -> list[str]:
    """Compare with dense float64 numpy on the first accounts."""
    few, positions, weights = 2_000, venue.positions, tail_weights()
    head = slice(0, few * POSITIONS)
    columns = positions.quantity[head], positions.row[head], positions.offsets[: few + 1]
    profit = csr_matrix(columns, shape=(few, INSTRUMENTS))
    lines = []
    for name, make, most in (
        ("float64", LossTable.double, 1e-13),
        ("float32", LossTable.single, 1e-6),
    ):
        loss, _ = worst_losses(positions, make(venue.grid))
        scale = gross(positions, venue.grid, few)
        gap = np.max(np.abs(loss[:few] + (profit @ venue.grid).min(axis=1)) / scale)
        dense = np.sort(profit @ venue.simulated, axis=1)[:, : weights.shape[1]]
        tails = tail_losses(positions, make(venue.simulated), weights)[:few]
        scale = gross(positions, venue.simulated, few)[:, None]
        tail_gap = np.max(np.abs(tails + dense @ weights.T) / scale)
        assert max(gap, tail_gap) <= most, (name, gap, tail_gap)
        lines.append(
            f"{name} losses less dense float64 numpy, in gross scenario profit: {gap:.1e} (worst), "
            f"{tail_gap:.1e} (VaR, ES) (required: {most:g})"
        )
    return lines


def bulk(venue: Venue, book: csr_matrix) -> list[Comparison]:
    """All accounts."""
    grid, simulated = venue.grid.astype(np.float32), venue.simulated.astype(np.float32)
    positions, weights, name = venue.positions, tail_weights(), f"{len(venue.positions):,} accounts"
    tables = {"float32": LossTable.single(grid), "float64": LossTable.double(venue.grid)}
    lines = [
        compare(
            f"{name}, {GRID} scenarios, worst loss and its scenario, {kind}",
            peer_name="scipy CSR float32, min",
            peer=lambda: (book @ grid).min(axis=1),
            own=lambda table=table: worst_losses(positions, table),
            required=2.5 if kind == "float32" else 0.0,
            rounds=9,
        )
        for kind, table in tables.items()
    ]
    wide = {"float32": LossTable.single(simulated), "float64": LossTable.double(venue.simulated)}
    lines += [
        compare(
            f"{name}, {SIMULATED:,} scenarios, VaR and ES, {kind}",
            peer_name="scipy CSR float32, partition",
            peer=lambda: scipy_tails(book, simulated, weights),
            own=lambda table=table: tail_losses(positions, table, weights),
            required=6.0 if kind == "float32" else 0.0,
            rounds=3,
        )
        for kind, table in wide.items()
    ]
    return lines


def singles(venue: Venue) -> tuple[list[Comparison], list[str]]:
    """One account, called from Python; also the tail of the call's own time."""
    row = venue.positions.row[:POSITIONS].copy()
    quantity, weights = venue.positions.quantity[:POSITIONS].copy(), tail_weights()
    kept, at = weights.shape[1], int(np.flatnonzero(weights[0])[0])

    def numpy_tail() -> tuple[float, float]:
        losses = np.partition(quantity @ simulated[row], (at, kept - 1))
        return -losses[at], -float(losses[: kept - 1].mean())

    simulated = venue.simulated
    calls: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {}
    for kind, make in (("float64", LossTable.double), ("float32", LossTable.single)):
        grid, wide = make(venue.grid), make(venue.simulated)
        calls[f"one account, {GRID} scenarios, worst loss, {kind}"] = (
            lambda: (quantity @ venue.grid[row]).min(),
            lambda grid=grid: worst_loss(row, quantity, grid),
        )
        calls[f"one account, {SIMULATED:,} scenarios, VaR and ES, {kind}"] = (
            numpy_tail,
            lambda wide=wide: tail_loss(row, quantity, wide, weights),
        )
    lines = [
        compare(
            task,
            peer_name="numpy float64",
            peer=peer,
            own=own,
            required=2.5,
            rounds=31,
            peer_calls=200,
            own_calls=200,
        )
        for task, (peer, own) in calls.items()
    ]
    return lines, [f"- {task}: {quantiles(own)}" for task, (_, own) in calls.items()]


def quantiles(call: Callable[[], object], rounds: int = 20_000) -> str:
    """Median and 99th percentile of single calls."""
    call()
    times = np.empty(rounds)
    for i in range(rounds):
        start = time.perf_counter()
        call()
        times[i] = time.perf_counter() - start
    middle, high = np.quantile(times, [0.5, 0.99])
    return f"p50 {in_units(middle)}, p99 {in_units(high)}"


def ticks(venue: Venue) -> tuple[list[Comparison], list[str]]:
    """One instrument moves and its holders are re-margined."""
    live = LiveLosses(venue.positions, LossTable.double(venue.grid))
    rng = np.random.default_rng(3)
    moved = [(int(n), venue.grid[n] * rng.uniform(0.9, 1.1)) for n in rng.permutation(INSTRUMENTS)]
    turn = iter(range(10**9))
    positions, grid = venue.positions, venue.grid

    def own() -> object:
        row, profit = moved[next(turn) % len(moved)]
        return live.on_rows(row, profit)

    order = np.argsort(positions.row, kind="stable")
    ends = np.searchsorted(positions.row[order], np.arange(INSTRUMENTS + 1))

    def holders(row: int) -> list[int]:
        held: list[int] = np.unique(order[ends[row] : ends[row + 1]] // POSITIONS).tolist()
        return held

    listed = [holders(row) for row, _ in moved[:100]]

    def loop() -> list[float]:
        found = []
        for a in listed[next(turn) % len(listed)]:
            held = slice(a * POSITIONS, (a + 1) * POSITIONS)
            found.append(-float((positions.quantity[held] @ grid[positions.row[held]]).min()))
        return found

    lines = [
        compare(
            f"one instrument moves, its {len(listed[0]):,} holders, {GRID} scenarios, float64",
            peer_name="Python loop over numpy",
            peer=loop,
            own=own,
            required=20.0,
            rounds=15,
            own_calls=20,
        )
    ]
    return lines, [
        f"- the tick: {quantiles(own, 2_000)}",
        f"- one fill: {quantiles(lambda: live.on_fill(5, next(turn) % INSTRUMENTS, 0.5), 2_000)}",
    ]


def engine_ticks() -> tuple[list[Comparison], list[str]]:
    """The engine around a whole model: a price, against margining the book again."""
    engine, markets = tier_engine(ENGINE_ACCOUNTS), list(perpetuals())
    book, turn, rng = engine.book, iter(range(10**9)), np.random.default_rng(4)

    def price() -> object:
        market = markets[next(turn) % len(markets)]
        quote = engine.snapshot.quotes[market]
        return engine.on_price(market, replace(quote, mark=100.0 * rng.uniform(0.9, 1.1)))

    def fill() -> object:
        account = f"a{next(turn) % ENGINE_ACCOUNTS}"
        return engine.on_fill(account, markets[next(turn) % len(markets)], 0.5, 100.0)

    line = compare(
        f"Engine.on_price, tier model, {ENGINE_ACCOUNTS:,} accounts, one instrument moves",
        peer_name="requirements of the whole book, prepared already",
        peer=lambda: engine.prepared.requirements(book),
        own=price,
        required=0.0,
        rounds=9,
    )
    return [line], [f"- Engine.on_price: {quantiles(price, 200)}; on_fill: {quantiles(fill, 200)}"]


def rows_of(comparisons: list[Comparison]) -> list[str]:
    """Rows of a table, ratios with a decimal."""
    head = "| task | peer | peer, median | ours, median | ratio | required |"
    rows = [head, "|---|---|---|---|---|---|"]
    for c in comparisons:
        required = f">= {c.required:g}x" if c.required else "-"
        times = f"{in_units(c.peer_seconds)} | {in_units(c.own_seconds)}"
        rows.append(f"| {c.task} | {c.peer_name} | {times} | {c.ratio:.1f}x | {required} |")
    return rows


def with_terms(venue: Venue) -> tuple[float, list[str]]:
    """Times of the full margin against the bare kernel, alternately, same precision."""
    table, count = LossTable.double(venue.grid), len(venue.positions)
    name = f"{count:,} accounts, {GRID} scenarios, float64"
    parts = (
        ("netting by expiry", lambda: scenario_margin(venue)),
        ("the same with tiers, concentration and collateral", lambda: full_margin(venue)),
    )
    rows, times = (
        ["| task | bare kernel | with it | times bare | at most |", "|---|---|---|---|---|"],
        0.0,
    )
    for title, run in parts:
        c = compare(
            title,
            peer_name="bare kernel",
            peer=lambda: worst_losses(venue.positions, table),
            own=run,
            required=0.0,
            rounds=9,
        )
        times = 1.0 / c.ratio
        rows.append(
            f"| {name}: {title} | {in_units(c.peer_seconds)} | {in_units(c.own_seconds)} "
            f"| {times:.2f} | {MOST_TIMES_BARE} |"
        )
    return times, rows


def peak_bytes(accounts: int) -> float:
    """Largest memory of a process that does all of ours, and none of the peers'."""
    told = subprocess.run(
        [sys.executable, __file__, "--memory", str(accounts)],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(told.stdout)


def run_for_memory(accounts: int) -> None:
    """Margin once by every way and keep everything; print the peak in bytes."""
    venue = random_venue(accounts)
    kept = [
        worst_losses(venue.positions, LossTable.single(venue.grid)),
        tail_losses(venue.positions, LossTable.double(venue.simulated), tail_weights()),
        full_margin(venue),
        LiveLosses(venue.positions, LossTable.double(venue.grid)),
    ]
    assert kept
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def main(arguments: list[str]) -> int:
    """Gate, timings, table; 1 where a demand was missed."""
    if arguments[:1] == ["--memory"]:
        run_for_memory(int(arguments[1]))
        return 0
    quick = "--quick" in arguments
    venue = random_venue(QUICK if quick else ACCOUNTS)
    book = sparse(venue.positions, np.float32)
    gate = accuracy(venue)
    single_lines, single_times = singles(venue)
    tick_lines, tick_times = ticks(venue)
    engine_lines, engine_times = engine_ticks()
    lines = [*bulk(venue, book), *single_lines, *tick_lines, *engine_lines]
    times, term_rows = with_terms(venue)
    peak = peak_bytes(len(venue.positions))
    memory = f"- peak memory of all of ours in one process: {peak / 1e9:.2f} GB (at most 3)"
    text = [*rows_of(lines), "", *term_rows, "", *single_times, *tick_times, *engine_times, memory]
    if quick:
        print(machine.describe(), *gate, *text, sep="\n")
        return 0
    title = (
        f"Margin of {ACCOUNTS:,} accounts x {POSITIONS} positions of {INSTRUMENTS:,} instruments"
    )
    write_table("margin", title, gate, text)
    missed = [c.task for c in lines if c.ratio < c.required]
    missed += ["account terms"] if times > MOST_TIMES_BARE else []
    missed += ["memory"] if peak > MOST_BYTES else []
    print(*(f"missed: {task}" for task in missed), sep="\n", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
