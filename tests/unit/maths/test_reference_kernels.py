"""Kernels of the reference forecasters against numpy, closed forms and simulation."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.calibration.anti_procyclicality import trailing_median
from plimsoll.maths.conformal_levels import next_level
from plimsoll.maths.horizon_moves import horizon_move_table, move_variance_table
from plimsoll.maths.pooled_tails import BIN_LOG, bin_of, pooled_quantile_path
from plimsoll.maths.rolling_tails import (
    empirical_risk,
    largest_values,
    pareto_risk,
    share_loss,
    top_quantile,
)
from plimsoll.maths.targeted_garch import (
    DEGREES,
    PERSISTENCES,
    REACTIONS,
    climb,
    targeted_garch_table,
    targeted_loss,
)
from plimsoll.maths.trailing_median import trailing_median_table


def test_trailing_medians_are_numpys_of_each_window() -> None:
    generator = np.random.default_rng(1)
    paths = generator.uniform(0.1, 1.0, (3, 200))
    paths[generator.random(paths.shape) < 0.2] = np.nan
    paths[:, 0] = 0.5  # no window is without a number
    windows = [[np.nanmedian(row[max(0, t - 24) : t + 1]) for t in range(200)] for row in paths]
    expected = np.where(np.isnan(paths), np.nan, windows)
    np.testing.assert_allclose(trailing_median_table(paths, 25), expected, rtol=1e-15)
    np.testing.assert_array_equal(trailing_median_table(paths, 25), trailing_median(paths.T, 25).T)


def test_the_move_variance_is_a_mean_at_first_and_an_ewma_then() -> None:
    price = np.cumsum(0.01 * np.random.default_rng(2).standard_normal((1, 400)), axis=1)
    move, end = horizon_move_table(price, 4, 0)
    bars = np.array([60, 400], dtype=np.int64)
    found = move_variance_table(move, end, bars, 0.99, 30)
    squares = move[0, :396] ** 2
    # 56 moves had ended before bar 60: a plain mean, since 1 / 56 is above the gain.
    assert found[0, 0] == pytest.approx(squares[:56].mean(), rel=1e-12)
    variance = squares[:100].mean()
    for square in squares[100:]:
        variance += 0.01 * (square - variance)
    assert found[0, 1] == pytest.approx(variance, rel=1e-12)
    assert np.isnan(move_variance_table(move, end, bars, 0.99, 60)[0, 0])


def test_the_top_of_a_sample_gives_the_quantile_and_the_mean_beyond() -> None:
    values = np.random.default_rng(3).standard_t(4, 3000)
    top = np.empty(3000)
    count = largest_values(values, 0, 3000, 40, 5.0, top)
    assert count >= 40
    ordered = np.sort(top[:count])
    quantile = top_quantile(ordered, 3000, 0.99)
    assert quantile == pytest.approx(np.quantile(values, 0.99), rel=1e-12)
    at_risk, shortfall = empirical_risk(ordered, 3000, 0.99, 0.02, 1)
    assert at_risk == pytest.approx(np.expm1(0.02 * quantile), rel=1e-12)
    beyond = np.expm1(0.02 * values[values > quantile])
    assert shortfall == pytest.approx(beyond.mean(), rel=1e-12)
    assert share_loss(0.1, 0) == pytest.approx(1.0 - np.exp(-0.1), rel=1e-14)


def test_a_pareto_tail_of_an_exponential_sample_is_exponential() -> None:
    n = 20000
    values = -np.log1p(-(np.arange(n) + 0.5) / n)
    at_risk, shortfall = pareto_risk(values[-2000:], n, 0.06, 0.99, 1e-4, 1)
    # Quantile ln 100, mean beyond it one more; scaled so small that losses are the moves.
    assert at_risk / 1e-4 == pytest.approx(np.log(100.0), rel=2e-3)
    # 32 strata end at the 1 - 1/6400 quantile: the mean of middles is 1 - 0.0108 above.
    assert shortfall / 1e-4 == pytest.approx(np.log(100.0) + 1.0, abs=0.03)
    same = pareto_risk(np.full(100, 2.0), 1000, 0.06, 0.99, 1.0, 0)
    assert all(np.isnan(same))


def test_pooled_quantiles_are_those_of_all_moves_to_a_bin() -> None:
    generator = np.random.default_rng(4)
    scaled = generator.standard_t(3, (5, 4000))
    scaled[generator.random(scaled.shape) < 0.1] = np.nan
    end = np.broadcast_to(np.arange(4000) + 8, scaled.shape).astype(np.int64)
    end[2, 100:200] = -1
    bars = np.array([1000, 2500, 4000], dtype=np.int64)
    tails = np.array([0.01, 0.05])
    found = pooled_quantile_path(scaled, np.array(end), bars, 100, tails, 0)
    recent = pooled_quantile_path(scaled, np.array(end), bars, 100, tails, 700)
    for d, known in enumerate(bars):
        usable = (end >= 0) & (end < known) & np.isfinite(scaled)
        late = usable & (np.arange(4000) >= known - 700)
        for k, tail in enumerate(tails):
            for sign, side in ((-1.0, 0), (1.0, 1)):
                exact = np.quantile(sign * scaled[usable], 1.0 - tail)
                # A bin, and half a gap between neighbouring values of the sample.
                assert found[d, side, k] == pytest.approx(exact, rel=BIN_LOG + 0.01)
                window = np.quantile(sign * scaled[late], 1.0 - tail)
                assert recent[d, side, k] == pytest.approx(window, rel=BIN_LOG + 0.05)
    assert np.isnan(pooled_quantile_path(scaled, np.array(end), bars, 10**6, tails, 0)).all()
    assert bin_of(-3.0) == 0


def test_the_conformal_level_falls_on_a_breach_and_is_clipped() -> None:
    assert next_level(0.01, False, 0.01, 0.005, 0.002) == 0.01
    assert next_level(0.004, True, 0.01, 0.005, 0.002) == 0.002
    assert next_level(0.004, False, 0.01, 0.005, 0.002) == pytest.approx(0.00405)


def simulated(reaction: float, persistence: float, nu: float, n: int) -> np.ndarray:
    generator = np.random.default_rng(5)
    shocks = generator.standard_t(nu, n) * np.sqrt((nu - 2.0) / nu)
    variance, out = 1.0, np.empty(n)
    for t in range(n):
        out[t] = np.sqrt(variance) * shocks[t]
        variance = 1.0 - persistence + reaction * out[t] ** 2 + (persistence - reaction) * variance
    return out


def test_the_targeted_grid_finds_the_parameters_of_a_simulation() -> None:
    returns = simulated(0.09, 0.965, 5.0, 20000)
    place = np.array([0, 0, 0])
    climb(returns, float(np.mean(returns**2)), place)
    # The neighbouring points of the grid are within two standard errors of 20,000 returns.
    assert abs(place[0] - int(np.argmin(abs(REACTIONS - 0.09)))) <= 1
    assert abs(place[1] - int(np.argmin(abs(PERSISTENCES - 0.965)))) <= 1
    assert abs(place[2] - int(np.argmin(abs(DEGREES - 5.0)))) <= 1


def test_no_neighbour_beats_the_point_climbed_to() -> None:
    returns = simulated(0.11, 0.95, 4.0, 3000)
    target = float(np.mean(returns**2))
    place = np.array([5, 7, 4])
    climb(returns, target, place)

    def loss(i: int, j: int, k: int) -> float:
        return float(targeted_loss(returns, target, REACTIONS[i], PERSISTENCES[j], DEGREES[k]))

    best = loss(*place)
    for axis, size in enumerate((REACTIONS.size, PERSISTENCES.size, DEGREES.size)):
        for step in (-1, 1):
            near = place.copy()
            near[axis] += step
            if 0 <= near[axis] < size:
                assert loss(*near) >= best


def test_the_loss_is_students_density() -> None:
    from scipy import stats

    returns = np.array([0.5, -1.0, 2.0])
    variance, total = 1.5, 0.0
    for r in returns:
        scale = np.sqrt(variance * (5.0 - 2.0) / 5.0)
        total -= stats.t.logpdf(r, 5.0, scale=scale)
        variance = 1.5 * 0.1 + 0.2 * r * r + 0.7 * variance
    assert targeted_loss(returns, 1.5, 0.2, 0.9, 5.0) == pytest.approx(total / 3.0, rel=1e-12)


def test_a_market_that_does_not_move_has_no_targeted_volatility() -> None:
    known = np.arange(0, 601, 50, dtype=np.int64)[None, :]
    found = targeted_garch_table(np.zeros((1, 600)), known, 400, 250, 3)
    assert np.isnan(found).all()
    moving = simulated(0.09, 0.95, 5.0, 600)[None, :]
    volatility = targeted_garch_table(moving, known, 400, 250, 3)
    assert np.isnan(volatility[0, :5]).all()
    assert np.isfinite(volatility[0, 5:]).all()
