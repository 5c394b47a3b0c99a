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
from plimsoll.maths.black76 import price

CHAIN = listed_chain(chain())
LIBRARY = portfolio_library((CHAIN,), seed=7)
CELLS = (7, 5)


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
    at = row("BTC put 1 d 50 delta, long")
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
