"""Lags planted into asynchronous prices are found, with errors that mean something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError, UsageError
from plimsoll.marketdata.index import estimate_lead_lag, lag_grid

MS = 1_000_000
Venues = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
LAGS = lag_grid(200 * MS, 2 * MS)


def _venues(seed: int, lag_ms: int, noise: float = 0.0, moves: int = 3000) -> Venues:
    """A walk by the millisecond, seen at random times by two venues, by the second one late."""
    rng = np.random.default_rng(seed)
    length = moves * 20 + 1000
    walk = np.cumsum(1e-5 * rng.standard_normal(length))
    seen: list[Any] = []
    for delay in (0, lag_ms):
        times = np.sort(rng.choice(np.arange(500, length - 500), size=moves, replace=False))
        prices = 100.0 * np.exp(walk[times - delay] + noise * rng.standard_normal(moves))
        seen += [times.astype(np.int64) * MS, prices]
    first_ns, first, second_ns, second = seen
    return first_ns, first, second_ns, second


@pytest.mark.parametrize("lag_ms", [-60, 0, 24, 80])
def test_a_planted_lag_is_found(lag_ms: int) -> None:
    found = estimate_lead_lag(*_venues(1, lag_ms), LAGS, blocks=20)
    # Observations are 20 ms apart on average, each venue's own.
    assert found.lag_ns / MS == pytest.approx(lag_ms, abs=6.0)
    assert found.interval_ns[0] - 4 * MS <= lag_ms * MS <= found.interval_ns[1] + 4 * MS
    assert found.correlation > 0.5


def test_swapping_the_venues_turns_the_lag_around() -> None:
    first_ns, first, second_ns, second = _venues(2, 40)
    one = estimate_lead_lag(first_ns, first, second_ns, second, LAGS)
    other = estimate_lead_lag(second_ns, second, first_ns, first, LAGS)
    np.testing.assert_allclose(one.correlations, other.correlations[::-1], rtol=1e-9, atol=1e-12)
    assert one.lag_ns == -other.lag_ns
    assert one.lead_lag_ratio == pytest.approx(1.0 / other.lead_lag_ratio, rel=1e-6)
    assert one.lead_lag_ratio > 1.5


def test_errors_are_those_of_repeated_samples() -> None:
    """Standard deviation of the lag over 40 samples, against the mean of the stated errors."""
    found = [
        estimate_lead_lag(*_venues(s, 30, noise=2e-4, moves=600), LAGS, blocks=20, seed=s)
        for s in range(40)
    ]
    spread = np.std([one.lag_ns for one in found], ddof=1)
    stated = np.mean([one.lag_se_ns for one in found])
    assert 0.5 < stated / spread < 2.0  # 40 samples of a heavy-tailed error: a factor of two
    covered = sum(one.interval_ns[0] <= 30 * MS <= one.interval_ns[1] for one in found)
    assert covered >= 34  # 95 % asked for; 34 of 40 is two standard errors below


def test_scale_and_repeated_observations_change_nothing() -> None:
    first_ns, first, second_ns, second = _venues(3, 24)
    one = estimate_lead_lag(first_ns, first, second_ns, second, LAGS)
    scaled = estimate_lead_lag(first_ns, 7.0 * first, second_ns, second, LAGS)
    twice = np.repeat(first_ns, 2), np.repeat(first, 2)
    repeated = estimate_lead_lag(*twice, second_ns, second, LAGS)
    assert one.lag_ns == scaled.lag_ns == repeated.lag_ns
    np.testing.assert_array_equal(one.correlations, repeated.correlations)
    assert (one.first_moves, repeated.first_moves) == (2999, 2999)


def test_the_same_seed_gives_the_same_error() -> None:
    venues = _venues(4, 24, noise=1e-4)
    one, other = (estimate_lead_lag(*venues, LAGS, seed=9) for _ in range(2))
    assert (one.lag_se_ns, one.interval_ns) == (other.lag_se_ns, other.interval_ns)


def _few() -> Venues:
    return _venues(5, 0, moves=40)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"first_price": np.full(40, 5.0)}, InsufficientDataError),
        ({"first_price": np.r_[np.ones(39), np.nan]}, UsageError),
        ({"first_price": np.r_[np.ones(39), 0.0]}, UsageError),
        ({"first_ns": np.arange(40)[::-1].copy()}, UsageError),
        ({"first_ns": np.arange(39)}, UsageError),
        ({"first_ns": np.arange(40) + 10**15}, InsufficientDataError),
        ({"lags_ns": [0, 1]}, UsageError),
        ({"lags_ns": [0, 2, 1]}, UsageError),
        ({"lags_ns": [10**14, 2 * 10**14, 3 * 10**14]}, EstimationError),
        ({"blocks": 1}, ParameterError),
    ],
)
def test_what_cannot_be_measured_is_refused(change: dict[str, Any], error: type[Exception]) -> None:
    names = ("first_ns", "first_price", "second_ns", "second_price")
    arguments: dict[str, Any] = dict(zip(names, _few(), strict=True))
    with pytest.raises(error):
        estimate_lead_lag(**{**arguments, "lags_ns": LAGS, **change})


def test_empty_prices_are_refused() -> None:
    nothing = np.empty(0)
    with pytest.raises(InsufficientDataError):
        estimate_lead_lag(nothing, nothing, nothing, nothing, LAGS)
    with pytest.raises(ParameterError):
        lag_grid(10, 11)
