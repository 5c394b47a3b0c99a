"""Worth of positions by one pass, against the formulas in plain numpy; threads change no bit."""

from __future__ import annotations

import numpy as np

from plimsoll.maths.payoffs import INVERSE, LINEAR, QUANTO
from plimsoll.maths.position_values import (
    HeldPositions,
    PositionWorths,
    ValuedMarkets,
    value_positions,
    value_positions_parallel,
)

COUNT = 40_000
CODES = NO_QUANTITY, NO_MARK, NO_FUNDING = 91, 92, 93
MARKETS = ValuedMarkets(
    np.array([LINEAR, INVERSE, QUANTO, INVERSE, LINEAR, LINEAR]),
    np.array([0.1, 100.0, 0.01, 1.0, 1.0, 2.0]),
    np.array([40.0, 50.0, 60.0, 0.02, np.nan, 5.0]),
    np.array([1.0, 50.0, 3.0, 50.0, 1.0, 1.0]),
    np.array([False, False, False, True, False, False]),
    np.array([0, 0, 0, 0, 0, 7]),
)


def test_equals_the_formulas_whatever_the_threads() -> None:
    rng = np.random.default_rng(5)
    market = rng.integers(0, 6, COUNT)
    quantity, entry = rng.normal(size=COUNT) * 10.0, rng.uniform(1.0, 90.0, COUNT)
    quantity[::97] = np.nan
    funding = rng.normal(size=COUNT)
    funding[5::101], funding[7::211] = np.nan, np.inf
    found = []
    for kernel in (value_positions, value_positions_parallel):
        out = PositionWorths(np.empty(COUNT), np.empty(COUNT, dtype=np.int64))
        positions = HeldPositions(market, quantity, entry, funding)
        kernel(positions, MARKETS, *CODES, out)
        found.append(out)
    assert found[0][0].tobytes() == found[1][0].tobytes()
    assert np.array_equal(found[0][1], found[1][1])
    worth, reason = found[0]
    mark, amount = MARKETS.mark[market], quantity * MARKETS.size[market]
    linear, inverse = amount * (mark - entry), amount * (1.0 / entry - 1.0 / mark)
    gain = np.where(MARKETS.payoff[market] == INVERSE, inverse, linear) + funding
    expected = np.where(MARKETS.has_value[market], amount * mark, gain)
    expected *= MARKETS.settle_price[market]
    codes = np.where(np.isnan(quantity), NO_QUANTITY, MARKETS.reason[market])
    codes = np.where((codes == 0) & np.isnan(mark), NO_MARK, codes)
    codes = np.where((codes == 0) & ~np.isfinite(funding), NO_FUNDING, codes)
    assert np.array_equal(reason, codes)
    assert np.isnan(worth[codes != 0]).all()
    # Tolerance: the inverse form loses digits of its own where entry is near the mark.
    np.testing.assert_allclose(worth[codes == 0], expected[codes == 0], rtol=1e-10, atol=1e-9)


def test_no_funding_is_none() -> None:
    out = PositionWorths(np.empty(1), np.empty(1, dtype=np.int64))
    positions = HeldPositions(np.array([0]), np.ones(1), np.array([30.0]), np.empty(0))
    value_positions(positions, MARKETS, *CODES, out)
    assert out.worth[0] == 1.0
    assert out.reason[0] == 0
