r"""Linear regression with a conjugate prior, learnt from running sums.

Belief: :math:`\beta \mid s^2 \sim N(b_0, s^2 P_0^{-1})` and
:math:`s^2 \sim \nu_0 s_0^2/\chi^2_{\nu_0}`.
With the sums :math:`X'X`, :math:`X'y`, :math:`y'y` and n the posterior is

.. math::
    P = P_0 + X'X, \quad b = P^{-1}(P_0 b_0 + X'y), \quad \nu = \nu_0 + n, \quad
    \nu s^2 = \nu_0 s_0^2 + y'y + b_0'P_0 b_0 - b'P b

(Gelman et al., *Bayesian Data Analysis*, 3rd ed., chapter 14). The sums take one more row in
constant time and never see it again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


class RegressionSums(NamedTuple):
    """Running sums of rows (x, y): X'X, X'y, y'y and their number."""

    gram: Matrix
    moment: Vector
    square: float
    rows: int


class RegressionBelief(NamedTuple):
    """Posterior: mean of beta, its precision over the variance, freedom, residual variance."""

    mean: Vector
    precision: Matrix
    freedom: float
    variance: float


def empty_sums(columns: int) -> RegressionSums:
    """Sums of no rows."""
    return RegressionSums(np.zeros((columns, columns)), np.zeros(columns), 0.0, 0)


def add_rows(sums: RegressionSums, rows: Matrix, targets: Vector) -> RegressionSums:
    """Sums after the (m, k) ``rows`` with their (m,) ``targets``."""
    return RegressionSums(
        sums.gram + rows.T @ rows,
        sums.moment + rows.T @ targets,
        sums.square + float(targets @ targets),
        sums.rows + targets.size,
    )


def regression_posterior(
    sums: RegressionSums,
    prior_mean: Vector,
    prior_precision: Vector,
    prior_freedom: float,
    prior_variance: float,
) -> RegressionBelief:
    """Posterior after ``sums``; ``prior_precision`` is the diagonal of P0, (k,), above 0."""
    precision = sums.gram + np.diag(prior_precision)
    mean = np.linalg.solve(precision, prior_precision * prior_mean + sums.moment)
    freedom = prior_freedom + sums.rows
    spread = prior_freedom * prior_variance + sums.square
    spread += float(prior_mean @ (prior_precision * prior_mean) - mean @ precision @ mean)
    # Rounding may take a perfect fit below zero; what the prior puts in stays.
    spread = max(spread, prior_freedom * prior_variance)
    return RegressionBelief(np.asarray(mean), precision, freedom, spread / freedom)
