"""A fitted t copula: likelihood, tail dependence, draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from plimsoll.errors import ParameterError
from plimsoll.estimators.dependence.observed_columns import Matrix, as_panel
from plimsoll.maths.block_resampling import block_counts
from plimsoll.maths.copula_fit import fit_t_copula
from plimsoll.maths.copula_likelihood import (
    PseudoObservations,
    t_copula_log_likelihood,
    t_scores,
)
from plimsoll.maths.copula_tail_dependence import t_tail_dependence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedTCopula:
    """Result of :class:`~plimsoll.estimators.dependence.t_copula.TCopula`; frozen.

    Attributes
    ----------
    correlation : ndarray, shape (N, N)
        Of the t law behind the copula.
    degrees_of_freedom : float
        1 to 1000; the upper end stands for the normal copula (see ``status``).
    log_likelihood : float
    kendall : ndarray, shape (N, N)
        Tau-b of the sample.
    uniforms : ndarray, shape (n, N)
        The sample of the fit.
    status : tuple of str
        Bounds of nu that bind; ``"tau repaired"`` where the inverted taus were no correlation.
    """

    method: str
    correlation: Matrix
    degrees_of_freedom: float
    log_likelihood: float
    kendall: Matrix
    uniforms: Matrix
    status: tuple[str, ...]
    converged: bool
    evaluations: int
    observations: int

    def log_likelihood_of(self, uniforms: ArrayLike) -> float:
        """Log-likelihood of other uniforms in (0, 1), shape (m, N), under these parameters."""
        n = self.correlation.shape[0]
        panel = as_panel(uniforms, minimum=1, name="uniforms")
        if panel.shape[1] != n or not bool(((panel > 0.0) & (panel < 1.0)).all()):
            raise ParameterError(
                f"must be {n} columns in (0, 1)", found=f"shape {panel.shape}", field="uniforms"
            )
        nu = self.degrees_of_freedom
        scores, marginal = t_scores(PseudoObservations.of(panel), nu)
        return t_copula_log_likelihood(scores, marginal, self.correlation, nu)

    def tail_dependence(self) -> Matrix:
        """Coefficient of joint extremes of each pair, (N, N), the same for both tails."""
        return t_tail_dependence(self.correlation, self.degrees_of_freedom)

    def sample(self, count: int, *, seed: int) -> Matrix:
        """Draw ``count`` rows of uniforms, (count, N), deterministic for a seed."""
        if count < 1:
            raise ParameterError("must be at least 1", found=count, field="count")
        generator = np.random.Generator(np.random.PCG64(seed))
        normals = generator.standard_normal((count, self.correlation.shape[0]))
        mixing = generator.chisquare(self.degrees_of_freedom, count) / self.degrees_of_freedom
        joint = normals @ np.linalg.cholesky(self.correlation).T / np.sqrt(mixing)[:, None]
        drawn = np.asarray(special.stdtr(self.degrees_of_freedom, joint), dtype=np.float64)
        # The law's own support is open; rounding alone reaches its ends.
        return np.clip(drawn, np.finfo(np.float64).tiny, 1.0 - np.finfo(np.float64).epsneg)

    def standard_errors(
        self, *, block_length: int, replicates: int = 100, seed: int = 0
    ) -> tuple[Matrix, float]:
        """Block-bootstrap errors of the correlations (N, N) and of ``1 / nu``.

        ``1 / nu`` rather than nu, for whose errors have no bound next to the normal copula. Each
        replicate is refitted by maximum likelihood as the sample was (with ``"two_step"`` the
        correlations stay those of the sample, so their errors are 0).
        """
        counts = block_counts(
            self.observations, block_length=block_length, replicates=replicates, seed=seed
        )
        free, found, etas = self.method == "full_ml", list[Matrix](), list[float]()
        for count in counts:
            drawn = PseudoObservations.of(np.repeat(self.uniforms, count, axis=0))
            optimum = fit_t_copula(drawn, np.array(self.correlation), free=free)
            found.append(optimum.correlation)
            etas.append(1.0 / optimum.nu)
        spread = np.array(found).std(axis=0, ddof=1)
        return np.asarray(spread, dtype=np.float64), float(np.std(etas, ddof=1))
