"""Every leaf of ``fixed_*``, ``garch_*`` and the GARCH part of ``r_*``, whatever the series.

All files of these kinds in ``stats_vectors`` are read, whatever they are named; an unknown key
fails. Tolerances are those of the README there (relative): fixed parameters 1e-9; log-likelihood
not below by 1e-4; parameters 1e-3, at a boundary 5e-3; VaR and ES 5e-4; closed forms 1e-8.
Robust standard errors are those at arch's own fit, differentiated numerically: as parameters.
Residual summaries follow the parameters: 1e-3, and 2e-3 for third and fourth moments.

EGARCH has a kink in the mean at every return: where our optimum is *higher* than the vector's by
more than 1e-6, the vector stands on a lower twin beside it, and parameters that differ by more than
1e-3 are compared within 2 % of their standard errors instead (found: 0.8 %).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from plimsoll.estimators.volatility.egarch import Egarch
from plimsoll.estimators.volatility.ewma import Ewma, half_life_of_decay
from plimsoll.estimators.volatility.fixed_filter import filter_at
from plimsoll.estimators.volatility.garch import Garch, GjrGarch
from plimsoll.estimators.volatility.garch_parameters import EgarchParameters, GarchParameters
from plimsoll.maths.cornish_fisher import (
    cornish_fisher_expected_shortfall,
    cornish_fisher_value_at_risk,
)
from plimsoll.maths.recursions import ewma_filter
from plimsoll.measures import Convention, expected_shortfall, value_at_risk

KINDS = {"garch": Garch, "gjr": GjrGarch, "egarch": Egarch}
LAWS = {"n": "normal", "t": "t", "skewt": "skewt"}
PARAMETERS = {
    "mu": "mean",
    "omega": "omega",
    "alpha[1]": "alpha",
    "gamma[1]": "gamma",
    "beta[1]": "beta",
    "nu": "degrees_of_freedom",
    "eta": "degrees_of_freedom",
    "lambda": "skew",
}
MODEL_KEYS = {
    "spec",
    "params_arch_fit",
    "loglik_arch_fit",
    "params",
    "loglik",
    "status",
    "backcast",
    "std_err_robust",
    "variant_init_sample_variance",
    "unconstrained_optimum",
    "cond_vol_at",
    "std_resid",
    "var_forecast",
    "one_step_VaR_ES_loss_positive",
}
ZERO = 1e-6
"""A parameter on its bound at 0 has no relative error: absolute."""


def files(reference_dir: Path, kind: str) -> Iterator[tuple[str, dict[str, Any], np.ndarray]]:
    folder = reference_dir / "stats_vectors"
    found = sorted(folder.glob(f"{kind}_*.json"))
    assert found, f"no {kind}_*.json in {folder}"
    for path in found:
        content = json.loads(path.read_text())
        table = np.genfromtxt(
            folder / content["input"], delimiter=",", names=True, dtype=None, encoding="utf8"
        )
        yield path.stem, content, np.asarray(table["r"], dtype=np.float64)


def estimator_of(model: str, **options: Any) -> Any:
    kind, law = model.split("_")
    rules = {"variance_start": "arch_backcast", "persistence_rule": "stationary", **options}
    return KINDS[kind](innovations=LAWS[law], **rules)


def parameters_of(model: str, values: list[float]) -> GarchParameters | EgarchParameters:
    """The order of the fixed vectors: mu, omega, alpha, [gamma], beta, [nu], [lambda]."""
    kind, law = model.split("_")
    rest = list(values)
    if kind == "garch":
        rest.insert(3, 0.0)
    rest += [np.inf] if law == "n" else []
    names = ("mean", "omega", "alpha", "gamma", "beta", "degrees_of_freedom", "skew")
    cls = EgarchParameters if kind == "egarch" else GarchParameters
    return cls(**dict(zip(names, rest, strict=False)))


class Checks:
    """Compares leaves and remembers what did not match; the count shows that something was."""

    def __init__(self) -> None:
        self.matched, self.missed = 0, []

    def near(
        self, name: str, found: float, expected: float, rel: float, floor: float = 0.0
    ) -> None:
        if found == pytest.approx(expected, rel=rel, abs=floor):
            self.matched += 1
        else:
            self.missed.append(f"{name}: {found!r} for {expected!r}")

    def true(self, name: str, holds: bool) -> None:
        self.near(name, float(holds), 1.0, 0.0)


def test_fixed_parameters(reference_dir: Path) -> None:
    checks = Checks()
    for name, content, returns in files(reference_dir, "fixed"):
        start = content["initial"]["value"]
        for model, case in content["models"].items():
            at = f"{name}.{model}"
            seen = filter_at(parameters_of(model, case["params"]), returns, initial=start)
            checks.near(f"{at}.loglik", seen.log_likelihood, case["loglik_loop"], 1e-9)
            checks.near(f"{at}.arch", seen.log_likelihood, case["loglik_arch"], 1e-9)
            checks.near(f"{at}.z_last", seen.standardised_residuals[-1], case["z_last"], 1e-9)
            for row, value in case["h_at"].items():
                checks.near(f"{at}.h[{row}]", seen.variances[int(row)], value, 1e-9)
        if "fcp_benchmark" in content:
            case = content["fcp_benchmark"]
            own = [case["own"][k] for k in ("mu", "omega", "alpha", "beta")]
            seen = filter_at(parameters_of("garch_n", own), returns, initial="squared_residuals")
            checks.near(f"{name}.fcp", seen.log_likelihood, case["loglik"], 1e-9)
            fit = estimator_of("garch_n", variance_start="squared_residuals").fit(returns)
            for key, value in case["published"].items():
                label = {"mu": "mean"}.get(key, key)
                # Published to six digits, mu to -0.00619041.
                checks.near(f"{name}.fcp.{key}", getattr(fit.parameters, label), value, 2e-5)
    assert not checks.missed
    assert checks.matched >= 100


def boundary_of(status: str) -> tuple[str, ...]:
    """Our names of the vectors' boundaries: ``boundary:persistence=1``, ``boundary:alpha=0 ``."""
    if status == "interior":
        return ()
    names = status.removeprefix("boundary:").replace(",", " ").split()
    return tuple("persistence" if n.startswith("persistence") else n for n in names)


def check_optimum(checks: Checks, at: str, model: str, case: dict[str, Any], fitted: Any) -> None:
    gap = fitted.log_likelihood - case["loglik"]
    checks.true(f"{at}.loglik not below ({gap:.1e})", gap > -1e-4)
    checks.true(f"{at}.converged", fitted.converged)
    checks.true(
        f"{at}.status {fitted.status}", set(fitted.status) == set(boundary_of(case["status"]))
    )
    twin = model.startswith("egarch") and gap > 1e-6
    tolerance = 1e-3 if case["status"] == "interior" else 5e-3
    for key, value in case["params"].items():
        found = getattr(fitted.parameters, PARAMETERS[key])
        floor = ZERO if value == 0.0 else 0.0
        if twin:
            floor = 0.02 * case["std_err_robust"][key]
        checks.near(f"{at}.{key}", found, value, tolerance, floor)
    if "unconstrained_optimum" in case:
        beyond = case["unconstrained_optimum"]["loglik"]
        checks.true(f"{at} stays inside", fitted.log_likelihood < beyond - 1e-6)


def check_summaries(checks: Checks, at: str, case: dict[str, Any], fitted: Any) -> None:
    for row, value in case["cond_vol_at"].items():
        checks.near(f"{at}.vol[{row}]", fitted.conditional_volatility[int(row)], value, 1e-3)
    z, expected = fitted.standardised_residuals, case["std_resid"]
    error = expected["sd_ddof0"] * 1e-3
    found = {
        "n": (z.size, 0.0),
        "mean": (z.mean(), error),
        "sd_ddof0": (z.std(), 0.0),
        "skew_biased": (stats.skew(z), error),
        "exkurt_biased": (stats.kurtosis(z), 0.0),
        "min": (z.min(), 0.0),
        "max": (z.max(), 0.0),
        "ljungbox20_sq": (ljung_box(z * z, 20), 0.0),
    }
    for key, value in expected.items():
        if key == "q":
            for level, quantile in value.items():
                own = np.quantile(z, float(level))
                checks.near(f"{at}.q[{level}]", own, quantile, 1e-3, error)
        else:
            own, floor = found[key]
            checks.near(f"{at}.{key}", own, value, 2e-3, floor)
    own_path = fitted.forecast(len(case["var_forecast"]))
    for step, value in enumerate(case["var_forecast"]):
        checks.near(f"{at}.forecast[{step}]", own_path[step], value, 1e-3)


def ljung_box(values: np.ndarray, lags: int) -> float:
    x, n = values - values.mean(), values.size
    rho = np.array([x[k:] @ x[: n - k] for k in range(1, lags + 1)]) / (x @ x)
    return float(n * (n + 2) * np.sum(rho**2 / (n - np.arange(1, lags + 1))))


def check_risks(checks: Checks, at: str, case: dict[str, Any], fitted: Any) -> None:
    for level, expected in case["one_step_VaR_ES_loss_positive"].items():
        c = float(level)
        found = {
            "VaR": fitted.value_at_risk(c),
            "ES": fitted.expected_shortfall(c),
            "FHS_VaR_type7": fitted.filtered_value_at_risk(c, convention="type7"),
            "FHS_VaR_order_stat": fitted.filtered_value_at_risk(c, convention="order_stat"),
            "FHS_ES_tailmean": fitted.filtered_expected_shortfall(c),
        }
        for key, value in expected.items():
            checks.near(f"{at}.{level}.{key}", found[key], value, 5e-4)


def check_errors(checks: Checks, at: str, model: str, case: dict[str, Any], fitted: Any) -> None:
    errors = fitted.standard_errors()
    tolerance = 1e-3 if case["status"] == "interior" else 5e-3
    if model.startswith("egarch"):
        tolerance = 2e-3  # arch's differences straddle kinks of |z| that ours do not
    for key, value in case["std_err_robust"].items():
        checks.near(f"{at}.se.{key}", getattr(errors, PARAMETERS[key]), value, tolerance)


def test_maximum_likelihood_and_all_that_follows(reference_dir: Path) -> None:
    checks = Checks()
    for name, content, returns in files(reference_dir, "garch"):
        for model, case in content["models"].items():
            at = f"{name}.{model}"
            checks.true(f"{at} keys {set(case) - MODEL_KEYS}", set(case) <= MODEL_KEYS)
            fitted = estimator_of(model).fit(returns)
            backcast = fitted.presample_variance
            backcast = np.log(backcast) if model.startswith("egarch") else backcast
            checks.near(f"{at}.backcast", backcast, case["backcast"], 1e-9)
            check_optimum(checks, at, model, case, fitted)
            check_summaries(checks, at, case, fitted)
            check_risks(checks, at, case, fitted)
            check_errors(checks, at, model, case, fitted)
            if "variant_init_sample_variance" in case:
                variant = case["variant_init_sample_variance"]
                other = estimator_of(model, variance_start="sample_variance").fit(returns)
                checks.near(
                    f"{at}.variant.backcast", other.presample_variance, variant["backcast"], 1e-9
                )
                check_optimum(checks, f"{at}.variant", model, variant, other)
    assert not checks.missed
    assert checks.matched >= 1000


def test_ewma(reference_dir: Path) -> None:
    checks = Checks()
    for name, content, returns in files(reference_dir, "garch"):
        case = content["ewma_0.94"]
        assert set(case) == {"arch_backcast_init", "pandas_init_first_square"}
        fitted = Ewma(half_life=half_life_of_decay(0.94)).fit(returns)
        for row, value in case["arch_backcast_init"]["cond_vol_at"].items():
            own = fitted.conditional_volatility[int(row)]
            checks.near(f"{name}.ewma[{row}]", own, value, 1e-8)
        own = fitted.variance_next
        checks.near(f"{name}.ewma.next", own, case["arch_backcast_init"]["next_var"], 1e-8)
        path = ewma_filter(returns[1:], returns[0] ** 2, 0.94)
        for row, value in case["pandas_init_first_square"]["next_var_after"].items():
            checks.near(f"{name}.ewma.first[{row}]", path[int(row)], value, 1e-8)
    assert not checks.missed
    assert checks.matched >= 30


NOT_OURS = {"hist_VaR_type8"}
"""Type 8 is no convention of ours."""


def test_historical_normal_and_cornish_fisher(reference_dir: Path) -> None:
    checks = Checks()
    for name, content, returns in files(reference_dir, "garch"):
        for block, losses in (("hist_cf_last500", -returns[-500:]), ("hist_cf_all", -returns)):
            moments = (-losses.mean(), losses.std(), -stats.skew(losses), stats.kurtosis(losses))
            for level, expected in content[block].items():
                if level == "moments":
                    for own, (key, value) in zip(moments, expected.items(), strict=True):
                        checks.near(f"{name}.{block}.{key}", own, value, 1e-8)
                    continue
                c = float(level)
                type7 = value_at_risk(losses, c, convention=Convention.TYPE7).value
                q = stats.norm.ppf(c)
                found = {
                    "hist_VaR_type7": type7,
                    "hist_VaR_inverted_cdf": value_at_risk(losses, c).value,
                    "hist_ES_acerbi": expected_shortfall(losses, c).value,
                    "hist_ES_mean_ge_type7": losses[losses >= type7].mean(),
                    "normal_VaR": losses.mean() + losses.std() * q,
                    "normal_ES": losses.mean() + losses.std() * stats.norm.pdf(q) / (1.0 - c),
                    "CF_VaR": cornish_fisher_value_at_risk(c, *moments),
                    "CF_ES_integral": cornish_fisher_expected_shortfall(c, *moments),
                }
                for key, value in expected.items():
                    if key not in NOT_OURS:
                        checks.near(f"{name}.{block}.{level}.{key}", found[key], value, 1e-8)
    assert not checks.missed
    assert checks.matched >= 100
