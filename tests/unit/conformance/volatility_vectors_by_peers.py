"""Vector files of volatility on any series, by plain loops, scipy and arch; none of our code."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from arch import arch_model
from arch.univariate import SkewStudent
from scipy import integrate, optimize, stats
from statsmodels.stats.diagnostic import acorr_ljungbox

LEVELS = ("0.975", "0.99")
ROWS = (0, 1, 10, 100)


def simulated_returns(seed: int, rows: int = 900) -> np.ndarray:
    """A GARCH(1,1)-t with a leverage term, percent."""
    rng = np.random.default_rng(seed)
    out, h = np.empty(rows), 2.0
    for t in range(rows):
        shock = math.sqrt(h) * rng.standard_t(6) * math.sqrt(4.0 / 6.0)
        out[t] = round(0.04 + shock, 10)
        h = 0.08 + (0.06 + 0.06 * (shock < 0.0)) * shock * shock + 0.87 * h
    return out


def write_series(folder: Path, name: str, returns: np.ndarray) -> None:
    days = np.datetime64("2019-01-01") + np.arange(returns.size)
    lines = [f"{day},{float(r)!r}" for day, r in zip(days, returns, strict=True)]
    (folder / name).write_text("date,r\n" + "\n".join(lines) + "\n")


def write(folder: Path, name: str, document: dict[str, Any]) -> Path:
    path = folder / name
    path.write_text(json.dumps(document, indent=1))
    return path


def log_density(z: float, law: str, shape: list[float]) -> float:
    if law == "n":
        return float(stats.norm.logpdf(z))
    if law == "t":
        scale = math.sqrt((shape[0] - 2.0) / shape[0])
        return float(stats.t.logpdf(z, shape[0], scale=scale))
    value = SkewStudent().loglikelihood(np.array(shape), np.array([z]), np.ones(1), individual=True)
    return float(value[0])


def filtered(
    r: np.ndarray, model: str, p: list[float], initial: float, *, first: bool = False
) -> tuple[float, list[float], list[float]]:
    """Log-likelihood, variances with the forecast, residuals; a loop with nothing clever.

    ``first``: the initial variance is that of the first return.
    """
    kind, law = model.split("_")
    mu, omega, alpha = p[:3]
    gamma = 0.0 if kind == "garch" else p[3]
    beta, shape = (p[3], p[4:]) if kind == "garch" else (p[4], p[5:])
    if first:
        h = initial
    elif kind == "egarch":
        h = math.exp(omega + beta * math.log(initial) - alpha * 0.0)
    else:
        h = omega + (alpha + 0.5 * gamma + beta) * initial
    total, path, residuals = 0.0, [], []
    for value in r:
        e = value - mu
        z = e / math.sqrt(h)
        path.append(h)
        residuals.append(z)
        total += log_density(z, law, shape) - 0.5 * math.log(h)
        if kind == "egarch":
            size = alpha * (abs(z) - math.sqrt(2.0 / math.pi))
            h = math.exp(omega + size + gamma * z + beta * math.log(h))
        else:
            h = omega + (alpha + gamma * (e < 0.0)) * e * e + beta * h
    return total, [*path, h], residuals


def fixed_document(r: np.ndarray, name: str) -> dict[str, Any]:
    initial = float(np.var(r))
    given = {
        "garch_n": [0.05, 0.05, 0.08, 0.9],
        "garch_t": [0.05, 0.05, 0.08, 0.9, 5.0],
        "garch_skewt": [0.05, 0.05, 0.08, 0.9, 6.0, -0.1],
        "gjr_t": [0.05, 0.05, 0.03, 0.1, 0.88, 5.0],
        "egarch_n": [0.05, 0.02, 0.15, -0.08, 0.95],
    }
    models: dict[str, Any] = {}
    for model, p in given.items():
        total, path, residuals = filtered(r, model, p, initial)
        models[model] = {
            "params": p,
            "order": "mu, omega, alpha, [gamma], beta, [nu], [lambda]",
            "loglik_loop": total,
            "h_at": {str(row): path[row] for row in (*ROWS, r.size - 1)},
            "z_last": residuals[-1],
        }
    return {"input": name, "n": r.size, "initial": {"value": initial}, "models": models}


def arch_specification(model: str) -> dict[str, Any]:
    kind, law = model.split("_")
    return {
        "vol": "EGARCH" if kind == "egarch" else "GARCH",
        "p": 1,
        "o": 0 if kind == "garch" else 1,
        "q": 1,
        "dist": "normal" if law == "n" else law,
    }


def maximum(r: np.ndarray, spec: dict[str, Any]) -> tuple[Any, Any, np.ndarray, float]:
    """arch's fit, then Nelder-Mead again and again within the admissible region."""
    am = arch_model(r, mean="Constant", rescale=False, **spec)
    plain = am.fit(disp="off", options={"maxiter": 2000, "ftol": 1e-12})
    backcast, bounds = am.volatility.backcast(r - r.mean()), am.volatility.variance_bounds(r)
    names = list(plain.params.index)

    def value(theta: np.ndarray) -> float:
        at = dict(zip(names, theta, strict=True))
        gamma, beta = at.get("gamma[1]", 0.0), at["beta[1]"]
        if spec["vol"] == "GARCH":
            alpha = at["alpha[1]"]
            inside = min(at["omega"], alpha, alpha + gamma, beta) >= 0.0
            if not inside or alpha + 0.5 * gamma + beta > 1.0:
                return 1e10
        elif not 0.0 <= beta < 1.0:
            return 1e10
        if at.get("nu", at.get("eta", 8.0)) <= 2.05 or abs(at.get("lambda", 0.0)) >= 1.0:
            return 1e10
        return float(am._loglikelihood(theta, np.ones_like(r), backcast, bounds))

    best = np.asarray(plain.params, dtype=np.float64)
    for _ in range(6):
        options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 8000, "maxfev": 8000}
        found = optimize.minimize(value, best, method="Nelder-Mead", options=options)
        best = found.x
    return am, plain, best, -value(best)


def risks(am: Any, shape: np.ndarray, mean: float, sigma: float, z: np.ndarray) -> dict[str, Any]:
    found = {}
    for level in LEVELS:
        tail = 1.0 - float(level)
        q = float(am.distribution.ppf(tail, shape if shape.size else None))
        part = integrate.quad(
            lambda u: float(am.distribution.ppf(u, shape if shape.size else None)),
            0.0, tail, epsabs=1e-12, epsrel=1e-10, limit=500,
        )[0]  # fmt: skip
        losses = np.sort(-z)
        count = z.size * tail
        whole = math.floor(count + 1e-12)
        worst = losses[z.size - whole :].sum() + (count - whole) * losses[z.size - whole - 1]
        rank = math.ceil(z.size * float(level) - 1e-9) - 1
        found[level] = {
            "VaR": -mean - sigma * q,
            "ES": -mean - sigma * part / tail,
            "FHS_VaR_type7": sigma * float(np.quantile(losses, float(level))) - mean,
            "FHS_VaR_order_stat": sigma * float(losses[rank]) - mean,
            "FHS_ES_tailmean": sigma * float(worst) / count - mean,
        }
    return found


def garch_model(r: np.ndarray, model: str) -> dict[str, Any]:
    spec = arch_specification(model)
    am, plain, theta, value = maximum(r, spec)
    names = list(plain.params.index)
    at = dict(zip(names, map(float, theta), strict=True))
    held = am.fix(theta)
    sigma2 = np.asarray(held.conditional_volatility) ** 2
    z = np.asarray(held.resid) / np.sqrt(sigma2)
    ahead = 1 if spec["vol"] == "EGARCH" else 5
    forecast = held.forecast(horizon=ahead, reindex=False).variance.to_numpy()[-1]
    shape = theta[[i for i, n in enumerate(names) if n in ("nu", "eta", "lambda")]]
    persistence = at["beta[1]"] + at["alpha[1]"] + 0.5 * at.get("gamma[1]", 0.0)
    binding = []
    if spec["vol"] == "GARCH":
        binding += ["alpha=0"] * (at["alpha[1]"] < 1e-6) + ["persistence=1"] * (
            persistence > 1.0 - 1e-7
        )
    return {
        "spec": spec,
        "params_arch_fit": {k: float(v) for k, v in plain.params.items()},
        "loglik_arch_fit": float(plain.loglikelihood),
        "params": at,
        "loglik": value,
        "status": "boundary:" + " ".join(binding) if binding else "interior",
        "backcast": float(am.volatility.backcast(r - r.mean())),
        "std_err_robust": {k: float(v) for k, v in plain.std_err.items()},
        "cond_vol_at": {str(row): float(math.sqrt(sigma2[row])) for row in ROWS},
        "std_resid": {
            "n": r.size,
            "mean": float(z.mean()),
            "sd_ddof0": float(z.std()),
            "skew_biased": float(stats.skew(z)),
            "exkurt_biased": float(stats.kurtosis(z)),
            "min": float(z.min()),
            "max": float(z.max()),
            "q": {str(p): float(np.quantile(z, p)) for p in (0.01, 0.5, 0.99)},
            "ljungbox20_sq": float(acorr_ljungbox(z * z, lags=[20])["lb_stat"].iloc[0]),
        },
        "var_forecast": [float(v) for v in forecast],
        "one_step_VaR_ES_loss_positive": risks(
            am, shape, at["mu"], math.sqrt(float(forecast[0])), z
        ),
    }


def cornish_fisher(p: float, skew: float, kurtosis: float) -> float:
    x = stats.norm.ppf(p)
    return float(
        x
        + (x**2 - 1) * skew / 6
        + (x**3 - 3 * x) * kurtosis / 24
        - (2 * x**3 - 5 * x) * skew**2 / 36
    )


def window_document(r: np.ndarray) -> dict[str, Any]:
    losses = np.sort(-r)
    mean, sd, n = float(r.mean()), float(r.std()), r.size
    skew, kurtosis = float(stats.skew(r)), float(stats.kurtosis(r))
    moments = {"mean": mean, "sd_ddof0": sd, "skew_biased": skew, "exkurt_biased": kurtosis}
    found: dict[str, Any] = {"moments": moments}
    for level in LEVELS:
        c, tail = float(level), 1.0 - float(level)
        count = n * tail
        whole = math.floor(count + 1e-9)
        worst = losses[n - whole :].sum() + (count - whole) * losses[n - whole - 1]
        x, type7 = stats.norm.ppf(c), float(np.quantile(losses, c))
        area = integrate.quad(
            lambda p: cornish_fisher(p, skew, kurtosis), 0.0, tail, epsabs=1e-13, limit=500
        )[0]
        found[level] = {
            "hist_VaR_type7": type7,
            "hist_VaR_inverted_cdf": float(np.quantile(losses, c, method="inverted_cdf")),
            "hist_VaR_type8": float(np.quantile(losses, c, method="median_unbiased")),
            "hist_ES_acerbi": float(worst / count),
            "hist_ES_mean_ge_type7": float(losses[losses >= type7].mean()),
            "normal_VaR": float(-mean + sd * x),
            "normal_ES": float(-mean + sd * stats.norm.pdf(x) / tail),
            "CF_VaR": -mean - sd * cornish_fisher(tail, skew, kurtosis),
            "CF_ES_integral": -mean - sd * area / tail,
        }
    return found


def garch_document(r: np.ndarray, name: str, models: tuple[str, ...]) -> dict[str, Any]:
    first = [r[0] ** 2]
    for value in r[1:]:
        first.append(0.94 * first[-1] + 0.06 * value**2)
    weights = 0.94 ** np.arange(min(75, r.size))
    s2 = [float(weights @ r[: weights.size] ** 2 / weights.sum())]
    for value in r:
        s2.append(0.94 * s2[-1] + 0.06 * value**2)
    return {
        "input": name,
        "n": r.size,
        "software": "arch",
        "mean_model": "constant mu",
        "models": {model: garch_model(r, model) for model in models},
        "ewma_0.94": {
            "arch_backcast_init": {
                "cond_vol_at": {str(row): math.sqrt(s2[row]) for row in ROWS},
                "next_var": s2[-1],
            },
            "pandas_init_first_square": {
                "recursion": "a note",
                "next_var_after": {str(row): float(first[row]) for row in ROWS},
            },
        },
        "hist_cf_last500": window_document(r[-500:]),
        "hist_cf_all": window_document(r),
    }
