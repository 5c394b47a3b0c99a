r"""Levels of many markets drawn from one population: fast empirical Bayes.

.. math::
    y_i = \theta_i + e_i,\; e_i \sim N(0, v_i), \qquad
    \theta_i = x_i'\beta + u_i,\; u_i \sim N(0, \tau^2), \qquad \beta \sim N(b_0, B).

``y`` is the logarithm of a market's measured volatility (or of any positive parameter), ``v`` its
sampling variance, ``x`` its class, size, volume and age. :math:`\beta` and :math:`u` are integrated
out in closed form; :math:`\ln\tau` is at the mode of its marginal posterior under a half-normal
prior of :math:`\tau`, which keeps off zero, where the likelihood of a handful of alike markets
would put it (Chung et al., Psychometrika 78, 2013). Everything else follows exactly: the shrunk
level of each market, the prediction for a market that is not there yet, and the prediction of each
market from all the others (leave-one-out, without refitting :math:`\beta` market by market;
:math:`\tau` stays).

Delisted markets belong in ``y``: the population is of what was listed, not of what survived.
Source: Gelman et al., *Bayesian Data Analysis*, 3rd ed., sections 5.4 and 15.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.pooling.covariates import (
    CovariateDesign,
    MarketCovariates,
    covariate_design,
)

FloatArray = NDArray[np.float64]

MINIMUM_MARKETS = 3
_LEAST_VARIANCE = 1e-12
_LOG_TAU_BOUNDS = (-7.0, 3.0)
_COARSE_STEPS = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchicalLevels:
    """Settings of the population.

    Parameters
    ----------
    constant_sd : float
        Prior spread of the population's level around the mean of ``y``.
    effect_sd : float
        Prior spread of each class's deviation and of the effect of one standard deviation of a
        covariate.
    between_sd : float
        Scale of the half-normal prior of tau.
    """

    constant_sd: float = 10.0
    effect_sd: float = 0.5
    between_sd: float = 1.0

    def __post_init__(self) -> None:
        for name in ("constant_sd", "effect_sd", "between_sd"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0.0):
                raise ParameterError("must be above 0", found=getattr(self, name), field=name)

    def fit(
        self,
        levels: ArrayLike,
        sampling_variance: ArrayLike,
        covariates: MarketCovariates | None = None,
        *,
        markets: Sequence[str] = (),
    ) -> FittedLevels:
        """Fit to (N,) levels with their (N,) sampling variances, N at least 3.

        Raises
        ------
        DataFormatError
            Shapes differ, or a value is not finite, or a variance is negative.
        InsufficientDataError
            Fewer than three markets.
        """
        y = np.array(levels, dtype=np.float64)
        v = np.array(sampling_variance, dtype=np.float64)
        covariates = covariates or MarketCovariates(market_class=("all",) * y.size)
        _check_levels(y, v, covariates)
        design = covariate_design(covariates)
        x = design.matrix(covariates)
        centre = float(np.mean(y))
        prior_variance = np.full(x.shape[1], self.effect_sd**2)
        prior_variance[0] = self.constant_sd**2
        variance = np.maximum(v, _LEAST_VARIANCE)
        tau = _mode_of_tau(x, y - centre, variance, prior_variance, self.between_sd)
        mean, covariance = _coefficients(x, y - centre, variance + tau**2, prior_variance)
        mean[0] += centre
        return FittedLevels(
            markets=tuple(markets) or tuple(str(i) for i in range(y.size)),
            design=design,
            matrix=read_only(x),
            levels=read_only(y),
            sampling_variance=read_only(variance),
            coefficients=read_only(mean),
            covariance=read_only(covariance),
            between_sd=tau,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelPosterior:
    """Mean and standard deviation of log levels, (N,) each."""

    mean: FloatArray
    sd: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedLevels:
    """Result of :class:`HierarchicalLevels`; frozen.

    Parameters
    ----------
    markets : tuple of N str
    design : CovariateDesign
        Which covariates were used and which were absent.
    coefficients, covariance : (k,) and (k, k) float64
        Posterior of beta.
    between_sd : float
        Tau: spread of markets around what their covariates say.
    """

    markets: tuple[str, ...]
    design: CovariateDesign
    matrix: FloatArray
    levels: FloatArray
    sampling_variance: FloatArray
    coefficients: FloatArray
    covariance: FloatArray
    between_sd: float

    @property
    def weight(self) -> FloatArray:
        """(N,) weight of a market's own measurement, ``tau^2 / (tau^2 + v)``."""
        between = self.between_sd**2
        return np.asarray(between / (between + self.sampling_variance))

    def shrunk(self) -> LevelPosterior:
        """Posterior of the markets' own levels."""
        own = self.weight
        fitted = self.matrix @ self.coefficients
        variance = own * self.sampling_variance + (1.0 - own) ** 2 * self._leverage()
        return LevelPosterior(
            mean=fitted + own * (self.levels - fitted), sd=np.sqrt(np.maximum(variance, 0.0))
        )

    def predict(self, covariates: MarketCovariates) -> LevelPosterior:
        """Prediction for markets that are not in the sample, with all three uncertainties."""
        x = self.design.matrix(covariates)
        spread = np.einsum("ij,jk,ik->i", x, self.covariance, x)
        return LevelPosterior(
            mean=x @ self.coefficients, sd=np.sqrt(np.maximum(spread, 0.0) + self.between_sd**2)
        )

    def leave_one_out(self) -> LevelPosterior:
        """Prediction of each market's level from all the others."""
        total = self.between_sd**2 + self.sampling_variance
        leverage = self._leverage()
        left = 1.0 - leverage / total
        residual = (self.levels - self.matrix @ self.coefficients) / left
        return LevelPosterior(
            mean=self.levels - residual, sd=np.sqrt(leverage / left + self.between_sd**2)
        )

    def _leverage(self) -> FloatArray:
        return np.asarray(np.einsum("ij,jk,ik->i", self.matrix, self.covariance, self.matrix))


def _mode_of_tau(
    x: FloatArray, y: FloatArray, variance: FloatArray, prior: FloatArray, scale: float
) -> float:
    """Mode of the marginal posterior of log tau: a coarse look, then a bounded search around it."""

    def loss(log_tau: float) -> float:
        tau = float(np.exp(log_tau))
        evidence = _log_evidence(x, y, variance + tau**2, prior)
        return 0.5 * (tau / scale) ** 2 - log_tau - evidence

    from scipy.optimize import minimize_scalar  # not at the head: it takes long to import

    grid = np.linspace(*_LOG_TAU_BOUNDS, _COARSE_STEPS)
    best = int(np.argmin([loss(float(point)) for point in grid]))
    bracket = (grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)])
    found = minimize_scalar(loss, bounds=bracket, method="bounded", options={"xatol": 1e-8})
    return float(np.exp(found.x))


def _log_evidence(x: FloatArray, y: FloatArray, total: FloatArray, prior: FloatArray) -> float:
    """Log density of ``y`` with beta integrated out, up to a constant."""
    scaled = x / total[:, None]
    precision = x.T @ scaled + np.diag(1.0 / prior)
    moment = scaled.T @ y
    factor = np.linalg.cholesky(precision)
    half = np.linalg.solve(factor, moment)
    log_determinant = 2.0 * np.sum(np.log(np.diag(factor)))
    return float(-0.5 * (np.sum(np.log(total)) + log_determinant + y @ (y / total) - half @ half))


def _coefficients(
    x: FloatArray, y: FloatArray, total: FloatArray, prior: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Posterior mean and covariance of beta."""
    scaled = x / total[:, None]
    covariance = np.asarray(np.linalg.inv(x.T @ scaled + np.diag(1.0 / prior)), dtype=np.float64)
    return covariance @ (scaled.T @ y), covariance


def _check_levels(y: FloatArray, v: FloatArray, covariates: MarketCovariates) -> None:
    if y.ndim != 1 or v.shape != y.shape or len(covariates) != y.size:
        raise DataFormatError(
            "levels, variances and covariates must have one value per market",
            found=f"shapes {y.shape}, {v.shape} and {len(covariates)} covariates",
            field="levels",
        )
    wrong = np.flatnonzero(~(np.isfinite(y) & np.isfinite(v) & (v >= 0.0)))
    if wrong.size:
        raise DataFormatError(
            "a level must be finite and its variance finite and not negative",
            found=(float(y[wrong[0]]), float(v[wrong[0]])),
            field="levels",
            row=int(wrong[0]),
            remedy="leave markets without a measurement out, or give them a large variance",
        )
    if y.size < MINIMUM_MARKETS:
        raise InsufficientDataError(
            f"at least {MINIMUM_MARKETS} markets are needed", found=y.size, field="levels"
        )
