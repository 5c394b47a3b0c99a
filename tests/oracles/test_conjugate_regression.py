"""Conjugate regression against other routes to the same posterior.

Oracles: statsmodels' least squares where the prior is worth nothing; the normal-inverse-chi-square
belief where the only column is a constant (another kernel, another recursion); and the posterior as
least squares on data augmented by the prior's own rows.
"""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from plimsoll.estimators.pooling.conjugate import ConjugateVolatility, VarianceBelief
from plimsoll.maths.conjugate_regression import (
    add_rows,
    empty_sums,
    regression_posterior,
)


def _rows(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    return x, x @ np.array([0.5, -1.0, 2.0]) + rng.normal(0, 0.7, n)


def test_a_prior_worth_nothing_leaves_least_squares() -> None:
    x, y = _rows()
    belief = regression_posterior(
        add_rows(empty_sums(3), x, y), np.zeros(3), np.full(3, 1e-12), 1e-12, 1.0
    )
    peer = sm.OLS(y, x).fit()
    np.testing.assert_allclose(belief.mean, peer.params, rtol=1e-10)
    # The posterior divides by n, least squares by n - k.
    assert belief.variance * 200 / 197 == pytest.approx(peer.scale, rel=1e-10)
    errors = np.sqrt(np.diag(np.linalg.inv(belief.precision)) * peer.scale)
    np.testing.assert_allclose(errors, peer.bse, rtol=1e-10)


def test_a_constant_alone_is_the_belief_in_a_mean_and_a_variance() -> None:
    y = np.random.default_rng(2).normal(1.0, 0.5, 40)
    prior = VarianceBelief(mean=0.3, mean_weight=2.0, freedom=6.0, variance=0.4)
    known = ConjugateVolatility(prior=prior).fit(y).belief
    belief = regression_posterior(
        add_rows(empty_sums(1), np.ones((40, 1)), y), np.array([0.3]), np.array([2.0]), 6.0, 0.4
    )
    assert belief.mean[0] == pytest.approx(known.mean, rel=1e-12)
    assert belief.precision[0, 0] == known.mean_weight
    assert (belief.freedom, belief.variance) == (
        known.freedom,
        pytest.approx(known.variance, rel=1e-11),
    )


def test_the_prior_is_worth_its_rows() -> None:
    x, y = _rows(30)
    weight, centre = np.array([4.0, 1.0, 9.0]), np.array([1.0, 0.0, -1.0])
    belief = regression_posterior(add_rows(empty_sums(3), x, y), centre, weight, 5.0, 0.3)
    augmented = np.vstack([x, np.diag(np.sqrt(weight))])
    targets = np.concatenate([y, np.sqrt(weight) * centre])
    expected, *_ = np.linalg.lstsq(augmented, targets, rcond=None)
    np.testing.assert_allclose(belief.mean, expected, rtol=1e-11)
    spread = np.sum((targets - augmented @ expected) ** 2) + 5.0 * 0.3
    assert belief.variance == pytest.approx(spread / 35.0, rel=1e-11)


def test_rows_one_by_one_are_rows_at_once() -> None:
    x, y = _rows(50)
    one = empty_sums(3)
    for i in range(50):
        one = add_rows(one, x[i : i + 1], y[i : i + 1])
    at_once = add_rows(empty_sums(3), x, y)
    np.testing.assert_allclose(one.gram, at_once.gram, rtol=1e-13)
    np.testing.assert_allclose(one.moment, at_once.moment, rtol=1e-12)
    assert one.rows == at_once.rows == 50


def test_a_perfect_fit_keeps_the_prior_variance() -> None:
    x, _ = _rows(50)
    belief = regression_posterior(
        add_rows(empty_sums(3), x, x @ np.ones(3)), np.ones(3), np.ones(3), 4.0, 0.2
    )
    assert belief.variance >= 4.0 * 0.2 / 54.0
