"""Log-likelihood of elliptical copulas at pseudo-observations, and its climb in the correlations.

    t       log c(u) = log f(x; R, nu) - sum_i log f1(x_i; nu),   x_i = T_nu^-1(u_i)
    normal  the same with normal laws

(Demarta and McNeil, 2005). The quantiles are taken once per value of nu, of the distinct
pseudo-observations only: ranks of columns of one length share them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]

_EXACT_BELOW, _DIGITS = 1e-6, 15
_CLIMB_STEPS, _CLIMB_TOLERANCE, _SHORTEST = 500, 1e-9, 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudoObservations:
    """Distinct distances from the nearer end of (0, 1), where each stands, and how often.

    Quantiles of symmetric laws are the same on both sides, so ``u`` and ``1 - u`` share one.

    Attributes
    ----------
    levels : ndarray, shape (U,)
        In (0, 1/2].
    places : ndarray of int, shape (T, N)
    signs : ndarray, shape (T, N)
        1 above one half, -1 below.
    counts : ndarray, shape (U,)
    """

    levels: Vector
    places: Index
    signs: Matrix
    counts: Vector

    @classmethod
    def of(cls, uniforms: Matrix) -> PseudoObservations:
        """Index the values of a panel of uniforms (T, N)."""
        low = np.minimum(uniforms, 1.0 - uniforms)
        # ``1 - u`` is rounded: without this the two sides would miss each other by a last place.
        low = np.where(low > _EXACT_BELOW, np.round(low, _DIGITS), low)
        levels, places, counts = np.unique(low, return_inverse=True, return_counts=True)
        return cls(
            levels=levels,
            places=places.reshape(uniforms.shape),
            signs=np.sign(uniforms - 0.5),
            counts=counts.astype(np.float64),
        )


def t_scores(pseudo: PseudoObservations, nu: float) -> tuple[Matrix, float]:
    """Quantiles of the t law (T, N) at the pseudo-observations; the sum of their log densities."""
    scores = -special.stdtrit(nu, pseudo.levels)
    constant = special.gammaln(0.5 * nu + 0.5) - special.gammaln(0.5 * nu)
    constant -= 0.5 * math.log(nu * math.pi)
    logs = constant - 0.5 * (nu + 1.0) * np.log1p(scores * scores / nu)
    return pseudo.signs * scores[pseudo.places], float(pseudo.counts @ logs)


def normal_scores(pseudo: PseudoObservations) -> Matrix:
    """Quantiles of the normal law (T, N) at the pseudo-observations."""
    scores: Matrix = pseudo.signs * -special.ndtri(pseudo.levels)[pseudo.places]
    return scores


def normal_copula_log_likelihood(scores: Matrix, correlation: Matrix) -> float:
    """Sum over rows of the log density of the normal copula, at normal scores (T, N)."""
    logarithm, white = _whitened(scores, correlation)
    gain = float(np.sum(white * white) - np.sum(scores * scores))
    return float(-0.5 * (scores.shape[0] * logarithm + gain))


def t_copula_log_likelihood(
    scores: Matrix, marginal: float, correlation: Matrix, nu: float
) -> float:
    """Sum over rows of the log density of the t copula.

    ``scores`` and ``marginal`` are those of :func:`t_scores` at the same ``nu``.
    """
    logarithm, white = _whitened(scores, correlation)
    return _joint(logarithm, (white * white).sum(axis=1), nu, scores.shape[1]) - marginal


def _joint(logarithm: float, forms: Vector, nu: float, n: int) -> float:
    """Log-likelihood of the multivariate t of unit scale."""
    constant = special.gammaln(0.5 * (nu + n)) - special.gammaln(0.5 * nu)
    constant -= 0.5 * n * math.log(nu * math.pi)
    logs = float(np.log1p(forms / nu).sum())
    return float(forms.size * (constant - 0.5 * logarithm) - 0.5 * (nu + n) * logs)


def _whitened(scores: Matrix, correlation: Matrix) -> tuple[float, Matrix]:
    """Log-determinant, and the scores in coordinates where the correlation is identity (N, T)."""
    factor = np.linalg.cholesky(correlation)
    white = np.linalg.solve(factor, scores.T)
    return 2.0 * float(np.log(np.diag(factor)).sum()), white.T


def climb_correlation(scores: Matrix, correlation: Matrix, nu: float) -> tuple[Matrix, float, bool]:
    """Maximise the multivariate t's likelihood in its correlations; log-likelihood, converged.

    Fisher scoring in the space of matrices with unit diagonal: the unconstrained step, a weighted
    scatter less R, is projected on it in the metric of the information. An infinite ``nu`` stands
    for the normal law.
    """
    rows, n = scores.shape
    value, scatter = _value_and_scatter(scores, correlation, nu)
    converged = False
    for _ in range(_CLIMB_STEPS):
        step = _projected(scatter - correlation, correlation)
        inverse = np.linalg.inv(correlation)
        gradient = inverse @ (scatter - correlation) @ inverse
        slope = 0.5 * rows * float(np.sum(gradient * step))
        if slope < _CLIMB_TOLERANCE:
            converged = True
            break
        # The information of the t is that of the normal law by (nu + n) / (nu + n + 2).
        length = 1.0 if math.isinf(nu) else (nu + n + 2.0) / (nu + n)
        while length > _SHORTEST:
            trial = correlation + length * step
            found, scatter_found = _tried(scores, trial, nu)
            if found >= value + 1e-4 * length * slope:
                break
            length *= 0.5
        else:
            converged = slope < 1e-5
            break
        correlation = 0.5 * (trial + trial.T)
        value, scatter = found, scatter_found
    return correlation, value, converged


def _tried(scores: Matrix, correlation: Matrix, nu: float) -> tuple[float, Matrix]:
    try:
        return _value_and_scatter(scores, correlation, nu)
    except np.linalg.LinAlgError:
        return -math.inf, correlation


def _value_and_scatter(scores: Matrix, correlation: Matrix, nu: float) -> tuple[float, Matrix]:
    """Log-likelihood of the joint law, and the weighted second moment of the scores."""
    rows, n = scores.shape
    logarithm, white = _whitened(scores, correlation)
    forms = (white * white).sum(axis=1)
    if math.isinf(nu):
        value, weights = -0.5 * (rows * logarithm + float(forms.sum())), np.ones(rows)
    else:
        value, weights = _joint(logarithm, forms, nu, n), (nu + n) / (nu + forms)
    moment: Matrix = (scores * weights[:, None]).T @ scores / rows
    return value, moment


def _projected(step: Matrix, correlation: Matrix) -> Matrix:
    """The step without change on the diagonal: less ``R diag(l) R`` with ``(R o R) l = diag``."""
    multipliers = np.linalg.solve(correlation * correlation, np.diag(step))
    out = step - (correlation * multipliers) @ correlation
    out = 0.5 * (out + out.T)
    np.fill_diagonal(out, 0.0)
    return np.asarray(out, dtype=np.float64)
