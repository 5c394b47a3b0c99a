"""Convergence diagnostics against closed forms.

Oracles: the effective size of an autoregression of order one, n (1 - phi) / (1 + phi); independent
draws; chains that are plainly apart, drifting, or of unequal spread.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from plimsoll.errors import DataFormatError, EstimationError
from plimsoll.estimators.pooling.chain_diagnostics import (
    ChainDiagnostics,
    chain_diagnostics,
    effective_size,
    r_hat,
)


def _autoregression(phi: float, chains: int = 4, draws: int = 20_000) -> np.ndarray:
    noise = np.random.default_rng(1).normal(size=(chains, draws + 500))
    return np.asarray(lfilter([1.0], [1.0, -phi], noise, axis=1)[:, 500:])


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, -0.4])
def test_effective_size_of_an_autoregression(phi: float) -> None:
    chains = _autoregression(phi)
    # 80,000 draws: the estimate of the autocorrelation time scatters by about 5 %.
    assert effective_size(chains) == pytest.approx(
        chains.size * (1.0 - phi) / (1.0 + phi), rel=0.12
    )


def test_good_chains_pass() -> None:
    found = chain_diagnostics({"a": _autoregression(0.3, draws=1000)}, 0)
    assert found.faults == ()
    found.demand()
    assert found.r_hat < 1.01


@pytest.mark.parametrize(
    "spoil",
    [
        lambda x: x + np.array([0.0, 0.0, 0.0, 1.0])[:, None],
        lambda x: x + np.linspace(0.0, 2.0, x.shape[1])[None, :],
        lambda x: x * np.array([1.0, 1.0, 1.0, 3.0])[:, None],
    ],
    ids=["one chain apart", "drift", "one chain wider"],
)
def test_bad_chains_are_refused(spoil: object) -> None:
    chains = spoil(_autoregression(0.0, draws=1000))  # type: ignore[operator]
    found = chain_diagnostics({"good": _autoregression(0.0, draws=1000), "bad": chains}, 0)
    assert found.worst == "bad[0]"
    with pytest.raises(EstimationError, match="R-hat"):
        found.demand()


def test_slow_chains_and_divergences_are_refused() -> None:
    found = chain_diagnostics({"a": _autoregression(0.98, draws=1000)}, 3)
    with pytest.raises(EstimationError, match=r"effective size.*3 divergences"):
        found.demand()


def test_parameters_with_many_entries_are_all_looked_at() -> None:
    many = np.stack([_autoregression(0.0, draws=500)] * 3, axis=2)
    many[0, :, 2] += 5.0
    assert chain_diagnostics({"a": many}, 0).worst == "a[2]"


def test_constant_chains_are_no_news() -> None:
    assert r_hat(np.ones((4, 100))) == 1.0
    apart = np.repeat(np.arange(4.0)[:, None], 100, axis=1)
    assert r_hat(apart) > 1e6
    assert effective_size(np.ones((4, 100))) == 400.0


@pytest.mark.parametrize("draws", [np.zeros(10), np.zeros((1, 50)), np.full((4, 50), np.nan)])
def test_too_few_or_broken_draws_are_refused(draws: np.ndarray) -> None:
    with pytest.raises(DataFormatError):
        chain_diagnostics({"a": draws}, 0)


def test_a_missing_number_is_a_fault() -> None:
    broken = ChainDiagnostics(
        r_hat=float("nan"), bulk_effective=1e3, tail_effective=1e3, divergences=0, worst="a"
    )
    assert broken.faults
