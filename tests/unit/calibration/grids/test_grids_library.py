"""The library: sizes, mirror images, neutrality, and the same trades for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from listed_chains_made import AT_NS, DAY_NS, DAYS, chain

from plimsoll.calibration.grids.grid_market import Settlement
from plimsoll.calibration.grids.listed_chain import at_volatility, listed_chain
from plimsoll.calibration.grids.portfolio_library import (
    GROSS_USD,
    PAIR_SCOPE,
    PortfolioLibrary,
    portfolio_library,
)
from plimsoll.calibration.grids.portfolios import HEDGED, OUTRIGHT, PortfolioFamily
from plimsoll.errors import DataError, UsageError
from plimsoll.maths.black76 import price

CHAINS = (listed_chain(chain()), listed_chain(chain("ETH", 3_000.0, 0.7)))


@pytest.fixture(scope="module")
def library() -> PortfolioLibrary:
    return portfolio_library(CHAINS, seed=7)


def test_every_family_is_there_and_has_one_kind(library: PortfolioLibrary) -> None:
    assert set(library.families) == set(PortfolioFamily)
    assert set(HEDGED) | set(OUTRIGHT) == set(PortfolioFamily)
    assert not set(HEDGED) & set(OUTRIGHT)
    assert set(library.scopes) == {"BTC", "ETH", PAIR_SCOPE}
    assert len(set(library.names)) == len(library)


def test_every_portfolio_has_one_gross_notional(library: PortfolioLibrary) -> None:
    index = [CHAINS[0].index if m.startswith("BTC") else CHAINS[1].index for m in library.markets]
    np.testing.assert_allclose(np.abs(library.coins) @ index, GROSS_USD, rtol=1e-12)


def test_mirror_images_hold_the_opposite(library: PortfolioLibrary) -> None:
    row = {name: at for at, name in enumerate(library.names)}
    longs = [name for name in library.names if name.endswith(", long")]
    assert 2 * len(longs) == len(library)
    for name in longs:
        other = row[name.removesuffix("long") + "short"]
        np.testing.assert_array_equal(library.coins[row[name]], -library.coins[other])


@pytest.mark.parametrize("family", [PortfolioFamily.DELTA_HEDGED, PortfolioFamily.MARKET_MAKER])
def test_neutral_families_have_no_delta(library: PortfolioLibrary, family: PortfolioFamily) -> None:
    delta = np.ones(len(library.markets))
    for coin in CHAINS:
        known = dict(zip(coin.names, coin.delta, strict=True))
        delta = np.array([known.get(m, d) for m, d in zip(library.markets, delta, strict=True)])
    own = [at for at, f in enumerate(library.families) if f is family]
    assert own
    # coins of a 100,000 dollar book: at most 33 of them, so 1e-9 is rounding
    np.testing.assert_allclose(library.coins[own] @ delta, 0.0, atol=1e-9)


def legs_of(library: PortfolioLibrary, name: str) -> list[str]:
    held = library.coins[library.names.index(name)]
    return [m for m, q in zip(library.markets, held.tolist(), strict=True) if q]


def days_left(market: str) -> float:
    return (int(market.split("-")[-1 if "FUTURE" in market else 1]) * 10**9 - AT_NS) / DAY_NS


def test_what_settles_within_the_period_stands_apart_from_what_outlives_it(
    library: PortfolioLibrary,
) -> None:
    assert {days_left(m) for m in legs_of(library, "BTC straddle expiring, long")} == {1.0}
    assert {days_left(m) for m in legs_of(library, "BTC straddle 7 d, long")} == {8.0}
    late = listed_chain(chain(at_ns=AT_NS + DAY_NS // 2))
    names = portfolio_library((late,), seed=7).names
    assert "BTC straddle expiring, long" in names
    # half a day before the end its hedge would stand naked
    assert not any("hedged" in name and "expiring" in name for name in names)


def test_the_longest_listed_expiry_is_in_every_kind_that_has_one(library: PortfolioLibrary) -> None:
    longest = max(DAYS)
    held = {
        library.families[row]
        for row, name in enumerate(library.names)
        if any(days_left(m) == longest for m in legs_of(library, name) if "PERPETUAL" not in m)
    }
    assert held == set(PortfolioFamily)


def test_options_are_hedged_with_the_future_of_their_own_expiry(library: PortfolioLibrary) -> None:
    found = [name for name in library.names if "its future" in name]
    assert {name.split()[1] for name in found} == {"call", "put", "collar"}
    for name in found:
        assert len({days_left(market) for market in legs_of(library, name)}) == 1


def test_the_same_seed_is_the_same_library(library: PortfolioLibrary) -> None:
    again, other = portfolio_library(CHAINS, seed=7), portfolio_library(CHAINS, seed=8)
    assert again.names == library.names
    np.testing.assert_array_equal(again.coins, library.coins)
    assert other.coins.shape != library.coins.shape or (other.coins != library.coins).any()


def test_inverse_contracts_are_counted_in_dollars(library: PortfolioLibrary) -> None:
    place = library.markets.index("BTC-PERPETUAL")
    row = library.names.index("BTC perpetual, long")
    assert library.quantities(Settlement.INVERSE)[row, place] == pytest.approx(GROSS_USD)
    assert library.quantities(Settlement.LINEAR)[row, place] == pytest.approx(GROSS_USD / 80_000.0)


def test_books_hold_what_the_library_says(library: PortfolioLibrary) -> None:
    book = library.book(Settlement.LINEAR)
    dense = np.zeros_like(library.coins)
    dense[book.account_of_position, book.market] = book.quantity
    np.testing.assert_array_equal(dense, library.coins)
    assert tuple(book.accounts) == library.names


def test_portfolios_with_futures_are_told(library: PortfolioLibrary) -> None:
    named = [f is PortfolioFamily.BASIS for f in library.families]
    assert library.holds_future[named].all()
    kept = library.take(~library.holds_future)
    assert not any("-FUTURE-" in market for market in kept.markets)


def test_a_chain_at_another_volatility_is_priced_at_it() -> None:
    moved = at_volatility(CHAINS[0], 1.5)
    value = price(moved.forward, moved.strike, moved.years, 0.75, moved.is_call)
    np.testing.assert_allclose(moved.mark * moved.forward, value, rtol=1e-12)
    np.testing.assert_array_equal(at_volatility(CHAINS[0], 1.0).mark_vol, CHAINS[0].mark_vol)


def test_wrong_chains_are_refused() -> None:
    with pytest.raises(UsageError, match="one a coin"):
        portfolio_library((CHAINS[0], CHAINS[0]), seed=1)
    empty = chain(at_ns=chain().at_ns + 300 * 86_400 * 10**9)
    with pytest.raises(DataError, match="option with marks"):
        listed_chain(empty)
