"""A fitted DCC: parameters, the path of correlations, forecasts, one row more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import EstimationError, ParameterError, UsageError
from plimsoll.estimators.dependence.dcc_likelihood import composite_densities, full_densities
from plimsoll.estimators.dependence.observed_columns import Matrix, Vector, finite_row
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.volatility.fitted_garch import FittedGarch
from plimsoll.maths.dcc_optimiser import DccOptimum, Densities
from plimsoll.maths.dcc_path import (
    correlation_of,
    dcc_correlations,
    dcc_end,
    dcc_step,
    residual_news,
)

_STEP = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedDcc:
    """Result of :class:`~plimsoll.estimators.dependence.dcc.Dcc`; frozen.

    Attributes
    ----------
    a, b : float
        Weight of the news, and of the past.
    degrees_of_freedom : float
        Of the second step's law; infinite for normal.
    innovations, target, likelihood, target_shrinkage : str
        The rules the fit was made under.
    first_stage : tuple of FittedGarch
        Empty where residuals were given.
    residuals : ndarray, shape (n, N)
        The sample of the second step.
    long_run : ndarray, shape (N, N)
        Qbar.
    q_next : ndarray, shape (N, N)
        Q of the next row, updates included.
    log_likelihood : float
        Of the returns where volatilities are known, else of the residuals; a sum over pairs under
        ``likelihood="pairs"`` (then without the volatilities' part).
    volatility_log_density : float
        The volatilities' part of it, ``-sum log sigma``; 0 where they are not known.
    status : tuple of str
        Constraints that bind at the optimum; with ``"a=0"`` nothing identifies b.
    """

    a: float
    b: float
    degrees_of_freedom: float
    innovations: str
    target: str
    likelihood: str
    target_shrinkage: str
    first_stage: tuple[FittedGarch, ...]
    residuals: Matrix
    long_run: Matrix
    q_next: Matrix
    log_likelihood: float
    volatility_log_density: float
    status: tuple[str, ...]
    converged: bool
    evaluations: int
    observations: int

    @classmethod
    def of_optimum(
        cls,
        *,
        optimum: DccOptimum,
        residuals: Matrix,
        long_run: Matrix,
        volatility_log_density: float,
        first_stage: tuple[FittedGarch, ...],
        innovations: str,
        target: str,
        likelihood: str,
        target_shrinkage: str,
    ) -> Self:
        """Describe an optimum; the recursion runs once over the sample."""
        q = _q_after(residuals, long_run, optimum.a, optimum.b)
        full = likelihood == "full"
        return cls(
            a=optimum.a,
            b=optimum.b,
            degrees_of_freedom=1.0 / optimum.eta if optimum.eta > 0.0 else np.inf,
            innovations=innovations,
            target=target,
            likelihood=likelihood,
            target_shrinkage=target_shrinkage,
            first_stage=first_stage,
            residuals=read_only(residuals),
            long_run=read_only(long_run),
            q_next=read_only(q),
            log_likelihood=optimum.log_likelihood + (volatility_log_density if full else 0.0),
            volatility_log_density=volatility_log_density if full else 0.0,
            status=optimum.status,
            converged=optimum.converged,
            evaluations=optimum.evaluations,
            observations=residuals.shape[0],
        )

    @property
    def correlation_next(self) -> Matrix:
        """Correlation of the next row, (N, N)."""
        return _correlation(self.q_next)

    @property
    def long_run_correlation(self) -> Matrix:
        """Qbar scaled to unit diagonal, (N, N)."""
        return _correlation(self.long_run)

    @property
    def volatility_next(self) -> Vector:
        """Volatilities of the next row by the first step, (N,).

        Raises
        ------
        UsageError
            Where residuals were given and no first step was made.
        """
        if not self.first_stage:
            raise UsageError(
                "must have fitted volatilities",
                found="given residuals",
                remedy="use Dcc.fit, or scale correlation_next by your own volatilities",
                field="volatility_next",
            )
        return np.sqrt([model.variance_next for model in self.first_stage])

    @property
    def covariance_next(self) -> Matrix:
        """Covariance of the next row's returns, (N, N); needs a first step."""
        sigma = self.volatility_next
        out: Matrix = self.correlation_next * np.outer(sigma, sigma)
        return out

    def correlations(self) -> Matrix:
        """Correlation before each row of the sample and after its last, (n + 1, N, N)."""
        rows, n = self.residuals.shape
        path = np.empty((rows + 1, n, n))
        q = np.empty((n, n))
        if not bool(np.isnan(self.residuals).any()):
            dcc_correlations(
                np.array(self.residuals), np.array(self.long_run), self.a, self.b, path, q
            )
            return path
        long_run = np.array(self.long_run)
        q[:, :] = long_run
        for t, row in enumerate(self.residuals):
            correlation_of(q, path[t])
            dcc_step(q, residual_news(row, long_run), long_run, self.a, self.b, q)
        correlation_of(q, path[rows])
        return path

    def forecast(self, horizon: int) -> Matrix:
        """Expected correlations of the next ``horizon`` rows, (horizon, N, N).

        ``R[t+h] = Rbar + (a + b)^(h - 1) (R[t+1] - Rbar)`` (Engle and Sheppard, 2001: of their two
        approximations the one with the smaller bias); a mixture of two correlations, so one too.
        """
        if horizon < 1:
            raise ParameterError("must be at least 1", found=horizon, field="horizon")
        left = (self.a + self.b) ** np.arange(horizon)
        long_run = self.long_run_correlation
        out: Matrix = long_run + left[:, None, None] * (self.correlation_next - long_run)
        return out

    def update(self, row: ArrayLike) -> Self:
        """The model after one more row; parameters unchanged, one step of the recursions.

        ``row`` holds returns where the volatilities were fitted, else standardised residuals (with
        NaN as holes under ``likelihood="pairs"``). Streaming a panel gives the path of
        :meth:`correlations` to the last bit.
        """
        values = finite_row(row, columns=self.long_run.shape[0], holes=self.likelihood == "pairs")
        stage = self.first_stage
        if stage:
            if not bool(np.isfinite(values).all()):
                raise UsageError(
                    "must be without holes where volatilities were fitted", field="row"
                )
            means = np.array([model.parameters.mean for model in stage])
            residuals = (values - means) / self.volatility_next
            stage = tuple(m.update(float(v)) for m, v in zip(stage, values, strict=True))
        else:
            residuals = values
        long_run, following = np.array(self.long_run), np.array(self.q_next)
        dcc_step(following, residual_news(residuals, long_run), long_run, self.a, self.b, following)
        return replace(
            self,
            first_stage=stage,
            q_next=read_only(following),
            observations=self.observations + 1,
        )

    def log_likelihood_at(self, a: float, b: float) -> float:
        """Log-likelihood of the sample at other weights, with the law and Qbar of the fit.

        Raises
        ------
        ParameterError
            Unless ``a >= 0``, ``b >= 0`` and ``a + b < 1``.
        """
        if not (a >= 0.0 and b >= 0.0 and a + b < 1.0):
            raise ParameterError(
                "must be a >= 0, b >= 0, a + b < 1", found=(a, b), field="log_likelihood_at"
            )
        theta = np.array([a, b, 1.0 / self.degrees_of_freedom])
        rows = self._densities()(theta, False)
        if rows is None:
            raise EstimationError("Q must stay definite", found=(a, b), field="log_likelihood_at")
        return float(rows[:, 0].sum()) + self.volatility_log_density

    def _densities(self) -> Densities:
        make = full_densities if self.likelihood == "full" else composite_densities
        return make(np.array(self.residuals), np.array(self.long_run))

    def standard_errors(self) -> tuple[float, float, float]:
        """Sandwich errors of a, b and the degrees of freedom (0 for what was not estimated).

        Of the second step: the volatilities and Qbar count as known, which makes them a little
        small. At a boundary (see ``status``) they are nominal.
        """
        student = self.innovations == "t"
        theta = np.array([self.a, self.b, 1.0 / self.degrees_of_freedom])[: 3 if student else 2]
        densities = self._densities()
        slopes = _slopes(densities(theta, True), theta.size)
        hessian = np.empty((theta.size, theta.size))
        for k in range(theta.size):
            away = np.zeros(theta.size)
            away[k] = min(_STEP, 0.1 * max(theta[k], _STEP))
            up = _slopes(densities(theta + away, True), theta.size).sum(axis=0)
            down = _slopes(densities(theta - away, True), theta.size).sum(axis=0)
            hessian[k] = (up - down) / (2.0 * away[k])
        bread = np.linalg.pinv(0.5 * (hessian + hessian.T))
        errors = np.sqrt(np.maximum(np.diag(bread @ (slopes.T @ slopes) @ bread), 0.0))
        by_nu = float(errors[2]) * self.degrees_of_freedom**2 if student else 0.0
        return float(errors[0]), float(errors[1]), by_nu


def _q_after(residuals: Matrix, long_run: Matrix, a: float, b: float) -> Matrix:
    """Q after the last row of a sample."""
    q = long_run.copy()
    if not bool(np.isnan(residuals).any()):
        dcc_end(residuals, long_run, a, b, q)
        return q
    for row in residuals:
        dcc_step(q, residual_news(row, long_run), long_run, a, b, q)
    return q


def _slopes(rows: Matrix | None, size: int) -> Matrix:
    if rows is None:
        raise UsageError("must be definite next to the optimum", field="standard_errors")
    return rows[:, 1 : size + 1].copy()


def _correlation(q: Matrix) -> Matrix:
    out = np.empty(q.shape)
    correlation_of(np.array(q), out)
    return out
