"""The optimiser against arch on generated series: never lower by more than 1e-6."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from arch import arch_model

from plimsoll.maths import garch_fit as gf


def simulate(seed: int, n: int, omega: float, alpha: float, beta: float, nu: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    returns, h = np.empty(n), omega / max(1.0 - alpha - beta, 0.02)
    for t in range(n):
        z = rng.standard_t(nu) * np.sqrt((nu - 2.0) / nu)
        returns[t] = np.sqrt(h) * z
        h = omega + alpha * returns[t] ** 2 + beta * h
    return returns


def fit(returns: np.ndarray, *, asymmetric: bool = False, student: bool = True) -> np.ndarray:
    fits = np.empty((1, gf.FIT_SIZE))
    gf.fit_garch_rows(returns.reshape(1, -1), 0, 1, asymmetric, student, True, 0, 1.0, fits)
    return fits[0]


CASES = [
    (1, 2000, 0.05, 0.08, 0.9, 5.0),
    (2, 1000, 0.2, 0.2, 0.7, 3.0),
    (3, 1500, 0.02, 0.05, 0.94, 8.0),
    (4, 800, 0.5, 0.3, 0.3, 6.0),
    (5, 600, 0.1, 0.1, 0.89, 2.5),
    # No clustering: the optimum lies on ridges and on alpha = 0.
    (6, 500, 1.0, 0.0, 0.0, 4.0),
    (7, 500, 1.0, 0.0, 0.0, 9.0),
]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("law", ["t", "normal"])
def test_log_likelihood_is_not_below_arch(
    case: tuple[int, int, float, float, float, float], asymmetric: bool, law: str
) -> None:
    returns = simulate(*case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = arch_model(returns, p=1, o=int(asymmetric), q=1, dist=law, rescale=False)
        result = peer.fit(disp="off", show_warning=False, options={"ftol": 1e-12, "maxiter": 500})
    own = fit(returns, asymmetric=asymmetric, student=law == "t")
    assert own[gf.CONVERGED_AT] == 1.0
    assert own[gf.LOG_LIKELIHOOD_AT] > result.loglikelihood - 1e-6


def test_fit_follows_the_unit() -> None:
    returns = simulate(1, 1000, 0.05, 0.08, 0.9, 5.0)
    base, scaled = fit(returns), fit(returns * 1e-3)
    ratios = np.array([1e-3, 1e-6, 1.0, 1.0, 1.0, 1.0])
    assert scaled[:6] == pytest.approx(base[:6] * ratios, rel=1e-6, abs=1e-12)
    moved = base[gf.LOG_LIKELIHOOD_AT] - returns.size * np.log(1e-3)
    assert scaled[gf.LOG_LIKELIHOOD_AT] == pytest.approx(moved, abs=1e-7)


def test_falls_and_rises_change_places() -> None:
    """Turning the sign of returns turns mean and moves gamma from falls to rises."""
    returns = simulate(2, 1500, 0.2, 0.2, 0.7, 6.0)
    base, mirrored = fit(returns, asymmetric=True), fit(-returns, asymmetric=True)
    assert mirrored[gf.LOG_LIKELIHOOD_AT] == pytest.approx(base[gf.LOG_LIKELIHOOD_AT], abs=1e-6)
    assert mirrored[gf.MEAN] == pytest.approx(-base[gf.MEAN], rel=1e-3, abs=1e-6)
    assert mirrored[gf.GAMMA_AT] == pytest.approx(-base[gf.GAMMA_AT], rel=1e-2, abs=1e-4)


def test_constant_returns_are_nan() -> None:
    assert np.all(np.isnan(fit(np.full(100, 0.01))))


def test_parts_of_a_table_do_not_influence_each_other() -> None:
    table = np.array([simulate(s, 500, 0.05, 0.1, 0.85, 5.0) for s in range(4)])
    whole, parts = np.empty((4, gf.FIT_SIZE)), np.empty((4, gf.FIT_SIZE))
    gf.fit_garch_rows(table, 0, 4, False, True, True, 0, 1.0, whole)
    for i in (2, 0, 3, 1):
        gf.fit_garch_rows(table, i, i + 1, False, True, True, 0, 1.0, parts)
    assert np.array_equal(whole, parts)
