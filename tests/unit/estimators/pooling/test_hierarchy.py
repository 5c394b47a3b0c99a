"""Pooled levels: what is refused, what is stated, and degenerate populations."""

from __future__ import annotations

import time

import numpy as np
import pytest

from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError
from plimsoll.estimators.pooling.covariates import MarketCovariates, covariate_design
from plimsoll.estimators.pooling.hierarchy import HierarchicalLevels


def test_absent_covariates_are_named() -> None:
    design = covariate_design(
        MarketCovariates(
            market_class=("a", "b", "a"),
            market_cap_usd=np.array([1e6, 1e7, np.nan]),
            age_days=np.full(3, 30.0),
        )
    )
    assert design.used == ("market_cap_usd",)
    assert design.absent == ("daily_volume_usd", "age_days")
    assert design.names == ("constant", "class a", "class b", "ln market_cap_usd")


def test_a_missing_value_stands_at_the_mean_and_an_unknown_class_nowhere() -> None:
    design = covariate_design(
        MarketCovariates(market_class=("a", "b"), market_cap_usd=np.array([1e6, 1e8]))
    )
    rows = design.matrix(
        MarketCovariates(market_class=("c", "a"), market_cap_usd=np.array([np.nan, 1e7]))
    )
    np.testing.assert_allclose(rows, [[1, 0, 0, 0], [1, 1, 0, 0]], atol=1e-12)


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf])
def test_a_size_must_be_positive(value: float) -> None:
    with pytest.raises(DataFormatError):
        MarketCovariates(market_class=("a",), market_cap_usd=np.array([value]))


def test_columns_must_match() -> None:
    with pytest.raises(DataFormatError):
        MarketCovariates(market_class=("a", "b"), age_days=np.ones(3))


@pytest.mark.parametrize(
    ("levels", "variance", "error"),
    [
        ([0.0, 1.0], [1.0, 1.0], InsufficientDataError),
        ([0.0, 1.0, np.nan], [1.0, 1.0, 1.0], DataFormatError),
        ([0.0, 1.0, 2.0], [1.0, -1.0, 1.0], DataFormatError),
        ([0.0, 1.0, 2.0], [1.0, 1.0], DataFormatError),
    ],
)
def test_unusable_levels_are_refused(
    levels: list[float], variance: list[float], error: type[Exception]
) -> None:
    with pytest.raises(error):
        HierarchicalLevels().fit(levels, variance)


def test_settings_are_positive() -> None:
    with pytest.raises(ParameterError):
        HierarchicalLevels(between_sd=0.0)


@pytest.mark.parametrize(
    "levels",
    [np.zeros(3), np.full(50, -4.0), np.array([-4.0, -4.0, -4.0, 50.0]), np.arange(3.0)],
    ids=["zeros", "identical", "one far off", "three"],
)
@pytest.mark.parametrize("variance", [0.0, 0.1])
def test_degenerate_populations_have_finite_answers(levels: np.ndarray, variance: float) -> None:
    fitted = HierarchicalLevels().fit(levels, np.full(levels.size, variance))
    new = fitted.predict(MarketCovariates(market_class=("all",)))
    for posterior in (fitted.shrunk(), fitted.leave_one_out(), new):
        assert np.isfinite(posterior.mean).all()
        assert np.isfinite(posterior.sd).all()
    assert new.sd[0] > 0.0


def test_alike_markets_do_not_make_a_population_without_spread() -> None:
    fitted = HierarchicalLevels().fit(np.full(4, -4.0), np.full(4, 0.02))
    assert fitted.between_sd > 0.02


def test_what_is_measured_well_keeps_its_level() -> None:
    fitted = HierarchicalLevels().fit([-5.0, -4.0, -3.0, -4.2], [1e-6, 0.5, 0.5, 0.5])
    assert fitted.weight[0] > 0.99 > fitted.weight[1]
    assert fitted.shrunk().mean[0] == pytest.approx(-5.0, abs=0.01)
    assert -4.2 < fitted.shrunk().mean[2] - 0.0 < -3.0


def test_hundreds_of_markets_take_milliseconds() -> None:
    rng = np.random.default_rng(2)
    levels, variance = rng.normal(-4, 0.5, 300), np.full(300, 0.02)
    covariates = MarketCovariates(
        market_class=rng.choice(list("abcde"), 300).tolist(), age_days=rng.uniform(1, 900, 300)
    )
    HierarchicalLevels().fit(levels, variance, covariates)
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        HierarchicalLevels().fit(levels, variance, covariates).leave_one_out()
        best = min(best, time.perf_counter() - start)
    assert best < 0.1, "a tenth of a second is ten times what it takes on a quiet core"
