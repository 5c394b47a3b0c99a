"""The sandbox has the stylised facts of hourly crypto returns.

Bands: measured on hourly Binance spot closes 2021-01 .. 2025-06 (11 coins, about 39,000 returns
each) and widened for sampling error of 21,600 hours. There: standard deviation 0.66 % (BTC) to
1.9 % an hour; excess kurtosis 15 to over 100; Hill index at the worst 1 % of losses 2.5 to 3.2;
autocorrelation of |r| 0.27-0.44 at 1 h, 0.12-0.22 at 24 h, 0.07-0.16 at 168 h; correlation with
BTC 0.85 (ETH), 0.7 (SOL, ADA), 0.3-0.5 (thin coins), rising to 0.93 / 0.85 / 0.5-0.6 in the
percent of hours with the largest common moves; mean |r| by hour of day 0.74 to 1.4 of its mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.sandbox import SandboxVenue, generate

Array = NDArray[np.float64]
SEEDS = (1, 2, 3)
KEEL, MAST, HELM, SPAR = 0, 1, 2, 3
LONG_LIVED = (KEEL, MAST, HELM, SPAR)


@dataclass(frozen=True)
class Sample:
    """One venue and its clean log returns (T, N), NaN where not listed or scripted."""

    venue: SandboxVenue
    returns: Array


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    out = []
    for seed in SEEDS:
        venue = generate(seed)
        returns = np.diff(np.log(venue.truth.close), axis=0, prepend=np.nan)
        out.append(Sample(venue, np.where(venue.truth.scripted, np.nan, returns)))
    return out


def _autocorrelation(x: Array, lag: int) -> float:
    centred = x - x.mean()
    return float((centred[:-lag] * centred[lag:]).mean() / centred.var())


def _hill(losses: Array, share: float = 0.01) -> float:
    """Tail index from the worst ``share`` of all observations (Hill 1975)."""
    ordered = np.sort(losses)[::-1]
    count = int(share * losses.size)
    return float(1.0 / np.mean(np.log(ordered[:count] / ordered[count])))


def _column(sample: Sample, column: int) -> Array:
    return sample.returns[1:, column]


@pytest.mark.parametrize(
    ("column", "low", "high"),
    [(KEEL, 0.005, 0.009), (MAST, 0.006, 0.011), (HELM, 0.010, 0.017), (SPAR, 0.014, 0.023)],
)
def test_hourly_deviation(samples: list[Sample], column: int, low: float, high: float) -> None:
    for sample in samples:
        assert low < _column(sample, column).std() < high


def test_thin_market_is_the_wildest_and_largest_the_calmest(samples: list[Sample]) -> None:
    for sample in samples:
        deviations = [_column(sample, column).std() for column in LONG_LIVED]
        assert deviations == sorted(deviations)


@pytest.mark.parametrize("column", LONG_LIVED)
def test_fat_tails(samples: list[Sample], column: int) -> None:
    for sample in samples:
        r = _column(sample, column)
        kurtosis = ((r - r.mean()) ** 4).mean() / r.var() ** 2
        assert 8.0 < kurtosis < 150.0
        assert 2.3 < _hill(-r) < 4.5
        assert 2.3 < _hill(r) < 4.5


@pytest.mark.parametrize("column", LONG_LIVED)
def test_volatility_clusters_and_returns_do_not(samples: list[Sample], column: int) -> None:
    hour, day, week = np.mean(
        [
            [_autocorrelation(np.abs(_column(s, column)), lag) for lag in (1, 24, 168)]
            for s in samples
        ],
        axis=0,
    )
    assert 0.15 < hour < 0.45
    assert 0.09 < day < 0.25
    assert 0.03 < week < 0.18
    assert hour > day > week
    # Four standard errors of an uncorrelated series whose variance clusters as here.
    assert abs(np.mean([_autocorrelation(_column(s, column), 1) for s in samples])) < 0.05


def test_hours_of_the_day(samples: list[Sample]) -> None:
    for sample in samples:
        hour = sample.venue.truth.time_ns[1:] // 3_600_000_000_000 % 24
        size = np.abs(_column(sample, KEEL))
        profile = np.array([size[hour == h].mean() for h in range(24)]) / size.mean()
        assert 1.15 < profile.max() < 1.5
        assert 0.65 < profile.min() < 0.85
        assert 11 <= profile.argmax() <= 17
        assert profile.argmin() in (0, 1, 2, 3, 4, 5, 6, 7)


def test_weekends_are_quieter(samples: list[Sample]) -> None:
    size = np.concatenate([np.abs(_column(s, KEEL)) for s in samples])
    days = np.concatenate([s.venue.truth.time_ns[1:] // 86_400_000_000_000 for s in samples])
    weekend = (days + 3) % 7 >= 5
    assert 0.7 < size[weekend].mean() / size[~weekend].mean() < 0.95


@pytest.mark.parametrize(
    ("column", "low", "high"), [(MAST, 0.7, 0.92), (HELM, 0.45, 0.75), (SPAR, 0.25, 0.5)]
)
def test_one_factor_holds_markets_together(
    samples: list[Sample], column: int, low: float, high: float
) -> None:
    for sample in samples:
        assert low < np.corrcoef(_column(sample, KEEL), _column(sample, column))[0, 1] < high


def test_betas_are_those_of_the_law(samples: list[Sample]) -> None:
    """Least squares on the largest market, of which 4/5 of the variance is the factor's."""
    for column, low, high in [(MAST, 0.85, 1.1), (HELM, 0.95, 1.3), (SPAR, 0.7, 1.15)]:
        slopes = [
            np.cov(_column(s, KEEL), _column(s, column))[0, 1] / _column(s, KEEL).var()
            for s in samples
        ]
        assert low < np.mean(slopes) < high


def test_correlation_rises_in_common_moves(samples: list[Sample]) -> None:
    for sample in samples:
        panel = sample.returns[1:, list(LONG_LIVED)]
        common = np.abs(panel.mean(axis=1))
        stressed = common > np.quantile(common, 0.99)
        for column in (1, 2, 3):
            calm = np.corrcoef(panel[~stressed, 0], panel[~stressed, column])[0, 1]
            wild = np.corrcoef(panel[stressed, 0], panel[stressed, column])[0, 1]
            assert wild > calm + 0.05


def test_crashes_hit_every_market_in_the_same_hour(samples: list[Sample]) -> None:
    for sample in samples:
        truth = sample.venue.truth
        assert 6 <= truth.crash.sum() <= 45
        jumps = truth.jump[truth.crash][:, list(LONG_LIVED)]
        assert (np.median(jumps, axis=0) < -0.03).all()
        hit = sample.returns[truth.crash][:, list(LONG_LIVED)]
        assert (hit < 0.0).mean() > 0.9
        assert -0.30 < np.nanmin(sample.returns[:, KEEL]) < -0.06


def test_crashes_come_in_clusters(samples: list[Sample]) -> None:
    """Share of gaps between crashes under two days: 1 - exp(-rate) would be about 5 %."""
    gaps = np.concatenate([np.diff(np.flatnonzero(s.venue.truth.crash)) for s in samples])
    assert (gaps <= 48).mean() > 0.15


def test_stress_is_rarer_and_wilder_than_calm(samples: list[Sample]) -> None:
    for sample in samples:
        stress = sample.venue.truth.stress[1:]
        assert 0.03 < stress.mean() < 0.4
        size = np.abs(_column(sample, KEEL))
        assert size[stress].mean() > 1.4 * size[~stress].mean()


def test_margin_of_a_year_of_history_would_look_like_a_real_one(samples: list[Sample]) -> None:
    """99 % quantile of 8 h losses: real coins 9 % of notional on average (baselines, row A)."""
    quantiles = [
        np.quantile(-_column(s, c)[: 8 * 2699].reshape(-1, 8).sum(axis=1), 0.99)
        for s in samples
        for c in LONG_LIVED
    ]
    assert 0.05 < np.mean(quantiles) < 0.13
