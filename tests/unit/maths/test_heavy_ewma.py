"""The Student-t score EWMA: its limits, its bound, its score, and its replay."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from plimsoll.domain.market import HOUR_NS, NEVER_MASKED
from plimsoll.maths.heavy_ewma import (
    heavy_ewma_step,
    heavy_ewma_volatility_path,
    replay_origins,
)
from plimsoll.maths.recursions import ewma_step

WARM_UP = 72
variances = st.floats(1e-8, 1.0)
decays = st.floats(0.5, 0.9999)


@given(variance=variances, shock=st.floats(-3.0, 3.0), decay=decays)
def test_without_tails_it_is_the_plain_ewma(variance: float, shock: float, decay: float) -> None:
    heavy = heavy_ewma_step(variance, shock, decay, math.inf)
    assert heavy == pytest.approx(ewma_step(variance, shock, decay), rel=1e-14)


@given(variance=variances, shock=st.floats(-1e6, 1e6), decay=decays, nu=st.floats(2.5, 50.0))
def test_no_shock_raises_the_variance_beyond_its_bound(
    variance: float, shock: float, decay: float, nu: float
) -> None:
    bound = decay * variance + (1.0 - decay) * (nu + 1.0) * variance
    assert heavy_ewma_step(variance, shock, decay, nu) <= bound * (1.0 + 1e-12)


@pytest.mark.parametrize("nu", [3.0, 4.0, 8.0])
@pytest.mark.parametrize("shock", [0.0, 0.5, 2.0, 7.0])
def test_the_innovation_is_the_score_of_the_t_law(nu: float, shock: float) -> None:
    """d log density / d variance, by central differences of scipy's density (1e-6), is
    (w r^2 - v) / (2 v^2): the step moves the variance along it."""
    variance, width = 1.3, 1e-5

    def log_density(v: float) -> float:
        return float(stats.t.logpdf(shock, nu, scale=math.sqrt(v * (nu - 2.0) / nu)))

    score = (log_density(variance + width) - log_density(variance - width)) / (2.0 * width)
    moved = heavy_ewma_step(variance, shock, 0.9, nu) - variance
    assert moved == pytest.approx(0.1 * 2.0 * variance**2 * score, rel=1e-6, abs=1e-9)


def path(log_price: np.ndarray, mask: np.ndarray, half_life: float = 50.0) -> np.ndarray:
    days = log_price.size // 24
    boundary = 24 * np.arange(1, days + 1)
    times = boundary * HOUR_NS
    available = (np.arange(log_price.size) + 1) * HOUR_NS
    late = np.flatnonzero((mask < NEVER_MASKED) & (mask > available))
    condemned = np.searchsorted(times, mask[late], side="left")
    return heavy_ewma_volatility_path(
        log_price,
        mask,
        boundary,
        times,
        replay_origins(late, condemned, boundary),
        0.5 ** (1.0 / half_life),
        4.0,
        WARM_UP,
        48,
    )


def test_a_constant_volatility_is_found() -> None:
    rng = np.random.default_rng(0)
    price = np.cumsum(0.02 * rng.standard_t(4, 24 * 200) / math.sqrt(2.0))
    found = path(price, np.full(price.size, NEVER_MASKED), half_life=24 * 30.0)
    # t(4) shocks of sd 0.02: the score recursion is consistent for the variance under its own law.
    assert np.nanmean(found[60:]) == pytest.approx(0.02, rel=0.05)


def test_volatility_has_no_number_before_the_warm_up_and_for_a_constant_price() -> None:
    rng = np.random.default_rng(0)
    price = np.cumsum(0.02 * rng.normal(size=24 * 20))
    never = np.full(price.size, NEVER_MASKED)
    first = math.ceil((WARM_UP + 1) / 24) - 1
    found = path(price, never)
    assert np.isnan(found[:first]).all()
    assert np.isfinite(found[first:]).all()
    assert np.isnan(path(np.zeros(price.size), never)).all()


def test_a_condemned_bar_counts_until_it_is_condemned() -> None:
    rng = np.random.default_rng(0)
    price = np.cumsum(0.01 * rng.normal(size=24 * 40))
    spoiled, never = price.copy(), np.full(price.size, NEVER_MASKED)
    bar = 24 * 20 - 1  # the last bar of a day
    spoiled[bar] += 0.5
    mask = never.copy()
    mask[bar] = (bar + 1 + 30) * HOUR_NS  # known 30 hours later: two midnights trust it
    found, trusting, clean = path(spoiled, mask), path(spoiled, never), path(price, never)
    np.testing.assert_array_equal(found[:19], clean[:19])
    np.testing.assert_array_equal(found[19:21], trusting[19:21])
    removed = price.copy()
    removed[bar] = np.nan
    np.testing.assert_array_equal(found[21:], path(removed, never)[21:])


@given(scale=st.sampled_from([1e-3, 0.25, 8.0, 1024.0]))
def test_the_path_scales_with_the_price_moves(scale: float) -> None:
    rng = np.random.default_rng(2)
    price = np.cumsum(0.01 * rng.standard_t(4, 24 * 12))
    never = np.full(price.size, NEVER_MASKED)
    np.testing.assert_allclose(path(scale * price, never), scale * path(price, never), rtol=1e-10)


def test_a_series_that_begins_flat_gets_a_number_once_it_moves() -> None:
    rng = np.random.default_rng(3)
    price = np.concatenate([np.zeros(100), np.cumsum(0.01 * rng.normal(size=24 * 30))])
    found = path(price[: price.size // 24 * 24], np.full(price.size // 24 * 24, NEVER_MASKED))
    assert np.isfinite(found[6:]).all()
    assert found[-1] == pytest.approx(0.01, rel=0.3)


def test_a_frozen_year_does_not_leave_the_margin_near_zero() -> None:
    """Moves of 1 %, a frozen stretch, moves again: on its first day the volatility is at least a
    quarter of the usual, and back within the half-life or so."""
    rng = np.random.default_rng(4)
    moves = 0.01 * rng.normal(size=24 * 420)
    moves[24 * 100 : 24 * 390] = 0.0
    found = path(np.cumsum(moves), np.full(moves.size, NEVER_MASKED), half_life=24 * 11.0)
    assert found[391] > 0.25 * 0.6 * found[99]
    assert found[405] > 0.5 * found[99]
