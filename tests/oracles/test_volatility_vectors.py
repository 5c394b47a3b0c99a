"""EWMA, GARCH and GJR against the reference vectors (arch 8.0.0 and a plain loop).

Tolerances are those of ``stats_vectors/README.md``; nothing is stored by this package.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plimsoll.estimators import Ewma, FittedGarch, Garch, GjrGarch, filtered_risk
from plimsoll.estimators.volatility.ewma import half_life_of_decay
from plimsoll.maths.garch_scores import garch_log_densities
from plimsoll.maths.recursions import garch_first_variance, gjr_filter

SERIES = {"sp500": "in_sp500_2010_2018.csv", "dmbp": "in_dmbp.csv", "btc": "in_btc.csv"}
MODELS = ("garch_n", "garch_t", "gjr_n", "gjr_t")
CONFIDENCES = ("0.975", "0.99", "0.995")


def load(reference_dir: Path, kind: str, series: str) -> dict[str, Any]:
    path = reference_dir / "stats_vectors" / f"{kind}_{series}.json"
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def returns_of(reference_dir: Path, series: str) -> np.ndarray:
    path = reference_dir / "stats_vectors" / SERIES[series]
    return np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf8")["r"]


def fitted(
    reference_dir: Path, series: str, model: str, start: str = "arch_backcast"
) -> FittedGarch:
    kind = GjrGarch if model.startswith("gjr") else Garch
    law = "t" if model.endswith("t") else "normal"
    estimator = kind(innovations=law, variance_start=start, persistence_rule="stationary")
    return estimator.fit(returns_of(reference_dir, series))


def vector_parameters(params: dict[str, float]) -> list[float]:
    names = ("mu", "omega", "alpha[1]", "gamma[1]", "beta[1]")
    return [params.get(n, 0.0) for n in names] + [params.get("nu", np.inf)]


def own_parameters(model: FittedGarch) -> list[float]:
    p = model.parameters
    return [p.mean, p.omega, p.alpha, p.gamma, p.beta, p.degrees_of_freedom]


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("model", ["garch_n", "garch_t", "gjr_t"])
def test_likelihood_and_variances_at_fixed_parameters(
    reference_dir: Path, series: str, model: str
) -> None:
    vectors = load(reference_dir, "fixed", series)
    case, returns = vectors["models"][model], returns_of(reference_dir, series)
    values = list(case["params"])
    if not model.startswith("gjr"):
        values.insert(3, 0.0)
    values += [np.inf] if model.endswith("n") else []
    mean, omega, alpha, gamma, beta, _ = values
    start = vectors["initial"]["value"]
    densities = garch_log_densities(returns, np.array(values), start)
    assert densities.sum() == pytest.approx(case["loglik_loop"], rel=1e-9)
    first = garch_first_variance(start, omega, alpha, gamma, beta)
    variances = gjr_filter(returns - mean, first, omega, alpha, gamma, beta)
    for row, value in case["h_at"].items():
        assert variances[int(row)] == pytest.approx(value, rel=1e-9)
    z_last = (returns[-1] - mean) / np.sqrt(variances[-2])
    assert z_last == pytest.approx(case["z_last"], rel=1e-9)


def test_likelihood_at_the_published_fcp_benchmark(reference_dir: Path) -> None:
    """Fiorentini, Calzolari and Panattoni (1996): start at the mean squared residual."""
    case = load(reference_dir, "fixed", "dmbp")["fcp_benchmark"]
    own, returns = case["own"], returns_of(reference_dir, "dmbp")
    values = np.array([own["mu"], own["omega"], own["alpha"], 0.0, own["beta"], np.inf])
    start = float(np.mean((returns - own["mu"]) ** 2))
    densities = garch_log_densities(returns, values, start)
    assert densities.sum() == pytest.approx(case["loglik"], rel=1e-9)


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("model", MODELS)
def test_maximum_likelihood(reference_dir: Path, series: str, model: str) -> None:
    case = load(reference_dir, "garch", series)["models"][model]
    result = fitted(reference_dir, series, model)
    assert result.converged
    assert result.log_likelihood > case["loglik"] - 1e-6
    assert result.log_likelihood == pytest.approx(case["loglik"], abs=1e-4)
    assert result.presample_variance == pytest.approx(case["backcast"], rel=1e-9)
    tolerance = 1e-3 if case["status"] == "interior" else 5e-3
    expected = vector_parameters(case["params"])
    assert own_parameters(result) == pytest.approx(expected, rel=tolerance, abs=1e-9)
    boundary = {"interior": (), "boundary:persistence=1": ("persistence",)}
    assert result.status == boundary.get(case["status"], ("alpha=0",))


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("model", ["garch_n", "garch_t", "gjr_t"])
def test_sample_variance_start(reference_dir: Path, series: str, model: str) -> None:
    case = load(reference_dir, "garch", series)["models"][model]["variant_init_sample_variance"]
    result = fitted(reference_dir, series, model, "sample_variance")
    assert result.presample_variance == pytest.approx(case["backcast"], rel=1e-9)
    assert result.log_likelihood > case["loglik"] - 1e-6
    tolerance = 1e-3 if case["status"] == "interior" else 5e-3
    expected = vector_parameters(case["params"])
    assert own_parameters(result) == pytest.approx(expected, rel=tolerance, abs=1e-9)


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("model", MODELS)
def test_robust_standard_errors(reference_dir: Path, series: str, model: str) -> None:
    """1e-3 relative, as parameters (5e-3 at a boundary): arch differentiates numerically."""
    case = load(reference_dir, "garch", series)["models"][model]
    errors = fitted(reference_dir, series, model).standard_errors()
    expected = vector_parameters({"nu": 0.0, **case["std_err_robust"]})
    found = [errors.mean, errors.omega, errors.alpha, errors.gamma, errors.beta]
    found.append(errors.degrees_of_freedom)
    tolerance = 1e-3 if case["status"] == "interior" else 5e-3
    assert found == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("model", MODELS)
def test_volatility_residuals_and_forecasts(reference_dir: Path, series: str, model: str) -> None:
    case = load(reference_dir, "garch", series)["models"][model]
    result = fitted(reference_dir, series, model)
    for row, value in case["cond_vol_at"].items():
        assert result.conditional_volatility[int(row)] == pytest.approx(value, rel=5e-4)
    assert result.forecast(5) == pytest.approx(case["var_forecast"], rel=1e-3)
    z = result.standardised_residuals
    assert np.std(z) == pytest.approx(case["std_resid"]["sd_ddof0"], rel=5e-4)
    assert z.min() == pytest.approx(case["std_resid"]["min"], rel=1e-3)
    assert z.max() == pytest.approx(case["std_resid"]["max"], rel=1e-3)


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_one_step_risk(reference_dir: Path, series: str, model: str, confidence: str) -> None:
    case = load(reference_dir, "garch", series)["models"][model]
    expected = case["one_step_VaR_ES_loss_positive"][confidence]
    result, level = fitted(reference_dir, series, model), float(confidence)
    assert result.value_at_risk(level) == pytest.approx(expected["VaR"], rel=5e-4)
    assert result.expected_shortfall(level) == pytest.approx(expected["ES"], rel=5e-4)
    type7 = filtered_risk(result, confidence=level, convention="type7")
    order = filtered_risk(result, confidence=level, convention="order_stat")
    assert type7.value_at_risk == pytest.approx(expected["FHS_VaR_type7"], rel=5e-4)
    assert order.value_at_risk == pytest.approx(expected["FHS_VaR_order_stat"], rel=5e-4)
    assert type7.expected_shortfall == pytest.approx(expected["FHS_ES_tailmean"], rel=5e-4)


@pytest.mark.parametrize("series", SERIES)
def test_ewma(reference_dir: Path, series: str) -> None:
    """Closed form: 1e-8."""
    case = load(reference_dir, "garch", series)["ewma_0.94"]
    returns = returns_of(reference_dir, series)
    result = Ewma(half_life=half_life_of_decay(0.94)).fit(returns)
    expected = case["arch_backcast_init"]
    for row, value in expected["cond_vol_at"].items():
        assert result.conditional_volatility[int(row)] == pytest.approx(value, rel=1e-8)
    assert result.variance_next == pytest.approx(expected["next_var"], rel=1e-8)
    streamed = Ewma(half_life=half_life_of_decay(0.94)).fit(returns[:-100])
    for value in returns[-100:]:
        streamed = streamed.update(value)
    assert streamed.variance_next == result.variance_next


@pytest.mark.parametrize("series", SERIES)
def test_ewma_from_the_first_square(reference_dir: Path, series: str) -> None:
    from plimsoll.maths.recursions import ewma_filter

    case = load(reference_dir, "garch", series)["ewma_0.94"]["pandas_init_first_square"]
    returns = returns_of(reference_dir, series)
    variances = ewma_filter(returns[1:], returns[0] ** 2, 0.94)
    for row, value in case["next_var_after"].items():
        assert variances[int(row)] == pytest.approx(value, rel=1e-8)
