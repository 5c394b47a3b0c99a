"""What holds of OKX, SPAN and Bybit margins for any book."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import underlying_venue as venue
from plimsoll.margin import CurrencyPricing
from plimsoll.margin.units.cells import unit_layout

MARKETS = list(venue.INSTRUMENTS)
SNAPSHOT = venue.snapshot()
PREPARED = {
    name: model.prepare(SNAPSHOT, parameters, venue.INSTRUMENTS)  # type: ignore[arg-type]
    for name, (model, parameters) in venue.MODELS.items()
}
QUANTITIES = st.floats(-1e4, 1e4).filter(lambda q: abs(q) > 1e-6)
BOOKS = st.lists(
    st.dictionaries(st.sampled_from(MARKETS), QUANTITIES, max_size=8), min_size=1, max_size=4
)
NAMES = st.sampled_from(list(PREPARED))
# Up to eight positions of at most 1e4 x 69,000 USD, which may net to nothing: 5.5e9 of which each
# sum or product loses 1.1e-16. Forty of them, for terms, shares and prices, lose 2.4e-5.
OF_ROUNDING = 2.5e-5


@given(name=NAMES, accounts=BOOKS)
@settings(max_examples=60)
def test_initial_is_at_least_maintenance_is_at_least_zero(
    name: str, accounts: list[dict[str, float]]
) -> None:
    found = PREPARED[name].requirements(venue.book(accounts))
    assert np.all(found.maintenance >= 0.0)
    assert np.all(found.initial >= found.maintenance)


@given(name=NAMES, accounts=BOOKS, seed=st.integers(0, 99))
@settings(max_examples=40)
def test_order_of_accounts_and_positions_does_not_matter(
    name: str, accounts: list[dict[str, float]], seed: int
) -> None:
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(accounts))
    shuffled = [
        {market: accounts[row][market] for market in draw.permutation(list(accounts[row]))}
        for row in order
    ]
    found = PREPARED[name].requirements(venue.book(accounts))
    again = PREPARED[name].requirements(venue.book(shuffled))
    np.testing.assert_allclose(
        again.maintenance, found.maintenance[order], rtol=1e-12, atol=OF_ROUNDING
    )


@given(name=NAMES, accounts=BOOKS)
@settings(max_examples=30)
def test_terms_add_up_and_contributions_to_the_loss(
    name: str, accounts: list[dict[str, float]]
) -> None:
    found = PREPARED[name].requirements(venue.book(accounts))
    total = np.zeros(len(found))
    for term in found.terms:
        total = total + term.maintenance
    assert np.array_equal(total, found.maintenance)
    for row in range(len(accounts)):
        (told,) = found.explanations(f"account {row}")
        loss = next(t.maintenance for t in told.terms if t.name == "scenario_loss")
        shares = 0.0
        for contribution in told.contributions:
            shares += contribution.contribution
        assert shares == pytest.approx(loss, rel=1e-12, abs=1e-9)
        assert told.maintenance == found.maintenance[row]


@given(name=NAMES, accounts=BOOKS, seed=st.integers(0, 99))
@settings(max_examples=30)
def test_more_scenarios_never_lose_less(
    name: str, accounts: list[dict[str, float]], seed: int
) -> None:
    prepared = PREPARED[name]
    book = venue.book(accounts)
    cells = prepared.risk.cells(book, unit_layout(book), np.zeros(book.market.size, dtype=np.bool_))
    keep = np.random.default_rng(seed).random(prepared.risk.profit.shape[1]) < 0.5
    keep[0] = True
    fewer = replace(prepared.risk, profit=np.ascontiguousarray(prepared.risk.profit[:, keep]))
    assert np.all(fewer.worst(cells)[0] <= prepared.risk.worst(cells)[0])


@given(
    name=NAMES, held=st.dictionaries(st.sampled_from(MARKETS), QUANTITIES, min_size=1, max_size=6)
)
@settings(max_examples=40)
def test_twice_the_book_asks_at_least_as_much(name: str, held: dict[str, float]) -> None:
    twice = {market: 2.0 * quantity for market, quantity in held.items()}
    once, more = PREPARED[name].requirements(venue.book([held, twice])).maintenance
    # Charges are homogeneous or progressive in size: never less than twice, but for rounding.
    assert more >= 2.0 * once * (1.0 - 1e-12)


@given(accounts=BOOKS)
@settings(max_examples=15)
def test_margin_does_not_depend_on_the_currency_it_is_told_in(
    accounts: list[dict[str, float]],
) -> None:
    pricing = CurrencyPricing(numeraire="BTC", pricing_markets=venue.PRICING.pricing_markets)
    for name, (model, parameters) in venue.MODELS.items():
        in_coin = replace(model, pricing=pricing).prepare(  # type: ignore[type-var]
            SNAPSHOT,
            parameters,
            venue.INSTRUMENTS,
        )
        dollars = PREPARED[name].requirements(venue.book(accounts)).maintenance
        coins = in_coin.requirements(venue.book(accounts)).maintenance
        np.testing.assert_allclose(
            coins * venue.PRICES["BTC"], dollars, rtol=1e-12, atol=OF_ROUNDING
        )


@given(name=NAMES, dollars=st.integers(1, 10_000))
@settings(max_examples=20)
def test_linear_and_inverse_perpetuals_ask_alike(name: str, dollars: int) -> None:
    # 0.1 coin of the linear one at 60,000 / 0.997 USDT is 6,000 USD: 60 inverse contracts of 100.
    linear, inverse = {"BTC-USDT": float(dollars)}, {"BTC-COIN": 60.0 * dollars}
    one, other = PREPARED[name].requirements(venue.book([linear, inverse])).maintenance
    assert one == pytest.approx(other, rel=1e-9)


@pytest.mark.parametrize("name", list(PREPARED))
@pytest.mark.parametrize("title", list(venue.HEDGED))
def test_a_hedged_book_costs_something_and_less_than_its_legs(name: str, title: str) -> None:
    hedged = venue.HEDGED[title]
    legs = [{market: quantity} for market, quantity in hedged.items()]
    pair, *alone = PREPARED[name].requirements(venue.book([hedged, *legs])).maintenance
    assert 0.0 < pair < 0.5 * sum(alone)
