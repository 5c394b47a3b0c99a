"""Files of rolling forecasts and their tests, by loops and scipy; none of our code."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats


def write_forecasts(folder: Path, name: str, seed: int) -> dict[str, np.ndarray]:
    """600 rolling forecasts; the historical ones too low, so that there are failures."""
    rng = np.random.default_rng(seed)
    sigma = np.round(1.5 * np.exp(0.3 * np.sin(np.arange(600) / 40.0)), 10)
    mu, nu = np.full(600, 0.03), np.full(600, 6.0)
    unit = math.sqrt(4.0 / 6.0)
    r = np.round(mu + sigma * unit * rng.standard_t(6.0, 600) * 1.25, 10)
    columns: dict[str, np.ndarray] = {"r": r, "sigma": sigma, "mu": mu, "nu": nu}
    for code in ("975", "99"):
        tail = 1.0 - float(f"0.{code}")
        q = float(stats.t.ppf(tail, 6.0))
        mean = -(6.0 + q * q) / 5.0 * float(stats.t.pdf(q, 6.0)) / tail
        columns[f"var{code}"] = np.round(-mu - sigma * unit * q, 10)
        columns[f"es{code}"] = np.round(-mu - sigma * unit * mean, 10)
        columns[f"hs_var{code}"] = np.round(columns[f"var{code}"].mean() + 0.0 * r, 10)
        columns[f"hs_es{code}"] = np.round(columns[f"es{code}"].mean() + 0.0 * r, 10)
    days = np.datetime64("2020-01-01") + np.arange(600)
    head = ",".join(("date", *columns))
    rows = [
        ",".join((str(day), *(repr(float(v[i])) for v in columns.values())))
        for i, day in enumerate(days)
    ]
    (folder / name).write_text("\n".join((head, *rows)) + "\n")
    return columns


def bernoulli(hits: int, total: int, p: float) -> float:
    return (hits * math.log(p) if hits else 0.0) + (
        (total - hits) * math.log1p(-p) if total > hits else 0.0
    )


def kupiec(hits: int, total: int, p: float) -> float:
    return 2.0 * (bernoulli(hits, total, hits / total) - bernoulli(hits, total, p))


def tested(columns: dict[str, np.ndarray], model: str) -> dict[str, Any]:
    """Counts, Kupiec, Christoffersen, Z1, Z2, McNeil-Frey, scores of one model."""
    code = model.rsplit("_", 1)[1]
    prefix = "hs_" if model.startswith("hs") else ""
    c, loss = float(f"0.{code}"), -columns["r"]
    var, es = columns[f"{prefix}var{code}"], columns[f"{prefix}es{code}"]
    hit = loss > var
    x, n, p = int(hit.sum()), hit.size, 1.0 - c
    pairs = {
        f"n{a}{b}": int(np.sum((hit[:-1] == a) & (hit[1:] == b))) for a in (0, 1) for b in (0, 1)
    }
    n0, n1 = pairs["n00"] + pairs["n01"], pairs["n10"] + pairs["n11"]
    ones = pairs["n01"] + pairs["n11"]
    free = bernoulli(pairs["n01"], n0, pairs["n01"] / n0)
    free += bernoulli(pairs["n11"], n1, pairs["n11"] / n1)
    ind = 2.0 * (free - bernoulli(ones, n - 1, ones / (n - 1)))
    pof, joint = kupiec(x, n, p), 2.0 * (free - bernoulli(ones, n - 1, p))
    residual = (loss - es)[hit]
    t = float(residual.mean() / (residual.std(ddof=1) / math.sqrt(x)))
    a = p
    fz0 = (hit / a * (loss - var) + var) / es + np.log(es) - 1.0
    return {
        "q": c,
        "n": n,
        "exceptions": x,
        "first_exception_1based": int(np.argmax(hit)) + 1,
        "hit": "r < -VaR strictly",
        "kupiec_pof": {"LR": pof, "p": float(stats.chi2.sf(pof, 1))},
        "christoffersen": {
            **pairs,
            "LR_ind": ind,
            "p_ind": float(stats.chi2.sf(ind, 1)),
            "LR_cc_as_sum": pof + ind,
            "p_cc_as_sum": float(stats.chi2.sf(pof + ind, 2)),
            "LR_cc_from_transitions": joint,
            "p_cc_from_transitions": float(stats.chi2.sf(joint, 2)),
        },
        "mcneil_frey": {
            "residual": "a note",
            "mean": float(residual.mean()),
            "t": t,
            "p_one_sided_t": float(stats.t.sf(t, x - 1)),
        },
        "acerbi_szekely": {
            "Z1": 1.0 - float((loss / es)[hit].mean()),
            "Z2": 1.0 - float((loss / es)[hit].sum() / (n * p)),
        },
        "fz0_mean": float(fz0.mean()),
        "fz0_first3": [float(v) for v in fz0[:3]],
        "pinball_mean": float(np.mean(np.where(hit, c, c - 1.0) * (loss - var))),
        "basel_last250": {
            "exceptions": int(hit[-250:].sum()),
            "zone": zone(int(hit[-250:].sum()), 250, p),
        },
    }


def zone(hits: int, n: int, p: float) -> str:
    below = float(stats.binom.cdf(hits, n, p))
    return "green" if below < 0.95 else "yellow" if below < 0.9999 else "red"


def backtest_document(columns: dict[str, np.ndarray], name: str) -> dict[str, Any]:
    grid = [(250, 3, 0.01), (500, 13, 0.025)]
    return {
        "input": name,
        "software": "scipy",
        "tests": {
            model: tested(columns, model)
            for model in ("garch_t_975", "garch_t_99", "hs500_975", "hs500_99")
        },
        "kupiec_grid": [
            {"n": n, "x": x, "p": p, "LR": kupiec(x, n, p)}
            | {"pvalue": float(stats.chi2.sf(kupiec(x, n, p), 1))}
            for n, x, p in grid
        ],
    }


def r2_document(
    columns: dict[str, np.ndarray], name: str, panel: np.ndarray, panel_name: str
) -> dict[str, Any]:
    """Coverage tests as rugarch prints them, ranks and covariances of the DCC's panel."""
    found: dict[str, Any] = {"input": name, "software": {"rugarch": "by loops"}}
    for model in ("garch_t_975", "hs500_99"):
        own = tested(columns, model)
        pof, joint = own["kupiec_pof"], own["christoffersen"]
        found[model] = {
            "rugarch_VaRTest": {
                "expected.exceed": math.floor((1.0 - own["q"]) * own["n"] + 1e-9),
                "actual.exceed": own["exceptions"],
                "uc.LRstat": pof["LR"],
                "uc.LRp": pof["p"],
                "cc.LRstat": joint["LR_cc_as_sum"],
                "cc.LRp": joint["p_cc_as_sum"],
            },
            "pinball_mean": own["pinball_mean"],
        }
    names = [f"C{i}" for i in range(panel.shape[1])]
    given = {}
    for label in names:
        given |= {f"[{label}].mu": 0.0, f"[{label}].omega": 0.1}
        given |= {f"[{label}].alpha1": 0.05, f"[{label}].beta1": 0.9}
    found["dcc"] = {"input": panel_name, "n": len(panel), "columns": names, "params": given}
    found["kendall"] = [[float(stats.kendalltau(a, b).statistic) for b in panel.T] for a in panel.T]
    found["spearman"] = [[float(stats.spearmanr(a, b).statistic) for b in panel.T] for a in panel.T]
    found["cov"] = np.cov(panel.T).tolist()
    return found
