"""Volatility shocks on the shared chains, against the published baselines (B.4).

`reference/baselines.md` measured the same days with the venue's mark volatility at the money;
here the moves are those of surfaces fitted to quotes. What must agree is stated with its
tolerance; where definitions differ, both are computed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from chain_features import Chains, of_coin

from plimsoll.estimators.vol_shocks.history import FeatureHistory, feature_history
from plimsoll.estimators.vol_shocks.joint import tenor_moves
from plimsoll.estimators.vol_shocks.moves import SurfaceMoves, surface_moves
from plimsoll.estimators.vol_shocks.power_law import vega_power_law
from plimsoll.estimators.vol_shocks.principal_components import principal_components
from plimsoll.estimators.vol_shocks.spot_vol import spot_vol_relation
from plimsoll.estimators.vol_shocks.variance_clock import (
    VarianceClockEstimate,
    estimate_variance_clock,
    on_variance_clock,
)
from plimsoll.estimators.vol_shocks.weekdays import weekday_effects, without_weekday_effects
from plimsoll.maths.quantile_regression import quantile_regression
from plimsoll.scenarios.vol_scenarios import historical_vol_scenarios
from worked_out_once import Once

pytestmark = pytest.mark.slow

BASELINE_TENORS = (1.0, 3.0, 7.0, 14.0, 30.0, 60.0, 90.0, 180.0)
LAW_TENORS = (3.0, 7.0, 14.0, 30.0, 60.0, 90.0, 180.0, 270.0)
COINS = ("BTC", "ETH")


@pytest.fixture(scope="module")
def chains(market_data_dir: Path, once: Once) -> Chains:
    return Chains(folder=market_data_dir / "options", once=once)


@lru_cache(maxsize=2)
def history_of(folder: Chains, coin: str) -> FeatureHistory:
    return feature_history(coin, [one.features for one in of_coin(folder, coin)])


@lru_cache(maxsize=2)
def moves_of(folder: Chains, coin: str) -> SurfaceMoves:
    return surface_moves(history_of(folder, coin))


@lru_cache(maxsize=2)
def clock_of(folder: Chains, coin: str) -> VarianceClockEstimate:
    return estimate_variance_clock([one.structure for one in of_coin(folder, coin)], seed=1)


@pytest.mark.parametrize(
    ("coin", "deviation", "lowest", "highest"),
    [("BTC", 0.023, -0.065, 0.112), ("ETH", 0.032, -0.089, 0.176)],
)
def test_days_and_spot(
    chains: Chains, coin: str, deviation: float, lowest: float, highest: float
) -> None:
    """153 non-overlapping days; spot as printed, to its last digit. Nothing is missing."""
    moves = moves_of(chains, coin)
    assert len(moves) == 153
    assert bool(moves.complete.all())
    assert moves.spot.std(ddof=1) == pytest.approx(deviation, abs=0.0006)
    assert moves.spot.min() == pytest.approx(lowest, abs=0.0006)
    assert moves.spot.max() == pytest.approx(highest, abs=0.0006)


@pytest.mark.parametrize(
    ("coin", "low", "high"),
    [
        ("BTC", (58, 28, 16, 13, 9, 5.8, 4.6, 2.9), (167, 42, 24, 20, 13, 8.0, 6.3, 4.3)),
        ("ETH", (55, 22, 13, 9, 6, 4.5, 3.4, 2.4), (138, 37, 21, 13, 8, 5.2, 3.4, 2.3)),
    ],
)
def test_size_of_moves(
    chains: Chains, coin: str, low: tuple[float, ...], high: tuple[float, ...]
) -> None:
    """1 % and 99 % quantiles of relative changes in per cent: within 0.9 (their rounding is 0.5
    and the extremes of 153 days hang on two) or 5 %."""
    level = moves_of(chains, coin).tenors(BASELINE_TENORS).level
    found = 100 * np.expm1(np.quantile(level, [0.01, 0.99], axis=0))
    np.testing.assert_allclose(-found[0], low, atol=0.9, rtol=0.05)
    np.testing.assert_allclose(found[1], high, atol=0.9, rtol=0.05)


def test_weekdays_explain_what_the_baselines_say(chains: Chains) -> None:
    """74, 40, 20 and 10 % of the variance at 1, 3, 7 and 30 days: mean of both coins, within
    three points."""
    shares = [weekday_effects(moves_of(chains, coin), seed=1).explained for coin in COINS]
    found = np.mean(shares, axis=0)[[0, 1, 2, 4]]
    np.testing.assert_allclose(found, [0.74, 0.40, 0.20, 0.10], atol=0.03)


@pytest.mark.parametrize("coin", COINS)
def test_the_markets_clock(chains: Chains, coin: str) -> None:
    """Saturday counts for a quarter of a day, Sunday for three quarters, Friday for one and a half;
    the two coins, estimated apart, agree within three standard errors; the clock explains two
    thirds of the squares that equal days leave."""
    one, other = (clock_of(chains, c) for c in (coin, *(set(COINS) - {coin})))
    weights, errors = np.array(one.clock.day_weights), one.standard_error
    assert weights[5] < 0.4
    assert 0.6 < weights[6] < 0.95
    assert weights[4] == max(weights)
    assert np.all(errors < 0.08)
    assert one.negative == 0
    assert one.explained > 0.55
    gap = np.abs(weights - np.array(other.clock.day_weights))
    assert np.all(gap < 3 * np.hypot(errors, other.standard_error))


@pytest.mark.parametrize("coin", COINS)
def test_a_clock_of_the_first_half_takes_weekdays_out_of_the_second(
    chains: Chains, coin: str
) -> None:
    """Nothing of the second half is known to the clock: at one day the share that weekdays explain
    falls from two thirds and more to under 45 %, and the moves by a third."""
    history = history_of(chains, coin)
    middle = int(history.at_ns[len(history) // 2])
    past = [one.structure for one in of_coin(chains, coin) if one.at_ns < middle]
    clock = estimate_variance_clock(past, replicates=10, seed=1).clock
    raw, timed = (
        moves.take(moves.start_ns >= middle)
        for moves in (moves_of(chains, coin), surface_moves(on_variance_clock(history, clock)))
    )
    before, after = (weekday_effects(m, seed=1).explained[0] for m in (raw, timed))
    assert before > 0.6
    assert after < 0.45
    assert timed.level[:, 0].std() < 0.7 * raw.level[:, 0].std()


@pytest.mark.parametrize(
    ("quantile", "p_short", "p_short_error", "p_long", "p_long_error"),
    [(0.99, 0.49, 0.10, 0.56, 0.08)],
)
def test_power_law_of_the_baselines(
    chains: Chains,
    quantile: float,
    p_short: float,
    p_short_error: float,
    p_long: float,
    p_long_error: float,
) -> None:
    """99 % regression, both coins, constant maturity: within two joint standard errors of the
    published slopes; ours lets both meet at 30 days."""
    both = [moves_of(chains, coin) for coin in COINS]
    found = vega_power_law(both, quantile, tenors_days=LAW_TENORS, replicates=60, seed=1)
    assert abs(found.p_short - p_short) < 2 * np.hypot(found.p_short_error, p_short_error)
    assert abs(found.p_long - p_long) < 2 * np.hypot(found.p_long_error, p_long_error)


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.95])
def test_published_long_exponent_is_rejected(chains: Chains, quantile: float) -> None:
    """0.13 above 30 days: by more than four standard errors, weekdays removed or not."""
    raw = [moves_of(chains, coin) for coin in COINS]
    clean = [without_weekday_effects(m, weekday_effects(m, seed=1)) for m in raw]
    for moves in (raw, clean):
        found = vega_power_law(moves, quantile, tenors_days=LAW_TENORS, replicates=60, seed=1)
        assert found.distance_from_published()[1] > 4.0
        assert 0.45 < found.p_long < 0.75


@pytest.mark.parametrize(("quantile", "low", "high"), [(0.5, 0.42, 0.58), (0.9, 0.40, 0.60)])
def test_short_exponent_without_weekdays(
    chains: Chains, quantile: float, low: float, high: float
) -> None:
    """B.4 has 0.51 (BTC) and 0.58 (ETH) by a Gaussian scale; quantiles say 0.43 to 0.53, half the
    way from the 0.65 of calendar days to the published 0.30; means removed or clock, alike."""
    raw = [moves_of(chains, coin) for coin in COINS]
    means = [without_weekday_effects(m, weekday_effects(m, seed=1)) for m in raw]
    timed = [
        surface_moves(on_variance_clock(history_of(chains, c), clock_of(chains, c).clock))
        for c in COINS
    ]
    calendar, by_means, by_clock = (
        vega_power_law(m, quantile, tenors_days=LAW_TENORS, replicates=60, seed=1)
        for m in (raw, means, timed)
    )
    for found in (by_means, by_clock):
        assert low < found.p_short < high
        assert found.p_short < calendar.p_short - 0.05
        assert found.distance_from_published()[0] > 2.5


@pytest.mark.parametrize(
    ("coin", "pearson", "spearman", "ratios"),
    [
        ("BTC", (-0.11, -0.27, -0.37), -0.46, (-1.0, -0.1)),
        ("ETH", (0.03, -0.14, -0.31), -0.24, (-0.45, 0.06)),
    ],
)
def test_spot_and_volatility(
    chains: Chains,
    coin: str,
    pearson: tuple[float, ...],
    spearman: float,
    ratios: tuple[float, float],
) -> None:
    """Correlations at 7, 30 and 90 days to their printed digit and a half; answers to a fall and
    to a rise of spot at 30 days through the origin, as there."""
    found = spot_vol_relation(moves_of(chains, coin), replicates=5, seed=1)
    np.testing.assert_allclose(found.pearson[[2, 4, 6]], pearson, atol=0.02)
    assert found.spearman[4] == pytest.approx(spearman, abs=0.015)
    assert found.ratio_down[4] == pytest.approx(ratios[0], abs=0.05)
    assert found.ratio_up[4] == pytest.approx(ratios[1], abs=0.05)


def test_corners_of_bitcoin(chains: Chains) -> None:
    """Thirty days: 7 down with volatility up, 6 up with volatility down, 2 up with up, 0 down with
    down of 1.5 expected; one move at an edge may fall on either side."""
    found = spot_vol_relation(moves_of(chains, "BTC"), replicates=5, seed=1)
    corners = [found.down_up[4], found.up_down[4], found.up_up[4], found.down_down[4]]
    np.testing.assert_allclose(corners, [7, 6, 2, 0], atol=1)
    assert found.expected[4] == pytest.approx(1.47, abs=0.01)


@pytest.mark.parametrize(("coin", "level"), [("BTC", 0.50), ("ETH", 0.47)])
def test_largest_move_of_short_volatility_was_upwards_with_spot(
    chains: Chains, coin: str, level: float
) -> None:
    """19 to 20 August 2026, seven days."""
    moves = moves_of(chains, coin)
    largest = int(np.argmax(moves.level[:, 2]))
    assert str(np.datetime64(int(moves.start_ns[largest]), "ns")).startswith("2026-08-19")
    assert moves.spot[largest] == moves.spot.max()
    assert moves.level[largest, 2] == pytest.approx(level, abs=0.02)


@pytest.mark.parametrize("coin", COINS)
def test_two_components_hold_two_thirds(chains: Chains, coin: str) -> None:
    """Standardised spot, level, skew and curvature of six maturities: the first component is level
    against curvature, the second skew with spot; together 60 to 75 %, against numpy's SVD."""
    joint = tenor_moves(moves_of(chains, coin).tenors((7.0, 14.0, 30.0, 60.0, 90.0, 180.0)))
    found = principal_components(joint.values, joint.labels, replicates=20, seed=1)
    z = (joint.values - joint.values.mean(axis=0)) / joint.values.std(axis=0, ddof=1)
    singular = np.linalg.svd(z, compute_uv=False)
    np.testing.assert_allclose(found.explained, singular**2 / np.sum(singular**2), atol=1e-10)
    assert 0.60 < found.explained[:2].sum() < 0.78
    loads = dict(zip(joint.labels, found.loadings[:, :2], strict=True))
    assert loads["level 30 d"][0] * loads["curvature 30 d"][0] < 0.0
    assert loads["skew 30 d"][1] * loads["spot"][1] > 0.0
    assert abs(loads["skew 30 d"][1]) > 3 * abs(loads["level 30 d"][1])


def test_joint_scenarios_of_both_coins(chains: Chains) -> None:
    """153 scenarios of both coins on the same dates, each with what happened that day; those of a
    date are the same bytes whatever comes after it."""
    tenors = (7.0, 30.0, 90.0)
    both = [moves_of(chains, coin).tenors(tenors) for coin in COINS]
    scenarios = historical_vol_scenarios(both)
    assert len(scenarios) == 153
    assert len(scenarios.factors) == 20
    now = int(both[0].start_ns[100])
    shuffled = []
    for coin in COINS:
        history = history_of(chains, coin)
        later = np.flatnonzero(history.at_ns >= now)
        order = np.arange(len(history))
        order[later] = np.random.default_rng(1).permutation(later)
        changed = replace(
            history,
            spot=history.spot[order],
            atm_vol=history.atm_vol[order],
            skew=history.skew[order],
            curvature=history.curvature[order],
        )
        shuffled.append(surface_moves(changed).tenors(tenors))
    first = historical_vol_scenarios(both, before_ns=now)
    second = historical_vol_scenarios(shuffled, before_ns=now)
    assert first.shocks.tobytes() == second.shocks.tobytes()
    assert first.names == second.names
    assert 90 < len(first) <= 100


@pytest.mark.parametrize(
    ("coin", "short", "long"),
    [("BTC", (0.35, 0.07), (0.75, 0.08)), ("ETH", (0.44, 0.07), (0.82, 0.10))],
)
def test_largest_moves_of_thirty_days_bend_the_law_by_selection(
    chains: Chains, coin: str, short: tuple[float, float], long: tuple[float, float]
) -> None:
    """B.4's law of the top tenth of 30-day moves comes back (two joint errors, ours taken as
    theirs). But days chosen for their 30-day move have a 30-day move that stands out: normal moves
    with these tenors' correlations and a law of 0.5 on both sides show 0.37 to 0.40 below and 0.60
    to 0.67 above on such days. The quantile regressions above choose no days."""
    moves = moves_of(chains, coin).tenors(LAW_TENORS)
    p_short, p_long = _law_of_top_tenth(moves.level)
    assert abs(p_short - short[0]) < 2 * np.sqrt(2) * short[1]
    assert abs(p_long - long[0]) < 2 * np.sqrt(2) * long[1]
    timed = surface_moves(on_variance_clock(history_of(chains, coin), clock_of(chains, coin).clock))
    root = np.linalg.cholesky(np.corrcoef(timed.tenors(LAW_TENORS).level, rowvar=False))
    z = np.random.default_rng(1).standard_normal((20_000, 8)) @ root.T
    bent = _law_of_top_tenth(0.04 * (30 / np.array(LAW_TENORS)) ** 0.5 * z)
    assert 0.35 < bent[0] < 0.42
    assert 0.58 < bent[1] < 0.69


def _law_of_top_tenth(level: np.ndarray) -> tuple[float, float]:
    """Median regression on the tenth of days with the largest 30-day move."""
    at_30 = np.abs(level[:, LAW_TENORS.index(30.0)])
    chosen = np.abs(level[at_30 >= np.quantile(at_30, 0.9)])
    x = np.tile(np.log(np.array(LAW_TENORS) / 30), chosen.shape[0])
    design = np.column_stack((np.ones(x.size), np.minimum(x, 0), np.maximum(x, 0)))
    fitted = quantile_regression(design, np.log(chosen.ravel()), 0.5)
    return float(-fitted[1]), float(-fitted[2])
