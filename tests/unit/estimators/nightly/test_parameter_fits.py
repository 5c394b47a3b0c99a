"""Likelihood and Bayes beside each other: conjugate closed forms, choice, effect on the numbers."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import genpareto

from plimsoll.domain.finding import Reason
from plimsoll.errors import ParameterError
from plimsoll.estimators.nightly import NightlyEstimate, NightlySettings, TwoFits, nightly_estimate
from plimsoll.estimators.pooling.student_posterior import FitMethod
from synthetic_panel import closes, history_of

DAYS = 130


@cache
def prices() -> np.ndarray:
    return closes(DAYS, 6)


@cache
def night(**fit: FitMethod) -> NightlyEstimate:
    settings = NightlySettings(copula_replicates=2, fit=fit)
    return nightly_estimate(history_of(prices()), settings)


def named(found: NightlyEstimate, parameter: str) -> TwoFits:
    return next(fit for fit in found.fits if fit.parameter == parameter)


def test_volatility_level_is_the_root_mean_square() -> None:
    fit = named(night(), "volatility")
    moves = np.diff(np.log(prices()), axis=0)
    whole = moves[moves.shape[0] % 24 :]
    np.testing.assert_allclose(fit.mle, 0.5 * np.log((whole**2).mean(axis=0)), rtol=1e-12)
    assert fit.used == (FitMethod.MLE,) * 6
    assert fit.reason is None


def test_pooled_value_is_the_conjugate_mean() -> None:
    """All of one age and class: posterior of normal means with a flat-ish common mean."""
    for fit in night().fits:
        assert fit.pooled_with == ()
        y, v = fit.mle, fit.mle_error**2
        # tau is the one that reproduces the first market's shrinkage; the others must follow.
        spread = np.linspace(1e-6, 2.0, 400_001)
        mean = np.array([np.average(y, weights=1 / (v + t**2)) for t in spread[::4000]])
        tau = _tau_of(y, v, fit.bayes[0], spread, mean)
        total = v + tau**2
        prior = np.average(y, weights=1 / total)
        expected = prior + tau**2 / total * (y - prior)
        # The prior of the common mean has a s.d. of 10: 1e-4 of a difference, and the grid's step.
        np.testing.assert_allclose(fit.bayes, expected, atol=2e-4)
        assert (fit.bayes_sd <= fit.mle_error * 1.0001).all()
        np.testing.assert_allclose(fit.difference, (fit.bayes - y) / fit.mle_error, rtol=1e-12)


def _tau_of(
    y: np.ndarray, v: np.ndarray, target: float, spread: np.ndarray, _: np.ndarray
) -> float:
    def missed(tau: float) -> float:
        total = v + tau**2
        prior = np.average(y, weights=1 / total)
        return float(prior + tau**2 / total[0] * (y[0] - prior) - target)

    misses = np.array([missed(t) for t in spread[::40]])
    return float(spread[::40][np.argmin(np.abs(misses))])


def test_the_pooled_shape_is_used_where_asked() -> None:
    asked = night(tail_shape=FitMethod.BAYES)
    fit = named(asked, "tail_shape_falls")
    assert fit.used == (FitMethod.BAYES,) * 6
    assert named(asked, "volatility").used == (FitMethod.MLE,) * 6
    np.testing.assert_array_equal(asked.horizon(8).value_at_risk, night().horizon(8).value_at_risk)
    for j in range(6):
        mine, theirs = asked.tails[j].falls, night().tails[j].falls
        assert mine.tail is not None
        assert theirs.tail is not None
        assert mine.tail.xi == fit.bayes[j]
        assert theirs.tail.xi == fit.mle[j]
        assert mine.xi_error == pytest.approx(fit.bayes_sd[j], rel=1e-9)
        beta = minimize(
            lambda b, x=mine.tail.excesses, xi=mine.tail.xi: (
                -genpareto.logpdf(x, xi, scale=np.exp(b[0])).sum()
            ),
            [np.log(theirs.tail.beta)],
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-12},
        )
        assert mine.tail.beta == pytest.approx(float(np.exp(beta.x[0])), rel=1e-5)
        assert mine.tail.log_likelihood <= theirs.tail.log_likelihood
        assert np.linalg.eigvalsh(mine.covariance)[0] >= -1e-12


def test_the_pooled_level_multiplies_log_moves() -> None:
    asked, fit = night(volatility=FitMethod.BAYES), named(night(), "volatility")
    ratio = np.exp(fit.bayes - fit.mle)
    np.testing.assert_allclose(
        asked.volatility_annual, night().volatility_annual * ratio, rtol=1e-12
    )
    for hours in (8, 24):
        moves = [-np.log1p(-n.horizon(hours).value_at_risk[:, 0]) for n in (asked, night())]
        np.testing.assert_allclose(moves[0] / moves[1], ratio, rtol=1e-9)
    bar = np.log(prices()[-1] * 1.01)
    after, plain = asked.update(bar), night().update(bar)
    np.testing.assert_allclose(after.volatility_annual, plain.volatility_annual * ratio, rtol=1e-12)
    size, usual = (-np.log1p(-n.horizon(8).value_at_risk[:, 0]) for n in (after, plain))
    np.testing.assert_allclose(size / usual, ratio, rtol=1e-9)


def test_too_few_markets_have_a_reason_and_their_likelihood() -> None:
    settings = NightlySettings(copula_replicates=2, fit={"volatility": FitMethod.BAYES})
    found = nightly_estimate(history_of(closes(200, 2)), settings)
    fit = named(found, "volatility")
    assert fit.reason is Reason.TOO_SHORT_HISTORY
    assert fit.used == (FitMethod.MLE,) * 2
    assert np.isnan(fit.bayes).all()
    assert np.isfinite(found.horizon(8).value_at_risk).all()


def test_degenerate_markets_have_no_fit() -> None:
    close = prices().copy()
    close[:, 0] = 5.0
    close[:, 1] = np.nan
    close[:-30, 2] = np.nan
    fit = named(
        nightly_estimate(history_of(close), NightlySettings(copula_replicates=2)), "volatility"
    )
    assert fit.used[:2] == (None, None)
    assert np.isnan(fit.bayes[:2]).all()
    assert np.isfinite(fit.bayes[2:]).all()


def test_refusals() -> None:
    for fit in ({"freedom": FitMethod.MLE}, {"volatility": "guess"}):
        with pytest.raises(ParameterError, match="must choose mle or bayes"):
            NightlySettings(fit=fit)  # type: ignore[arg-type]
