"""eSSVI chains: recovery, freedom from arbitrage, scipy's constrained optimum, thin and wild."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from plimsoll.errors import UsageError
from plimsoll.maths import ssvi
from plimsoll.maths.essvi_fit import (
    ANCHOR_DEVIATION,
    SHAPE_DEVIATION,
    TYPICAL_SHAPE,
    fit_essvi,
)
from plimsoll.maths.essvi_fit_descent import solve_blocks

TAU = np.array([0.01, 0.04, 0.1, 0.25, 0.5, 1.0])


def _true_slices(tau: np.ndarray = TAU) -> np.ndarray:
    """Level of 60 % volatility, skew deepening with expiry: free of arbitrage."""
    theta = 0.36 * tau
    rho = -0.25 - 0.04 * np.log(tau)
    psi = 0.75 * np.sqrt(theta) / (1.0 - 0.2 * rho)
    slices = np.stack((theta, rho, psi), axis=-1)
    assert ssvi.is_free_of_arbitrage(slices)
    return slices


def _quotes(
    slices: np.ndarray, tau: np.ndarray, count: int, rng: np.random.Generator, noise: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    k = np.sort(rng.uniform(-2.0, 2.0, (tau.size, count)), axis=1) * np.sqrt(slices[:, :1])
    exact = np.array([ssvi.ssvi_total_variance(s, own) for s, own in zip(slices, k, strict=True)])
    vol = np.sqrt(exact / tau[:, None]) + noise * rng.standard_normal(k.shape)
    return k.ravel(), vol.ravel(), np.full(k.size, 200.0), np.arange(tau.size + 1) * count


def test_perfect_quotes_give_the_slices_back() -> None:
    """Weak ties of shape bend them by less than 1e-3; at weights a thousand fold, by 1e-8."""
    true = _true_slices()
    quotes = _quotes(true, TAU, 25, np.random.default_rng(1), 0.0)
    found = fit_essvi(*quotes, TAU)
    assert found.converged
    np.testing.assert_allclose(found.slices, true, rtol=1e-3)
    free = fit_essvi(*quotes[:2], 1e3 * quotes[2], quotes[3], TAU, reach=np.inf)
    np.testing.assert_allclose(free.slices, true, rtol=1e-8)


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1, 0.4])
def test_whatever_the_quotes_the_slices_are_free_of_arbitrage(noise: float) -> None:
    """The conditions hold strictly, without tolerance; 0.4 is noise of most of the level."""
    rng = np.random.default_rng(int(1000 * noise))
    for _ in range(5):
        k, vol, weight, offsets = _quotes(_true_slices(), TAU, 12, rng, noise)
        found = fit_essvi(k, np.maximum(vol, 0.02), weight, offsets, TAU)
        assert ssvi.butterfly_slack(found.slices).min() > 0.0
        assert ssvi.calendar_slack(found.slices).min() > 0.0


def test_quotes_full_of_arbitrage_get_slices_free_of_it() -> None:
    """Variance falls from the first expiry to the second: both meet in between."""
    rng = np.random.default_rng(2)
    true = _true_slices(np.array([0.1, 0.2]))
    true[1, 0], true[1, 2] = 0.8 * true[0, 0], 0.8 * true[0, 2]
    found = fit_essvi(*_quotes(true, np.array([0.1, 0.2]), 20, rng, 0.0), [0.1, 0.2], reach=np.inf)
    assert ssvi.is_free_of_arbitrage(found.slices)
    assert true[1, 0] < found.slices[0, 0] <= found.slices[1, 0] < true[0, 0]


def _objective(
    slices: np.ndarray,
    quotes: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    tau: np.ndarray,
) -> float:
    """Least squares and ties, written independently."""
    k, vol, weight, offsets = quotes
    total = 0.0
    for i, own in enumerate(slices):
        part = slice(offsets[i], offsets[i + 1])
        model = np.sqrt(ssvi.ssvi_total_variance(own, k[part]) / tau[i])
        total += 0.5 * np.sum((weight[part] * (model - vol[part])) ** 2)
    wings = slices[:, 2:] * np.stack((1.0 + slices[:, 1], 1.0 - slices[:, 1]), axis=-1)
    shape = np.log(wings / np.sqrt(slices[:, :1]))
    total += 0.5 * np.sum((shape - np.log(TYPICAL_SHAPE)) ** 2) / ANCHOR_DEVIATION**2
    apart = np.diff(np.log(tau))[:, None]
    return float(total + 0.5 * np.sum(np.diff(shape, axis=0) ** 2 / apart) / SHAPE_DEVIATION**2)


def test_objective_is_no_worse_than_scipys_constrained_one() -> None:
    """Three noisy expiries, a calendar condition binding; SLSQP from the answer and from afar."""
    tau = np.array([0.1, 0.13, 0.4])
    true = _true_slices(tau)
    true[1, 0] = 0.97 * true[0, 0]
    quotes = _quotes(true, tau, 12, np.random.default_rng(3), 0.01)
    found = fit_essvi(*quotes, tau, reach=np.inf)
    own = _objective(found.slices, quotes, tau)
    assert found.objective == pytest.approx(own, rel=1e-9)
    assert np.min(ssvi.calendar_slack(found.slices)) < 1e-6

    def slices_of(x: np.ndarray) -> np.ndarray:
        theta, rho, psi = x.reshape(3, 3)
        return np.stack((np.exp(theta), np.tanh(rho), np.exp(psi)), axis=-1)

    def room(x: np.ndarray) -> np.ndarray:
        both = (ssvi.butterfly_slack(slices_of(x)), ssvi.calendar_slack(slices_of(x)))
        return np.concatenate([part.ravel() for part in both])

    best = np.inf
    for start in (found.slices, _true_slices(tau)):
        theta, rho, psi = start.T
        scipy_found = minimize(
            lambda x: _objective(slices_of(x), quotes, tau),
            np.concatenate((np.log(theta), np.arctanh(rho), np.log(psi))),
            method="SLSQP",
            bounds=[(-8.0, 1.0)] * 3 + [(-3.0, 3.0)] * 3 + [(-6.0, 1.3)] * 3,
            constraints={"type": "ineq", "fun": room},
            options={"maxiter": 500, "ftol": 1e-12},
        )
        if room(scipy_found.x).min() > -1e-9:
            best = min(best, float(scipy_found.fun))
    assert np.isfinite(best)
    assert own <= best * (1.0 + 1e-5)


def test_thin_slices_take_the_shape_of_their_neighbours() -> None:
    """One quote, two and three between full slices: level from them, shape from around."""
    true, rng = _true_slices(), np.random.default_rng(4)
    k, vol, weight, _ = _quotes(true, TAU, 20, rng, 0.002)
    kept = np.ones(120, dtype=bool)
    for row, count in ((1, 1), (2, 2), (4, 3)):
        drop = np.setdiff1d(np.arange(20), np.linspace(6, 13, count).astype(int))
        kept[20 * row + drop] = False
    offsets = np.concatenate(([0], np.cumsum(kept.reshape(6, 20).sum(axis=1))))
    found = fit_essvi(k[kept], vol[kept], weight[kept], offsets, TAU)
    assert found.fitted.all()
    assert ssvi.is_free_of_arbitrage(found.slices)
    np.testing.assert_allclose(found.slices[:, 0], true[:, 0], rtol=0.03)
    np.testing.assert_allclose(found.slices[:, 1], true[:, 1], atol=0.1)


def test_expiries_without_quotes_are_left_out() -> None:
    true = _true_slices()
    k, vol, weight, offsets = _quotes(true, TAU, 10, np.random.default_rng(5), 0.005)
    weight[20:30] = 0.0
    found = fit_essvi(k, vol, weight, offsets, TAU)
    assert found.fitted.tolist() == [True, True, False, True, True, True]
    assert np.isnan(found.slices[2]).all()
    kept = weight > 0.0
    without = fit_essvi(k[kept], vol[kept], weight[kept], np.arange(6) * 10, TAU[found.fitted])
    np.testing.assert_array_equal(found.slices[found.fitted], without.slices)
    nothing = fit_essvi(k, vol, 0.0 * weight, offsets, TAU)
    assert np.isnan(nothing.slices).all()


def test_one_quote_is_enough_for_an_answer() -> None:
    found = fit_essvi([0.02], [0.5], [100.0], [0, 1], [0.1])
    vol = np.sqrt(ssvi.ssvi_total_variance(found.slices[0], 0.02) / 0.1)
    assert float(vol) == pytest.approx(0.5, abs=1e-4)


def test_a_wild_quote_lets_go() -> None:
    """One volatility times four: volatilities move by less than a tenth of a point."""
    true, rng = _true_slices(), np.random.default_rng(6)
    k, vol, weight, offsets = _quotes(true, TAU, 15, rng, 0.002)
    calm = fit_essvi(k, vol, weight, offsets, TAU)
    for hit in (7, 37, 52, 80):
        wild = vol.copy()
        wild[hit] *= 4.0
        found = fit_essvi(k, wild, weight, offsets, TAU)
        moved = np.sqrt(found.slices[:, 0] / TAU) - np.sqrt(calm.slices[:, 0] / TAU)
        assert np.abs(moved).max() < 1e-3
        by_squares = fit_essvi(k, wild, weight, offsets, TAU, reach=np.inf)
        assert np.abs(by_squares.slices[:, 0] - calm.slices[:, 0]).max() > 1e-3 * TAU.max()


def test_blocks_are_solved() -> None:
    """Against numpy on the full matrix."""
    rng = np.random.default_rng(7)
    n = 5
    factor = np.zeros((3 * n, 3 * n))
    for i in range(n):
        factor[3 * i : 3 * i + 3, max(3 * i - 3, 0) : 3 * i + 3] = rng.standard_normal(
            (3, 6 if i else 3)
        )
    full = factor @ factor.T + 0.1 * np.eye(3 * n)
    right = rng.standard_normal((n, 3))
    diagonal = np.array([full[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] for i in range(n)])
    coupling = np.zeros((n, 3, 3))
    for i in range(n - 1):
        coupling[i] = full[3 * i + 3 : 3 * i + 6, 3 * i : 3 * i + 3]
    found = right.copy()
    assert solve_blocks(diagonal, coupling, found)
    np.testing.assert_allclose(found.ravel(), np.linalg.solve(full, right.ravel()), rtol=1e-8)
    assert not solve_blocks(-np.eye(3)[None], np.zeros((1, 3, 3)), np.ones((1, 3)))


def test_wrong_use_is_refused() -> None:
    with pytest.raises(UsageError, match="positive and rise"):
        fit_essvi([0.0, 0.0], [0.5, 0.5], [1.0, 1.0], [0, 1, 2], [0.2, 0.1])
    with pytest.raises(UsageError, match="volatility: must be positive"):
        fit_essvi([0.0], [0.0], [1.0], [0, 1], [0.2])
    with pytest.raises(UsageError, match="one length"):
        fit_essvi([0.0], [0.5, 0.5], [1.0], [0, 1], [0.2])
    with pytest.raises(UsageError, match="rise from 0"):
        fit_essvi([0.0], [0.5], [1.0], [1, 1], [0.2])
