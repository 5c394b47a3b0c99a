"""What an engine touches and what it leaves alone; everything else is in the properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from coin_books import INSTRUMENTS, PRICING, SNAPSHOT, account, book, position, price_scenarios
from plimsoll.domain.account import Account, Order
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import UsageError
from plimsoll.margin import SidedTiers, TieredMargin
from plimsoll.margin.quote_scope import by_market, by_underlying
from plimsoll.margin.simulation import PORTFOLIO, SimulationMargin, SimulationParameters
from plimsoll.maths.tiered_margin import MarketColumns
from plimsoll.runtime import Engine, LiveTieredMargin, Reprepared, Scope, tier_repreparation

MODEL = SimulationMargin(scenarios=price_scenarios(30), pricing=PRICING)
PARAMETERS = {PORTFOLIO: SimulationParameters()}
BOOK = book(
    account("btc", position("BTC-LIN", 3.0), USDC=100.0),
    account("eth", position("ETH-LIN", -3.0), USDC=100.0),
    account("both", position("BTC-INV", 5.0), position("ETH-LIN", 1.0), USDC=10.0),
    account("coins", BTC=1.0),
    account("cash", USDC=5.0),
)


def order(market: str, quantity: float, price: float | None = None) -> Order:
    return Order(market=market, quantity=quantity, price=price)


def engine(held: Book = BOOK, **more: Any) -> Engine[Any]:
    given = {"model": MODEL, "parameters": PARAMETERS, "instruments": INSTRUMENTS}
    return Engine(**(given | {"snapshot": SNAPSHOT, "book": held} | more))


def test_a_price_reaches_its_holders_and_those_it_prices() -> None:
    live = engine()
    mark = replace(SNAPSHOT.quotes["BTC-INV"], mark=51_000.0)
    assert live.on_price("BTC-INV", mark).accounts.tolist() == [2]
    moved = replace(mark, index=51_000.0)
    found = live.on_price("BTC-INV", moved)
    assert found.accounts.tolist() == [2, 3]
    assert found.requirements is not None
    assert found.requirements.book.accounts == ("both", "coins")
    assert live.snapshot.quotes["BTC-INV"] is moved
    other = replace(SNAPSHOT.quotes["BTC-LIN"], mark=51_000.0, index=51_000.0)
    assert live.on_price("BTC-LIN", other).accounts.tolist() == [0]
    assert live.on_price("ETH-LIN", SNAPSHOT.quotes["ETH-LIN"]).accounts.tolist() == [1, 2]


def test_by_market_a_mark_reaches_its_holders_only_and_an_index_what_it_prices() -> None:
    live = engine(scope=by_market)
    quote = SNAPSHOT.quotes["BTC-LIN"]
    mark = replace(quote, mark=51_000.0)
    assert live.on_price("BTC-LIN", mark).accounts.tolist() == [0]
    assert (
        live.on_price("BTC-FUT", replace(SNAPSHOT.quotes["BTC-FUT"], mark=1.0)).accounts.size == 0
    )
    assert live.on_price("BTC-LIN", replace(mark, index=51_000.0)).accounts.tolist() == [0, 2, 3]


def test_nobody_concerned_is_nobody_margined() -> None:
    held = book(account("cash", USDC=5.0))
    found = engine(held).on_price("BTC-LIN", SNAPSHOT.quotes["BTC-LIN"])
    assert (found.accounts.size, found.requirements) == (0, None)


def test_an_unknown_quote_and_the_numeraires_reach_everybody() -> None:
    quote = SNAPSHOT.quotes["BTC-LIN"]
    assert engine().on_price("NOBODY-KNOWS", quote).accounts.size == len(BOOK)
    in_coins = SimulationMargin(
        scenarios=price_scenarios(30), pricing=replace(PRICING, numeraire="BTC")
    )
    moved = replace(SNAPSHOT.quotes["BTC-INV"], index=51_000.0)
    assert engine(model=in_coins).on_price("BTC-INV", moved).accounts.size == len(BOOK)


def test_a_later_snapshot_reaches_everybody() -> None:
    live = engine()
    later = replace(SNAPSHOT, stable_price_usd={"USDC": 0.9})
    assert live.on_snapshot(later).accounts.tolist() == [0, 1, 2, 3, 4]
    assert live.margins.collateral[4] == 4.5


def test_accounts_of_one_owner_are_margined_together() -> None:
    live = engine(replace(BOOK, owner=np.array([7, 1, 2, 3, 7], dtype=np.int64)))
    assert live.on_collateral("cash", "USDC", 1.0).accounts.tolist() == [0, 4]
    assert live.on_price("BTC-LIN", SNAPSHOT.quotes["BTC-LIN"]).accounts.tolist() == [0, 4]
    assert live.requirements("cash").book.accounts == ("btc", "cash")


def test_orders_are_concerned_by_their_markets() -> None:
    ordered = Account(
        name="orders", orders=(Order(market="ETH-LIN", quantity=1.0, price=None),), positions=()
    )
    live = engine(Book.from_accounts([*(BOOK.account(a) for a in BOOK.accounts), ordered]))
    assert live.on_price("ETH-LIN", SNAPSHOT.quotes["ETH-LIN"]).accounts.tolist() == [1, 2, 5]


@dataclass(frozen=True)
class Counting:
    """The simulation, but able to say what a quote touches; it counts its preparations."""

    prepared: list[str] = field(default_factory=list)

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: Any,
        instruments: Mapping[str, Instrument],
    ) -> CountingPrepared:
        self.prepared.append("whole")
        return CountingPrepared(self, MODEL.prepare(snapshot, parameters, instruments))


@dataclass(frozen=True)
class CountingPrepared:
    model: Counting
    inner: Any

    def requirements(self, held: Book) -> Requirements:
        self.model.prepared.append(",".join(held.accounts))
        found: Requirements = self.inner.requirements(held)
        return found

    def reprepared(self, snapshot: MarketSnapshot, quoted: frozenset[str]) -> Reprepared:
        self.model.prepared.append("part")
        inner = MODEL.prepare(snapshot, PARAMETERS, INSTRUMENTS)
        return Reprepared(prepared=CountingPrepared(self.model, inner), scope=Scope(markets=quoted))


def test_a_model_that_can_prepares_only_its_part() -> None:
    model = Counting()
    live = engine(model=model)
    live.on_price("ETH-LIN", replace(SNAPSHOT.quotes["ETH-LIN"], mark=2_600.0))
    live.on_fill("btc", "BTC-LIN", 1.0, 50_000.0)
    everybody = ",".join(BOOK.accounts)
    assert model.prepared == ["whole", everybody, "part", "eth,both", "btc"]


def test_a_fill_opens_nets_and_closes() -> None:
    live = engine()
    live.on_fill("cash", "BTC-LIN", 2.0, 50_000.0, fee=1.0)
    live.on_fill("cash", "BTC-LIN", -1.0, 50_100.0)
    (held,) = live.book.account("cash").positions
    assert (held.quantity, held.entry_price) == (1.0, 50_000.0)
    # Fee 1; one contract of 0.01 coin closed at 100 above entry: 1.
    assert live.book.account("cash").collateral == {"USDC": 5.0}
    live.on_fill("cash", "BTC-LIN", -1.0, 50_000.0)
    assert live.book.account("cash").positions == ()
    assert live.margins.maintenance[4] == 0.0


def test_a_fill_between_two_legs_is_refused() -> None:
    hedged = account("a", position("BTC-LIN", 3.0), position("BTC-LIN", -2.0), USDC=1.0)
    live = engine(book(hedged))
    with pytest.raises(UsageError, match="at most one position"):
        live.on_fill("a", "BTC-LIN", 1.0, 50_000.0)
    assert live.on_price("BTC-LIN", SNAPSHOT.quotes["BTC-LIN"]).accounts.tolist() == [0]


def test_refused_events_leave_no_trace() -> None:
    live = engine()
    before, markets = live.margins, live.book.markets
    events = (
        lambda: live.on_fill("btc", "NOBODY-KNOWS", 1.0, 1.0),
        lambda: live.on_fill("nobody", "BTC-LIN", 1.0, 1.0),
        lambda: live.on_fill("btc", "BTC-SPOT", np.nan, 1.0),
        lambda: live.on_collateral("btc", "USDC", np.inf),
        lambda: live.on_orders("nobody", ()),
        lambda: live.on_orders("btc", (order("ETH-LIN", 1.0), order("NOBODY-KNOWS", 1.0))),
    )
    for event in events:
        with pytest.raises(UsageError):
            event()
    assert live.book.markets == markets
    assert live.book.currencies == BOOK.currencies
    np.testing.assert_array_equal(live.margins.maintenance, before.maintenance)
    live.on_price("BTC-LIN", SNAPSHOT.quotes["BTC-LIN"])


@dataclass(frozen=True)
class Strict:
    """The simulation, but it refuses books that hold, order or own what it does not like."""

    def prepare(
        self, snapshot: MarketSnapshot, parameters: Any, instruments: Any
    ) -> StrictPrepared:
        return StrictPrepared(MODEL.prepare(snapshot, parameters, instruments))


@dataclass(frozen=True)
class StrictPrepared:
    inner: Any

    def requirements(self, held: Book) -> Requirements:
        ordered = () if held.orders is None else held.orders.market
        named = {held.markets[m] for m in (*held.market, *ordered)}
        if "ETH-SPOT" in named or "SHELL" in held.currencies:
            raise UsageError("must be margined here", found=sorted(named), field="book")
        found: Requirements = self.inner.requirements(held)
        return found


def test_what_the_model_refuses_leaves_no_trace() -> None:
    live = engine(model=Strict())
    live.on_orders("eth", (order("BTC-LIN", 2.0),))
    before, held = live.margins, live.book
    events = (
        lambda: live.on_fill("btc", "ETH-SPOT", 1.0, 2_500.0),
        lambda: live.on_collateral("btc", "SHELL", 1.0),
        lambda: live.on_orders("btc", (order("ETH-LIN", 1.0), order("ETH-SPOT", 1.0))),
        lambda: live.on_orders("eth", (order("ETH-SPOT", -1.0),)),
    )
    for event in events:
        with pytest.raises(UsageError, match="must be margined here"):
            event()
    assert live.book.accounts == held.accounts
    assert live.book.markets == held.markets
    assert live.book.currencies == held.currencies
    assert live.book.account("eth").orders == (order("BTC-LIN", 2.0),)
    assert live.book.account("btc") == held.account("btc")
    np.testing.assert_array_equal(live.margins.initial, before.initial)
    # A model that says nothing of quotes is asked about all of their coin.
    assert live.on_price("BTC-LIN", SNAPSHOT.quotes["BTC-LIN"]).accounts.tolist() == [0, 1, 2, 3]


def test_orders_replace_orders() -> None:
    live = engine()
    bare = live.margins.initial.copy()
    assert live.on_orders("cash", (order("BTC-LIN", 5.0), order("ETH-LIN", 1.0))).accounts == [4]
    assert live.margins.initial[4] > bare[4]
    assert live.book.account("cash").orders == (order("BTC-LIN", 5.0), order("ETH-LIN", 1.0))
    live.on_orders("cash", (order("ETH-LIN", 1.0, 2_000.0),))
    assert live.book.account("cash").orders == (order("ETH-LIN", 1.0, 2_000.0),)
    assert live.on_price("ETH-LIN", SNAPSHOT.quotes["ETH-LIN"]).accounts.tolist() == [1, 2, 4]
    live.on_orders("cash", ())
    assert live.book.orders is None
    np.testing.assert_array_equal(live.margins.initial, bare)


def test_an_order_of_unknown_size_is_a_reason_of_its_account() -> None:
    live = engine()
    live.on_orders("cash", (order("BTC-LIN", float("nan")),))
    assert np.isnan(live.margins.initial[4])
    assert live.margins.unit_reason[4] > 0
    assert np.isfinite(live.margins.initial[:4]).all()


def test_a_bad_account_has_a_reason_and_sinks_nobody() -> None:
    live = engine()
    live.on_price("BTC-LIN", replace(SNAPSHOT.quotes["BTC-LIN"], mark=float("nan")))
    margins = live.margins
    assert np.isnan(margins.maintenance[0])
    assert margins.unit_reason[0] > 0
    assert np.isfinite(margins.maintenance[1:]).all()
    assert not margins.under_maintenance[0]


def test_scopes_follow_the_prices_of_coins() -> None:
    scope = by_underlying(SNAPSHOT, SNAPSHOT, frozenset({"BTC-LIN"}), INSTRUMENTS)
    assert "ETH-QUANTO" in scope.markets  # of ether, settled in bitcoin
    assert "ETH-LIN" not in scope.markets
    assert scope.currencies == {"BTC"}


def test_every_column_of_the_tier_model_is_taken_over() -> None:
    named = {*tier_repreparation._BY_MARKET, *tier_repreparation._BY_TIER, "tier_offsets"}
    assert named == {*MarketColumns._fields}
    prepared = TieredMargin().prepare(SNAPSHOT, {}, {"BTC-LIN": INSTRUMENTS["BTC-LIN"]})
    by_market = {getattr(prepared.columns, name).size for name in tier_repreparation._BY_MARKET}
    assert by_market == {3}  # the market, an unknown one and one not margined


def test_a_quote_prepares_both_tables_of_its_own_market_and_of_no_other() -> None:
    cheap, dear = (flat_table(rate) for rate in ("0.01", "0.05"))
    tables = {m: SidedTiers(long=cheap, short=dear) for m in ("BTC-LIN", "ETH-LIN")}
    instruments = {m: INSTRUMENTS[m] for m in tables}
    prepared = LiveTieredMargin(model=TieredMargin()).prepare(SNAPSHOT, tables, instruments)
    quotes = SNAPSHOT.quotes | {"BTC-LIN": replace(SNAPSHOT.quotes["BTC-LIN"], mark=60_000.0)}
    moved = prepared.reprepared(replace(SNAPSHOT, quotes=quotes), frozenset({"BTC-LIN"}))
    assert moved.scope == Scope(markets=frozenset({"BTC-LIN"}))
    held = book(
        account("long", position("BTC-LIN", 100.0)), account("short", position("BTC-LIN", -100.0))
    )
    # 100 contracts of a hundredth of a coin, at 60,000: 1 % and 5 % of it
    found = moved.prepared.requirements(held)
    assert found.maintenance == pytest.approx([600.0, 3_000.0], rel=1e-12)
    before = prepared.requirements(held)
    assert before.maintenance == pytest.approx([500.0, 2_500.0], rel=1e-12)


def flat_table(rate: str) -> TierTable:
    tier = Tier(
        cap_usd=None,
        maintenance_rate=Decimal(rate),
        initial_rate=2 * Decimal(rate),
        max_leverage=Decimal(10),
    )
    return TierTable((tier,))
