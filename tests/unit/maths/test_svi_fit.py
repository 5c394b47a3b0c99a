"""Free SVI slices: recovery, and the objective of scipy from many starts under the same bounds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from plimsoll.errors import UsageError
from plimsoll.maths.svi import svi_total_variance
from plimsoll.maths.svi_fit import (
    FLATTEST,
    STEEPEST,
    SviFitStatus,
    SviResidual,
    fit_all_parallel,
    fit_svi,
)
from plimsoll.maths.svi_fit_sums import cost_with_derivatives, inverted, is_far


def _slices(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Smiles such as are quoted, with their years."""
    tau = np.exp(rng.uniform(np.log(1.0 / 365.0), 0.0, n))
    money = rng.uniform(0.3, 0.9, n) ** 2 * tau
    deviation = np.sqrt(money)
    b, rho = rng.uniform(0.15, 0.6, n) * deviation, rng.uniform(-0.7, 0.5, n)
    m, sigma = rng.uniform(-0.3, 0.3, n) * deviation, rng.uniform(0.4, 1.2, n) * deviation
    a = money - b * (np.hypot(m, sigma) - rho * m)
    return np.stack((a, b, rho, m, sigma), axis=-1), tau


def _quotes(
    raw: np.ndarray, tau: float, count: int, rng: np.random.Generator, noise: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Strikes over two and a half deviations, volatilities with noise, reciprocal spreads."""
    deviation = np.sqrt(svi_total_variance(raw, 0.0))
    k = np.sort(rng.uniform(-2.5, 2.5, count)) * deviation
    vol = np.sqrt(svi_total_variance(raw, k) / tau)
    spread = rng.uniform(0.003, 0.02, count)
    return k, vol + noise * spread * rng.standard_normal(count), 1.0 / spread


def _residuals(
    x: np.ndarray, k: np.ndarray, vol: np.ndarray, weight: np.ndarray, tau: float
) -> np.ndarray:
    """In (a, right, left, m, sigma), the slopes of the wings for b and rho."""
    a, right, left, m, sigma = x
    root = np.hypot(k - m, sigma)
    w = a + 0.5 * right * (root + k - m) + 0.5 * left * (root - k + m)
    return np.asarray(weight * (np.sqrt(np.maximum(w, 1e-12) / tau) - vol))


def _scipy_cost(
    k: np.ndarray, vol: np.ndarray, weight: np.ndarray, tau: float, rng: np.random.Generator
) -> float:
    """Least cost of trust-region fits from eight starts."""
    half, middle = 0.5 * (k[-1] - k[0]), 0.5 * (k[-1] + k[0])
    w = np.median(vol) ** 2 * tau
    low = [-np.inf, FLATTEST, FLATTEST, middle - 30.0 * half, 1e-3 * half]
    high = [np.inf, STEEPEST, STEEPEST, middle + 30.0 * half, 100.0 * half]
    best = np.inf
    for _ in range(8):
        sigma = half * np.exp(rng.uniform(np.log(0.05), np.log(3.0)))
        b = rng.uniform(0.1, 0.9) * w / half
        start = [w - 0.9 * b * sigma, b, b, middle + half * rng.uniform(-1.0, 1.0), sigma]
        start = np.clip(start, np.array(low) + 1e-12, np.array(high) - 1e-12)
        found = least_squares(
            _residuals,
            start,
            bounds=(low, high),
            args=(k, vol, weight, tau),
            x_scale=[w, w / half, w / half, half, half],
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-15,
            max_nfev=300,
        )
        best = min(best, float(found.cost))
    return best


def test_perfect_quotes_give_the_parameters_back() -> None:
    """200 slices of 40 strikes; relative 1e-6, as the fit ends at residuals of rounding."""
    rng = np.random.default_rng(1)
    raw, tau = _slices(rng, 200)
    quotes = [_quotes(raw[i], tau[i], 40, rng, 0.0) for i in range(200)]
    k, vol, weight = (np.concatenate(part) for part in zip(*quotes, strict=True))
    found = fit_svi(k, vol, weight, np.arange(201) * 40, tau)
    assert np.all(found.status == SviFitStatus.CONVERGED)
    np.testing.assert_allclose(found.raw, raw, rtol=1e-6, atol=1e-9)
    fitted = np.concatenate(
        [svi_total_variance(p, k[40 * i : 40 * i + 40]) / tau[i] for i, p in enumerate(found.raw)]
    )
    np.testing.assert_allclose(np.sqrt(fitted), vol, rtol=1e-10)


@pytest.mark.parametrize("count", [7, 15, 30])
def test_objective_is_no_worse_than_scipys_from_eight_starts(count: int) -> None:
    """Noise of half a spread on half the slices, a tenth on the others."""
    rng = np.random.default_rng(count)
    raw, tau = _slices(rng, 12)
    for i in range(12):
        quotes = _quotes(raw[i], tau[i], count, rng, 0.5 if i % 2 else 0.1)
        found = fit_svi(*quotes, [0, count], tau[i : i + 1])
        assert found.cost[0] <= _scipy_cost(*quotes, tau[i], rng) * (1.0 + 1e-9)


def test_cost_is_that_of_the_parameters() -> None:
    rng = np.random.default_rng(3)
    raw, tau = _slices(rng, 20)
    for i in range(20):
        k, vol, weight = _quotes(raw[i], tau[i], 20, rng, 0.5)
        found = fit_svi(k, vol, weight, [0, 20], tau[i : i + 1])
        residual = weight * (np.sqrt(svi_total_variance(found.raw[0], k) / tau[i]) - vol)
        assert found.cost[0] == pytest.approx(0.5 * np.sum(residual**2), rel=1e-9)


@pytest.mark.parametrize("place", [(-0.4, 0.2), (-1.4, 1.2), (2.0, 6.0)])
@pytest.mark.parametrize("of_volatility", [True, False])
def test_gradient_and_hessian_are_derivatives_in_the_chart(
    place: tuple[float, float], of_volatility: bool
) -> None:
    """Central differences of 1e-6: their own error is about 1e-8 of the numbers."""
    rng = np.random.default_rng(4)
    y, weight = np.linspace(-1.0, 1.0, 40), rng.uniform(1.0, 2.0, 40)
    target = 1.0 + 0.1 * rng.standard_normal(40)
    far = is_far(*place)

    def at(coordinates: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        point = coordinates.copy()
        if far:
            point[3:] = inverted(point[3], point[4])
        gradient, hessian = np.empty(5), np.zeros((5, 5))
        cost = cost_with_derivatives(
            point, y, target, weight, of_volatility, np.empty(25), gradient, hessian
        )
        return cost, gradient, hessian + np.triu(hessian, 1).T

    here = np.array([0.9, 0.9, 0.7, *(inverted(*place) if far else place)])
    _, gradient, hessian = at(here)
    for j in range(5):
        step = np.zeros(5)
        step[j] = 1e-6
        up, down = at(here + step), at(here - step)
        assert (up[0] - down[0]) / 2e-6 == pytest.approx(gradient[j], rel=1e-6, abs=1e-7)
        np.testing.assert_allclose((up[1] - down[1]) / 2e-6, hessian[j], rtol=1e-6, atol=1e-6)


def test_every_answer_is_within_the_bounds() -> None:
    """Noise alone: wings between flat and Lee's, |rho| below one, sigma positive."""
    rng = np.random.default_rng(5)
    k = np.tile(np.linspace(-0.3, 0.3, 9), 100)
    found = fit_svi(
        k, rng.uniform(0.2, 0.8, 900), np.ones(900), np.arange(101) * 9, np.full(100, 0.2)
    )
    b, rho, sigma = found.raw[:, 1], found.raw[:, 2], found.raw[:, 4]
    assert np.all((b * (1.0 + np.abs(rho)) <= 2.0) & (np.abs(rho) < 1.0) & (b > 0.0))
    assert np.all(sigma > 0.0)
    assert np.all(np.isin(found.status, [0, 1, 3]))


def test_a_negative_lowest_point_beyond_the_quotes_is_said() -> None:
    """Quotes on the left leg of a smile whose bottom, further right, lies below zero."""
    raw = np.array([-0.02, 0.2, 0.0, 0.3, 0.05])
    k = np.linspace(-0.6, 0.1, 15)
    vol = np.sqrt(svi_total_variance(raw, k))
    assert raw[0] + raw[1] * raw[4] < 0.0
    found = fit_svi(k, vol, np.ones(15), [0, 15], [1.0])
    np.testing.assert_allclose(found.raw[0], raw, rtol=1e-5, atol=1e-7)
    assert found.status[0] == SviFitStatus.NEGATIVE_VARIANCE


def test_total_variances_may_be_fitted_themselves() -> None:
    rng = np.random.default_rng(6)
    raw, tau = _slices(rng, 1)
    k, vol, weight = _quotes(raw[0], tau[0], 25, rng, 0.3)
    w = vol**2 * tau[0]
    found = fit_svi(k, w, weight, [0, 25], tau, residual=SviResidual.TOTAL_VARIANCE)
    own = weight * (svi_total_variance(found.raw[0], k) - w)
    assert found.cost[0] == pytest.approx(0.5 * np.sum(own**2), rel=1e-9)
    by_vol = fit_svi(k, vol, weight, [0, 25], tau).raw[0]
    other = weight * (svi_total_variance(by_vol, k) - w)
    assert found.cost[0] < 0.5 * np.sum(other**2)


def test_order_and_unit_of_weight_do_not_matter() -> None:
    rng = np.random.default_rng(7)
    raw, tau = _slices(rng, 1)
    k, vol, weight = _quotes(raw[0], tau[0], 21, rng, 0.3)
    one = fit_svi(k, vol, weight, [0, 21], tau)
    shuffled = rng.permutation(21)
    two = fit_svi(k[shuffled], vol[shuffled], 1e3 * weight[shuffled], [0, 21], tau)
    np.testing.assert_allclose(two.raw, one.raw, rtol=1e-6)
    assert two.cost[0] == pytest.approx(1e6 * one.cost[0], rel=1e-10)


def test_quotes_without_weight_are_not_there() -> None:
    rng = np.random.default_rng(8)
    raw, tau = _slices(rng, 1)
    k, vol, weight = _quotes(raw[0], tau[0], 12, rng, 0.3)
    one = fit_svi(k, vol, weight, [0, 12], tau)
    more = (np.append(k, 9.0), np.append(vol, 5.0), np.append(weight, 0.0))
    np.testing.assert_array_equal(fit_svi(*more, [0, 13], tau).raw, one.raw)


def test_too_few_quotes_give_no_numbers_and_say_so() -> None:
    k = np.array([-0.1, 0.0, 0.1, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3])
    found = fit_svi(k, np.full(9, 0.5), np.ones(9), [0, 4, 9, 9], [0.1, 0.2, 0.3])
    assert np.all(found.status == SviFitStatus.TOO_FEW_QUOTES)
    assert np.all(np.isnan(found.raw))


def test_threads_do_not_change_a_bit() -> None:
    """All slices at once on all threads, and one by one."""
    rng = np.random.default_rng(9)
    raw, tau = _slices(rng, 70)
    quotes = [_quotes(raw[i], tau[i], 10, rng, 0.5) for i in range(70)]
    k, vol, weight = (np.concatenate(part) for part in zip(*quotes, strict=True))
    out = (np.empty((70, 5)), np.empty(70), np.empty(70, np.int64), np.empty(70, np.int64))
    fit_all_parallel(k, vol, weight, np.arange(71) * 10, tau, True, 3, 1e-13, *out)
    for i in range(70):
        own = fit_svi(*quotes[i], [0, 10], tau[i : i + 1])
        np.testing.assert_array_equal(own.raw[0], out[0][i])


def test_a_little_noise_moves_a_curved_smile_a_little() -> None:
    """No flips between solutions: 1e-6 of a volatility moves no parameter by 0.2 % of its size."""
    rng = np.random.default_rng(10)
    raw, tau = _slices(rng, 30)
    for i in range(30):
        k, vol, weight = _quotes(raw[i], tau[i], 30, rng, 0.0)
        moved = fit_svi(k, vol + 1e-6 * rng.standard_normal(30), weight, [0, 30], tau[i : i + 1])
        size = np.array([raw[i, 0], raw[i, 1], 1.0, raw[i, 4], raw[i, 4]])
        assert np.all(np.abs(moved.raw[0] - raw[i]) < 2e-3 * np.abs(size) + 1e-6)


def test_wrong_use_is_refused() -> None:
    k, vol, weight = np.linspace(-0.1, 0.1, 5), np.full(5, 0.5), np.ones(5)
    with pytest.raises(UsageError, match="one length"):
        fit_svi(k, vol[:4], weight, [0, 5], [0.1])
    with pytest.raises(UsageError, match="rise from 0"):
        fit_svi(k, vol, weight, [0, 4], [0.1])
    with pytest.raises(UsageError, match=r"observed: must be positive.*row 2"):
        fit_svi(k, np.where(k == k[2], -1.0, vol), weight, [0, 5], [0.1])
    with pytest.raises(UsageError, match="weight: must be at least 0"):
        fit_svi(k, vol, -weight, [0, 5], [0.1])
    with pytest.raises(UsageError, match="tau_years: must be positive"):
        fit_svi(k, vol, weight, [0, 5], [0.0])
    with pytest.raises(UsageError, match="log_moneyness: must be finite"):
        fit_svi(k * np.nan, vol, weight, [0, 5], [0.1])
