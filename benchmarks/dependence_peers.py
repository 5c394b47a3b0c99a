"""Peers of the dependence estimators: what a careful user writes with numpy and scipy.

No package on the index fits a DCC that agrees with the literature (mgarch 0.3.0 reshapes the panel
before it takes Qbar, and its fit differs), so the peer of DCC is this one: the likelihood by one
batched factorisation of all rows, the recursion a loop of matrix updates, one start where we try
six.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerDcc:
    """Where scipy's SLSQP ended."""

    a: float
    b: float
    log_likelihood: float
    evaluations: int


def dcc_log_likelihood(residuals: np.ndarray, target: np.ndarray, a: float, b: float) -> float:
    """Normal second-step likelihood: rows in one batched factorisation."""
    rows, n = residuals.shape
    path = np.empty((rows, n, n))
    news = a * residuals[:, :, None] * residuals[:, None, :]
    level = (1.0 - a - b) * target
    path[0] = target
    for t in range(1, rows):
        np.multiply(path[t - 1], b, out=path[t])
        path[t] += level
        path[t] += news[t - 1]
    scale = np.sqrt(np.einsum("tii->ti", path))
    factor = np.linalg.cholesky(path)
    white = np.linalg.solve(factor, (residuals * scale)[:, :, None])[:, :, 0]
    logs = np.log(np.einsum("tii->ti", factor)) - np.log(scale)
    form = np.einsum("ti,ti->", white, white)
    return float(-0.5 * (rows * n * np.log(2.0 * np.pi) + 2.0 * logs.sum() + form))


def fit_dcc(residuals: np.ndarray) -> PeerDcc:
    """One climb by SLSQP with scipy's numeric gradient, from the usual start."""
    target = np.cov(residuals, rowvar=False)

    def objective(theta: np.ndarray) -> float:
        try:
            return -dcc_log_likelihood(residuals, target, float(theta[0]), float(theta[1]))
        except np.linalg.LinAlgError:
            return 1e10

    found = minimize(
        objective,
        np.array([0.02, 0.96]),
        method="SLSQP",
        bounds=[(0.0, 0.99999)] * 2,
        constraints=[{"type": "ineq", "fun": lambda theta: 0.99999 - theta[0] - theta[1]}],
        options={"ftol": 1e-10},
    )
    return PeerDcc(
        a=float(found.x[0]),
        b=float(found.x[1]),
        log_likelihood=-float(found.fun),
        evaluations=int(found.nfev),
    )
