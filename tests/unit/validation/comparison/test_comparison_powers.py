"""What the tests of a comparison can see: each power against simulation or another law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.validation.comparison.coverage_figures import kupiec_powers, kupiec_rejections
from plimsoll.validation.comparison.score_tests import better_power, score_difference
from plimsoll.validation.comparison.shortfall_figures import (
    clustered_mean,
    shortfall_residual,
    shortfall_z,
)
from plimsoll.validation.panels.daily_moments import shortfall_panel
from plimsoll.validation.panels.pooled_shortfall import pooled_z2_test
from plimsoll.validation.tested_forecasts import Direction
from synthetic_panel import day

DAYS = 400
TIME = day(0) + 8 * HOUR_NS * np.arange(3 * DAYS, dtype=np.int64)
DAILY = day(0) + DAY_NS * np.arange(DAYS, dtype=np.int64)


def test_power_of_a_better_score_is_the_share_of_simulated_rejections() -> None:
    generator = np.random.default_rng(3)
    truth, rejected, claimed = -0.1, 0, []
    for _ in range(400):
        other = generator.standard_normal((DAYS, 1, 1))
        own = other + truth + 0.8 * generator.standard_normal(other.shape)
        found = score_difference(own, other, DAILY, 0.1)
        rejected += found.p_better < 0.05
        claimed.append(found.power)
    # 400 paths: three binomial standard errors, and Newey-West's own five per cent of the error.
    assert np.mean(claimed) == pytest.approx(rejected / 400, abs=0.06)
    assert found.difference == 0.1


def test_power_by_the_normal_law_where_days_are_many() -> None:
    expected = stats.norm.sf(stats.norm.isf(0.05) - 2.0)
    assert better_power(0.01, 100_000, 0.02) == pytest.approx(expected, abs=1e-4)
    assert better_power(1e-6, 1000, 0.02) == 1.0
    assert np.isnan(better_power(0.0, 1000, 0.02))


def test_kupiec_power_is_the_share_of_rejected_market_sides() -> None:
    generator = np.random.default_rng(5)
    scored = np.ones((1200, 2000, 2), dtype=np.bool_)
    scored[800:, 1000:] = False
    claimed = kupiec_powers(scored, 0.01)
    for rate, power in claimed.items():
        broke = scored & (generator.random(scored.shape) < rate)
        share = kupiec_rejections(broke, scored, 0.01).share
        # 4,000 market-sides: three binomial standard errors.
        assert power == pytest.approx(share, abs=0.025)


def test_the_shortfall_tests_are_those_of_the_panel_tests() -> None:
    generator = np.random.default_rng(7)
    loss = 0.02 * generator.standard_t(5, (TIME.size, 12, 2))
    at_risk = np.full(loss.shape, 0.02 * stats.t.isf(0.01, 5))
    shortfall = 1.32 * at_risk
    scored = np.ones(loss.shape, dtype=np.bool_)
    found = shortfall_z(loss, at_risk, shortfall, scored, TIME, 0.01)
    rows = TIME.size
    panel = shortfall_panel(
        loss.reshape(rows, -1),
        at_risk.reshape(rows, -1),
        shortfall.reshape(rows, -1),
        TIME,
        8 * HOUR_NS,
        0.99,
    )
    peer = pooled_z2_test(panel, 0.99, direction=Direction.TWO_SIDED, understatement=0.10)
    assert found.mean / found.standard_error == pytest.approx(peer.statistic, rel=1e-10)
    assert found.p_two_sided == peer.p_value
    # Degrees of freedom are days scored here and days with a breach there: 400 and about 380.
    assert found.power == pytest.approx(peer.power.value, abs=1e-3)


def test_a_shortfall_ten_per_cent_too_small_is_found_as_often_as_its_power_says() -> None:
    generator = np.random.default_rng(9)
    quantile = stats.t.isf(0.01, 5)
    mean = stats.t.expect(lambda x: x, args=(5,), lb=quantile, conditional=True)
    rejected, claimed = 0, []
    scored = np.ones((TIME.size, 8, 2), dtype=np.bool_)
    at_risk, right = np.full(scored.shape, quantile), np.full(scored.shape, mean)
    for _ in range(120):
        loss = generator.standard_t(5, scored.shape)
        claimed.append(shortfall_residual(loss, at_risk, right, scored, TIME).power)
        rejected += shortfall_residual(loss, at_risk, 0.9 * right, scored, TIME).p_two_sided < 0.05
    # 120 paths: three binomial standard errors are 0.14.
    assert np.mean(claimed) == pytest.approx(rejected / 120, abs=0.14)


def test_too_few_days_of_breaches_have_no_p_value() -> None:
    values, counted = np.zeros((DAYS, 2)), np.zeros((DAYS, 2), dtype=np.bool_)
    counted[[5, 80], 0], values[[5, 80], 0] = True, (0.3, 0.1)
    found = clustered_mean(values, counted, DAILY, shift=0.1)
    assert found.count == 2
    assert found.mean == pytest.approx(0.2)
    assert np.isnan([found.p_two_sided, found.p_positive, found.power]).all()
    counted[:] = True
    still = clustered_mean(np.zeros((DAYS, 2)), counted, DAILY, shift=0.1)
    assert np.isnan(still.p_two_sided)
