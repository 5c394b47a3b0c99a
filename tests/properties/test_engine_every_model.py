"""An engine under any model stands where a fresh preparation of its book would, to the last bit.

The engine prepares for a `Listing`, of which rows are taken over from one preparation to the next;
the comparison prepares for a plain mapping, of which nothing is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from plimsoll.domain.account import Account, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Option, Perpetual
from plimsoll.domain.listing import Listing
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.errors import UsageError
from plimsoll.margin.modes import ModedMargin
from plimsoll.margin.net_equity import CurrencyWeights, UnrealisedRule, WithNetEquity
from plimsoll.runtime import Engine
from plimsoll.runtime.live_margins import AMOUNTS, CODES, margins_of
from sandbox_margin import INSTRUMENTS, PRICING, SNAPSHOT
from sandbox_models import MODELS

ACCOUNTS = 6
EVENTS = 22
STALE = MarginReason.STALE_MARK
FEWER = {"exposure": 8}  # every account of it simulates paths


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines begin with shares of their book, as they do with large ones."""
    monkeypatch.setattr("plimsoll.runtime.engine._SHARE", 2)


@dataclass(frozen=True)
class Case:
    model: Any
    parameters: Any
    collateral: dict[str, float]


def of_examined(name: str) -> Case:
    found = MODELS[name]
    return Case(found.case.model, found.case.parameters, dict(found.collateral))


def net_equity() -> Case:
    inner = of_examined("okx")
    weights = dict.fromkeys(("USDC", "HELM", "KEEL", "USD"), CurrencyWeights())
    model = WithNetEquity(
        model=inner.model,
        pricing=PRICING,
        weights=weights,
        unrealised=UnrealisedRule.GAINS_HAIRCUT,
    )
    return replace(inner, model=model)


def moded() -> Case:
    cross, portfolio = of_examined("tiered"), of_examined("deribit X:PM")
    model = ModedMargin(cross=cross.model, portfolio=portfolio.model)
    parameters = {"cross": cross.parameters, "portfolio": portfolio.parameters}
    return Case(model, parameters, {"USDC": 2_000.0, "HELM": 0.5})


CASES: dict[str, Callable[[], Case]] = {
    **{name: (lambda name=name: of_examined(name)) for name in MODELS},
    "okx with net equity": net_equity,
    "tiers beside X:PM": moded,
}


class Session:
    """An engine, what it should show, and events drawn from a seed."""

    def __init__(self, case: Case, seed: int) -> None:
        self.case, self.rng = case, np.random.default_rng(seed)
        self.markets = margined(case)
        accounts = [self.account(row) for row in range(ACCOUNTS)]
        self.engine = Engine(
            model=case.model,
            parameters=case.parameters,
            instruments=INSTRUMENTS,
            snapshot=replace(SNAPSHOT, max_age_ns=2 * HOUR_NS),
            book=Book.from_accounts(accounts),
        )

    def account(self, row: int) -> Account:
        """Some positions, one of them perhaps isolated; every third has open orders."""
        markets = self.rng.choice(self.markets, 4, replace=False).tolist()
        held = tuple(self.position(m, alone=n == 0 and row % 2 == 1) for n, m in enumerate(markets))
        return Account(
            name=f"a{row}",
            positions=held,
            collateral={c: x * float(self.rng.random()) for c, x in self.case.collateral.items()},
            orders=self.orders() if row % 3 == 0 else (),
            owner="both" if row in (1, 4) else "",
            portfolio=row % 2 == 0,
        )

    def position(self, market: str, *, alone: bool) -> Position:
        entry = float(SNAPSHOT.quotes[market].mark) * float(np.exp(self.rng.normal() * 0.05))
        more: dict[str, Any] = {"isolated_margin": 50.0} if alone else {}
        if alone:
            from plimsoll.domain.account import MarginMode

            more["mode"] = MarginMode.ISOLATED
        return Position(market=market, quantity=self.lots(), entry_price=entry, **more)

    def lots(self) -> float:
        return float(self.rng.integers(1, 40)) / 4 * float(self.rng.choice([-1.0, 1.0]))

    def orders(self) -> tuple[Order, ...]:
        markets = self.rng.choice(self.markets, int(self.rng.integers(0, 3)), replace=False)
        return tuple(Order(market=m, quantity=self.lots()) for m in markets.tolist())

    def moved(self, market: str) -> Any:
        quote = self.engine.snapshot.quotes[market]
        by = np.exp(self.rng.normal(size=3) * 0.03)
        index = quote.index * (by[1] if self.rng.random() < 0.5 else 1.0)
        return replace(
            quote,
            at_ns=self.seen(),
            mark=float(quote.mark * by[0]),
            index=float(index),
            implied_vol_annual=float(quote.implied_vol_annual * by[2]),
            confidence=float(self.rng.choice([1.0, 1.0, 0.5])),
        )

    def seen(self) -> int | None:
        """As of the snapshot, at its time, or so long before that it is old at once, or later."""
        hours = self.rng.choice([-1.0, 0.0, 0.0, 0.5, 1.0, 3.0])
        now = self.engine.snapshot.at_ns
        return None if hours < 0.0 else now - int(hours * HOUR_NS)

    def any_market(self) -> str:
        pricing = [*PRICING.pricing_markets.values(), "HELM-SPOT", "KEEL-SPOT"]
        return str(self.rng.choice(pricing if self.rng.random() < 0.3 else [*INSTRUMENTS]))

    def price(self) -> None:
        market = self.any_market()
        self.engine.on_price(market, self.moved(market))

    def prices(self) -> None:
        markets = {self.any_market() for _ in range(3)}
        self.engine.on_prices({market: self.moved(market) for market in sorted(markets)})

    def dark(self) -> None:
        """A mark or an index goes, and comes back."""
        market, name = self.any_market(), str(self.rng.choice(["mark", "index"]))
        quote = self.engine.snapshot.quotes[market]
        self.attempt(lambda: self.engine.on_price(market, replace(quote, **{name: float("nan")})))
        self.check()
        self.attempt(lambda: self.engine.on_price(market, quote))

    def fill(self) -> None:
        market, account = str(self.rng.choice(self.markets)), self.name()
        mark = self.engine.snapshot.quotes[market].mark
        self.engine.on_fill(account, market, self.lots(), mark * 1.01, fee=0.5)

    def order(self) -> None:
        self.engine.on_orders(self.name(), self.orders())

    def pay(self) -> None:
        currency = str(self.rng.choice([*self.case.collateral]))
        self.engine.on_collateral(self.name(), currency, float(self.rng.normal()))

    def later(self) -> None:
        """An hour passes: forwards and rates of some expiries are others."""
        now = self.engine.snapshot
        expiries = dict(now.expiries)
        for key in [*expiries][:: int(self.rng.integers(1, 4))]:
            forward = expiries[key].floating * float(np.exp(self.rng.normal() * 0.01))
            expiries[key] = replace(expiries[key], floating=forward)
        at_ns = now.at_ns + (DAY_NS // 24 if self.rng.random() < 0.5 else 0)
        surfaces = now.surfaces if at_ns == now.at_ns else {}
        later = replace(now, at_ns=at_ns, expiries=expiries, surfaces=surfaces)
        self.attempt(lambda: self.engine.on_snapshot(later))

    def refused(self) -> None:
        before = self.engine.book
        nowhere = (Order(market="NOWHERE", quantity=1.0),)
        with pytest.raises(UsageError):
            self.engine.on_orders(self.name(), (*self.orders(), *nowhere))
        with pytest.raises(UsageError):
            self.engine.on_fill(self.name(), "NOWHERE", 1.0, 1.0)
        deep_equal(self.engine.book, before)

    def attempt(self, event: Callable[[], Any]) -> None:
        """What a model refuses changes nothing."""
        before = self.engine.snapshot
        try:
            event()
        except UsageError:
            assert self.engine.snapshot is before

    def name(self) -> str:
        return f"a{int(self.rng.integers(0, ACCOUNTS))}"

    def step(self) -> None:
        events = [self.price] * 5 + [self.prices, self.dark, self.fill, self.order, self.pay]
        events += [self.later, self.refused]
        events[int(self.rng.integers(0, len(events)))]()

    def check(self) -> None:
        case, live = self.case, self.engine.margins
        prepared = case.model.prepare(self.engine.snapshot, case.parameters, dict(INSTRUMENTS))
        fresh = margins_of(prepared.requirements(self.engine.book))
        for name in ("account", "position", *AMOUNTS, *CODES):
            np.testing.assert_array_equal(getattr(live, name), getattr(fresh, name), err_msg=name)


def margined(case: Case) -> list[str]:
    """Markets that the model has a margin for, where there are enough of them."""
    lone = [
        Account(name=m, positions=(Position(market=m, quantity=1.0, entry_price=1.0),))
        for m in INSTRUMENTS
    ]
    prepared = case.model.prepare(SNAPSHOT, case.parameters, INSTRUMENTS)
    found = prepared.requirements(Book.from_accounts(lone))
    known = np.isfinite(found.initial[: len(lone)])
    return [a.name for a, good in zip(lone, known, strict=True) if good]


@pytest.mark.parametrize("name", CASES)
def test_an_engine_is_a_fresh_preparation(name: str) -> None:
    session = Session(CASES[name](), seed=len(name))
    session.check()
    for _ in range(FEWER.get(name, EVENTS)):
        session.step()
        session.check()


@pytest.mark.parametrize("name", CASES)
def test_quotes_grow_stale_with_time_alone_and_fresh_again(name: str) -> None:
    """Quotes of one time: after two hours they still do, and a nanosecond later none does."""
    session = Session(CASES[name](), seed=len(name))
    engine, now = session.engine, SNAPSHOT.at_ns
    seen = {m: replace(q, at_ns=now) for m, q in SNAPSHOT.quotes.items()}
    engine.on_prices(seen)
    session.check()
    engine.on_snapshot(replace(engine.snapshot, at_ns=now + 2 * HOUR_NS))
    session.check()
    stale = replace(engine.snapshot, at_ns=now + 2 * HOUR_NS + 1)
    if name == "exposure":  # simulates every coin, so that it refuses where one has no price
        with pytest.raises(UsageError, match="spot: must be 2 finite numbers"):
            engine.on_snapshot(stale)
        session.check()
        return
    engine.on_snapshot(stale)
    session.check()
    parts = engine.requirements("a0").parts
    assert STALE in parts.reason
    assert np.isin(parts.reason, (STALE, MarginReason.EXPIRED)).all()
    fresh = now + 2 * HOUR_NS + 1
    for market in session.markets[:3]:
        engine.on_price(market, replace(engine.snapshot.quotes[market], at_ns=fresh))
        session.check()
    engine.on_prices({m: replace(q, at_ns=fresh) for m, q in seen.items()})
    session.check()
    assert STALE not in engine.requirements("a0").parts.reason


@pytest.mark.parametrize("name", MODELS)
def test_a_quote_from_the_future_is_refused(name: str) -> None:
    case = MODELS[name].case
    for market in margined(of_examined(name))[:2]:
        quote = replace(SNAPSHOT.quotes[market], at_ns=SNAPSHOT.at_ns + 1)
        ahead = replace(SNAPSHOT, quotes={**SNAPSHOT.quotes, market: quote})
        for instruments in (INSTRUMENTS, Listing(INSTRUMENTS)):
            with pytest.raises(UsageError, match=f"{market}.*must not be later than the snapshot"):
                case.model.prepare(ahead, case.parameters, instruments)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_kept_of_a_listing_is_what_is_computed_anew(name: str) -> None:
    """All that a model prepares, part by part, after quotes of one market at a time."""
    case, rng = MODELS[name].case, np.random.default_rng(len(name))
    listing, snapshot = Listing(INSTRUMENTS), SNAPSHOT
    case.model.prepare(snapshot, case.parameters, listing)
    options = [m for m, i in INSTRUMENTS.items() if isinstance(i, Option)]
    perpetuals = [m for m, i in INSTRUMENTS.items() if isinstance(i, Perpetual)]
    for market in [*rng.choice(options, 3), *rng.choice(perpetuals, 2), "HELM-M"]:
        quote = snapshot.quotes[str(market)]
        moved = replace(
            quote,
            mark=quote.mark * 1.01,
            index=quote.index * 1.02,
            implied_vol_annual=quote.implied_vol_annual * 1.03,
        )
        snapshot = replace(snapshot, quotes={**snapshot.quotes, str(market): moved})
        kept = case.model.prepare(snapshot, case.parameters, listing)
    deep_equal(kept, case.model.prepare(snapshot, case.parameters, dict(INSTRUMENTS)))


def deep_equal(one: Any, other: Any, where: str = "") -> None:
    """Equal in all arrays and numbers, through dataclasses, tuples and mappings."""
    if isinstance(one, Listing):
        assert one.markets == tuple(other)
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, where
        np.testing.assert_array_equal(one, other, err_msg=where)
    elif is_dataclass(one) and not isinstance(one, type):
        assert type(one) is type(other)
        for column in fields(one):
            path = f"{where}.{column.name}"
            deep_equal(getattr(one, column.name), getattr(other, column.name), path)
    elif isinstance(one, tuple):
        assert len(one) == len(other), where
        for item, twin in zip(one, other, strict=True):
            deep_equal(item, twin, where)
    elif isinstance(one, dict):
        assert list(one) == list(other), where
        for key, item in one.items():
            deep_equal(item, other[key], f"{where}[{key}]")
    elif isinstance(one, float | int | str | Decimal):
        assert one == other or (one != one and other != other), where
