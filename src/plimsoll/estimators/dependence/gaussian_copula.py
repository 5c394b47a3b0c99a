"""The normal copula at the correlation of normal scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.dependence.observed_columns import Matrix, as_panel, varying_columns
from plimsoll.estimators.dependence.rank_correlation import pseudo_observations
from plimsoll.estimators.observations import read_only
from plimsoll.maths.copula_likelihood import (
    PseudoObservations,
    normal_copula_log_likelihood,
    normal_scores,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GaussianCopula:
    """A fitted normal copula; make one by :func:`fit_gaussian_copula`.

    Its tails are independent below a correlation of 1, which is why it is no law for margin: it is
    what the t copula is compared with.
    """

    correlation: Matrix
    log_likelihood: float
    observations: int

    def sample(self, count: int, *, seed: int) -> Matrix:
        """Draw ``count`` rows of uniforms, (count, N), deterministic for a seed."""
        if count < 1:
            raise ParameterError("must be at least 1", found=count, field="count")
        generator = np.random.Generator(np.random.PCG64(seed))
        normals = generator.standard_normal((count, self.correlation.shape[0]))
        drawn: Matrix = special.ndtr(normals @ np.linalg.cholesky(self.correlation).T)
        return np.clip(drawn, np.finfo(np.float64).tiny, 1.0 - np.finfo(np.float64).epsneg)


def fit_gaussian_copula(returns: ArrayLike) -> GaussianCopula:
    """Fit to the ranks of ``returns``, shape (n, N): correlation of their normal scores.

    Raises
    ------
    DataFormatError, InsufficientDataError
        See :func:`plimsoll.estimators.dependence.observed_columns.as_panel`.
    EstimationError
        A constant column, or scores whose correlation is not definite.
    """
    panel = as_panel(returns, minimum=3)
    varying_columns(panel)
    scores = normal_scores(PseudoObservations.of(pseudo_observations(panel)))
    correlation = np.atleast_2d(np.corrcoef(scores, rowvar=False))
    if float(np.linalg.eigvalsh(correlation)[0]) < 1e-12:
        raise EstimationError(
            "the correlation of the scores must be definite",
            found="columns with the same ranks, or more columns than rows",
            remedy="leave out what is the same, or use the factor model",
            field="returns",
        )
    return GaussianCopula(
        correlation=read_only(correlation),
        log_likelihood=normal_copula_log_likelihood(scores, correlation),
        observations=panel.shape[0],
    )
