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
