"""Random tier tables, contracts, snapshots and books for the margin properties."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Pair, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.tiers import Tier, TierTable

INSTRUMENTS: dict[str, Instrument] = {
    "LINEAR": Perpetual(
        pair=Pair(base="ETH", quote="USDT"),
        settle="USDT",
        payoff=Payoff.LINEAR,
        contract_size=Decimal("0.01"),
    ),
    "INVERSE": Perpetual(
        pair=Pair(base="BTC", quote="USD"),
        settle="BTC",
        payoff=Payoff.INVERSE,
        contract_size=Decimal(100),
    ),
    "QUANTO": Perpetual(
        pair=Pair(base="XRP", quote="USD"),
        settle="BTC",
        payoff=Payoff.QUANTO,
        contract_size=Decimal("0.0002"),
    ),
}

PRICES = st.floats(0.01, 1e5)
QUANTITIES = st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000)
"""Contracts in thousandths: venues have lots, so no denormal numbers."""
MONEY = st.integers(-(10**12), 10**12).map(lambda millionths: millionths / 1e6)
RATES = st.decimals("0.0001", "0.5", places=4)


@st.composite
def tier_tables(draw: st.DrawFn, *, closed: bool | None = None) -> TierTable:
    """One to four tiers with rising caps and rates; the last open unless ``closed``."""
    count = draw(st.integers(1, 4))
    steps = draw(st.lists(st.integers(1, 10**6), min_size=count, max_size=count))
    maintenance = sorted(draw(st.lists(RATES, min_size=count, max_size=count)))
    added = sorted(
        draw(st.lists(st.decimals("0", "0.5", places=4), min_size=count, max_size=count))
    )
    end = draw(st.booleans()) if closed is None else closed
    tiers, cap = [], 0
    for row, (step, rate, more) in enumerate(zip(steps, maintenance, added, strict=True)):
        cap += step
        initial = rate + more
        tiers.append(
            Tier(
                cap_usd=None if row == count - 1 and not end else Decimal(cap),
                maintenance_rate=rate,
                initial_rate=initial,
                max_leverage=1 / (initial * draw(st.sampled_from([1, 2]))),
            )
        )
    return TierTable(tuple(tiers))


@st.composite
def snapshots(draw: st.DrawFn) -> MarketSnapshot:
    """A mark for each market, and a price of the dollar coin."""
    quotes = {m: Quote(mark=draw(PRICES), index=draw(PRICES)) for m in INSTRUMENTS}
    return MarketSnapshot(
        at_ns=0, quotes=quotes, stable_price_usd={"USDT": draw(st.floats(0.5, 1.5))}
    )


@st.composite
def positions(draw: st.DrawFn, market: str) -> Position:
    """A position of any sign, mode and leverage."""
    isolated = draw(st.booleans())
    return Position(
        market=market,
        quantity=draw(QUANTITIES),
        entry_price=draw(PRICES),
        mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        isolated_margin=abs(draw(MONEY)) if isolated else None,
        leverage=draw(st.none() | st.floats(1, 200)),
    )


@st.composite
def books(draw: st.DrawFn) -> Book:
    """Up to five accounts with at most one position a market."""
    accounts = []
    for row in range(draw(st.integers(0, 5))):
        held = draw(st.lists(st.sampled_from(list(INSTRUMENTS)), unique=True, max_size=3))
        collateral = {
            c: draw(MONEY)
            for c in draw(st.lists(st.sampled_from(["USDT", "BTC", "USD"]), unique=True))
        }
        accounts.append(
            Account(
                name=f"account {row}",
                positions=tuple(draw(positions(market)) for market in held),
                collateral=collateral,
            )
        )
    return Book.from_accounts(accounts)


def tables() -> st.SearchStrategy[dict[str, TierTable]]:
    """A tier table for each market."""
    return st.fixed_dictionaries({market: tier_tables() for market in INSTRUMENTS})
