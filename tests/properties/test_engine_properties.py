"""Any sequence of events leaves an engine where a fresh preparation of its book would stand.

Every comparison is to the last bit: an engine forms no sum of its own, and the models treat units
apart from each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import coin_books
import underlying_venue
from plimsoll.domain.book import Book
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import UsageError
from plimsoll.margin import SidedTiers, TieredMargin, VenueTiers
from plimsoll.margin.simulation import PORTFOLIO, SimulationMargin, SimulationParameters
from plimsoll.maths.account_losses import AccountPositions, LossTable, worst_losses
from plimsoll.runtime import Engine, LiveLosses, LiveTieredMargin, by_market, by_underlying
from plimsoll.runtime.live_margins import AMOUNTS, CODES, margins_of

DELTA_ONE = ["BTC-INV", "BTC-LIN", "BTC-FUT", "ETH-INV", "ETH-LIN", "ETH-QUANTO"]
WITH_OPTIONS = [*DELTA_ONE[:5], "ETH-SPOT", "BTC-I-30-1.0-C", "ETH-L-9-0.8-P", "BTC-L-120-1.25-P"]
TIERS = TierTable(
    (
        Tier(
            cap_usd=Decimal(100_000),
            maintenance_rate=Decimal("0.01"),
            initial_rate=Decimal("0.02"),
            max_leverage=Decimal(50),
        ),
        Tier(
            cap_usd=None,
            maintenance_rate=Decimal("0.05"),
            initial_rate=Decimal("0.1"),
            max_leverage=Decimal(10),
        ),
    )
)

LIVE_TIERS = LiveTieredMargin(model=TieredMargin(pricing=coin_books.PRICING))
DEARER = TierTable(
    (
        Tier(
            cap_usd=None,
            maintenance_rate=Decimal("0.03"),
            initial_rate=Decimal("0.07"),
            max_leverage=Decimal(20),
        ),
    )
)
APART = SidedTiers(long=TIERS, short=DEARER)
YEAR_NS = 366 * 86_400 * 10**9
IN_PART = VenueTiers(
    tables={
        **{m: SidedTiers(long=TIERS, short=TIERS) for m in ("BTC-LIN", "ETH-QUANTO")},
        **dict.fromkeys(("BTC-INV", "ETH-INV", "ETH-LIN"), APART),
        "BTC-INV#366d": SidedTiers(long=DEARER, short=TIERS, marginal_maintenance=False),
    },
    buckets={"BTC-INV": ((YEAR_NS, "BTC-INV#366d"),)},
)
"""Some markets with one table, some with one a side, and a future by its bucket."""


def tiered(rule: Any) -> dict[str, Any]:
    return {
        "model": TieredMargin(pricing=coin_books.PRICING),
        "parameters": dict.fromkeys(DELTA_ONE, TIERS),
        "instruments": {m: coin_books.INSTRUMENTS[m] for m in DELTA_ONE},
        "snapshot": coin_books.SNAPSHOT,
        "scope": rule,
    }


def simulated() -> dict[str, Any]:
    scenarios = coin_books.price_scenarios(60, weighted=True)
    return {
        "model": SimulationMargin(scenarios=scenarios, pricing=coin_books.PRICING),
        "parameters": {PORTFOLIO: SimulationParameters(standalone_floor=Decimal("0.2"))},
        "instruments": {m: coin_books.INSTRUMENTS[m] for m in WITH_OPTIONS},
        "snapshot": coin_books.SNAPSHOT,
        "scope": by_underlying,
    }


def venue(name: str) -> dict[str, Any]:
    model, parameters = underlying_venue.MODELS[name]
    return {
        "model": model,
        "parameters": parameters,
        "instruments": underlying_venue.INSTRUMENTS,
        "snapshot": underlying_venue.snapshot(),
        "scope": by_underlying,
    }


SETUPS = {
    "tiers by market": lambda: tiered(by_market),
    "tiers by underlying": lambda: tiered(by_underlying),
    "tiers prepared in part": lambda: (
        tiered(by_market) | {"model": LIVE_TIERS, "parameters": IN_PART}
    ),
    "simulation": simulated,
    **{name: (lambda name=name: venue(name)) for name in underlying_venue.MODELS},
}

rows = st.integers(0, 5)
moves = st.floats(-0.3, 0.3)
lots = st.integers(-40, 40).filter(bool)


class EngineMachine(RuleBasedStateMachine):
    """Quotes, fills and transfers in any order, compared with a fresh preparation after each."""

    setup = "simulation"

    @initialize(seed=st.integers(0, 2**16), owners=st.booleans())
    def start(self, seed: int, owners: bool) -> None:
        self.given = SETUPS[self.setup]()
        self.markets = list(self.given["instruments"])
        book = coin_books.book(
            *(self._account(np.random.default_rng([seed, row]), row) for row in range(6))
        )
        if owners:
            owner = np.array([0, 1, 0, 2, 1, 3], dtype=np.int64)
            book = replace(book, owner=owner)
        self.engine = Engine(**self.given, book=book)
        self.touched = 0

    def _account(self, rng: np.random.Generator, row: int) -> Any:
        quotes = self.given["snapshot"].quotes
        held = []
        for market in rng.choice(self.markets, 3, replace=False).tolist():
            size, entry = float(rng.integers(-30, 30) or 1) / 4, float(quotes[market].mark)
            entry *= float(np.exp(rng.normal() * 0.1))
            if rng.random() < 0.3:
                held.append(coin_books.isolated(market, size, float(rng.random()), entry))
            else:
                held.append(coin_books.position(market, size, entry))
        coins = {"USDC": float(rng.integers(-5, 500)), "BTC": float(rng.integers(0, 2))}
        priced = {c: x for c, x in coins.items() if c in self._currencies()}
        return coin_books.account(f"a{row}", *held, **priced)

    def _pricing(self) -> Mapping[str, str]:
        model = self.given["model"]
        inner = model.model if isinstance(model, LiveTieredMargin) else model
        return inner.pricing.pricing_markets

    def _currencies(self) -> list[str]:
        return [*self._pricing(), *self.given["snapshot"].stable_price_usd, "USD"]

    @rule(data=st.data(), mark=moves, index=moves, alone=st.booleans(), prices=st.booleans())
    def price(
        self, data: st.DataObject, mark: float, index: float, alone: bool, prices: bool
    ) -> None:
        """Mark alone or index too, of any market or of one that prices a currency."""
        pricing = [*self._pricing().values()]
        market = data.draw(st.sampled_from(pricing if prices else self.markets))
        quote = self.engine.snapshot.quotes[market]
        moved = 1.0 if alone else 1.0 + index
        new = replace(quote, mark=quote.mark * (1.0 + mark), index=quote.index * moved)
        self.engine.on_price(market, new)

    @rule(data=st.data())
    def price_goes_missing(self, data: st.DataObject) -> None:
        market = data.draw(st.sampled_from(self.markets))
        quote = self.engine.snapshot.quotes[market]
        self.engine.on_price(market, replace(quote, mark=float("nan")))
        self.check()
        self.engine.on_price(market, quote)

    @rule(data=st.data(), row=rows, size=lots, away=moves, fee=st.integers(0, 3))
    def fill(self, data: st.DataObject, row: int, size: int, away: float, fee: int) -> None:
        market = data.draw(st.sampled_from(self.markets))
        price = self.engine.snapshot.quotes[market].mark * (1.0 + away)
        self.engine.on_fill(f"a{row}", market, size / 4, price, fee=fee / 100)

    @rule(data=st.data(), row=rows)
    def close_all(self, data: st.DataObject, row: int) -> None:
        held = self.engine.book.account(f"a{row}").positions
        for position in held:
            price = self.engine.snapshot.quotes[position.market].mark
            self.engine.on_fill(f"a{row}", position.market, -position.quantity, price)
        assert not self.engine.book.account(f"a{row}").positions

    @rule(data=st.data(), row=rows, change=st.integers(-100, 100))
    def transfer(self, data: st.DataObject, row: int, change: int) -> None:
        currency = data.draw(st.sampled_from(self._currencies()))
        self.engine.on_collateral(f"a{row}", currency, change / 10)

    @rule(row=rows, wrong=st.sampled_from(["market", "quantity", "price", "account"]))
    def refused(self, row: int, wrong: str) -> None:
        before = self.engine.book
        fill: dict[str, Any] = {"account": f"a{row}", "market": self.markets[0]}
        fill |= {"quantity": 1.0, "price": 1.0}
        bad = {"quantity": 0.0, "price": -1.0}.get(wrong, "x")
        with pytest.raises(UsageError):
            self.engine.on_fill(**(fill | {wrong: bad}))
        same(before, self.engine.book)

    @rule(row=rows)
    def unpriced(self, row: int) -> None:
        """A currency without price is refused, or leaves its holder without a number."""
        before = self.engine.book
        try:
            self.engine.on_collateral(f"a{row}", "SHELL", 1.0)
        except UsageError:
            same(before, self.engine.book)
            return
        assert self.engine.margins.unit_reason[row] != 0
        self.check()
        self.engine.on_collateral(f"a{row}", "SHELL", -1.0)

    @invariant()
    def check(self) -> None:
        if not hasattr(self, "engine"):
            return
        book = self.engine.book
        model, parameters = self.given["model"], self.given["parameters"]
        prepared = model.prepare(self.engine.snapshot, parameters, self.given["instruments"])
        fresh, live = margins_of(prepared.requirements(book)), self.engine.margins
        for name in ("account", "position", *AMOUNTS, *CODES):
            np.testing.assert_array_equal(getattr(live, name), getattr(fresh, name), err_msg=name)


def same(one: Book, other: Book) -> None:
    assert one.markets == other.markets
    assert one.currencies == other.currencies
    for name in ("offsets", "market", "quantity", "entry_price", "isolated_margin", "collateral"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("setup", SETUPS)
def test_an_engine_is_a_fresh_preparation(setup: str) -> None:
    machine = type("Machine", (EngineMachine,), {"setup": setup})
    case = machine.TestCase
    case.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)
    case().runTest()


class LossMachine(RuleBasedStateMachine):
    """Rows and fills in any order; losses are those of the table over the positions held."""

    single = False

    @initialize(seed=st.integers(0, 2**16))
    def start(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        sizes = self.rng.integers(0, 20, 8)
        count = int(sizes.sum())
        self.live = LiveLosses(
            AccountPositions(
                offsets=np.cumsum([0, *sizes], dtype=np.int64),
                row=self.rng.integers(0, 10, count),
                quantity=self.rng.normal(size=count),
            ),
            (LossTable.single if self.single else LossTable.double)(self.rng.normal(size=(10, 33))),
        )

    @rule(moved=st.lists(st.integers(0, 9), unique=True))
    def new_rows(self, moved: list[int]) -> None:
        self.live.on_rows(moved, self.rng.normal(size=(len(moved), 33)))

    @rule(account=st.integers(0, 7), row=st.integers(0, 9), lots=lots)
    def fill(self, account: int, row: int, lots: int) -> None:
        assert self.live.on_fill(account, row, lots / 4) == self.live.loss[account]

    @rule(account=st.integers(0, 7))
    def close(self, account: int) -> None:
        held = self.live.positions
        first, last = held.offsets[account : account + 2]
        for row, quantity in zip(held.row[first:last], held.quantity[first:last], strict=True):
            self.live.on_fill(account, int(row), -float(quantity))

    @precondition(lambda self: hasattr(self, "live"))
    @invariant()
    def check(self) -> None:
        loss, binding = worst_losses(self.live.positions, self.live.table)
        np.testing.assert_array_equal(self.live.loss, loss)
        np.testing.assert_array_equal(self.live.binding, binding)


@pytest.mark.parametrize("single", [False, True])
def test_live_losses_are_the_losses_of_what_is_held(single: bool) -> None:
    machine = type("Machine", (LossMachine,), {"single": single})
    case = machine.TestCase
    case.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
    case().runTest()
