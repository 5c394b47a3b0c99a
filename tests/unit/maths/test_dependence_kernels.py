"""Kernels of dependence against plain loops, numeric slopes and published matrices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plimsoll.maths.copula_kendall import dense_ranks, kendall_matrix
from plimsoll.maths.copula_likelihood import PseudoObservations, climb_correlation, t_scores
from plimsoll.maths.covariance_ewma import (
    DEMEANED,
    NORMALISED,
    RECURSIVE,
    ewma_covariance_filter,
)
from plimsoll.maths.covariance_nearest import nearest_correlation_matrix
from plimsoll.maths.covariance_pairwise import pairwise_moments
from plimsoll.maths.dcc_densities import dcc_densities
from plimsoll.maths.dcc_pairs import dcc_pair_densities
from plimsoll.maths.dcc_path import dcc_correlations, residual_news
from plimsoll.maths.dcc_terms import TERMS, dcc_terms


def panel(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((rows, columns)) + rng.standard_normal((rows, 1))
    return np.asarray(z / np.sqrt(2.0))


def dcc_by_loop(z: np.ndarray, target: np.ndarray, a: float, b: float) -> list[np.ndarray]:
    q, path = target.copy(), []
    for row in z:
        scale = np.sqrt(np.diag(q))
        path.append(q / np.outer(scale, scale))
        q = (1.0 - a - b) * target + a * np.outer(row, row) + b * q
    return path


# One row, fewer rows than lanes, one stretch more than a multiple of them, more columns than rows.
@pytest.mark.parametrize("shape", [(1, 2), (37, 3), (129, 4), (200, 9), (5, 8)])
def test_dcc_terms_are_those_of_a_loop(shape: tuple[int, int]) -> None:
    z, target = panel(*shape), np.cov(panel(400, shape[1], seed=9), rowvar=False)
    terms = np.empty((shape[0], TERMS))
    assert dcc_terms(z, target, 0.04, 0.93, False, terms)
    path = dcc_by_loop(z, target, 0.04, 0.93)
    logs = [np.linalg.slogdet(r)[1] for r in path]
    forms = [row @ np.linalg.solve(r, row) for row, r in zip(z, path, strict=True)]
    # Two factorisations of matrices of condition about 10.
    assert terms[:, 0] == pytest.approx(np.array(logs), rel=1e-11, abs=1e-12)
    assert terms[:, 1] == pytest.approx(np.array(forms), rel=1e-11)


@pytest.mark.parametrize("eta", [0.0, 0.2])
def test_slopes_of_the_full_likelihood(eta: float) -> None:
    """Central differences of step 1e-6 are good to about 1e-6 of the slope."""
    z = panel(150, 5)
    target = np.cov(z, rowvar=False)

    def rows_at(theta: np.ndarray) -> np.ndarray:
        terms, rows = np.empty((150, TERMS)), np.zeros((150, 4))
        assert dcc_terms(z, target, theta[0], theta[1], True, terms)
        dcc_densities(terms, theta[2], 5, True, rows)
        return rows.sum(axis=0)

    check_slopes(rows_at, np.array([0.05, 0.9, eta]), eta)


@pytest.mark.parametrize("eta", [0.0, 0.2])
def test_slopes_of_the_pairs_likelihood(eta: float) -> None:
    z = panel(150, 4)
    target = np.cov(z, rowvar=False)
    z[:40, 1] = np.nan
    columns = np.ascontiguousarray(z.T)
    pairs = np.array([[0, 1], [1, 2], [2, 3]], dtype=np.int64)

    def rows_at(theta: np.ndarray) -> np.ndarray:
        rows = np.zeros((150, 4))
        assert dcc_pair_densities(columns, target, pairs, *theta, True, rows)
        return rows.sum(axis=0)

    check_slopes(rows_at, np.array([0.05, 0.9, eta]), eta)


def check_slopes(rows_at, theta: np.ndarray, eta: float) -> None:  # type: ignore[no-untyped-def]
    for k in range(3 if eta else 2):
        away = np.zeros(3)
        away[k] = 1e-6
        numeric = (rows_at(theta + away)[0] - rows_at(theta - away)[0]) / 2e-6
        assert rows_at(theta)[1 + k] == pytest.approx(numeric, rel=2e-6, abs=1e-5)


@pytest.mark.parametrize("eta", [0.0, 0.2])
def test_a_pair_alone_has_the_full_likelihood(eta: float) -> None:
    z = panel(120, 2)
    target = np.cov(z, rowvar=False)
    rows, terms, full = np.zeros((120, 4)), np.empty((120, TERMS)), np.zeros((120, 4))
    pairs = np.array([[0, 1]], dtype=np.int64)
    assert dcc_pair_densities(np.ascontiguousarray(z.T), target, pairs, 0.05, 0.9, eta, True, rows)
    assert dcc_terms(z, target, 0.05, 0.9, True, terms)
    dcc_densities(terms, eta, 2, True, full)
    assert rows == pytest.approx(full, rel=1e-10, abs=1e-11)


def test_the_normal_density_is_scipys() -> None:
    z = panel(20, 3)
    target, terms, rows = np.cov(z, rowvar=False), np.empty((20, TERMS)), np.zeros((20, 4))
    assert dcc_terms(z, target, 0.05, 0.9, False, terms)
    for eta, law in (
        (0.0, lambda row, r: stats.multivariate_normal(cov=r).logpdf(row)),
        (0.125, lambda row, r: stats.multivariate_t(shape=0.75 * r, df=8).logpdf(row)),
    ):
        dcc_densities(terms, eta, 3, False, rows)
        path = dcc_by_loop(z, target, 0.05, 0.9)
        wanted = [law(row, r) for row, r in zip(z, path, strict=True)]
        assert rows[:, 0] == pytest.approx(np.array(wanted), rel=1e-11)


def test_a_target_that_is_not_definite_is_told() -> None:
    assert not dcc_terms(
        panel(10, 2), np.ones((2, 2)) * 1.1, 0.0, 0.0, False, np.empty((10, TERMS))
    )


def test_the_path_is_that_of_a_loop() -> None:
    z = panel(60, 4)
    target, path, q = np.cov(z, rowvar=False), np.empty((61, 4, 4)), np.empty((4, 4))
    dcc_correlations(z, target, 0.06, 0.9, path, q)
    assert path[:60] == pytest.approx(np.array(dcc_by_loop(z, target, 0.06, 0.9)), rel=1e-12)


def test_news_of_holes_are_expected_ones() -> None:
    """By simulation: over many rows of the target's law the mean news are the target."""
    target = np.array([[1.0, 0.5, 0.3], [0.5, 1.2, 0.4], [0.3, 0.4, 0.9]])
    z = np.random.default_rng(1).standard_normal((8_000, 3)) @ np.linalg.cholesky(target).T
    z[:, 2] = np.nan
    news = np.array([residual_news(row, target) for row in z])
    assert np.linalg.eigvalsh(news).min() > -1e-12
    mean = news.mean(axis=0)
    # Standard errors of second moments are sqrt(2 / 8,000) = 0.016 and less.
    assert np.diag(mean) == pytest.approx(np.diag(target), abs=0.08)
    assert mean[0, 1] == pytest.approx(0.5, abs=0.08)
    assert mean[:2, 2].mean() == pytest.approx(0.35, abs=0.08)
    assert residual_news(np.full(3, np.nan), target) == pytest.approx(target)


def test_nearest_correlation_of_higham() -> None:
    """Higham (2002), the examples of section 4, as printed to four digits."""
    broken = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    wanted = [[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]]
    assert nearest_correlation_matrix(broken, floor=0.0) == pytest.approx(
        np.array(wanted), abs=5e-5
    )
    second = 2.0 * np.eye(4) - np.eye(4, k=1) - np.eye(4, k=-1)
    row = [1.0, -0.8084, 0.1916, 0.1068]
    assert nearest_correlation_matrix(second, floor=0.0)[0] == pytest.approx(row, abs=5e-5)


def alternating_projections(matrix: np.ndarray, floor: float, rounds: int = 4000) -> np.ndarray:
    """Higham's own algorithm, with Dykstra's correction."""
    y, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(rounds):
        r = y - correction
        values, vectors = np.linalg.eigh(r)
        x = (vectors * np.maximum(values, floor)) @ vectors.T
        correction, y = x - r, x.copy()
        np.fill_diagonal(y, 1.0)
    return y


@pytest.mark.parametrize("floor", [0.0, 1e-8, 0.05])
def test_nearest_correlation_is_that_of_alternating_projections(floor: float) -> None:
    raw = np.random.default_rng(4).uniform(-1.0, 1.0, (8, 8))
    raw = np.tril(raw, -1) + np.tril(raw, -1).T + np.eye(8)
    found = nearest_correlation_matrix(raw, floor=floor)
    assert found == pytest.approx(alternating_projections(raw, floor), abs=1e-6)
    assert np.linalg.eigvalsh(found)[0] >= floor - 1e-12


def test_kendall_is_scipys_with_ties_and_holes() -> None:
    rng = np.random.default_rng(5)
    x = np.round(panel(203, 4), 1)
    x[rng.random(x.shape) < 0.2] = np.nan
    tau, (ranks, orders) = np.empty((4, 4)), dense_ranks(x)
    kendall_matrix(ranks, orders, tau)
    for i in range(4):
        for j in range(i):
            both = ~np.isnan(x[:, i]) & ~np.isnan(x[:, j])
            wanted = stats.kendalltau(x[both, i], x[both, j]).statistic
            assert tau[i, j] == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("rule", [RECURSIVE, NORMALISED, DEMEANED])
def test_ewma_is_its_weights(rule: int) -> None:
    x, decay = panel(50, 3) + 0.3, 0.9
    covariance, mean = np.zeros((3, 3)), np.zeros(3)
    ewma_covariance_filter(x, decay, rule, covariance, mean)
    weights = decay ** np.arange(49.0, -1.0, -1.0)
    if rule == RECURSIVE:
        weights[1:] *= 1.0 - decay
    else:
        weights /= weights.sum()
    centre = weights @ x if rule == DEMEANED else np.zeros(3)
    wanted = ((x - centre) * weights[:, None]).T @ (x - centre)
    assert covariance == pytest.approx(wanted, rel=1e-12)


def test_pairwise_moments_without_holes_are_the_sample() -> None:
    x = panel(40, 3) * [1.0, 1e-6, 1e6] + 5.0
    found = pairwise_moments(x)
    assert found.variances == pytest.approx(x.var(axis=0, ddof=1), rel=1e-9)
    assert found.correlations == pytest.approx(np.corrcoef(x, rowvar=False), rel=1e-7)


def test_the_climb_ends_where_no_direction_rises() -> None:
    rng = np.random.default_rng(6)
    u = stats.rankdata(rng.standard_t(4, (300, 1)) + panel(300, 4), axis=0) / 301.0
    scores, _ = t_scores(PseudoObservations.of(u), 5.0)
    correlation, value, converged = climb_correlation(scores, np.eye(4), 5.0)
    assert converged
    assert np.diag(correlation) == pytest.approx(np.ones(4), rel=1e-14)
    law = stats.multivariate_t(shape=correlation, df=5)
    assert value == pytest.approx(law.logpdf(scores).sum(), rel=1e-10)
    for i in range(4):
        for j in range(i):
            moved = correlation.copy()
            moved[i, j] = moved[j, i] = correlation[i, j] + 1e-4
            assert stats.multivariate_t(shape=moved, df=5).logpdf(scores).sum() < value
