"""What every margin model must hold, and what it promises, on random books of one market.

Order of accounts, company and bad input: bit for bit. Elsewhere 1e-9 of the number and 1e-11 of
the account's gross notional (`plimsoll.testing.Tolerance`), since sums are taken in another order.
"""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from plimsoll.domain.account import Account, Order
from plimsoll.domain.book import Book
from plimsoll.testing import ALWAYS, OPTIONAL, MarginProperty
from plimsoll.testing.generated_books import position, sized
from plimsoll.testing.margin_comparisons import (
    check_monotone,
    check_not_free,
    check_order_beside_isolated,
    check_parity,
    parity_pairs,
)
from plimsoll.testing.margin_faults import check_faults
from plimsoll.testing.margin_model import OF_BOOKS
from plimsoll.testing.subject import Subject, subject
from sandbox_examined import Examined
from sandbox_margin import INSTRUMENTS
from sandbox_models import MODELS

P = MarginProperty
EXAMPLES = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
NOTIONALS = st.sampled_from([100.0, 10_000.0, 1e6]) | st.floats(10.0, 5e6)
SIDES = st.sampled_from([1.0, -1.0])


@cache
def examined(name: str) -> Subject:
    held: Examined = MODELS[name]
    return subject(held.case, promises=held.promises, rescaled=held.rescaled, fewer=held.fewer)


@cache
def markets(name: str) -> tuple[str, ...]:
    return examined(name).markets


@st.composite
def accounts(draw: st.DrawFn, name: str, row: int) -> Account:
    """A few positions, many of them in one coin and of one size, so that they hedge."""
    held, case = MODELS[name], MODELS[name].case
    coins = draw(st.sampled_from([("HELM",), ("KEEL",), ("HELM", "KEEL")]))
    open_to = [m for m in markets(name) if m.startswith(coins)] or list(markets(name))
    chosen = draw(st.lists(st.sampled_from(open_to), unique=True, max_size=5))
    ordered = draw(st.lists(st.sampled_from(open_to), max_size=2))

    def size(market: str) -> float:
        return sized(case, market, draw(SIDES) * draw(NOTIONALS))

    return Account(
        name=f"account {row}",
        positions=tuple(
            position(case, m, size(m), isolated_margin=draw(st.sampled_from([None, None, 7.0])))
            for m in chosen
        ),
        orders=tuple(Order(market=m, quantity=size(m), price=None) for m in ordered),
        collateral={
            c: amount * draw(st.sampled_from([0.0, 1.0, -0.3]))
            for c, amount in held.collateral.items()
        },
        owner=draw(st.sampled_from(["", "somebody"])),
    )


@st.composite
def books(draw: st.DrawFn, name: str) -> Book:
    return Book.from_accounts([draw(accounts(name, row)) for row in range(draw(st.integers(1, 3)))])


def checks_of(name: str) -> list[MarginProperty]:
    held = ALWAYS | MODELS[name].promises
    return [about for about in OF_BOOKS if about in held]


@pytest.mark.parametrize("name", list(MODELS))
@given(data=st.data())
@EXAMPLES
def test_any_book(name: str, data: st.DataObject) -> None:
    """Sums, order, company, currency, legs, scenarios, orders: `plimsoll.testing.OF_BOOKS`."""
    book = data.draw(books(name))
    found = [f for about in checks_of(name) for f in OF_BOOKS[about](examined(name), book)]
    assert not found, "\n".join(str(f) for f in found)


@pytest.mark.parametrize("name", [n for n, m in MODELS.items() if P.ORDERS in m.promises])
def test_orders_beside_isolated_positions_ask_something(name: str) -> None:
    tried = examined(name)
    found = [
        finding
        for market in tried.markets
        for notional in (1_000.0, -1_000.0)
        for finding in check_order_beside_isolated(
            tried, market, sized(tried.case, market, notional)
        )
    ]
    assert not found, str(found[:1])


@pytest.mark.parametrize("name", list(MODELS))
def test_no_lone_position_is_free(name: str) -> None:
    tried = examined(name)
    found = [
        finding
        for market in tried.markets
        for notional in (1_000.0, -1_000.0)
        for finding in check_not_free(tried, market, sized(tried.case, market, notional))
    ]
    assert not found, "\n".join(str(f) for f in found)


def of_promise(about: MarginProperty) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", [n for n, m in MODELS.items() if about in m.promises])


@of_promise(P.MONOTONE)
@given(data=st.data())
@EXAMPLES
def test_larger_positions_never_ask_less(name: str, data: st.DataObject) -> None:
    market = data.draw(st.sampled_from(markets(name)))
    quantity = sized(MODELS[name].case, market, data.draw(SIDES) * data.draw(NOTIONALS))
    found = check_monotone(examined(name), market, quantity, data.draw(st.floats(1.0, 10.0)))
    assert not found, str(found[0])


@of_promise(P.PARITY)
@given(data=st.data())
@EXAMPLES
def test_linear_and_inverse_perpetuals_ask_alike(name: str, data: st.DataObject) -> None:
    pairs = list(parity_pairs(examined(name)))
    linear, inverse = data.draw(st.sampled_from(pairs))
    notional = data.draw(SIDES) * data.draw(NOTIONALS)
    found = check_parity(examined(name), linear, inverse, notional)
    assert not found, str(found[0])


@pytest.mark.parametrize("name", list(MODELS))
@given(data=st.data())
@settings(EXAMPLES, max_examples=1)
def test_bad_input_is_a_reason_and_stays_where_it_is(name: str, data: st.DataObject) -> None:
    """Some 300 faults beside one book: not the empty one, which is drawn first."""
    held = MODELS[name]
    pricing = getattr(held.case.model, "pricing", None)
    spoilt = {*held.pricing_markets, *getattr(pricing, "pricing_markets", {}).values()}
    book = data.draw(books(name))
    assume(book.quantity.size)
    found = check_faults(examined(name), book, spoilt=frozenset(spoilt))
    assert not found, "\n".join(str(f) for f in found)


@pytest.mark.parametrize("name", list(MODELS))
def test_promises_that_are_not_made_say_why(name: str) -> None:
    held = MODELS[name]
    assert set(held.not_promised) <= OPTIONAL
    assert all(held.not_promised.values())
    assert (P.MORE_SCENARIOS in held.promises) == (held.fewer is not None)
    tried = examined(name)
    assert (P.CURRENCY_UNIT in held.promises) <= (tried.rescaled is not None)
    if P.PARITY in held.promises:
        assert list(parity_pairs(tried))


ALL = ["Future", "Option", "Perpetual", "Spot"]
BOTH = ["inverse", "linear"]
MARGINED: dict[str, tuple[list[str], list[str], int]] = {
    **dict.fromkeys(MODELS, (ALL, BOTH, 62)),
    **dict.fromkeys(
        ("tiered", "size tiers", "tiered with add-ons"), (["Future", "Perpetual"], BOTH, 12)
    ),
    **dict.fromkeys(("dydx", "drift", "vega"), (["Future", "Perpetual"], ["linear"], 6)),
    **dict.fromkeys(
        ("derive PMRM_2", "derive PMRM", "derive SRM"), (["Option", "Perpetual"], ["linear"], 26)
    ),
    "deribit standard, cross": (["Future", "Option", "Perpetual"], BOTH, 60),
    **dict.fromkeys(
        ("deribit standard, segregated", "deribit S:PM"),
        (["Future", "Option", "Perpetual"], ["inverse"], 15),
    ),
    "paradex": (ALL, ["linear"], 32),
}


@pytest.mark.parametrize("name", list(MODELS))
def test_what_each_model_margins(name: str) -> None:
    """A market that a model leaves out is not examined: what is left out is said above."""
    held = [INSTRUMENTS[m] for m in markets(name)]
    kinds = sorted({type(i).__name__ for i in held})
    assert (kinds, sorted({i.payoff.value for i in held}), len(held)) == MARGINED[name]
