"""Properties of tables by side and by expiry over random tables, marks and books.

Oracles: a second table equal to the first changes nothing; the sides are mirror images; two engines
with one table each; laws of size; the last day of a bucket.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from margin_books import INSTRUMENTS, books, snapshots, tables, tier_tables

from plimsoll.domain.account import Account, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Future, Instrument, Perpetual
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.tiers import TierTable
from plimsoll.margin import CurrencyPricing, SidedTiers, TieredMargin, VenueTiers

PRICING = CurrencyPricing(pricing_markets={"BTC": "INVERSE"})
PATIENT = settings(deadline=None, max_examples=40)  # the first call compiles
DAY_NS = 86_400 * 10**9
COLUMNS = ("initial", "maintenance", "unrealised", "collateral")
SIDES = st.fixed_dictionaries(
    {m: st.builds(SidedTiers, long=tier_tables(), short=tier_tables()) for m in INSTRUMENTS}
)


def margin(snapshot: MarketSnapshot, parameters: object, book: Book) -> Requirements:
    model = TieredMargin(pricing=PRICING)
    return model.prepare(snapshot, parameters, INSTRUMENTS).requirements(book)  # type: ignore[arg-type]


def one_sided(book: Book, sign: float) -> Book:
    return replace(book, quantity=sign * np.abs(book.quantity))


def same(one: Requirements, other: Requirements) -> bool:
    bits = all(getattr(one, c).tobytes() == getattr(other, c).tobytes() for c in COLUMNS)
    return bits and one.parts.reason.tolist() == other.parts.reason.tolist()


@PATIENT
@given(snapshot=snapshots(), tiers=tables(), book=books())
def test_one_table_is_two_equal_ones_to_the_bit(
    snapshot: MarketSnapshot, tiers: dict[str, TierTable], book: Book
) -> None:
    twice = {m: SidedTiers(long=t, short=TierTable(tuple(t.tiers))) for m, t in tiers.items()}
    assert all(sided.apart for sided in twice.values())
    assert same(margin(snapshot, tiers, book), margin(snapshot, twice, book))


@PATIENT
@given(snapshot=snapshots(), sides=SIDES, book=books())
def test_each_side_is_margined_as_by_its_table_alone(
    snapshot: MarketSnapshot, sides: dict[str, SidedTiers], book: Book
) -> None:
    longs, shorts = one_sided(book, 1.0), one_sided(book, -1.0)
    long = {market: sided.long for market, sided in sides.items()}
    short = {market: sided.short for market, sided in sides.items()}
    assert same(margin(snapshot, sides, longs), margin(snapshot, long, longs))
    assert same(margin(snapshot, sides, shorts), margin(snapshot, short, shorts))


@PATIENT
@given(snapshot=snapshots(), sides=SIDES, book=books())
def test_swapping_sides_mirrors(
    snapshot: MarketSnapshot, sides: dict[str, SidedTiers], book: Book
) -> None:
    swapped = {m: SidedTiers(long=s.short, short=s.long) for m, s in sides.items()}
    mirrored = replace(book, quantity=-book.quantity)
    own, other = margin(snapshot, sides, book), margin(snapshot, swapped, mirrored)
    for level in ("initial", "maintenance"):
        # a position of nothing is long on both sides: it asks nothing by either table
        assert getattr(own, level).tobytes() == getattr(other, level).tobytes()


@PATIENT
@given(
    snapshot=snapshots(),
    sided=st.builds(SidedTiers, long=tier_tables(closed=False), short=tier_tables(closed=False)),
    sizes=st.lists(st.integers(1, 10**9), min_size=2, max_size=6),
    sign=st.sampled_from([-1.0, 1.0]),
    market=st.sampled_from(["LINEAR", "INVERSE"]),
)
def test_margin_rises_with_size_on_either_side(
    snapshot: MarketSnapshot, sided: SidedTiers, sizes: list[int], sign: float, market: str
) -> None:
    held = [
        Account(name=str(n), positions=(Position(market=market, quantity=sign * q, entry_price=1),))
        for n, q in enumerate(sorted(sizes))
    ]
    found = margin(snapshot, {market: sided}, Book.from_accounts(held))
    for level in (found.initial, found.maintenance):
        assert np.isfinite(level).all()
        # deductions cancel digits at a cap: 1e-12 of it, as the page of the model says
        assert np.all(np.diff(level) >= -1e-12 * level[1:])


@PATIENT
@given(
    snapshot=snapshots(),
    sided=st.builds(SidedTiers, long=tier_tables(closed=False), short=tier_tables(closed=False)),
    now=st.integers(-(10**6), 10**6),
    orders=st.lists(st.integers(-(10**6), 10**6).filter(bool), min_size=1, max_size=4),
)
def test_orders_ask_no_less_than_what_is_left_when_they_are_filled(
    snapshot: MarketSnapshot, sided: SidedTiers, now: int, orders: list[int]
) -> None:
    def account(quantity: int, placed: list[int]) -> Book:
        held = (Position(market="LINEAR", quantity=float(quantity), entry_price=1.0),)
        waiting = tuple(Order(market="LINEAR", quantity=float(q)) for q in placed)
        return Book.from_accounts([Account(name="a", positions=held, orders=waiting)])

    asked = margin(snapshot, {"LINEAR": sided}, account(now, orders)).initial[0]
    buys, sells = [q for q in orders if q > 0], [q for q in orders if q < 0]
    for filled in ([], buys, sells, orders, orders[:1], orders[1:]):
        after = margin(snapshot, {"LINEAR": sided}, account(now + sum(filled), [])).initial[0]
        assert asked >= after * (1.0 - 1e-12)  # the sum of a margin and of what a fill adds


@PATIENT
@given(
    reaches=st.lists(st.integers(1, 400), min_size=1, max_size=4, unique=True).map(sorted),
    seconds=st.integers(1, 500 * 86_400),
    market=st.sampled_from(["LINEAR", "INVERSE"]),
    quantity=st.sampled_from([-3.0, 3.0]),
    sides=st.lists(
        st.builds(SidedTiers, long=tier_tables(closed=False), short=tier_tables(closed=False)),
        min_size=5,
        max_size=5,
    ),
    snapshot=snapshots(),
)
def test_a_future_is_margined_by_the_first_bucket_that_reaches_it(
    reaches: list[int],
    seconds: int,
    market: str,
    quantity: float,
    sides: list[SidedTiers],
    snapshot: MarketSnapshot,
) -> None:
    perpetual = INSTRUMENTS[market]
    assert isinstance(perpetual, Perpetual)
    dated = Future(
        pair=perpetual.pair,
        settle=perpetual.settle,
        payoff=perpetual.payoff,
        contract_size=perpetual.contract_size,
        expiry_ns=seconds * 10**9,
    )
    instruments: dict[str, Instrument] = {**INSTRUMENTS, "DATED": dated}
    quotes = {**snapshot.quotes, "DATED": snapshot.quotes[market]}
    at = replace(snapshot, quotes=quotes)
    names = [f"{market}#{days}d" for days in reaches]
    venue = VenueTiers(
        tables={market: sides[-1], **dict(zip(names, sides, strict=False))},
        buckets={market: tuple((d * DAY_NS, n) for d, n in zip(reaches, names, strict=True))},
    )
    model = TieredMargin(pricing=PRICING)
    position = Position(market="DATED", quantity=quantity, entry_price=1.0)
    book = Book.from_accounts([Account(name="a", positions=(position,))])
    found = model.prepare(at, venue, instruments).requirements(book)
    reaching = [n for n, days in enumerate(reaches) if Decimal(seconds) / 86_400 <= days]
    plain = {} if not reaching else {"DATED": sides[reaching[0]]}
    assert same(found, model.prepare(at, plain, instruments).requirements(book))
