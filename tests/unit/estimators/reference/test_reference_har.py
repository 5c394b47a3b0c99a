"""Panel HAR: no look-ahead, degenerate markets, coefficients against statsmodels, known laws."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from plimsoll.domain.market import HOUR_NS, NEVER_MASKED
from plimsoll.errors import ParameterError
from plimsoll.estimators.reference.forecast import Forecaster, forecast
from plimsoll.estimators.reference.har import PanelHar
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel
from synthetic_panel import START_NS, closes, history_of, panel_of

DAYS = 330
QUICK = PanelHar(least_rows=100)


@pytest.fixture(scope="module")
def panel() -> ReturnsPanel:
    close = closes(DAYS, 3)
    close[: 24 * 20, 2] = np.nan
    close[5000:5010, 1] = np.nan
    return panel_of(close)


@pytest.mark.parametrize("method", [QUICK, PanelHar(window_days=365, least_rows=100)])
@pytest.mark.parametrize("hours", [8, 24])
def test_the_future_changes_nothing(method: PanelHar, hours: int, panel: ReturnsPanel) -> None:
    assert isinstance(method, Forecaster)
    whole = forecast(method, panel, hours)
    for boundary in (185, 290, 310):
        cut = forecast(method, panel.as_known(boundary), hours)
        kept = slice(0, boundary + 1)
        np.testing.assert_array_equal(whole.value_at_risk[kept], cut.value_at_risk)
        np.testing.assert_array_equal(whole.expected_shortfall[kept], cut.expected_shortfall)
    assert np.isfinite(whole.value_at_risk[-1]).all()
    known = np.isfinite(whole.value_at_risk)
    assert np.all(whole.value_at_risk[known] > 0.0)
    assert np.all(whole.expected_shortfall[known] >= whole.value_at_risk[known])


def test_a_bar_condemned_later_was_seen_until_then() -> None:
    close = closes(DAYS, 2)
    spike = 24 * 300 - 1
    close[spike, 0] *= 1.6
    mask = np.full(close.shape, NEVER_MASKED, dtype=np.int64)
    mask[spike, 0] = START_NS + (spike + 3) * HOUR_NS
    history = history_of(close, mask)
    found = forecast(QUICK, returns_panel(history), 8)
    for boundary in (298, 299, 300):
        at_ns = int(returns_panel(history).time_ns[boundary])
        then = forecast(QUICK, returns_panel(history.before(at_ns)), 8)
        np.testing.assert_array_equal(found.value_at_risk[boundary], then.value_at_risk[-1])


def rows_by_hand(close: np.ndarray, boundary: int, hours: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the regression known at a boundary, in plain loops over days and markets."""
    squares = np.diff(np.log(close), axis=0) ** 2  # [i] ends with bar i + 1
    design, target = [], []
    for i in range(close.shape[1]):
        daily = []
        for d in range(boundary + 1):
            # Boundary d (midnight): bars before hour 24 d are known; squares[:24 d - 1].
            end = 24 * d - 1
            if d >= 1:
                daily.append(np.log(squares[max(end - 24, 0) : end, i].mean()))
            known_by = 24 * d + hours
            if d < 30 or known_by > 24 * boundary:
                continue
            own = np.mean(daily)
            means = [np.log(squares[max(end - 24 * k, 0) : end, i].mean()) for k in (1, 7, 30)]
            design.append([1.0, *(m - own for m in means)])
            target.append(np.log(squares[end : end + hours, i].mean()) - own)
    return np.array(design), np.array(target)


@pytest.mark.parametrize("hours", [8, 24])
def test_coefficients_are_those_of_least_squares_on_what_was_known(hours: int) -> None:
    close = closes(240, 4)
    panel = panel_of(close)
    found = QUICK.volatility(panel, hours)
    first_ns = int(panel.time_ns[0])
    boundary = int(np.searchsorted(panel.time_ns, first_ns + 182 * 24 * HOUR_NS))
    days_since = int((panel.time_ns[boundary] - START_NS) // (24 * HOUR_NS))
    design, target = rows_by_hand(close, days_since, hours)
    beta = sm.OLS(target, design).fit().params
    # The forecast of the last market at the boundary, from its own regressors by hand.
    squares = np.diff(np.log(close[:, 3])) ** 2
    end = 24 * days_since - 1
    daily = [
        np.log(squares[max(24 * d - 25, 0) : 24 * d - 1].mean()) for d in range(1, days_since + 1)
    ]
    own = np.mean(daily)
    now = [1.0, *(np.log(squares[end - 24 * k : end].mean()) - own for k in (1, 7, 30))]
    expected = np.exp(0.5 * (own + np.dot(beta, now) + np.log(hours)))
    assert found[3, boundary] == pytest.approx(expected, rel=1e-7)


def test_degenerate_markets_have_no_number_or_a_finite_one() -> None:
    generator = np.random.default_rng(0)
    normal = 100.0 * np.exp(np.cumsum(0.005 * generator.standard_normal(24 * 280)))
    spike = np.full(normal.size, 50.0)
    spike[3000] = 80.0
    holes = normal.copy()
    holes[generator.random(normal.size) < 0.2] = np.nan
    young = np.full(normal.size, np.nan)
    young[-30:] = 10.0 + np.arange(30)
    close = np.stack([np.full(normal.size, 7.0), spike, holes, young, normal, normal], axis=1)
    found = forecast(QUICK, panel_of(close), 24)
    for v in (found.value_at_risk, found.expected_shortfall):
        assert np.all(np.isnan(v) | (np.isfinite(v) & (v > 0.0)))
    assert np.isnan(found.value_at_risk[:, 0]).all()
    np.testing.assert_array_equal(found.value_at_risk[:, 4], found.value_at_risk[:, 5])
    assert np.isfinite(found.value_at_risk[-1, [2, 4]]).all()


def test_coverage_of_a_volatility_that_moves_in_cycles() -> None:
    """900 days of 6 markets; 1 % nominal per side, errors of a day shared by all: 0.35 points."""
    close = closes(900, 6, seed=8)
    found = forecast(PanelHar(), panel_of(close), 24)
    log_price = np.log(close)
    bars = panel_of(close).boundaries.bars
    rows = np.arange(300, found.time_ns.size - 1)
    moves = log_price[bars[rows] + 23] - log_price[bars[rows] - 1]
    falls = -np.expm1(moves) > found.value_at_risk[rows, :, 0]
    rises = np.expm1(moves) > found.value_at_risk[rows, :, 1]
    assert 0.003 < falls.mean() < 0.02
    assert 0.003 < rises.mean() < 0.02


def test_wrong_use_is_refused() -> None:
    for wrong in ({"lags_days": (7, 1)}, {"refit_days": 0}, {"least_rows": 1}, {"lags_days": ()}):
        with pytest.raises(ParameterError):
            PanelHar(**wrong)
    assert "own tail" in PanelHar(window_days=365).title
