"""Vector files of the other kinds on any series, by loops, numpy and scipy; none of our code."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize, stats
from volatility_vectors_by_peers import filtered


def gpd_document(losses: np.ndarray, level: float) -> dict[str, Any]:
    u = float(np.quantile(losses, level))
    excess = np.sort(losses[losses > u] - u)
    n, k = losses.size, excess.size

    def value(theta: np.ndarray) -> float:
        xi, beta = theta[0], math.exp(theta[1])
        inside = 1.0 + xi * excess / beta
        if inside.min() <= 0.0:
            return 1e10
        if abs(xi) < 1e-9:
            return k * math.log(beta) + excess.sum() / beta
        return k * math.log(beta) + (1.0 + 1.0 / xi) * float(np.log(inside).sum())

    best = np.array([0.1, math.log(excess.mean())])
    for _ in range(4):
        options = {"xatol": 1e-11, "fatol": 1e-13, "maxiter": 5000}
        best = optimize.minimize(value, best, method="Nelder-Mead", options=options).x
    xi, beta = float(best[0]), math.exp(best[1])
    weights = np.arange(k)[::-1] / (k - 1.0)
    b0, b1 = excess.mean(), float((weights * excess).mean())
    risk = {}
    for c in ("0.975", "0.99"):
        var = u + beta / xi * ((n / k * (1.0 - float(c))) ** -xi - 1.0)
        risk[c] = {"VaR": var, "ES": (var + beta - xi * u) / (1.0 - xi)}
    return {
        "u": u,
        "u_rule": "numpy quantile linear (type 7)",
        "n_exc": k,
        "xi": xi,
        "beta": beta,
        "loglik": -value(best),
        "mean_excess": float(b0),
        "pwm_unbiased": {
            "xi": float(2.0 - b0 / (b0 - 2.0 * b1)),
            "beta": float(2.0 * b0 * b1 / (b0 - 2.0 * b1)),
        },
        "risk": risk,
    }


def gev_document(losses: np.ndarray, length: int) -> dict[str, Any]:
    blocks = losses.size // length
    maxima = losses[: blocks * length].reshape(blocks, length).max(axis=1)

    def value(theta: np.ndarray) -> float:
        total = stats.genextreme.logpdf(maxima, -theta[2], theta[0], math.exp(theta[1])).sum()
        return -float(total) if np.isfinite(total) else 1e10

    best = np.array([maxima.mean(), math.log(maxima.std()), 0.1])
    for _ in range(4):
        options = {"xatol": 1e-11, "fatol": 1e-13, "maxiter": 8000}
        best = optimize.minimize(value, best, method="Nelder-Mead", options=options).x
    law = stats.genextreme(-best[2], best[0], math.exp(best[1]))
    return {
        "blocks": blocks,
        "mu": float(best[0]),
        "sigma": math.exp(best[1]),
        "xi": float(best[2]),
        "loglik": -value(best),
        "return_level": {"12": float(law.ppf(1.0 - 1.0 / 12.0))},
    }


def hill_document(losses: np.ndarray, k: int, level: float) -> dict[str, Any]:
    top = np.sort(losses)[::-1]
    beyond = float(np.log(top[:k] / top[k]).mean())
    within = float(np.log(top[: k - 1] / top[k - 1]).sum() / k)
    return {
        "xi_k_plus_1_convention": beyond,
        "xi_k_convention_evir": within,
        f"weissman_VaR_{str(level).replace('.', '_')}": float(
            top[k] * (k / (losses.size * (1.0 - level))) ** beyond
        ),
    }


def student_document(r: np.ndarray) -> dict[str, Any]:
    def value(theta: np.ndarray) -> float:
        return -float(stats.t.logpdf(r, math.exp(theta[0]), theta[1], math.exp(theta[2])).sum())

    best = np.array([math.log(5.0), r.mean(), math.log(r.std())])
    for _ in range(4):
        options = {"xatol": 1e-11, "fatol": 1e-13, "maxiter": 8000}
        best = optimize.minimize(value, best, method="Nelder-Mead", options=options).x
    nu, scale = math.exp(best[0]), math.exp(best[2])
    q = float(stats.t.ppf(0.01, nu))
    tail = (nu + q * q) / (nu - 1.0) * float(stats.t.pdf(q, nu)) / 0.01
    return {
        "nu": nu,
        "loc": float(best[1]),
        "scale": scale,
        "loglik": -value(best),
        "VaR_ES": {"0.99": {"VaR": -best[1] - scale * q, "ES": -best[1] + scale * tail}},
    }


def evt_document(r: np.ndarray, name: str) -> dict[str, Any]:
    return {
        "input": name,
        "n": r.size,
        "loss": "L=-r",
        "gpd": {"0.9": gpd_document(-r, 0.9)},
        "gpd_right_tail_of_gains": {"0.9": gpd_document(r, 0.9)},
        "gev_block21": gev_document(-r, 21) | {"rule": "a note"},
        "hill": {"50": hill_document(-r, 50, 0.995)},
        "dist": {"student_t": student_document(r)},
    }


def simulated_panel(seed: int, rows: int = 700) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mix = np.array([[1.0, 0.0, 0.0, 0.0], [0.5, 0.9, 0.0, 0.0], [0.3, 0.2, 1.1, 0.0]])
    last = np.array([[0.1, 0.3, 0.2, 0.8]])
    shocks = rng.standard_normal((rows, 4)) / np.sqrt(rng.chisquare(6.0, rows) / 6.0)[:, None]
    return np.round(shocks @ np.vstack((mix, last)).T, 8)


def write_panel(folder: Path, name: str, panel: np.ndarray) -> list[str]:
    names = [f"C{i}" for i in range(panel.shape[1])]
    rows = [",".join(repr(float(v)) for v in row) for row in panel]
    (folder / name).write_text("\n".join((",".join(names), *rows)) + "\n")
    return names


def summaries(matrix: np.ndarray) -> dict[str, float]:
    values = np.linalg.eigvalsh(matrix)
    found = {
        "trace": matrix.trace(),
        "logdet": math.log(np.linalg.det(matrix)),
        "fro": math.sqrt(float((matrix**2).sum())),
        "a00": matrix[0, 0],
        "a01": matrix[0, 1],
        "a12": matrix[1, 2],
        "alast": matrix[-2, -1],
        "eig_max": values[-1],
        "eig_min": values[0],
    }
    return {key: float(value) for key, value in found.items()}


def ledoit_wolf(x: np.ndarray) -> tuple[float, np.ndarray]:
    z = x - x.mean(axis=0)
    n, p = z.shape
    s = z.T @ z / n
    target = np.trace(s) / p * np.eye(p)
    spread = float(((s - target) ** 2).sum()) / p
    noise = sum(float(((np.outer(row, row) - s) ** 2).sum()) for row in z) / (n * n * p)
    share = min(noise, spread) / spread
    return share, share * target + (1.0 - share) * s


def hawkes_loglik(theta: np.ndarray, times: np.ndarray, end: float) -> float:
    mu, alpha, beta = np.exp(theta)
    total, state, last = 0.0, 0.0, None
    for t in times:
        if last is not None:
            state = (state + 1.0) * math.exp(-beta * (t - last))
        total += math.log(mu + alpha * state)
        last = t
    compensator = mu * end + alpha / beta * float((1.0 - np.exp(-beta * (end - times))).sum())
    return total - compensator


def hawkes_document(r: np.ndarray, name: str) -> dict[str, Any]:
    times = np.flatnonzero(np.abs(r) > 1.5 * r.std()) + 1.0
    end, best = float(r.size), None
    for start in ((-3.0, -2.5, -2.0), (-3.5, -3.5, -3.0), (-2.5, -4.0, -3.5)):
        theta = np.array(start)
        for _ in range(3):
            found = optimize.minimize(
                lambda v: -hawkes_loglik(v, times, end),
                theta,
                method="Nelder-Mead",
                options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000},
            )
            theta = found.x
        if best is None or found.fun < best.fun:
            best = found
    assert best is not None
    mu, alpha, beta = (float(v) for v in np.exp(best.x))
    return {
        "input": name,
        "events": "times i+1 (0-based row i) where |r_i| > 1.5*std(r, ddof=0); T=n rows",
        "n_events": times.size,
        "T": end,
        "own": {
            "mu": mu,
            "alpha": alpha,
            "beta": beta,
            "branching": alpha / beta,
            "loglik": -float(best.fun),
        },
    }


def multi_document(panel: np.ndarray, panel_name: str, r: np.ndarray, name: str) -> dict[str, Any]:
    share, shrunk = ledoit_wolf(panel)
    last = np.zeros((panel.shape[1],) * 2)
    for i, row in enumerate(panel):
        last = np.outer(row, row) if i == 0 else 0.97 * last + 0.03 * np.outer(row, row)
    losses = [-2.1, 0.4, 3.3, -0.7, 5.9, 1.2]
    return {
        "software": "numpy",
        "ledoit_wolf": {
            "input": panel_name,
            "shape": list(panel.shape),
            "shrinkage": share,
            "cov": summaries(shrunk),
        },
        "sample_cov_divisor_T": summaries(np.cov(panel.T, bias=True)),
        "sample_corr": summaries(np.corrcoef(panel.T)),
        "ewma_cov_0.97": {"recursive_init_first_outer_product": summaries(last), "note": "..."},
        "t_copula": {
            "n": len(panel),
            "kendall_tau_b": [
                [float(stats.kendalltau(a, b).statistic) for b in panel.T] for a in panel.T
            ],
        },
        "bipower": {
            "input": name,
            "blocks": [{"rows": [lo, lo + 300], **realised(r[lo : lo + 300])} for lo in (0, 300)],
        },
        "hawkes_exp": hawkes_document(r, name),
        "spectral_small": {
            "losses": losses,
            "pow": {"2.0": power_spectral(losses, 2.0)},
            "ES_rockafellar_uryasev": {"0.75": {"ES_lp": (5.9 + 0.5 * 3.3) / 1.5}},
        },
    }


def power_spectral(losses: list[float], exponent: float) -> float:
    """Weights are differences of ``p ** exponent``."""
    edges = (np.arange(len(losses) + 1) / len(losses)) ** exponent
    return float(np.diff(edges) @ np.sort(losses))


def realised(x: np.ndarray) -> dict[str, float]:
    a, m = np.abs(x), x.size
    rv, bv = float((x**2).sum()), math.pi / 2.0 * float((a[1:] * a[:-1]).sum())
    mu43 = 2.0 ** (2.0 / 3.0) * math.gamma(7.0 / 6.0) / math.gamma(0.5)
    tri = float(((a[2:] * a[1:-1] * a[:-2]) ** (4.0 / 3.0)).sum())
    tq = m * mu43**-3 * m / (m - 2.0) * tri
    med = np.median(np.stack((a[2:], a[1:-1], a[:-2])), axis=0)
    factor = math.pi / (6.0 - 4.0 * math.sqrt(3.0) + math.pi)
    low = np.minimum(a[1:], a[:-1])
    z = (1.0 - bv / rv) / math.sqrt((math.pi**2 / 4.0 + math.pi - 5.0) / m * max(1.0, tq / bv**2))
    return {
        "RV": rv,
        "BV": bv,
        "TQ": tq,
        "MedRV": factor * m / (m - 2.0) * float((med**2).sum()),
        "MinRV": math.pi / (math.pi - 2.0) * m / (m - 1.0) * float((low**2).sum()),
        "ratio_z": z,
    }


def intraday_series(seed: int) -> tuple[np.ndarray, list[str]]:
    """Two days of five-minute returns with two jumps."""
    rng = np.random.default_rng(seed)
    r = np.round(rng.standard_normal(576) * 5.0, 8)
    r[400] += 70.0
    r[500] -= 80.0
    times = np.datetime64("2024-03-01T00:00") + 5 * np.arange(576)
    return r, [str(t) for t in times]


def intraday_document(r: np.ndarray, times: list[str], name: str) -> dict[str, Any]:
    window = 270
    statistic = {}
    for t in range(window, r.size):
        a = np.abs(r)
        products = sum(a[j] * a[j - 1] for j in range(t - window + 2, t))
        statistic[t] = float(r[t] / math.sqrt(products / (window - 2)))
    c, log_n = math.sqrt(2.0 / math.pi), math.log(r.size)
    centre = math.sqrt(2.0 * log_n) / c - (math.log(math.pi) + math.log(log_n)) / (
        2.0 * c * math.sqrt(2.0 * log_n)
    )
    scale, beta = 1.0 / (c * math.sqrt(2.0 * log_n)), -math.log(-math.log(0.99))
    rows = [t for t, value in statistic.items() if abs(value) > centre + scale * beta]
    days = []
    for day, lo in (("2024-03-01", 0), ("2024-03-02", 288)):
        found = realised(r[lo : lo + 288])
        days.append({"day": day, "m": 288, "bns_ratio_z": found.pop("ratio_z"), **found})
    return {
        "input": name,
        "n": r.size,
        "K": window,
        "window": "a note",
        "tests": {
            "n_all_alpha0.01": {
                "Cn": centre,
                "Sn": scale,
                "beta": beta,
                "threshold_on_abs_L": centre + scale * beta,
                "flags_0based": rows,
                "times": [times[t] for t in rows],
                "L": [statistic[t] for t in rows],
            }
        },
        "L_at": {str(t): statistic[t] for t in (270, 400, 575)},
        "days": days,
    }


def r_document(r: np.ndarray, name: str) -> dict[str, Any]:
    """What rugarch and fGarch would print at given parameters, and scipy's t as MASS's."""
    p = [0.05, 0.05, 0.08, 0.9, 5.0]
    initial = float(((r - p[0]) ** 2).mean())
    total, path, _ = filtered(r, "garch_t", p, initial, first=True)
    names = ("mu", "omega", "alpha1", "beta1", "shape")
    before, _, _ = filtered(r, "garch_t", p, initial)
    sigma = math.sqrt(path[-1])
    quantile = float(stats.t.ppf(0.99, 5.0)) * math.sqrt(3.0 / 5.0)
    law = student_document(r)
    given = dict(zip(names, p, strict=True))
    return {
        "input": name,
        "n": r.size,
        "software": {"R": "by loops"},
        "rugarch": {
            "init": "a note",
            "fits": {
                "sGARCH_std": {
                    "params": given,
                    "loglik": total,
                    "next_sigma": sigma,
                    "sigma_at": {"0": math.sqrt(path[0]), "100": math.sqrt(path[100])},
                    "VaR_0.99": sigma * quantile - p[0],
                }
            },
        },
        "fGarch_garch11": {"std": {"params": given, "loglik": before}},
        "dist": {
            "t_MASS": {
                "m": law["loc"],
                "s": law["scale"],
                "df": law["nu"],
                "loglik": law["loglik"],
            }
        },
    }
