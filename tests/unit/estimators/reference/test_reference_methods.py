"""Every forecaster: no look-ahead, sane on degenerate markets, right on laws that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plimsoll.domain.market import HOUR_NS, NEVER_MASKED
from plimsoll.errors import ParameterError, UsageError
from plimsoll.estimators.reference.anti_procyclicality import Buffered, Floored, StressWeighted
from plimsoll.estimators.reference.blends import PooledBlend
from plimsoll.estimators.reference.conformal import ConformalSimulation
from plimsoll.estimators.reference.constant import Constant
from plimsoll.estimators.reference.ewma import Ewma
from plimsoll.estimators.reference.filtered import FilteredSimulation
from plimsoll.estimators.reference.forecast import Forecaster, forecast
from plimsoll.estimators.reference.historical import HistoricalSimulation
from plimsoll.estimators.reference.methods import METHODS, forecasters
from plimsoll.estimators.reference.moves import panel_moves
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel
from synthetic_panel import START_NS, closes, history_of, panel_of

PLAIN = tuple(name for name in METHODS if name != "default")
DAYS = 330


@pytest.fixture(scope="module")
def panel() -> ReturnsPanel:
    close = closes(DAYS, 3)
    close[: 24 * 20, 2] = np.nan
    close[5000:5010, 1] = np.nan
    return panel_of(close)


@pytest.mark.parametrize("name", PLAIN)
def test_the_future_changes_nothing(name: str, panel: ReturnsPanel) -> None:
    method = METHODS[name]()
    assert isinstance(method, Forecaster)
    assert method.name == name
    whole = forecast(method, panel, 8)
    for boundary in (290, 310):
        cut = forecast(method, panel.as_known(boundary), 8)
        kept = slice(0, boundary + 1)
        np.testing.assert_array_equal(whole.value_at_risk[kept], cut.value_at_risk)
        np.testing.assert_array_equal(whole.expected_shortfall[kept], cut.expected_shortfall)
    assert np.isfinite(whole.value_at_risk[-1]).all()
    known = np.isfinite(whole.value_at_risk)
    assert np.all(whole.value_at_risk[known] > 0.0)
    assert np.all(whole.value_at_risk[:, :, 0][known[:, :, 0]] < 1.0)
    assert np.all(whole.expected_shortfall[known] >= whole.value_at_risk[known])


@pytest.mark.parametrize("name", [*METHODS, "garch_skewt_fhs", "regime_fhs"])
def test_a_horizon_of_one_bar_has_a_smaller_risk_than_one_of_eight(name: str) -> None:
    panel = panel_of(closes(290, 2))
    method = forecasters([name])[0]
    hour, day = (forecast(method, panel, hours).value_at_risk[-1] for hours in (1, 8))
    assert np.isfinite(hour).all()
    # Steps are independent and heavy-tailed: eight of them risk 2.0 to 2.8 times as much as one;
    # estimates of a 1 % tail from 290 days err by a fifth.
    # The constant is no quantile but a largest move, which grows less.
    least = 1.0 if name == "constant" else 1.4
    assert np.all((day / hour > least) & (day / hour < 4.0))


@pytest.mark.parametrize("name", ["hs_365_buffer", "fhs_97", "garch_t_pot", "blend_90_30_own"])
def test_a_bar_condemned_later_was_seen_until_then(name: str) -> None:
    close = closes(DAYS, 2)
    spike = 24 * 300 - 1
    close[spike, 0] *= 1.6
    mask = np.full(close.shape, NEVER_MASKED, dtype=np.int64)
    mask[spike, 0] = START_NS + (spike + 3) * HOUR_NS
    history = history_of(close, mask)
    method = METHODS[name]()
    found = forecast(method, returns_panel(history), 8)
    for boundary in (298, 299, 300):
        at_ns = int(returns_panel(history).time_ns[boundary])
        then = forecast(method, returns_panel(history.before(at_ns)), 8)
        np.testing.assert_array_equal(found.value_at_risk[boundary], then.value_at_risk[-1])


@pytest.mark.parametrize("name", PLAIN)
def test_degenerate_markets_have_no_number_or_a_finite_one(name: str) -> None:
    generator = np.random.default_rng(0)
    normal = 100.0 * np.exp(np.cumsum(0.005 * generator.standard_normal(24 * 280)))
    spike = np.full(normal.size, 50.0)
    spike[3000] = 80.0
    holes = normal.copy()
    holes[generator.random(normal.size) < 0.5] = np.nan
    young = np.full(normal.size, np.nan)
    young[-30:] = 10.0 + np.arange(30)
    close = np.stack([np.full(normal.size, 7.0), spike, holes, young, normal, normal], axis=1)
    found = forecast(METHODS[name](), panel_of(close), 24)
    both = (found.value_at_risk, found.expected_shortfall)
    assert all(np.all(np.isnan(v) | (np.isfinite(v) & (v > 0.0))) for v in both)
    assert np.isnan(found.value_at_risk[:, 0]).all() or name == "hs"
    np.testing.assert_array_equal(found.value_at_risk[:, 4], found.value_at_risk[:, 5])


def test_ewma_of_a_normal_walk_finds_its_quantile() -> None:
    step = 0.01
    walk = step * np.random.default_rng(5).standard_normal((24 * 500, 2))
    panel = panel_of(np.exp(np.cumsum(walk, axis=0)))
    method = Ewma(name="n", nu=float("inf"), decay_daily=0.999)
    found = forecast(method, panel, 8)
    fall = stats.norm.ppf(0.99) * step * np.sqrt(8)
    # 500 days of 3 independent moves: the volatility is known to about 2 %.
    assert found.value_at_risk[-1, :, 0] == pytest.approx(-np.expm1(-fall), rel=0.07)
    assert found.value_at_risk[-1, :, 1] == pytest.approx(np.expm1(fall), rel=0.07)
    # Mean of exp(x) - 1 beyond the quantile in closed form; 64 strata cut the last of it off.
    s = np.log1p(found.value_at_risk[-1, 0, 1]) / stats.norm.ppf(0.99)
    exact = np.exp(0.5 * s * s) * stats.norm.cdf(s - stats.norm.ppf(0.99)) / 0.01 - 1.0
    assert found.expected_shortfall[-1, 0, 1] == pytest.approx(exact, rel=2e-3)


def test_historical_simulation_is_numpys_quantile(panel: ReturnsPanel) -> None:
    found = forecast(HistoricalSimulation(window_days=100), panel, 8)
    moves = panel_moves(panel, 8)
    bars = int(panel.boundaries.bars[-1])
    rows = (np.arange(moves.move.shape[1]) >= bars - 2400) & (moves.end >= 0)
    for market in range(3):
        move = moves.move[market][rows[market]]
        for side, loss in enumerate((-np.expm1(move), np.expm1(move))):
            log_quantile = np.quantile(-move if side == 0 else move, 0.99)
            expected = -np.expm1(-log_quantile) if side == 0 else np.expm1(log_quantile)
            assert found.value_at_risk[-1, market, side] == pytest.approx(expected, rel=1e-12)
            mean = loss[loss > expected].mean()
            assert found.expected_shortfall[-1, market, side] == pytest.approx(mean, rel=1e-12)


def test_moves_end_at_the_first_print_after_the_horizon() -> None:
    close = closes(4, 1)
    close[30:33, 0] = np.nan
    moves = panel_moves(panel_of(close), 8)
    assert moves.end[0, 22] == 33
    assert moves.move[0, 22] == pytest.approx(np.log(close[33, 0] / close[22, 0]), rel=1e-14)
    assert np.isnan(moves.move[0, 31])
    assert moves.end[0, -1] == -1


def test_a_market_without_a_print_for_a_day_has_no_move_into_the_hole() -> None:
    close = closes(6, 1)
    close[40:80, 0] = np.nan
    moves = panel_moves(panel_of(close), 8)
    assert np.isnan(moves.move[0, 35])
    assert moves.end[0, 35] == -1


def test_the_tools_of_article_28_by_hand(panel: ReturnsPanel) -> None:
    plain = forecast(HistoricalSimulation(), panel, 8)
    raised = forecast(Buffered(), panel, 8).value_at_risk
    margin = plain.value_at_risk
    d = 320
    median = np.nanmedian(margin[d - 249 : d + 1], axis=0)
    expected = np.minimum(1.25 * margin[d], np.maximum(margin[d], 1.25 * median))
    np.testing.assert_allclose(raised[d], expected, rtol=1e-12)
    filtered = forecast(FilteredSimulation(), panel, 8)
    floored = forecast(Floored(), panel, 8).value_at_risk
    long = forecast(HistoricalSimulation(window_days=1095), panel, 8)
    np.testing.assert_allclose(
        floored[d], np.maximum(filtered.value_at_risk[d], long.value_at_risk[d]), rtol=1e-12
    )
    weighted = forecast(StressWeighted(weight=0.0), panel, 8).value_at_risk
    np.testing.assert_array_equal(weighted[d], filtered.value_at_risk[d])


def test_a_conformal_level_that_never_moves_is_plain_filtered_simulation(
    panel: ReturnsPanel,
) -> None:
    still = forecast(ConformalSimulation(gamma=0.0), panel, 8)
    plain = forecast(FilteredSimulation(), panel, 8)
    np.testing.assert_array_equal(still.value_at_risk, plain.value_at_risk)
    adaptive = forecast(ConformalSimulation(), panel, 8).value_at_risk
    known = np.isfinite(plain.value_at_risk)
    assert np.all(adaptive[known] >= plain.value_at_risk[known])
    assert np.any(adaptive[known] > plain.value_at_risk[known])


def test_a_pool_of_one_is_its_own_tail_to_a_bin() -> None:
    close = closes(300, 1)
    panel = panel_of(close)
    pooled = forecast(PooledBlend(fast_weight=1.0), panel, 8).value_at_risk[-1]
    own = forecast(FilteredSimulation(window_days=3650), panel, 8).value_at_risk[-1]
    # Bins are 0.2 % wide, and neighbouring order statistics of 7,000 moves lie 1 % apart.
    np.testing.assert_allclose(pooled, own, rtol=0.012)


def test_the_constant_is_the_largest_loss_so_far(panel: ReturnsPanel) -> None:
    found = forecast(Constant(), panel, 8).value_at_risk
    move = panel_moves(panel, 8).move[0]
    assert found[-1, 0, 0] == pytest.approx(np.nanmax(-np.expm1(move)), rel=1e-14)
    # The first year is not over: the margin only ever rises.
    rises = np.diff(found[:, 0, 0])
    assert np.all(rises[np.isfinite(rises)] >= 0.0)


def test_wrong_use_is_told() -> None:
    with pytest.raises(UsageError, match="must be a method"):
        forecasters(["nothing"])
    with pytest.raises(UsageError, match="once"):
        forecasters(["fhs_97", "fhs_97"])
    with pytest.raises(ParameterError):
        Ewma(nu=2.0)
    with pytest.raises(ParameterError):
        PooledBlend(fast_weight=1.5)
    with pytest.raises(ParameterError):
        ConformalSimulation(least_share=0.0)
    with pytest.raises(ParameterError):
        StressWeighted(weight=2.0)
    with pytest.raises(ParameterError):
        Buffered(buffer=-0.1)
    with pytest.raises(ParameterError):
        forecast(FilteredSimulation(decay_daily=1.0), panel_of(closes(3, 1)), 8)
