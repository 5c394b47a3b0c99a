"""Standard errors: coverage of a 95 % interval by simulation, independent and clustered data.

The bounds allow about three standard errors of a coverage estimated from the samples drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators import (
    AzzaliniSkewT,
    BlockMaxima,
    HansenSkewT,
    JonesFaddySkewT,
    NormalInverseGaussian,
    PeaksOverThreshold,
    StudentT,
)

SAMPLE = np.random.default_rng(4).standard_t(4, 1500)
LAWS = (StudentT(), HansenSkewT(), JonesFaddySkewT(), AzzaliniSkewT(), NormalInverseGaussian())


def garch_returns(count: int, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_t(8, count + 200) * np.sqrt(6.0 / 8.0)
    returns, variance = np.empty(count + 200), 1.0
    for i, z in enumerate(noise):
        returns[i] = np.sqrt(variance) * z
        variance = 0.15 + 0.15 * returns[i] ** 2 + 0.70 * variance
    return returns[200:]


def covers(found: float, error: float, truth: float) -> bool:
    return abs(found - truth) <= 1.96 * error


@pytest.mark.parametrize("kind", ["information", "sandwich"])
def test_coverage_of_independent_values(kind: Any) -> None:
    """300 samples of 600 from t with 4 degrees of freedom, unit scale."""
    rng, hits = np.random.default_rng(1), np.zeros(2)
    for _ in range(300):
        fitted = StudentT().fit(rng.standard_t(4, 600))
        errors = fitted.standard_errors(kind)
        hits += [
            covers(fitted.scale, errors["scale"], 1.0),
            covers(1.0 / fitted.degrees_of_freedom, _reciprocal(fitted, errors), 0.25),
        ]
    assert np.all(hits / 300 > 0.91)
    assert np.all(hits / 300 < 0.985)


def _reciprocal(fitted: Any, errors: Any) -> float:
    return float(errors["degrees_of_freedom"] / fitted.degrees_of_freedom**2)


def test_coverage_of_clustered_values() -> None:
    """GARCH returns: errors that take them as independent are too small, sums by block are not.

    Truth: the fit to 400,000 returns, the law nearest to the marginal one.
    """
    rng = np.random.default_rng(2)
    truth = StudentT().fit(garch_returns(400_000, rng)).value_at_risk(0.99)
    plain, blocked, samples = 0, 0, 120
    for _ in range(samples):
        fitted = StudentT().fit(garch_returns(2000, rng))
        found = fitted.value_at_risk(0.99)
        plain += covers(found, fitted.value_at_risk_standard_error(0.99), truth)
        error = fitted.value_at_risk_standard_error(0.99, block_length=50)
        blocked += covers(found, error, truth)
    assert plain / samples < 0.85
    assert blocked / samples > 0.86


def test_coverage_of_the_pareto_quantile() -> None:
    """Clustered losses: blocks of 50 in sandwich and bootstrap against independence."""
    rng = np.random.default_rng(3)
    long = PeaksOverThreshold(tail_fraction=0.1).fit(-garch_returns(400_000, rng))
    truth, samples = long.quantile(0.99), 100
    hits = np.zeros(3)
    for seed in range(samples):
        tail = PeaksOverThreshold(tail_fraction=0.1).fit(-garch_returns(2000, rng))
        # The threshold moves with the sample: its error is part of the bootstrap's alone, and
        # nearly cancels against that of the share of exceedances.
        errors = (
            tail.quantile_standard_error(0.99),
            tail.quantile_standard_error(0.99, "sandwich", block_length=50),
            tail.quantile_standard_error(
                0.99, "block_bootstrap", block_length=50, replicates=60, seed=seed
            ),
        )
        hits += [covers(tail.quantile(0.99), error, truth) for error in errors]
    plain, sandwich, bootstrap = hits / samples
    assert plain < 0.85
    assert sandwich > 0.84
    assert bootstrap > 0.84


@pytest.mark.parametrize("model", LAWS, ids=lambda model: type(model).__name__)
def test_three_kinds_agree_where_the_law_is_right(model: Any) -> None:
    """Independent values near the law: within 35 % of one another."""
    fitted = model.fit(SAMPLE)
    information = fitted.standard_errors("information")
    sandwich = fitted.standard_errors("sandwich")
    bootstrap = fitted.standard_errors("block_bootstrap", replicates=80, seed=3)
    for name, error in information.items():
        assert sandwich[name] == pytest.approx(error, rel=0.35)
        assert bootstrap[name] == pytest.approx(error, rel=0.35)


def test_errors_of_block_maxima() -> None:
    """Gumbel maxima: asymptotic errors of mu and sigma known to the fitted size (200 samples)."""
    rng = np.random.default_rng(6)
    fits = [BlockMaxima(block_length=1).fit(rng.gumbel(size=300)) for _ in range(200)]
    stated = np.median([list(f.standard_errors("information").values()) for f in fits], axis=0)
    actual = np.std([list(f.parameters().values()) for f in fits], axis=0, ddof=1)
    assert stated == pytest.approx(actual, rel=0.2)


def test_errors_scale_with_the_unit() -> None:
    base = NormalInverseGaussian().fit(SAMPLE)
    large = NormalInverseGaussian().fit(1000.0 * SAMPLE)
    powers = {"alpha": 1e-3, "beta": 1e-3, "delta": 1e3, "mu": 1e3}
    found, expected = large.standard_errors(), base.standard_errors()
    for name, power in powers.items():
        assert found[name] == pytest.approx(power * expected[name], rel=1e-4)


def test_pareto_errors_by_three_kinds() -> None:
    tail = PeaksOverThreshold(tail_fraction=0.15).fit(SAMPLE)
    information = tail.standard_errors()
    assert tail.standard_errors("sandwich") == pytest.approx(information, rel=0.3)
    found = tail.standard_errors("block_bootstrap", replicates=300, seed=1)
    assert found == pytest.approx(information, rel=0.3)
    moments = PeaksOverThreshold(tail_fraction=0.15, method="pwm").fit(SAMPLE)
    assert moments.standard_errors("block_bootstrap", seed=1)[0] > 0.0
    assert tail.covariance()[2, 2] == pytest.approx(0.15 * 0.85 / 1500, rel=1e-9)
    with pytest.raises(ParameterError, match="block_length"):
        tail.standard_errors("sandwich", block_length=1500)


def test_no_curvature_on_a_bound() -> None:
    rng = np.random.default_rng(1)
    fitted = StudentT().fit(np.concatenate([rng.random(500), -rng.random(500)]))
    assert fitted.bounds_reached == ("log degrees of freedom",)
    with pytest.raises(EstimationError, match="bound"):
        fitted.standard_errors()
