"""Pooled coverage: size under breaches that come together, power, overlap, unequal histories."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.measures import BlockBootstrap
from plimsoll.validation.coverage import Alternative, exact_binomial_p
from plimsoll.validation.pooled import effective_interval, mid_p_values, pooled_coverage
from plimsoll.validation.starts import Starts, non_overlapping_rows, starts_of

HOUR = 3_600_000_000_000
DAY = 24 * HOUR


def _together(
    generator: np.random.Generator, days: int, markets: int, rate: float, correlation: float
) -> NDArray[np.bool_]:
    """Breaches of a one-factor Gaussian copula: each market at ``rate``, together in crashes."""
    factor = generator.standard_normal((days, 1))
    own = generator.standard_normal((days, markets))
    value = np.sqrt(correlation) * factor + np.sqrt(1.0 - correlation) * own
    out: NDArray[np.bool_] = value > -special.ndtri(rate)
    return out


def _days(count: int) -> NDArray[np.int64]:
    return np.arange(count, dtype=np.int64) * DAY


@pytest.mark.parametrize(
    ("days", "markets", "correlation", "naive_at_least"),
    [(1250, 40, 0.5, 0.3), (1250, 60, 0.3, 0.2), (365, 10, 0.5, 0.10)],
)
def test_size_is_near_five_percent_where_the_naive_test_rejects_far_too_often(
    days: int, markets: int, correlation: float, naive_at_least: float
) -> None:
    # 400 panels: the standard error of a rejection rate of 5 % is 1.1 points, so 9 % is 3.7 of
    # them; 365 days of 10 markets hold 36 breaches on 24 days, and are near the edge of what
    # clustering can do.
    generator = np.random.default_rng(20)
    ours = naive = 0
    for _ in range(400):
        flags = _together(generator, days, markets, 0.01, correlation)
        found = pooled_coverage(flags, np.ones_like(flags), _days(days), DAY, 0.01)
        ours += found.p_two_sided < 0.05
        p = exact_binomial_p(found.breaches, found.observations, 0.01, Alternative.TOO_MANY)
        q = exact_binomial_p(found.breaches, found.observations, 0.01, Alternative.TOO_FEW)
        naive += 2.0 * min(p, q) < 0.05
    assert 0.02 <= ours / 400 <= 0.09
    assert naive / 400 >= naive_at_least


def test_a_rate_half_as_high_again_is_found() -> None:
    # Four years of 60 markets: nominal breach rate 1 %, true 1.6 %, effective sample about a
    # quarter; detected in most of 60 panels.
    generator = np.random.default_rng(21)
    found = [
        pooled_coverage(
            _together(generator, 1460, 60, 0.016, 0.3),
            np.ones((1460, 60), dtype=bool),
            _days(1460),
            DAY,
            0.01,
        ).p_too_many
        for _ in range(60)
    ]
    assert np.mean(np.array(found) < 0.05) > 0.9


def test_independent_breaches_cost_nothing() -> None:
    flags = np.random.default_rng(22).random((2_000, 30)) < 0.01
    found = pooled_coverage(flags, np.ones_like(flags), _days(2_000), DAY, 0.01)
    rate = flags.mean()
    assert found.breach_rate == pytest.approx(rate, rel=1e-15)
    assert found.standard_error == pytest.approx(np.sqrt(rate * (1 - rate) / flags.size), rel=0.12)
    assert 1.0 <= found.design_effect < 1.3


def test_copies_of_a_market_add_no_evidence() -> None:
    one = np.random.default_rng(23).random((1_500, 1)) < 0.015
    many = np.repeat(one, 25, axis=1)
    single = pooled_coverage(one, np.ones_like(one), _days(1_500), DAY, 0.01)
    pooled = pooled_coverage(many, np.ones_like(many), _days(1_500), DAY, 0.01)
    assert pooled.standard_error == pytest.approx(single.standard_error, rel=1e-12)
    # The design effect of the single one may be floored at 1.
    assert pooled.design_effect == pytest.approx(25.0 * single.design_effect, rel=0.2)
    assert pooled.p_too_many >= 0.5 * single.p_too_many


def test_bootstrap_of_days_agrees_with_newey_west() -> None:
    flags = _together(np.random.default_rng(24), 1250, 40, 0.01, 0.5)
    arguments = (flags, np.ones_like(flags), _days(1250), DAY, 0.01)
    analytic = pooled_coverage(*arguments)
    boot = pooled_coverage(
        *arguments, bootstrap=BlockBootstrap(block_length=5, seed=1, replications=4_000)
    )
    assert boot.standard_error == pytest.approx(analytic.standard_error, rel=0.1)
    assert boot.breach_rate == analytic.breach_rate
    assert "blocks of 5 days" in boot.method
    assert "Newey-West with 5 daily lags" in analytic.method


def test_clustered_error_by_hand() -> None:
    # Two days, two markets: both break on day one, none on day two. Rate 1/2, daily scores
    # 2 - 1 = 1 and 0 - 1 = -1; no lags: sqrt(2) / 4.
    flags = np.array([[True, True], [False, False]])
    found = pooled_coverage(flags, np.ones_like(flags), _days(2), DAY, 0.01, lags=0)
    assert found.standard_error == pytest.approx(np.sqrt(2.0) / 4.0, rel=1e-15)
    assert (found.days, found.breach_days) == (2, 1)


def test_error_is_the_cluster_robust_error_of_a_regression_on_a_constant() -> None:
    import statsmodels.api as sm

    generator = np.random.default_rng(25)
    flags = _together(generator, 300, 12, 0.05, 0.4)
    scored = generator.random(flags.shape) < 0.8
    scored[0] = scored[-1] = True
    found = pooled_coverage(flags & scored, scored, _days(300), DAY, 0.01, lags=0)
    row, _ = np.nonzero(scored)
    fit = sm.OLS(flags[scored].astype(float), np.ones(row.size)).fit(
        cov_type="cluster", cov_kwds={"groups": row, "use_correction": False}
    )
    assert found.standard_error == pytest.approx(float(fit.bse[0]), rel=1e-10)


def test_error_with_lags_is_the_driscoll_kraay_error() -> None:
    import statsmodels.api as sm

    generator = np.random.default_rng(26)
    flags = _together(generator, 300, 6, 0.05, 0.4)
    found = pooled_coverage(flags, np.ones_like(flags), _days(300), DAY, 0.01, lags=5)
    time = np.repeat(np.arange(300), 6)
    fit = sm.OLS(flags.ravel().astype(float), np.ones(1_800)).fit(
        cov_type="hac-groupsum", cov_kwds={"time": time, "maxlags": 5, "use_correction": False}
    )
    assert found.standard_error == pytest.approx(float(fit.bse[0]), rel=1e-10)


def test_several_starts_of_one_day_are_one_cluster() -> None:
    # Three 8-hour horizons a day that break together are one event.
    flags = np.zeros((900, 2), dtype=bool)
    flags[300:303] = True
    times = np.arange(900, dtype=np.int64) * 8 * HOUR
    found = pooled_coverage(flags, np.ones_like(flags), times, 8 * HOUR, 0.01, lags=0)
    assert found.starts is Starts.NON_OVERLAPPING
    assert (found.days, found.breach_days, found.breaches) == (300, 1, 6)
    score = np.array([6.0 - 6.0 * 6 / 1_800] + [-6.0 * 6 / 1_800] * 299)
    assert found.standard_error == pytest.approx(np.sqrt(np.sum(score**2)) / 1_800, rel=1e-12)


def test_unequal_histories_are_weighted_by_what_was_scored() -> None:
    generator = np.random.default_rng(27)
    flags = generator.random((1_000, 2)) < 0.02
    scored = np.ones_like(flags)
    scored[:900, 1] = False
    found = pooled_coverage(flags & scored, scored, _days(1_000), DAY, 0.01)
    assert found.observations == 1_100
    assert found.breaches == int((flags & scored).sum())


def test_overlapping_horizons_are_named_and_lags_reach_over_them() -> None:
    # Seven-day horizons started daily: each shock breaks seven times running.
    generator = np.random.default_rng(28)
    shock = generator.random(2_000) < 0.004
    flags = np.convolve(shock, np.ones(7))[:2_000, None] > 0
    found = pooled_coverage(flags, np.ones_like(flags), _days(2_000), 7 * DAY, 0.01)
    assert found.starts is Starts.OVERLAPPING
    assert "7 daily lags" in found.method
    short = pooled_coverage(flags, np.ones_like(flags), _days(2_000), DAY, 0.01, lags=0)
    assert found.standard_error > 1.8 * short.standard_error
    with pytest.raises(UsageError, match="cover the overlap of 7 days"):
        pooled_coverage(
            flags,
            np.ones_like(flags),
            _days(2_000),
            7 * DAY,
            0.01,
            bootstrap=BlockBootstrap(block_length=6, seed=1),
        )


def test_nothing_broke() -> None:
    flags = np.zeros((500, 20), dtype=bool)
    found = pooled_coverage(flags, np.ones_like(flags), _days(500), DAY, 0.01)
    assert found.breach_rate == 0.0
    assert np.isnan(found.standard_error)
    # All 20 together or none: 500 independent days, none broke: mid-p is half of 0.99^500.
    assert found.design_effect == 20.0
    assert found.p_too_few == pytest.approx(0.5 * 0.99**500, rel=1e-10)
    assert found.low_rate == 0.0
    assert found.high_rate == pytest.approx(1.0 - 0.025 ** (1.0 / 500.0), rel=1e-10)


def test_everything_broke() -> None:
    flags = np.ones((50, 3), dtype=bool)
    found = pooled_coverage(flags, flags, _days(50), DAY, 0.01)
    assert (found.breach_rate, found.high_rate) == (1.0, 1.0)
    assert found.p_too_many < 1e-80


def test_mid_p_values_add_up_and_match_the_binomial() -> None:
    for count, trials in ((0.0, 100.0), (3.0, 250.0), (2.4, 61.7), (0.3, 12.0), (5.0, 5.0)):
        few, many = mid_p_values(count, trials, 0.01)
        assert few + many == pytest.approx(1.0, abs=1e-12)
    law = stats.binom(250, 0.01)
    assert mid_p_values(3.0, 250.0, 0.01)[1] == pytest.approx(
        law.sf(3) + 0.5 * law.pmf(3), rel=1e-10
    )


def test_interval_is_clopper_pearsons() -> None:
    for count, trials in ((3, 250), (0, 40), (40, 40), (1, 2)):
        exact = stats.binomtest(count, trials).proportion_ci(0.95, method="exact")
        found = effective_interval(float(count), float(trials))
        assert found == pytest.approx((exact.low, exact.high), rel=1e-9)


def test_refusals() -> None:
    flags = np.zeros((3, 2), dtype=bool)
    with pytest.raises(UsageError, match="one shape"):
        pooled_coverage(flags, flags[:2], _days(3), DAY, 0.01)
    with pytest.raises(UsageError, match="one time per row"):
        pooled_coverage(flags, flags, _days(2), DAY, 0.01)
    with pytest.raises(UsageError, match="must have been scored"):
        pooled_coverage(~flags, flags, _days(3), DAY, 0.01)
    with pytest.raises(InsufficientDataError, match="scored horizon"):
        pooled_coverage(flags, flags, _days(3), DAY, 0.01)


def test_non_overlapping_starts() -> None:
    times = np.arange(48, dtype=np.int64) * HOUR
    rows = non_overlapping_rows(times, 8 * HOUR)
    assert list(rows) == [0, 8, 16, 24, 32, 40]
    assert list(non_overlapping_rows(times, 24 * HOUR, 5 * HOUR)) == [5, 29]
    assert starts_of(times[rows], 8 * HOUR) is Starts.NON_OVERLAPPING
    assert starts_of(times, 8 * HOUR) is Starts.OVERLAPPING
    assert starts_of(times[:1], 8 * HOUR) is Starts.NON_OVERLAPPING
    with pytest.raises(UsageError):
        starts_of(times, 0)
