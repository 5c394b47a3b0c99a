"""No margin of nothing, none without limit and none that is no number, whatever the returns."""

from __future__ import annotations

import math
import warnings
from typing import Any

import mpmath
import numpy as np
import pytest

from plimsoll.errors import DataFormatError, EstimationError
from plimsoll.estimators.volatility import (
    AsymmetricEwma,
    Egarch,
    Ewma,
    Garch,
    GjrGarch,
    ScoreEwma,
)
from plimsoll.estimators.volatility.garch_options import Innovations
from plimsoll.estimators.volatility.residual_law import ResidualLaw, check_reach, fit_residual_law

HEAVY = [
    Ewma(half_life=20.0),
    Ewma(half_life=20.0, innovations="skewt"),
    AsymmetricEwma(half_life=20.0),
    AsymmetricEwma(half_life=20.0, asymmetry=0.1, innovations="skewt"),
    ScoreEwma(half_life=20.0),
    Garch(),
    Garch(innovations="skewt"),
    GjrGarch(),
    Egarch(),
    Egarch(innovations="skewt"),
]
NORMAL = [
    Ewma(half_life=20.0, innovations="normal"),
    AsymmetricEwma(half_life=20.0, innovations="normal"),
    ScoreEwma(half_life=20.0, degrees_of_freedom=np.inf),
    Garch(innovations="normal"),
    GjrGarch(innovations="normal"),
    Egarch(innovations="normal"),
]
RNG = np.random.default_rng(0)
NOISE = 0.01 * RNG.standard_normal(800)


def with_zeros(share: float) -> np.ndarray:
    out = NOISE.copy()
    out[np.random.default_rng(1).random(out.size) < share] = 0.0
    return out


@pytest.mark.parametrize("model", HEAVY, ids=str)
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_heavy_law_is_not_fitted_to_zeros(model: Any, share: float) -> None:
    with pytest.raises(EstimationError, match=r"30% of the returns may be 0.*coarser bars"):
        model.fit(with_zeros(share))


@pytest.mark.parametrize("model", NORMAL, ids=str)
def test_the_normal_law_bears_zeros_but_not_a_dead_market(model: Any) -> None:
    """Its margin stays within half and twice the losses' own 99 % quantile."""
    for share in (0.5, 0.8):
        returns = with_zeros(share)
        own = float(np.quantile(-returns, 0.99))
        assert 0.5 * own < model.fit(returns).value_at_risk(0.99) < 2.0 * own
    with pytest.raises(EstimationError, match="90% of the returns may be 0"):
        model.fit(with_zeros(0.95))


@pytest.mark.parametrize("model", HEAVY + NORMAL, ids=str)
@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_the_zeros_of_real_markets_are_no_reason(model: Any, share: float) -> None:
    returns = with_zeros(share)
    own = float(np.quantile(-returns, 0.99))
    assert 0.7 * own < model.fit(returns).value_at_risk(0.99) < 1.6 * own


def hostile() -> dict[str, np.ndarray]:
    zero = np.zeros(800)
    return {
        "cauchy": 0.01 * np.random.default_rng(3).standard_cauchy(800),
        "trend": np.linspace(0.0, 1.0, 800),
        "trend with noise": np.linspace(0.0, 1.0, 800) + 1e-4 * NOISE,
        "exploding": np.exp(np.linspace(-50.0, 0.0, 800)) * NOISE,
        "dying": np.exp(np.linspace(0.0, -50.0, 800)) * NOISE,
        "noise floor": np.where(with_zeros(0.8) == 0.0, 1e-10 * NOISE, NOISE),
        "a mass beside zero": with_zeros(0.8) + 0.002,
        "two values": np.sign(NOISE),
        "one spike": np.append(zero, 1.0),
        "one print of 1e80": np.append(NOISE, -1e80),
        "half a day of prints": np.append(NOISE[:400], zero[:400]),
    }


@pytest.mark.parametrize("model", HEAVY + NORMAL, ids=str)
@pytest.mark.parametrize("case", hostile())
def test_a_margin_or_an_error_with_words(model: Any, case: str) -> None:
    """Where losses occur, the margin reaches a third of what the law's own residuals say."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fitted = model.fit(hostile()[case])
        except EstimationError:
            return
        margin, beyond = fitted.value_at_risk(0.99), fitted.expected_shortfall(0.99)
    assert math.isfinite(margin)
    assert math.isfinite(beyond)
    assert beyond > margin
    own = fitted.filtered_value_at_risk(0.99)
    assert own <= 0.0 or margin + fitted.mean_return >= 0.3 * (own + fitted.mean_return)


@pytest.mark.parametrize("model", HEAVY + NORMAL, ids=str)
def test_units_that_cannot_be_squared_are_named(model: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scale in (1e-298, 1e-198, 1e-110):
            with pytest.raises(EstimationError, match="check the units"):
                model.fit(NOISE * scale)
        for scale in (1e110, 1e202, 1e308):
            with pytest.raises(EstimationError, match="check the units"):
                model.fit(NOISE * scale)
        fitted = model.fit(NOISE)
        with pytest.raises(DataFormatError, match="check the units"):
            fitted.update(1e200)
        if hasattr(fitted, "filter"):
            with pytest.raises(EstimationError, match="check the units"):
                fitted.filter(NOISE * 1e202)


@pytest.mark.parametrize("model", HEAVY + NORMAL, ids=str)
def test_a_drift_without_noise_is_refused(model: Any) -> None:
    with pytest.raises(EstimationError, match="vary about their mean"):
        model.fit(0.01 + 1e-7 * NOISE)


@pytest.mark.parametrize("model", [m for m in HEAVY + NORMAL if hasattr(m, "half_life")], ids=str)
def test_a_stuck_feed_at_the_end_is_refused(model: Any) -> None:
    """Half-life 20: a twentieth of the volatility is left after 173 zeros."""
    assert model.fit(np.append(NOISE, np.zeros(172))).value_at_risk(0.99) > 0.0005
    with pytest.raises(EstimationError, match="173 zeros"):
        model.fit(np.append(NOISE, np.zeros(173)))


def test_the_bounds_of_degrees_of_freedom_are_named() -> None:
    wild = np.random.default_rng(4).standard_t(1.7, 1500)
    laws: tuple[Innovations, ...] = ("t", "skewt")
    for law in laws:
        assert fit_residual_law(wild, law).status == ("nu=2.05",)
    tame = fit_residual_law(np.random.default_rng(5).uniform(-1.0, 1.0, 500), "t")
    assert tame.status == ("nu=500",)
    assert fit_residual_law(NOISE, "normal").status == ()
    assert Ewma(half_life=2000.0).fit(wild).status == ("nu=2.05",)
    signs = np.sign(NOISE)
    assert ScoreEwma(half_life=20.0).fit(signs).status == ("nu=500",)
    assert ScoreEwma(half_life=20.0, degrees_of_freedom=500.0).fit(signs).status == ()
    assert "nu=500" in AsymmetricEwma(half_life=20.0).fit(signs).status


def test_a_law_that_describes_a_mass_is_refused() -> None:
    residuals = NOISE / 0.01
    check_reach(ResidualLaw(), residuals)
    with pytest.raises(EstimationError, match="a third of the residuals"):
        check_reach(ResidualLaw(scale=0.3), residuals)


@pytest.mark.parametrize("confidence", [0.9, 0.975, 0.99, 0.999, 0.9999])
def test_the_normal_law_is_the_closed_form(confidence: float) -> None:
    """Against mpmath at 40 digits; relative 1e-12, what a tail of 1e-4 leaves of 1 - c."""
    with mpmath.workdps(40):
        level = mpmath.mpf(confidence)
        quantile = mpmath.sqrt(2) * mpmath.erfinv(2 * level - 1)
        shortfall = mpmath.npdf(quantile) / (1 - level)
    law = ResidualLaw()
    assert law.value_at_risk(confidence) == pytest.approx(float(quantile), rel=1e-12)
    assert law.expected_shortfall(confidence) == pytest.approx(float(shortfall), rel=1e-12)
    moved = ResidualLaw(location=0.1, scale=2.0).expected_shortfall(confidence)
    assert moved == pytest.approx(2.0 * float(shortfall) - 0.1, rel=1e-12)


def test_a_law_without_a_mean_has_no_shortfall() -> None:
    law = ResidualLaw(degrees_of_freedom=0.9)
    assert math.isfinite(law.value_at_risk(0.99))
    with pytest.raises(EstimationError, match="nu must be above 1"):
        law.expected_shortfall(0.99)
