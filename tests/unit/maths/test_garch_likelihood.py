"""GARCH likelihood and gradient: three derivations that must agree.

Oracles: central differences, the independent forward recursions of ``garch_scores``, scipy's
densities on a plain loop, and the expected information by simulation.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from plimsoll.maths.garch_information import garch_information
from plimsoll.maths.garch_likelihood import (
    WORK_ROWS,
    garch_log_likelihood,
    garch_log_likelihood_value,
    student_t_constant,
)
from plimsoll.maths.garch_scores import garch_log_densities, garch_scores

RETURNS = np.random.default_rng(3).standard_t(5, 403) * np.sqrt(0.6)
THETA = st.tuples(
    st.floats(-0.3, 0.3),
    st.floats(0.01, 1.0),
    st.floats(0.0, 0.4),
    st.floats(0.0, 0.4),
    st.floats(0.0, 0.55),
    st.one_of(st.just(0.0), st.floats(0.005, 0.45)),
)


def evaluate(theta: np.ndarray) -> tuple[float, np.ndarray]:
    gradient, work = np.empty(6), np.empty((WORK_ROWS, RETURNS.size))
    return garch_log_likelihood(RETURNS, theta, 1.2, work, gradient), gradient


def public(theta: np.ndarray) -> np.ndarray:
    nu = 1.0 / theta[5] if theta[5] > 0.0 else np.inf
    return np.array([*theta[:3], theta[3] - theta[2], theta[4], nu])


@settings(max_examples=60, deadline=None)
@given(values=THETA)
def test_gradient_equals_the_forward_scores(values: tuple[float, ...]) -> None:
    theta = np.array(values)
    value, gradient = evaluate(theta)
    parameters = public(theta)
    assert value == pytest.approx(garch_log_densities(RETURNS, parameters, 1.2).sum(), rel=1e-11)
    scores = garch_scores(RETURNS, parameters, 1.2).sum(axis=0)
    # alpha_up moves alpha and, against it, gamma; eta = 1 / nu.
    assert gradient[[0, 1, 4]] == pytest.approx(scores[[0, 1, 4]], rel=1e-8, abs=1e-7)
    assert gradient[2] == pytest.approx(scores[2] - scores[3], rel=1e-8, abs=1e-7)
    assert gradient[3] == pytest.approx(scores[3], rel=1e-8, abs=1e-7)
    if theta[5] > 0.0:
        expected = -scores[5] / theta[5] ** 2
        assert gradient[5] == pytest.approx(expected, rel=1e-6, abs=1e-4)


@pytest.mark.parametrize("eta", [0.0, 0.1, 0.3])
def test_gradient_equals_central_differences(eta: float) -> None:
    """Step 1e-6: about 1e-7 relative."""
    theta = np.array([0.05, 0.1, 0.08, 0.2, 0.7, eta])
    _, gradient = evaluate(theta)
    for i in range(6 if eta > 0.0 else 5):
        step = np.zeros(6)
        step[i] = 1e-6
        difference = (evaluate(theta + step)[0] - evaluate(theta - step)[0]) / 2e-6
        assert gradient[i] == pytest.approx(difference, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("eta", [0.0, 0.2])
def test_compiled_kernels_equal_plain_python(eta: float) -> None:
    theta = np.array([0.05, 0.1, 0.08, 0.2, 0.7, eta])
    value, gradient = evaluate(theta)
    plain, work = np.empty(6), np.empty((WORK_ROWS, RETURNS.size))
    found = garch_log_likelihood.py_func(RETURNS, theta, 1.2, work, plain)
    assert found == pytest.approx(value, rel=1e-12)
    assert plain == pytest.approx(gradient, rel=1e-10, abs=1e-10)
    found = garch_log_likelihood_value(RETURNS, theta, 1.2, work)
    assert found == pytest.approx(value, rel=1e-12)
    parameters = public(theta)
    scores = garch_scores(RETURNS, parameters, 1.2)
    assert scores == pytest.approx(
        garch_scores.py_func(RETURNS, parameters, 1.2), rel=1e-9, abs=1e-12
    )


@pytest.mark.parametrize("nu", [3.0, 8.0, np.inf])
def test_densities_against_scipy_on_a_plain_loop(nu: float) -> None:
    mean, omega, alpha, gamma, beta = 0.05, 0.1, 0.05, 0.1, 0.8
    h, total = omega + (alpha + 0.5 * gamma + beta) * 1.2, 0.0
    for r in RETURNS:
        e = r - mean
        if np.isfinite(nu):
            total += stats.t.logpdf(e, nu, 0.0, np.sqrt(h * (nu - 2.0) / nu))
        else:
            total += stats.norm.logpdf(e, 0.0, np.sqrt(h))
        h = omega + (alpha + gamma * (e < 0.0)) * e * e + beta * h
    parameters = np.array([mean, omega, alpha, gamma, beta, nu])
    assert garch_log_densities(RETURNS, parameters, 1.2).sum() == pytest.approx(total, rel=1e-11)


def test_constant_of_the_t_density_tends_to_the_normal() -> None:
    assert student_t_constant(1e-9)[0] == pytest.approx(student_t_constant(0.0)[0], abs=1e-7)


@pytest.mark.parametrize("eta", [0.0, 0.125])
def test_expected_information_is_the_covariance_of_scores(eta: float) -> None:
    """Simulation of 200,000 draws from the model: about 3 % on the largest entries."""
    rng = np.random.default_rng(7)
    n, theta = 200_000, np.array([0.0, 0.1, 0.08, 0.12, 0.8, eta])
    nu = 1.0 / eta if eta > 0.0 else np.inf
    z = rng.standard_t(nu, n) * np.sqrt((nu - 2.0) / nu) if eta else rng.normal(size=n)
    returns, h = np.empty(n), 1.0
    for t in range(n):
        returns[t] = np.sqrt(h) * z[t]
        h = 0.1 + (0.12 if z[t] < 0 else 0.08) * returns[t] ** 2 + 0.8 * h
    scores = garch_scores(returns, public(theta), 1.0)
    own = scores.copy()
    own[:, 2] -= scores[:, 3]
    own[:, 5] *= -(nu**2) if eta else 0.0
    information = np.empty((6, 6))
    work = np.empty((WORK_ROWS, n))
    garch_log_likelihood_value(returns, theta, 1.0, work)
    garch_information(theta, 1.0, work, information)
    keep = 6 if eta else 5
    found, expected = (own.T @ own)[:keep, :keep], information[:keep, :keep]
    size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.max(np.abs(found - expected) / size) < 0.06
