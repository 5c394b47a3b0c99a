"""Scenarios, shares and shocks of Deribit's portfolio margin, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from deribit_accounts import pair
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.deribit.portfolio_scenarios import matrix_scenarios
from plimsoll.margin.deribit.portfolio_shocks import (
    CellDeltas,
    DeltaRamp,
    RollRamp,
    delta_shocks,
    roll_rates,
)


def test_twenty_seven_and_eight_scenarios() -> None:
    found = matrix_scenarios(pair())
    assert len(found.grid) == 35
    moves = np.repeat(np.arange(-4, 5) * 0.04, 3)
    assert found.grid.price_moves[:27] == pytest.approx(moves, abs=1e-16)
    assert found.grid.price_moves[0] == -0.16
    assert np.all(found.coin_share[:27] == 1.0)
    assert np.all(found.beyond[:27] == 0.0)
    # Range over move, the shares that Paradex prints for the same tails: per cent.
    shares = [24.24, 48.48, 32.0, 16.0, 8.0, 5.33, 4.0, 3.2]
    assert found.grid.fraction[27:] * 100 == pytest.approx(shares, abs=0.005)
    # |x| / R - 1 at -66 % and +500 %
    assert found.beyond[[27, 34]] == pytest.approx([3.125, 30.25])


@pytest.mark.parametrize("reach", ["0.01", "0.16", "0.33", "0.6"])
def test_far_delta_one_stands_at_the_edge(reach: str) -> None:
    """Inverse: q x / (1 + x) times the share in coin; linear: q x times the share in dollars."""
    found = matrix_scenarios(pair(price_range=reach))
    far, edge = found.grid.price_moves[27:], found.edge[27:]
    inverse = far / (1 + far) * found.coin_share[27:]
    assert inverse == pytest.approx(edge / (1 + edge), rel=1e-14)
    assert far * found.grid.fraction[27:] == pytest.approx(edge, rel=1e-14)


def test_scenarios_refuse_impossible_shapes() -> None:
    for buckets, moves in ((0, (0.5,)), (4, (0.0,)), (4, (-1.0,))):
        with pytest.raises(UsageError):
            matrix_scenarios(pair(), buckets, moves)


def test_roll_rates_have_a_floor_and_two_ramps() -> None:
    years = np.array([0.0, 0.1, 0.5, 1.0])
    linear = roll_rates(pair(), years, RollRamp.LINEAR)
    assert linear == pytest.approx([0.01, 0.01, 0.0375, 0.075])
    grown = roll_rates(pair(), years, RollRamp.EXPONENTIAL)
    assert grown == pytest.approx([0.01, 0.01, np.exp(0.0375) - 1, np.exp(0.075) - 1])


def test_delta_shock_rises_from_the_threshold_to_its_largest_rate() -> None:
    # 50,000 dollars a coin; threshold 20 million = 400 coins; 0.00005 a coin; at most 10 %.
    # 600 coins: rate 200 x 0.00005 = 1 %: 6 of all, 2 of the excess.
    # 3,000 coins: rate min(2,600 x 0.00005, 10 %) = 10 %: 300 of all, 260 of the excess.
    coins = np.array([0.0, 400.0, -600.0, 3000.0])
    deltas = CellDeltas(coins=coins, worth=coins, roll_shock=np.zeros(4))
    whole = delta_shocks(deltas, pair(), 1 / 50_000, DeltaRamp.WHOLE)
    assert whole == pytest.approx([0.0, 0.0, 6.0, 300.0])
    excess = delta_shocks(deltas, pair(), 1 / 50_000, DeltaRamp.EXCESS)
    assert excess == pytest.approx([0.0, 0.0, 2.0, 260.0])


def test_parameters_are_bounded() -> None:
    with pytest.raises(ParameterError, match="price_range"):
        pair(price_range="0.7")
    with pytest.raises(ParameterError, match="pnl_offset"):
        pair(pnl_offset="1.1")
