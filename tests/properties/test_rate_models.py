"""What holds for every model that margins positions one by one, over random venues and books."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rate_books import INSTRUMENTS, MODELS, Venue, books, orders, positions, venues

from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.margin.currency import CurrencyPricing

every_model = pytest.mark.parametrize("name", MODELS)
FEW = settings(max_examples=40, deadline=None)
ROUNDING = 1e-9


@every_model
@FEW
@given(data=st.data())
def test_initial_is_at_least_maintenance_is_at_least_zero(name: str, data: st.DataObject) -> None:
    venue, book = data.draw(venues(name)), data.draw(books())
    found = venue.prepared().requirements(book)
    assert not np.any(found.unknown)
    slack = ROUNDING * np.maximum(1.0, found.initial)
    assert np.all(found.initial >= found.maintenance - slack)
    assert np.all(found.maintenance >= -slack)


@every_model
@FEW
@given(data=st.data())
def test_terms_and_parts_add_up_to_the_last_bit(name: str, data: st.DataObject) -> None:
    venue, book = data.draw(venues(name)), data.draw(books())
    found = venue.prepared().requirements(book)
    for level in ("initial", "maintenance"):
        total = np.zeros(len(found))
        for term in found.terms:
            total = total + getattr(term, level)
        np.testing.assert_array_equal(getattr(found, level), total)
        sums = np.bincount(
            found.parts.unit, getattr(found.parts, level), minlength=len(found)
        ).astype(np.float64)
        np.testing.assert_array_equal(getattr(found.terms[0], level), sums)


@every_model
@FEW
@given(data=st.data())
def test_order_of_accounts_is_irrelevant(name: str, data: st.DataObject) -> None:
    venue, book = data.draw(venues(name)), data.draw(books())
    order = np.array(data.draw(st.permutations(range(len(book)))), dtype=np.int64)
    prepared = venue.prepared()
    plain, turned = prepared.requirements(book), prepared.requirements(book.take(order))
    for account in book.accounts:
        mine, theirs = plain.units_of(account), turned.units_of(account)
        for level in ("initial", "maintenance", "equity"):
            # The sizes of linked accounts are added in another order.
            np.testing.assert_allclose(
                getattr(plain, level)[mine], getattr(turned, level)[theirs], rtol=1e-9, atol=1e-6
            )


@every_model
@FEW
@given(data=st.data(), growth=st.floats(1, 50))
def test_margin_is_monotone_in_size(name: str, data: st.DataObject, growth: float) -> None:
    venue, held = data.draw(venues(name)), data.draw(positions("ONE"))
    mark = venue.snapshot.quotes["ONE"].mark
    flat = replace(held, entry_price=mark, funding=0.0)  # profit has rules of its own
    small = Account(name="small", positions=(flat,))
    large = Account(name="large", positions=(replace(flat, quantity=held.quantity * growth),))
    found = venue.prepared().requirements(Book.from_accounts([small, large]))
    for level in (found.parts.initial, found.parts.maintenance):
        assert level[1] >= level[0] * (1.0 - ROUNDING)


@every_model
@FEW
@given(data=st.data(), share=st.floats(0, 1))
def test_splitting_over_linked_accounts_saves_nothing(
    name: str, data: st.DataObject, share: float
) -> None:
    venue, held = data.draw(venues(name)), data.draw(positions("ONE"))
    flat = replace(held, entry_price=venue.snapshot.quotes["ONE"].mark, funding=0.0)
    parts = [
        Account(name=part, owner="x", positions=(replace(flat, quantity=flat.quantity * s),))
        for part, s in (("a", share), ("b", 1.0 - share))
    ]
    prepared = venue.prepared()
    whole = prepared.requirements(Book.from_accounts([Account(name="w", positions=(flat,))]))
    split = prepared.requirements(Book.from_accounts(parts))
    for level in ("initial", "maintenance"):
        one = float(np.sum(getattr(whole, level)))
        two = float(np.sum(getattr(split, level)))
        assert two >= one * (1.0 - ROUNDING)
        assert two == pytest.approx(one, rel=1e-6, abs=1e-9)


@every_model
@FEW
@given(data=st.data())
def test_an_order_never_lowers_initial_margin(name: str, data: st.DataObject) -> None:
    venue, held = data.draw(venues(name)), data.draw(positions("ONE"))
    order = data.draw(orders("ONE"))
    if name == "vega":  # market orders are taken to be filled there, and may close
        order = replace(order, price=order.price or 1.0)
    without = Account(name="without", positions=(held,))
    ordered = Account(name="with", positions=(held,), orders=(order,))
    found = venue.prepared().requirements(Book.from_accounts([without, ordered]))
    total = [float(np.sum(found.initial[found.units_of(n)])) for n in ("without", "with")]
    assert total[1] >= total[0] * (1.0 - ROUNDING)


@every_model
@FEW
@given(data=st.data(), power=st.integers(-10, 10))
def test_currency_unit_is_irrelevant(name: str, data: st.DataObject, power: int) -> None:
    venue, book = data.draw(venues(name)), data.draw(books())
    prices = {**venue.snapshot.stable_price_usd, "BIT": 2.0**-power}
    in_bits = Venue(
        model=replace(venue.model, pricing=CurrencyPricing(numeraire="BIT")),
        parameters=venue.parameters,
        snapshot=replace(venue.snapshot, stable_price_usd=prices),
    )
    dollars = venue.prepared().requirements(book)
    bits = in_bits.prepared().requirements(book)
    for level in ("initial", "maintenance", "equity"):
        np.testing.assert_allclose(
            getattr(bits, level), getattr(dollars, level) * 2.0**power, rtol=1e-12, atol=1e-9
        )


@every_model
@FEW
@given(data=st.data())
def test_one_bad_account_never_sinks_the_book(name: str, data: st.DataObject) -> None:
    venue, book = data.draw(venues(name)), data.draw(books())
    bad = [
        Account(name="nan", positions=(Position(market="ONE", quantity=np.nan, entry_price=1.0),)),
        Account(name="no", positions=(Position(market="NO", quantity=1.0, entry_price=1.0),)),
    ]
    good = [book.account(account) for account in book.accounts]
    mixed = Book.from_accounts([*good, *bad])
    prepared = venue.prepared()
    alone, together = prepared.requirements(book), prepared.requirements(mixed)
    reasons = [MarginReason.NO_QUANTITY, MarginReason.UNKNOWN_INSTRUMENT]
    assert together.parts.reason[-2:].tolist() == reasons
    for account in book.accounts:
        for level in ("initial", "maintenance", "equity"):
            np.testing.assert_allclose(
                getattr(alone, level)[alone.units_of(account)],
                getattr(together, level)[together.units_of(account)],
                rtol=1e-12,
            )
    for account in ("nan", "no"):
        assert np.all(together.unknown[together.units_of(account)])


@every_model
@FEW
@given(data=st.data(), mark=st.sampled_from([0.0, -1.0, float("nan"), float("inf")]))
def test_bad_marks_are_reasons(name: str, data: st.DataObject, mark: float) -> None:
    venue = data.draw(venues(name))
    quotes = {**venue.snapshot.quotes, "ONE": replace(venue.snapshot.quotes["ONE"], mark=mark)}
    marked = replace(venue, snapshot=replace(venue.snapshot, quotes=quotes))
    held = [Position(market=m, quantity=1.0, entry_price=1.0) for m in INSTRUMENTS]
    accounts = [Account(name=p.market, positions=(p,)) for p in held]
    found = marked.prepared().requirements(Book.from_accounts(accounts))
    assert found.parts.reason.tolist() == [MarginReason.NO_MARK, MarginReason.NONE]
    assert found.unknown.tolist() == [True, False]
