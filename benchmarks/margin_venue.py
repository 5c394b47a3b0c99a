"""A book of many accounts at random, and what a venue asks of it: the matter of bench_margin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Pair, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.margin import TieredMargin
from plimsoll.maths.account_losses import AccountPositions
from plimsoll.maths.collateral_values import CountedCollateral, CurrencyTerms
from plimsoll.maths.grouped_losses import CellPositions, GroupRules, neutral_rules
from plimsoll.maths.size_charges import SizeCharges, SizeTerms
from plimsoll.runtime import Engine, LiveTieredMargin

Matrix = NDArray[np.float64]

POSITIONS, INSTRUMENTS = 12, 2_000
GRID, SIMULATED, EXPIRIES, UNDERLYINGS, CURRENCIES = 33, 1_000, 12, 2, 3
TIER_STEPS = ((Decimal(300), "0.01", "0.02"), (None, "0.05", "0.1"))
"""Cap, maintenance rate and initial rate of every market's tiers."""
ENTRY, COLLATERAL = 100.0, 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffers:
    """Where results go, price after price, as in a process that lives."""

    loss: NDArray[np.float64]
    binding: NDArray[np.int64]
    scenario: NDArray[np.float64]
    charges: SizeCharges
    collateral: CountedCollateral


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """A book and what is asked of it."""

    positions: AccountPositions
    grid: Matrix
    simulated: Matrix
    cells: CellPositions
    cell_offsets: NDArray[np.int64]  # by account
    rules: GroupRules
    markets: SizeTerms
    currencies: CurrencyTerms
    held: Matrix
    buffers: Buffers


def random_venue(accounts: int) -> Venue:
    """Instruments of two underlyings in twelve expiries each, held at random."""
    rng = np.random.default_rng(1)
    count = accounts * POSITIONS
    positions = AccountPositions(
        offsets=np.arange(accounts + 1) * POSITIONS,
        row=rng.integers(0, INSTRUMENTS, count),
        quantity=rng.normal(size=count),
    )
    group = rng.integers(0, EXPIRIES * UNDERLYINGS, INSTRUMENTS)
    cells, cell_offsets = laid_out(positions, group)
    groups = EXPIRIES * UNDERLYINGS
    shared = neutral_rules(groups, GRID)._replace(
        gain_share=np.full(groups, 0.8), gain_cap=np.full(groups, 50.0)
    )
    return Venue(
        positions=positions,
        grid=rng.normal(size=(INSTRUMENTS, GRID)),
        simulated=rng.normal(size=(INSTRUMENTS, SIMULATED)),
        cells=cells,
        cell_offsets=cell_offsets,
        rules=shared,
        markets=market_terms(rng),
        currencies=currency_terms(),
        held=rng.exponential(1.0, (accounts, CURRENCIES)) * np.array([1e5, 2.0, 20.0]),
        buffers=buffers_for(accounts, cells.cell_offsets.size - 1),
    )


def buffers_for(accounts: int, cells: int) -> Buffers:
    """Buffers written once, so that their memory is there."""
    return Buffers(
        loss=np.zeros(cells),
        binding=np.zeros(cells, dtype=np.int64),
        scenario=np.zeros(accounts),
        charges=SizeCharges(np.zeros(accounts), np.zeros(accounts)),
        collateral=CountedCollateral(np.zeros((accounts, CURRENCIES)), np.zeros(accounts)),
    )


def currency_terms() -> CurrencyTerms:
    """Dollars, and two coins whose haircuts rise with size to a half."""
    whole, never = np.ones(CURRENCIES), np.full(CURRENCIES, np.inf)
    first, slope = np.array([0.0, 0.05, 0.08]), np.array([0.0, 1e-9, 2e-9])
    return CurrencyTerms(
        price=np.array([1.0, 60_000.0, 2_500.0]),
        low=whole,
        high=whole,
        cap=never,
        share=whole,
        venue=whole,
        first=first,
        slope=slope,
        free=np.array([0.0, 1e6, 1e6]),
        room=np.array([np.inf, 0.45e9, 0.21e9]),
        liability=whole,
        most=never,
    )


def market_terms(rng: np.random.Generator) -> SizeTerms:
    """Five tiers a market; one position in twenty is beyond the first, one in eighty too large."""
    notional = rng.uniform(5e3, 5e4, INSTRUMENTS)
    steps = np.array([2.0, 2.5, 3.0, 4.0, np.inf])
    rates = np.array([0.01, 0.015, 0.02, 0.05, 0.1])
    caps = (notional[:, None] * steps).ravel()
    lower = np.concatenate([np.zeros((INSTRUMENTS, 1)), caps.reshape(-1, 5)[:, :4]], axis=1)
    deductions = np.cumsum(lower * np.diff(rates, prepend=rates[0]), axis=1).ravel()
    return SizeTerms(
        notional,
        2.5 * notional,
        np.full(INSTRUMENTS, 0.02),
        np.arange(INSTRUMENTS + 1) * 5,
        caps,
        np.tile(rates, INSTRUMENTS),
        deductions,
    )


def laid_out(
    positions: AccountPositions, group: NDArray[np.int64]
) -> tuple[CellPositions, NDArray[np.int64]]:
    """Sort positions by account, underlying and expiry: done once a book, not once a price."""
    account = np.repeat(np.arange(len(positions)), POSITIONS)
    key = account * (EXPIRIES * UNDERLYINGS) + group[positions.row]
    order = np.argsort(key, kind="stable")
    key = key[order]
    cell = key // EXPIRIES
    segments = np.flatnonzero(np.diff(key, prepend=-1))
    cells = np.flatnonzero(np.diff(cell, prepend=-1))
    laid = CellPositions(
        positions.row[order],
        positions.quantity[order],
        np.append(segments, key.size),
        key[segments] % (EXPIRIES * UNDERLYINGS),
        np.searchsorted(segments, np.append(cells, key.size)),
    )
    owner = cell[cells] // UNDERLYINGS
    return laid, np.searchsorted(owner, np.arange(len(positions) + 1))


def perpetuals() -> dict[str, Instrument]:
    """As many perpetuals of as many coins."""
    return {
        f"C{n}USDT": Perpetual(
            pair=Pair(base=f"C{n}", quote="USDT"),
            settle="USDT",
            payoff=Payoff.LINEAR,
            contract_size=Decimal(1),
        )
        for n in range(INSTRUMENTS)
    }


def different_markets(rng: np.random.Generator, accounts: int) -> NDArray[np.int64]:
    """(A, POSITIONS) markets of each account, no two the same: steps prime to their number."""
    strides = np.array([n for n in range(1, INSTRUMENTS) if math.gcd(n, INSTRUMENTS) == 1])
    first = rng.integers(0, INSTRUMENTS, (accounts, 1))
    stride = strides[rng.integers(0, strides.size, (accounts, 1))]
    return (first + stride * np.arange(POSITIONS)) % INSTRUMENTS


def tier_engine(accounts: int) -> Engine[dict[str, TierTable]]:
    """An engine of the tier model, every market margined by its own quote."""
    rng, instruments = np.random.default_rng(2), perpetuals()
    row, count = different_markets(rng, accounts), accounts * POSITIONS
    table = TierTable(
        tuple(
            Tier(
                cap_usd=cap,
                maintenance_rate=Decimal(rate),
                initial_rate=Decimal(initial),
                max_leverage=1 / Decimal(initial),
            )
            for cap, rate, initial in TIER_STEPS
        )
    )
    book = Book(
        accounts=tuple(f"a{a}" for a in range(accounts)),
        markets=tuple(instruments),
        offsets=np.arange(accounts + 1) * POSITIONS,
        market=row.ravel(),
        quantity=rng.normal(size=count),
        entry_price=np.full(count, ENTRY),
        isolated_margin=np.full(count, np.nan),
        leverage=np.full(count, np.nan),
        currencies=("USDT",),
        collateral=np.full((accounts, 1), COLLATERAL),
    )
    return Engine(
        model=LiveTieredMargin(model=TieredMargin()),
        parameters=dict.fromkeys(instruments, table),
        instruments=instruments,
        snapshot=MarketSnapshot(
            at_ns=0,
            quotes={market: Quote(mark=ENTRY, index=ENTRY) for market in instruments},
            stable_price_usd={"USDT": 1.0},
        ),
        book=book,
    )
