"""Scenarios know nothing of what came after the cut-off, and answer as they are told to."""

from __future__ import annotations

import numpy as np
import pytest
from listed_chains_made import AT_NS, DAY_NS, chain

from plimsoll.calibration.grids.grid_calibration import at_levels, spread_in_time
from plimsoll.calibration.grids.listed_chain import listed_chain
from plimsoll.calibration.grids.reference_scenarios import (
    ReferenceScenarios,
    ScenarioSettings,
    reference_scenarios,
)
from plimsoll.calibration.grids.spot_history import (
    HOUR_NS,
    SpotHistory,
    SpotMoves,
    blended_moves,
    spot_moves,
)
from plimsoll.calibration.grids.surface_cells import (
    MONEY,
    PIVOT,
    SurfaceCells,
    day_pairs,
    surface_cells,
)
from plimsoll.calibration.grids.vol_response import VolIndexHistory, vol_response
from plimsoll.domain.option_chain import OptionChain
from plimsoll.errors import InsufficientDataError, UsageError

COINS = ("BTC", "ETH")
Cells = tuple[SurfaceCells, ...]
START_NS = AT_NS - 400 * DAY_NS
CRISIS = ((START_NS + 100 * DAY_NS, START_NS + 104 * DAY_NS),)


def history(seed: int = 1, days: int = 420) -> SpotHistory:
    draw = np.random.default_rng(seed)
    moves = 0.005 * draw.standard_t(5, size=(24 * days, 2))
    return SpotHistory(
        coins=COINS,
        time_ns=START_NS + HOUR_NS * np.arange(24 * days, dtype=np.int64),
        close=np.array([80_000.0, 3_000.0]) * np.exp(np.cumsum(moves, axis=0)),
    )


def index_of(spot: SpotHistory, seed: int = 2) -> VolIndexHistory:
    """An index that rises by 0.5 for a fall of 1 and by 0.2 for a rise of 1, with little noise."""
    daily = spot_moves(spot)
    noise = 0.001 * np.random.default_rng(seed).normal(size=len(daily.move))
    r = daily.move[:, 0]
    level = -0.5 * np.minimum(r, 0.0) + 0.2 * np.maximum(r, 0.0) + noise
    at = np.append(daily.start_ns, daily.start_ns[-1] + DAY_NS)
    return VolIndexHistory(time_ns=at, value=0.5 * np.exp(np.append(0.0, np.cumsum(level))))


def surfaces() -> tuple[SurfaceCells, ...]:
    """Both coins' cells from forty chains a day apart."""
    pairs = zip(COINS, (80_000.0, 3_000.0), strict=True)
    return tuple(surface_cells([listed_chain(c) for c in _same_expiries(*pair)]) for pair in pairs)


def _same_expiries(coin: str, index: float) -> list[OptionChain]:
    """Chains of one set of expiries, seen on forty days before the first."""
    vols = 0.5 * np.exp(np.cumsum(0.05 * np.random.default_rng(5).normal(size=40)))
    return [
        chain(coin, index, float(vol), AT_NS - (40 - day) * DAY_NS) for day, vol in enumerate(vols)
    ]


@pytest.fixture(scope="module")
def cells() -> tuple[SurfaceCells, ...]:
    return surfaces()


def built(spot: SpotHistory, index: VolIndexHistory, cells: Cells) -> ReferenceScenarios:
    return reference_scenarios(
        spot.before(AT_NS), index.before(AT_NS), cells, stressed=CRISIS, settings=SETTINGS
    )


SETTINGS = ScenarioSettings(seed=9)


def test_the_future_changes_nothing(cells: Cells) -> None:
    spot, index = history(), index_of(history())
    late = spot.time_ns > AT_NS
    wild = np.where(late[:, None], spot.close[::-1], spot.close)
    scrambled = SpotHistory(coins=COINS, time_ns=spot.time_ns, close=wild)
    value = np.where(index.time_ns > AT_NS, 9.0, index.value)
    other = VolIndexHistory(time_ns=index.time_ns, value=value)
    one, two = built(spot, index, cells), built(scrambled, other, cells)
    for name in ("spot", "path", "volatility", "basis", "weight", "cluster", "stressed"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_legs_share_their_weight_and_crises_stand_as_they_were(cells: Cells) -> None:
    spot, index = history(), index_of(history())
    found = built(spot, index, cells)
    assert found.weight[found.stressed].sum() == pytest.approx(SETTINGS.stressed_weight)
    assert found.weight.sum() == pytest.approx(1.0)
    moves = spot_moves(spot.before(AT_NS), every_hours=SETTINGS.stressed_every_hours)
    inside = (moves.start_ns >= CRISIS[0][0]) & (moves.start_ns <= CRISIS[0][1])
    np.testing.assert_array_equal(found.spot[:, found.stressed], moves.move[inside].T)


def test_the_answer_of_volatility_is_found(cells: Cells) -> None:
    spot = history()
    response = vol_response(spot_moves(spot), index_of(spot), cells, seed=1)
    # noise of 0.001 on moves of 0.025 over 400 days: slopes are good to about 0.005
    assert response.slope_down == pytest.approx(-0.5, abs=0.02)
    assert response.slope_up == pytest.approx(0.2, abs=0.02)


def test_one_move_of_all_volatilities_is_that_of_every_cell(cells: Cells) -> None:
    moves = cells[0].volatility
    seen = np.isfinite(moves)
    level = np.broadcast_to(moves[:, PIVOT, MONEY][:, None, None], moves.shape)
    np.testing.assert_allclose(moves[seen], level[seen], rtol=1e-9)
    np.testing.assert_allclose(cells[0].spot, 0.0, atol=1e-12)


def test_blending_nothing_leaves_history_and_all_of_it_levels_it() -> None:
    draw = np.random.default_rng(6)
    calm, wild = 0.01 * draw.normal(size=(300, 1)), 0.04 * draw.normal(size=(300, 1))
    moves = SpotMoves(start_ns=np.arange(600), move=np.concatenate([wild, calm]))
    np.testing.assert_array_equal(blended_moves(moves, 0.0).move, moves.move)
    filtered, half = (blended_moves(moves, share).move for share in (1.0, 0.5))
    assert filtered[50:300].std() < 0.015 < half[50:300].std() < 0.025 < wild.std()


def test_the_way_there_ends_at_the_move_and_a_hole_stands_still() -> None:
    spot = history(days=40)
    hole = 24 * 3 + 7
    kept = np.arange(spot.time_ns.size) != hole
    holed = SpotHistory(coins=COINS, time_ns=spot.time_ns[kept], close=spot.close[kept])
    moves = spot_moves(holed)
    assert moves.path is not None
    np.testing.assert_allclose(moves.path[:, -1], moves.move, rtol=1e-12)
    np.testing.assert_array_equal(moves.path[:, 0], 0.0)
    day = int(np.flatnonzero(moves.start_ns < spot.time_ns[hole])[-1])
    hour = int((spot.time_ns[hole] - moves.start_ns[day]) // HOUR_NS)
    np.testing.assert_array_equal(moves.path[day, hour], moves.path[day, hour - 1])
    assert (moves.path[day, hour + 1] != moves.path[day, hour]).all()
    blended = blended_moves(moves, 0.5)
    assert blended.path is not None
    np.testing.assert_allclose(blended.path[:, -1], blended.move, rtol=1e-12)


def test_snapshots_are_spread_over_time_and_moved_to_levels() -> None:
    hours = np.array([0, 24, 48, 72, 96, 97, 98, 99, 100], dtype=np.int64)
    assert spread_in_time((hours * HOUR_NS).tolist(), 3) == [0, 2, 8]
    both = (listed_chain(chain(vol=0.4)), listed_chain(chain("ETH", 3_000.0, 0.6)))
    stood, moved, again = at_levels([both] * 3, (0.8,))
    assert [c.volatility_30d for c in stood] == [0.4, 0.6]
    assert [c.volatility_30d for c in moved] == pytest.approx([0.8, 1.2])
    assert [c.volatility_30d for c in again] == [0.4, 0.6]


def test_days_do_not_overlap_and_holes_are_left_out() -> None:
    hours = np.array([0, 6, 24, 48, 90, 115], dtype=np.int64)
    assert day_pairs(hours * HOUR_NS).tolist() == [[0, 2], [2, 3], [4, 5]]


def test_too_little_is_refused() -> None:
    few = [listed_chain(c) for c in _same_expiries("BTC", 80_000.0)[:5]]
    with pytest.raises(InsufficientDataError, match="pairs of chains"):
        surface_cells(few)


def test_crises_outside_the_history_are_refused(cells: Cells) -> None:
    spot = history()
    with pytest.raises(UsageError, match="windows"):
        reference_scenarios(spot, index_of(spot), cells, stressed=((0, 1),))
