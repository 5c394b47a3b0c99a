"""Losses under scenarios and from day to day, against formulas written out here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from listed_chains_made import AT_NS, DAY_NS, chain

from plimsoll.calibration.grids.grid_market import Settlement
from plimsoll.calibration.grids.listed_chain import listed_chain
from plimsoll.calibration.grids.portfolio_library import portfolio_library
from plimsoll.calibration.grids.realised_losses import realised_losses
from plimsoll.calibration.grids.reference_losses import reference_losses
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios
from plimsoll.calibration.grids.surface_cells import SCORE_EDGES, TENOR_CENTRES_DAYS
from plimsoll.maths.black76 import price

CHAIN = listed_chain(chain())
LIBRARY = portfolio_library((CHAIN,), seed=7)
CELLS = (len(TENOR_CENTRES_DAYS), len(SCORE_EDGES) + 1)


def scenarios(spot: list[float], level: float = 0.0) -> ReferenceScenarios:
    count = len(spot)
    return ReferenceScenarios(
        coins=("BTC",),
        spot=np.array([spot]),
        volatility=np.full((1, count, *CELLS), level),
        basis=np.zeros((1, count, CELLS[0])),
        weight=np.full(count, 1.0 / count),
        cluster=np.arange(count),
        stressed=np.zeros(count, dtype=np.bool_),
    )


def row(name: str) -> int:
    return LIBRARY.names.index(name)


def test_nothing_moves_nothing_is_lost() -> None:
    loss = reference_losses(LIBRARY, (CHAIN,), scenarios([0.0]), days=0.0)
    np.testing.assert_allclose(loss, 0.0, atol=1e-6)  # of 100,000 dollars


@pytest.mark.parametrize("settlement", list(Settlement))
def test_a_perpetual_loses_its_move(settlement: Settlement) -> None:
    moves = [-0.2, 0.1]
    loss = reference_losses(LIBRARY, (CHAIN,), scenarios(moves), settlement=settlement)
    np.testing.assert_allclose(
        loss[row("BTC perpetual, long")], 1e5 * (1.0 - np.exp(moves)), rtol=1e-12
    )


@pytest.mark.parametrize("settlement", list(Settlement))
def test_an_option_is_revalued_with_a_day_less(settlement: Settlement) -> None:
    """Forward and index are equal here, so both settlements are worth the same in dollars."""
    at = row("BTC put 30 d 25 delta, short")
    place = int(np.flatnonzero(LIBRARY.coins[at])[0])
    name, coins = LIBRARY.markets[place], float(LIBRARY.coins[at, place])
    option = CHAIN.names.index(name)
    strike, years = float(CHAIN.strike[option]), float(CHAIN.years[option])
    spot, level = -0.15, 0.3
    before = price(80_000.0, strike, years, 0.5, False)
    after = price(80_000.0 * np.exp(spot), strike, years - 1 / 365, 0.5 * np.exp(level), False)
    loss = reference_losses(LIBRARY, (CHAIN,), scenarios([spot], level), settlement=settlement)
    assert loss[at, 0] == pytest.approx(-coins * float(after - before), rel=1e-9)


@pytest.mark.parametrize("settlement", list(Settlement))
def test_what_settles_on_the_way_is_paid_at_the_price_of_its_window(settlement: Settlement) -> None:
    """Six hours are left: the window's middle is 5 h 45 min on the way, between two full hours."""
    early = listed_chain(chain(at_ns=AT_NS + 18 * DAY_NS // 24))
    library = portfolio_library((early,), seed=7)
    at = library.names.index("BTC straddle expiring, short")
    hours = np.zeros((1, 1, 25))
    hours[0, 0, 5], hours[0, 0, 6], hours[0, 0, 7:] = 0.02, 0.06, -0.3
    found = replace(scenarios([-0.3]), path=hours)
    loss = reference_losses(library, (early,), found, settlement=settlement)[at, 0]
    price_then = 80_000.0 * np.exp(0.25 * 0.02 + 0.75 * 0.06)
    held = np.flatnonzero(library.coins[at])
    option = early.names.index(library.markets[int(held[0])])
    strike, coins = float(early.strike[option]), -float(library.coins[at, held[0]])
    paid = abs(price_then - strike)
    if settlement is Settlement.INVERSE:  # coins, worth the index at the end of the period
        paid *= 80_000.0 * np.exp(-0.3) / price_then
    premium = sum(early.mark[early.names.index(library.markets[int(c)])] for c in held) * 80_000.0
    assert loss == pytest.approx(coins * (paid - premium), rel=1e-9)


def test_without_a_path_what_settles_does_so_at_the_end() -> None:
    loss = reference_losses(LIBRARY, (CHAIN,), scenarios([-0.1]))
    held = np.flatnonzero(LIBRARY.coins[row("BTC put expiring 50 delta, short")])
    option = CHAIN.names.index(LIBRARY.markets[int(held[0])])
    gain = max(CHAIN.strike[option] - 80_000.0 * np.exp(-0.1), 0.0) - CHAIN.mark[option] * 80_000.0
    coins = 1e5 / 80_000.0
    assert loss[row("BTC put expiring 50 delta, short"), 0] == pytest.approx(coins * gain)


def test_marks_of_the_next_day_are_the_loss() -> None:
    later = chain(index=76_000.0, vol=0.6, at_ns=AT_NS + DAY_NS // 2)
    loss = realised_losses(LIBRARY, (CHAIN,), (later,))
    assert loss[row("BTC perpetual, long")] == pytest.approx(1e5 * (1.0 - 76.0 / 80.0))
    at = row("BTC call 90 d 50 delta, long")
    place = int(np.flatnonzero(LIBRARY.coins[at])[0])
    option = later.names.index(LIBRARY.markets[place])
    start = CHAIN.mark[CHAIN.names.index(LIBRARY.markets[place])] * 80_000.0
    change = later.mark[option] * 76_000.0 - start
    assert loss[at] == pytest.approx(-LIBRARY.coins[at, place] * change)


def test_an_expired_option_is_worth_its_intrinsic_value() -> None:
    later = chain(index=76_000.0, at_ns=AT_NS + DAY_NS + DAY_NS // 10)
    loss = realised_losses(LIBRARY, (CHAIN,), (later,))
    at = row("BTC put expiring 50 delta, long")
    place = int(np.flatnonzero(LIBRARY.coins[at])[0])
    option = CHAIN.names.index(LIBRARY.markets[place])
    change = max(CHAIN.strike[option] - 76_000.0, 0.0) - CHAIN.mark[option] * 80_000.0
    assert loss[at] == pytest.approx(-LIBRARY.coins[at, place] * change)


def test_a_missing_mark_makes_its_portfolios_unknown_and_no_others() -> None:
    later = chain(index=80_000.0, at_ns=AT_NS + DAY_NS // 2)
    at = row("BTC put 30 d 10 delta, long")
    lost = LIBRARY.markets[int(np.flatnonzero(LIBRARY.coins[at])[0])]
    marks = np.where([name == lost for name in later.names], np.nan, later.mark)
    loss = realised_losses(LIBRARY, (CHAIN,), (replace(later, mark=marks),))
    holders = LIBRARY.coins[:, LIBRARY.markets.index(lost)] != 0.0
    np.testing.assert_array_equal(np.isnan(loss), holders)
