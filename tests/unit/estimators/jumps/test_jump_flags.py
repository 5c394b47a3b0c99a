"""Flags of jumps: plain loops, streams, stale bars, seasons, degenerate series."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import DataFormatError, EstimationError, InsufficientDataError, ParameterError
from plimsoll.estimators.jumps import LeeMykland, bipower_threshold_jumps, jump_threshold


def sample(n: int = 600, seed: int = 0) -> np.ndarray:
    return 1e-3 * np.random.default_rng(seed).standard_t(6, n)


def by_loop(returns: np.ndarray, window: int) -> np.ndarray:
    out = np.full(returns.size, np.nan)
    for t in range(window, returns.size):
        products = [abs(returns[j] * returns[j - 1]) for j in range(t - window + 2, t)]
        out[t] = returns[t] / np.sqrt(np.mean(products))
    return out


@pytest.mark.parametrize("window", [3, 4, 16, 270, 700])
def test_statistics_are_those_of_a_loop(window: int) -> None:
    returns = sample()
    returns[300] = 5.0  # leaves no rounding behind
    found = LeeMykland(window=window).fit(returns).statistic
    np.testing.assert_allclose(found, by_loop(returns, window), rtol=1e-12)


@pytest.mark.parametrize("scaling", ["bipower_mean", "variance"])
@pytest.mark.parametrize("zeros", ["keep", "skip"])
def test_stream_gives_the_bits_of_a_batch(scaling: str, zeros: str) -> None:
    returns = sample()
    returns[::7] = 0.0
    factors = 1.0 + 0.5 * np.sin(np.arange(returns.size))
    model = LeeMykland(window=20, scaling=scaling, zeros=zeros)  # type: ignore[arg-type]
    whole = model.fit(returns, seasonal_factors=factors)
    stream = model.fit(returns[:150], seasonal_factors=factors[:150]).stream()
    for t in range(150, returns.size):
        stream = stream.update(returns[t], seasonal_factor=factors[t])
        np.testing.assert_array_equal(stream.statistic, whole.statistic[t])
    np.testing.assert_array_equal(stream.state, whole.state)


def test_table_is_every_market_alone_and_holes_are_passed_over() -> None:
    table = np.array([sample(seed=s) for s in range(5)])
    table[1, 100:120] = np.nan
    model = LeeMykland(window=30)
    found = model.table(table)
    for row, statistic in zip(table, found, strict=True):
        np.testing.assert_array_equal(statistic, model.fit(row).statistic)
    known = ~np.isnan(table[1])
    np.testing.assert_array_equal(found[1][known], model.fit(table[1][known]).statistic)


def test_scalings_flag_the_same() -> None:
    returns = sample(5000)
    plain, scaled = (
        LeeMykland(window=60, alpha=0.3, scaling=s).fit(returns)  # type: ignore[arg-type]
        for s in ("bipower_mean", "variance")
    )
    assert plain.rows.size > 0
    assert plain.rows.tolist() == scaled.rows.tolist()


@pytest.mark.parametrize(("n", "critical"), [(288, 5.40), (1440, 5.78), (8760, 6.20)])
def test_critical_values_of_the_literature(n: int, critical: float) -> None:
    assert jump_threshold(n, 0.01).critical == pytest.approx(critical, abs=0.005)


def test_false_flags_of_independent_normal_returns_are_as_promised() -> None:
    """Chance of one or more in 1,000 bars at 5 %: 400 runs, binomial error 1.1 %.

    The extreme-value law is not reached at this n and the local variance is estimated.
    """
    rng = np.random.default_rng(1)
    statistic = LeeMykland(window=270).table(rng.standard_normal((400, 1270)))
    limit = jump_threshold(1000, 0.05).critical
    share = np.mean(np.nanmax(np.abs(statistic), axis=1) > limit)
    assert 0.02 < share < 0.09


def test_stale_bars_make_jumps_unless_skipped() -> None:
    rng = np.random.default_rng(2)
    returns = 1e-3 * rng.standard_normal(20_000)
    returns[rng.random(returns.size) < 0.6] = 0.0
    kept, skipped = (
        LeeMykland(window=100, zeros=z).fit(returns)  # type: ignore[arg-type]
        for z in ("keep", "skip")
    )
    assert kept.stale_share == pytest.approx(0.6, abs=0.02)
    assert kept.rows.size > 20
    assert skipped.rows.size <= 1


def test_season_is_taken_out() -> None:
    rng = np.random.default_rng(3)
    factors = np.tile(np.r_[np.full(280, 0.5), np.full(8, 6.0)], 30)
    returns = factors * rng.standard_normal(factors.size)
    assert LeeMykland().fit(returns).rows.size > 10
    assert LeeMykland().fit(returns, seasonal_factors=factors).rows.size <= 1


@pytest.mark.parametrize("returns", [np.zeros(400), np.ones(10), np.r_[np.zeros(399), 1.0], []])
def test_degenerate_series_have_no_flag_and_no_infinity(returns: np.ndarray) -> None:
    found = LeeMykland(window=30).fit(returns)
    assert not found.flag.any()
    assert not np.isinf(found.statistic).any()
    assert found.tested == 0


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ParameterError):
        LeeMykland(window=2)
    with pytest.raises(ParameterError):
        LeeMykland(zeros="drop")  # type: ignore[arg-type]
    with pytest.raises(ParameterError):
        jump_threshold(1, 0.01)
    with pytest.raises(ParameterError):
        LeeMykland(alpha=1.0)
    with pytest.raises(DataFormatError):
        LeeMykland().fit([[1.0]])
    with pytest.raises(DataFormatError):
        LeeMykland().fit([1.0, np.inf])
    with pytest.raises(DataFormatError):
        LeeMykland().fit(sample(), seasonal_factors=np.ones(3))
    with pytest.raises(DataFormatError):
        LeeMykland().fit(sample(), seasonal_factors=np.zeros(600))
    with pytest.raises(DataFormatError):
        LeeMykland().fit(sample()).stream().update(float("nan"))


def test_bipower_threshold() -> None:
    returns = sample(2000)
    returns[[10, 500, 900]] = [0.05, -0.04, 0.06]
    found = bipower_threshold_jumps(returns, multiple=8.0)
    by_hand = np.sqrt(0.5 * np.pi * np.sum(np.abs(returns[1:] * returns[:-1])) / returns.size)
    assert found.deviation == pytest.approx(by_hand, rel=1e-12)
    assert np.flatnonzero(found.flag).tolist() == [10, 500, 900]
    assert found.intensity == pytest.approx(3 / 2000)
    assert found.jump_mean == pytest.approx(0.07 / 3)
    with pytest.raises(InsufficientDataError):
        bipower_threshold_jumps(np.r_[np.zeros(500), 1.0])
    with pytest.raises(EstimationError):
        bipower_threshold_jumps(np.ones(100))
    with pytest.raises(ParameterError):
        bipower_threshold_jumps(returns, multiple=0.0)
