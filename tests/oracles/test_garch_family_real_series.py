"""Log-likelihoods on real coins against ``arch``: never more than 1e-4 below it.

Same likelihood, start and constraints; arch climbs once, from one start. Series on which arch's own
bounds of the variance bind (stablecoins in a crash) are another likelihood and are left out: they
are those where our filter at arch's parameters does not give arch's log-likelihood.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from arch import arch_model

from plimsoll.estimators.volatility import (
    Egarch,
    EgarchParameters,
    Garch,
    GarchParameters,
    GjrGarch,
    filter_at,
)

KINDS = {"garch": Garch, "gjr": GjrGarch, "egarch": Egarch}
CASES = [
    ("ADA", "garch", "skewt"),
    ("ETH", "gjr", "skewt"),
    ("DOGE", "egarch", "normal"),
    ("TRX", "egarch", "t"),
    ("SOL", "egarch", "skewt"),
    ("AVAX", "egarch", "normal"),
    ("DOT", "garch", "t"),
    ("USDT", "gjr", "skewt"),
    ("USDC", "garch", "skewt"),
    ("APT21794", "egarch", "skewt"),
    ("SUI20947", "gjr", "t"),
    ("TON11419", "egarch", "t"),
]


def percent_returns(market_data_dir: Path, symbol: str) -> np.ndarray:
    frame = pl.read_parquet(market_data_dir / "daily/yahoo_usd_1d.parquet")
    rows = frame.filter(pl.col("symbol").cast(pl.String) == symbol).sort("ts")
    return 100.0 * np.diff(np.log(rows["close"].drop_nulls().to_numpy()))


def peer_fit(returns: np.ndarray, kind: str, law: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = arch_model(
            returns,
            vol="EGARCH" if kind == "egarch" else "GARCH",
            o=0 if kind == "garch" else 1,
            dist=law,
            rescale=False,
        )
        return model.fit(disp="off")


@pytest.mark.parametrize(("symbol", "kind", "law"), CASES)
def test_not_below_arch(market_data_dir: Path, symbol: str, kind: str, law: str) -> None:
    returns = percent_returns(market_data_dir, symbol)
    peer = peer_fit(returns, kind, law)
    p = peer.params
    cls = EgarchParameters if kind == "egarch" else GarchParameters
    at_peer = cls(
        mean=p["mu"],
        omega=p["omega"],
        alpha=p["alpha[1]"],
        gamma=p.get("gamma[1]", 0.0),
        beta=p["beta[1]"],
        degrees_of_freedom=p.get("nu", p.get("eta", np.inf)),
        skew=p.get("lambda", 0.0),
    )
    same = filter_at(at_peer, returns, initial="arch_backcast").log_likelihood
    assert same == pytest.approx(peer.loglikelihood, abs=1e-6)
    fitted = KINDS[kind](innovations=law, persistence_rule="stationary").fit(returns)
    assert fitted.converged
    assert fitted.log_likelihood > peer.loglikelihood - 1e-4


@pytest.mark.parametrize(
    ("file", "column", "symbol", "law", "at"),
    [
        ("daily/yahoo_usd_1d", "close", "USDC", "t", (0.0021, -0.007, 0.2865, 0.2335, 0.9902)),
        (
            "hourly/binance_spot_close_1h_2021_2025",
            "close",
            "OMUSDT",
            "normal",
            (0.1189, 0.0057, 0.0, 0.0534, 0.995),
        ),
    ],
)
def test_crashes_do_not_hide_the_optimum(
    market_data_dir: Path,
    file: str,
    column: str,
    symbol: str,
    law: Any,
    at: tuple[float, float, float, float, float],
) -> None:
    """Not below the likelihood at what a search from random starts found, for unit variance."""
    frame = pl.read_parquet(market_data_dir / f"{file}.parquet")
    rows = frame.filter(pl.col("symbol").cast(pl.String) == symbol).sort("ts")
    price = rows[column].drop_nulls().drop_nans().to_numpy()
    returns = np.diff(np.log(price[::24] if file.startswith("hourly") else price))
    returns /= returns.std()
    mean, omega, alpha, gamma, beta = at
    there = EgarchParameters(
        mean=mean,
        omega=omega,
        alpha=alpha,
        gamma=gamma,
        beta=beta,
        degrees_of_freedom=1.0 / 0.2887 if law == "t" else np.inf,
    )
    least = filter_at(there, returns, initial="arch_backcast").log_likelihood
    assert Egarch(innovations=law).fit(returns).log_likelihood > least
