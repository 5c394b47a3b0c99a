"""Curves of the default forecaster: through its own numbers, falling, and for young markets too."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from plimsoll.estimators.nightly import NightlyEstimate, NightlySettings, nightly_estimate
from plimsoll.estimators.nightly.joint_marginals import night_curves
from plimsoll.estimators.nightly.scale_paths import bar_volatilities, scale_paths
from plimsoll.estimators.pooling.student_posterior import FitMethod
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.log_scales import log_scale
from plimsoll.estimators.reference.marginal_curves import PUBLISHED, TAILS, forecast_curves
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.maths.tail_counts import WIDTH, write_tails
from plimsoll.maths.tail_curves import write_tail_curves
from synthetic_panel import closes, history_of

FAST = NightlySettings(copula_replicates=2)


@cache
def night(days: int = 200, still: bool = True) -> NightlyEstimate:
    """Five markets; one stands still, one is five days old."""
    close = closes(days, 5)
    if still:
        close[:, 3] = 7.0
    close[: -5 * 24, 4] = np.nan
    return nightly_estimate(history_of(close), FAST)


@pytest.mark.parametrize("hours", [8, 24])
def test_the_curve_goes_through_the_published_numbers(hours: int) -> None:
    """VaR to rounding. ES to 2 %: the forecaster's own is of bins 1 % wide, by their middles."""
    found = night().horizon(hours)
    curves = forecast_curves(found.fitted)
    assert found.own.sum() == 3
    own = found.own
    np.testing.assert_allclose(curves.value_at_risk[own], found.value_at_risk[own], rtol=1e-13)
    np.testing.assert_allclose(
        curves.expected_shortfall[own], found.expected_shortfall[own], rtol=0.02
    )
    assert np.isnan(curves.loss[~own]).all()
    assert list(curves.known) == own.tolist()


def test_every_node_is_the_forecaster_asked_at_that_tail() -> None:
    fitted = night().horizon(8).fitted
    curves, share = forecast_curves(fitted), fitted.tail / 0.01
    for node in (0, 100, PUBLISHED, 300, TAILS.size - 2):
        value, _ = replace(fitted, tail=share * float(TAILS[node])).risk()
        told_apart = curves.loss[:3, :, node] > curves.loss[:3, :, -2]
        np.testing.assert_allclose(
            curves.loss[:3, :, node][told_apart], value[:3][told_apart], rtol=1e-9
        )
        assert told_apart.any() or node == TAILS.size - 2


def test_quantiles_are_those_of_the_tails_to_the_bit() -> None:
    fitted = night().horizon(8).fitted
    tails = np.geomspace(1e-5, 0.45, 30)
    found, one = np.empty((5, 2, 30)), np.empty((5, 2, WIDTH))
    write_tail_curves(fitted.counts, fitted.tail_rules, tails, found)
    for k, tail in enumerate(tails.tolist()):
        write_tails(fitted.counts, fitted.tail_rules, tail, one)
        np.testing.assert_array_equal(found[:, :, k], one[:, :, 0])


def test_too_few_moves_give_no_curve() -> None:
    found = forecast_curves(LogBlend().fit(returns_panel(history_of(closes(24, 2))), 8))
    assert not found.known.any()


@pytest.mark.parametrize("hours", [8, 24])
def test_a_young_market_has_its_own_numbers_and_the_shape_of_its_peers(hours: int) -> None:
    """Bisection to rounding: 1e-9."""
    base = night().horizon(hours)
    value, shortfall = base.value_at_risk.copy(), base.expected_shortfall.copy()
    value[4], shortfall[4] = (0.2, 0.25), (0.27, 0.40)
    found = replace(base, value_at_risk=value, expected_shortfall=shortfall)
    curves = night_curves(found)
    np.testing.assert_allclose(curves.value_at_risk[4], value[4], rtol=1e-9)
    np.testing.assert_allclose(curves.expected_shortfall[4], shortfall[4], rtol=1e-9)
    assert np.all(np.diff(curves.loss[4], axis=1) <= 0.0)
    half = -np.log1p(-curves.loss[:3, 0, 300]) / -np.log1p(-curves.loss[:3, 0, PUBLISHED])
    own = -np.log1p(-curves.loss[4, 0, 300]) / -np.log1p(-curves.loss[4, 0, PUBLISHED])
    assert own == pytest.approx(np.median(half), rel=1e-9)
    assert not curves.known[3]


def test_a_tail_no_longer_than_its_quantile_is_flat() -> None:
    base = night().horizon(8)
    value, shortfall = base.value_at_risk.copy(), base.expected_shortfall.copy()
    value[4] = shortfall[4] = (0.2, 0.25)
    curves = night_curves(replace(base, value_at_risk=value, expected_shortfall=shortfall))
    np.testing.assert_allclose(curves.loss[4, :, 0], value[4], rtol=1e-9)


@pytest.mark.parametrize("hours", [8, 24])
@pytest.mark.parametrize(
    "fit", [{}, *({name: how} for name in ("volatility", "tail_shape") for how in FitMethod)]
)
def test_the_curve_goes_through_what_is_published_whatever_fit_is_asked(
    fit: dict[str, FitMethod], hours: int
) -> None:
    """VaR to rounding. ES to 3 %: 2 % of bins, and a mean stretched as if it were one move."""
    settings = replace(FAST, fit=fit)
    close = closes(60, 5) ** np.array([1.0, 1.0, 1.0, 0.4, 3.0])
    close[: -30 * 24, 4] = np.nan
    night = nightly_estimate(history_of(close), settings)
    adjusted = fit == {"volatility": FitMethod.BAYES}
    for estimate in (night, night.update(np.log(close[-1] * 1.05))):
        found = estimate.horizon(hours)
        assert (found.log_adjustment is not None) == adjusted
        curves, own = night_curves(found), found.own
        assert own.sum() >= 4
        np.testing.assert_allclose(curves.value_at_risk[own], found.value_at_risk[own], rtol=1e-12)
        np.testing.assert_allclose(
            curves.expected_shortfall[own], found.expected_shortfall[own], rtol=0.03
        )


def test_past_forecasts_are_at_the_level_that_is_published() -> None:
    """The last of the path is the number of the night; moves have the scale that belongs to it."""
    settings = replace(FAST, fit={"volatility": FitMethod.BAYES})
    close = closes(60, 5) ** np.array([1.0, 1.0, 1.0, 0.4, 3.0])
    found = nightly_estimate(history_of(close), settings).horizon(8)
    plain = nightly_estimate(history_of(close), FAST).horizon(8)
    assert found.log_adjustment is not None
    assert np.abs(found.log_adjustment).max() > 0.01
    np.testing.assert_allclose(found.value_at_risk_path[-1], found.value_at_risk, rtol=1e-12)
    ratio = np.log1p(found.value_at_risk_path[..., 1]) / np.log1p(plain.value_at_risk_path[..., 1])
    known = np.isfinite(ratio).all(axis=1)
    np.testing.assert_allclose(
        np.log(ratio[known]), np.tile(found.log_adjustment, (known.sum(), 1)), atol=1e-12
    )
    np.testing.assert_allclose(
        found.log_scale_path[known] - plain.log_scale_path[known], np.log(ratio[known]), atol=1e-12
    )


def test_without_a_market_of_its_own_the_shape_is_the_forecasters() -> None:
    """As where all markets have closed hours, or are young: none is published by its own curve."""
    base = night().horizon(8)
    value, shortfall = 0.5 * base.value_at_risk, 0.5 * base.expected_shortfall
    found = replace(
        base, own=np.zeros(5, dtype=np.bool_), value_at_risk=value, expected_shortfall=shortfall
    )
    curves = night_curves(found)
    listed = np.isfinite(value).all(axis=1)
    assert listed.any()
    assert (curves.known == listed).all()
    np.testing.assert_allclose(curves.value_at_risk[listed], value[listed], rtol=1e-9)
    np.testing.assert_allclose(curves.expected_shortfall[listed], shortfall[listed], rtol=1e-9)


def test_volatilities_of_bars_are_those_the_forecaster_had() -> None:
    """Before each bar, by a pass over what was known then, with the weights of the end."""
    history = history_of(closes(60, 3))
    blend, weights = LogBlend(), np.array([0.2, 0.3, 0.1])
    panel = returns_panel(history)
    found = bar_volatilities(panel, blend, weights, 240)
    assert found.shape == (241, 3)
    for back in (0, 24, 240):
        cut = history.before(int(panel.time_ns[-1]) - back * history.interval_ns)
        if back % 24 == 0 and back:
            then = scale_paths(returns_panel(cut), blend, 1)
            expected = np.exp(log_scale(then.at_steps[-1:], weights[None], 1, blend.reach))[0]
            np.testing.assert_array_equal(found[-1 - back], expected)
    last = scale_paths(panel, blend, 1).at_steps[-1:]
    np.testing.assert_array_equal(
        found[-1], np.exp(log_scale(last, weights[None], 1, blend.reach))[0]
    )
