"""Fits on real coins against a Nelder-Mead search on scipy's own densities.

Wherever it starts, the search must not end more than 1e-7 relative above our log-likelihood.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import optimize, stats

from plimsoll.estimators import (
    BlockMaxima,
    HansenSkewT,
    JonesFaddySkewT,
    NormalInverseGaussian,
    PeaksOverThreshold,
    StudentT,
)

COINS = ("BTC", "DOGE", "USDT", "AVAX", "TON11419", "STETH")
TOLERANCE = 1e-7


@cache
def percent_returns(market_data_dir: Path) -> Mapping[str, np.ndarray]:
    table = pl.read_parquet(market_data_dir / "daily" / "yahoo_usd_1d.parquet")
    rows = {
        coin: table.filter(pl.col("symbol") == coin).sort("ts")["close"].drop_nulls().to_numpy()
        for coin in COINS
    }
    return {coin: 100.0 * np.diff(np.log(closes))[-900:] for coin, closes in rows.items()}


def two_piece(x: np.ndarray, mode: float, scale: float, nu: float, skew: float) -> np.ndarray:
    y = (x - mode) / scale
    found = stats.t.logpdf(y / np.where(y < 0.0, 1.0 - skew, 1.0 + skew), nu) - np.log(scale)
    return np.asarray(found)


def inverse_gaussian(x: np.ndarray, alpha: float, beta: float, delta: float, mu: float) -> Any:
    return stats.norminvgauss.logpdf(x, alpha * delta, beta * delta, mu, delta)


CASES: Mapping[str, tuple[Any, Callable[..., Any]]] = {
    "student": (StudentT(), lambda x, m, s, nu: stats.t.logpdf(x, nu, m, s)),
    "hansen": (HansenSkewT(), two_piece),
    "jones": (JonesFaddySkewT(), lambda x, a, b, m, s: stats.jf_skew_t.logpdf(x, a, b, m, s)),
    "nig": (NormalInverseGaussian(), inverse_gaussian),
    "gev": (
        BlockMaxima(block_length=21),
        lambda x, m, s, xi: stats.genextreme.logpdf(x, -xi, m, s),
    ),
}


def searched(density: Callable[..., Any], values: np.ndarray, start: np.ndarray) -> float:
    def cost(theta: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            found = float(np.sum(density(values, *theta)))
        return -found if np.isfinite(found) else 1e12

    options: Any = {"maxiter": 500, "xatol": 1e-8, "fatol": 1e-9}
    return -float(optimize.minimize(cost, start, method="Nelder-Mead", options=options).fun)


@pytest.mark.parametrize("coin", COINS)
@pytest.mark.parametrize("name", CASES)
def test_no_search_ends_higher(market_data_dir: Path, coin: str, name: str) -> None:
    values = percent_returns(market_data_dir)[coin]
    model, density = CASES[name]
    if name == "gev":
        fitted = model.fit(-values)
        values = (-values)[: 21 * (values.size // 21)].reshape(-1, 21).max(axis=1)
    else:
        fitted = model.fit(values)
    best = np.array(list(fitted.parameters().values()))
    assert float(np.sum(density(values, *best))) == pytest.approx(fitted.log_likelihood, rel=1e-10)
    found = searched(density, values, best * (1.0 + 0.05 * np.cos(np.arange(best.size))))
    assert fitted.log_likelihood >= found - TOLERANCE * abs(found)


@pytest.mark.parametrize("coin", COINS)
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_pareto_against_scipy(market_data_dir: Path, coin: str, sign: float) -> None:
    tail = PeaksOverThreshold(tail_fraction=0.1).fit(sign * percent_returns(market_data_dir)[coin])
    shape, _, scale = stats.genpareto.fit(tail.excesses, floc=0.0)
    found = float(stats.genpareto.logpdf(tail.excesses, shape, 0.0, scale).sum())
    assert tail.log_likelihood >= found - TOLERANCE * abs(found)
