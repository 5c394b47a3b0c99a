"""Dynamic conditional correlation, DCC(1,1), by two steps.

    r[t] = mean + D[t] z[t],   D[t] = diag of the columns' own volatilities
    Q[t+1] = (1 - a - b) Qbar + a z[t] z[t]' + b Q[t],   Q[0] = Qbar
    R[t] = diag(Q[t])^(-1/2) Q[t] diag(Q[t])^(-1/2)

(Engle, 2002). First the volatilities, column by column; then ``a >= 0``, ``b >= 0``, ``a + b < 1``
by maximum likelihood of the standardised residuals z, normal or multivariate t. For many columns
the sum of the likelihoods of pairs takes the place of the full one (``likelihood="pairs"``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import DataFormatError, EstimationError, ParameterError
from plimsoll.estimators.dependence.dcc_likelihood import composite_densities, full_densities
from plimsoll.estimators.dependence.fitted_dcc import FittedDcc
from plimsoll.estimators.dependence.observed_columns import (
    Matrix,
    as_panel,
    varying_columns,
)
from plimsoll.estimators.volatility.fitted_garch import FittedGarch
from plimsoll.estimators.volatility.garch import Garch
from plimsoll.estimators.volatility.garch_options import Innovations, check_choice
from plimsoll.maths.covariance_nearest import floored_correlation
from plimsoll.maths.covariance_pairwise import pairwise_moments
from plimsoll.maths.dcc_optimiser import DccOptimum, Densities, maximise_dcc
from plimsoll.maths.shrinkage import shrunk_correlation

Target = Literal["covariance", "second_moment"]
Likelihood = Literal["full", "pairs"]
TargetShrinkage = Literal["none", "ledoit_wolf"]

MINIMUM_OBSERVATIONS = 50
_PERFECT = 1.0 - 1e-9
_SINGULAR = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Dcc:
    """DCC(1,1); see the module text.

    Parameters
    ----------
    innovations : {"normal", "t"}
        Law of the second step.
    target : {"covariance", "second_moment"}
        Qbar: the covariance of z (divisor n - 1), or its second moment (divisor n, no mean).
    likelihood : {"full", "pairs"}
        ``"pairs"``: the composite likelihood of neighbouring columns, for hundreds of them; takes
        holes (NaN).
    target_shrinkage : {"none", "ledoit_wolf"}
        ``"ledoit_wolf"`` draws the correlations of Qbar towards zero (panels with more columns than
        rows, or nearly perfect correlations, have no definite Qbar otherwise).
    volatility : Garch
        Model of the first step, used by :meth:`fit`.

    Examples
    --------
    >>> import numpy as np
    >>> z = np.random.default_rng(1).standard_normal((400, 3))
    >>> fitted = Dcc().fit_residuals(z)
    >>> fitted.correlation_next.shape, fitted.a + fitted.b < 1.0
    ((3, 3), True)
    """

    innovations: Innovations = "normal"
    target: Target = "covariance"
    likelihood: Likelihood = "full"
    target_shrinkage: TargetShrinkage = "none"
    volatility: Garch = field(default_factory=Garch)

    def __post_init__(self) -> None:
        check_choice(self.innovations, Innovations, field="innovations")
        check_choice(self.target, Target, field="target")
        check_choice(self.likelihood, Likelihood, field="likelihood")
        check_choice(self.target_shrinkage, TargetShrinkage, field="target_shrinkage")

    def fit(self, returns: ArrayLike) -> FittedDcc:
        """Both steps, of returns without holes, shape (n, N); n at least 50, N at least 2.

        Raises
        ------
        DataFormatError, InsufficientDataError
            See :func:`plimsoll.estimators.dependence.observed_columns.as_panel`.
        EstimationError
            A constant column, two columns that are the same up to sign, or a Qbar that is not
            definite for another reason.
        """
        panel = as_panel(returns, minimum=MINIMUM_OBSERVATIONS)
        varying_columns(panel)
        stage = tuple(self.volatility.fit(column) for column in panel.T)
        residuals = np.column_stack([model.standardised_residuals for model in stage])
        volatilities = np.column_stack([model.conditional_volatility for model in stage])
        return self._second_step(residuals, volatilities, stage)

    def fit_residuals(
        self, residuals: ArrayLike, *, volatilities: ArrayLike | None = None
    ) -> FittedDcc:
        """The second step alone, of standardised residuals (n, N).

        Parameters
        ----------
        residuals : array_like, shape (n, N)
            Holes (NaN) only with ``likelihood="pairs"``.
        volatilities : array_like, shape (n, N), optional
            Of the residuals' returns; the log-likelihood is then that of the returns.
        """
        holes = self.likelihood == "pairs"
        panel = as_panel(residuals, minimum=MINIMUM_OBSERVATIONS, name="residuals", holes=holes)
        varying_columns(panel, name="residuals")
        sigma = None if volatilities is None else _volatilities(volatilities, panel)
        return self._second_step(panel, sigma, ())

    def _second_step(
        self, residuals: Matrix, volatilities: Matrix | None, stage: tuple[FittedGarch, ...]
    ) -> FittedDcc:
        if residuals.shape[1] < 2:
            raise ParameterError("must have two columns at least", found=1, field="residuals")
        target = self._target_of(residuals)
        densities = self._densities(residuals, target)
        optimum = maximise_dcc(densities, student=self.innovations == "t")
        if not np.isfinite(optimum.log_likelihood):
            raise EstimationError(
                "a path of definite correlations must exist",
                found="none at any start",
                remedy="set target_shrinkage='ledoit_wolf', or leave out nearly equal columns",
                field="residuals",
            )
        return _described(self, residuals, volatilities, stage, target, optimum)

    def _target_of(self, residuals: Matrix) -> Matrix:
        second = self.target == "second_moment"
        target = _long_run_moments(residuals, centred=not second)
        if self.target_shrinkage == "ledoit_wolf":
            return shrunk_correlation(target, residuals)
        _check_definite(target)
        return target

    def _densities(self, residuals: Matrix, target: Matrix) -> Densities:
        if self.likelihood == "full":
            return full_densities(residuals, target)
        return composite_densities(residuals, target)


def _volatilities(values: ArrayLike, residuals: Matrix) -> Matrix:
    sigma = as_panel(values, minimum=1, name="volatilities", holes=True)
    seen = np.isfinite(residuals)
    if sigma.shape != residuals.shape or not bool((sigma[seen] > 0.0).all()):
        raise DataFormatError(
            "must be positive, of the residuals' shape",
            found=f"shape {sigma.shape}",
            field="volatilities",
        )
    return sigma


def _long_run_moments(residuals: Matrix, *, centred: bool) -> Matrix:
    """Qbar, (N, N); of each pair's common rows, and made semi-definite, where there are holes."""
    if not bool(np.isnan(residuals).any()):
        rows = residuals.shape[0]
        centre = residuals - residuals.mean(axis=0) if centred else residuals
        moments: Matrix = centre.T @ centre / (rows - 1 if centred else rows)
        return moments
    found = pairwise_moments(residuals, centred=centred)
    scale = np.sqrt(found.variances)
    correlation = floored_correlation(found.filled_correlation(minimum_overlap=2))
    out: Matrix = correlation * np.outer(scale, scale)
    return out


def _check_definite(target: Matrix) -> None:
    scale = np.sqrt(np.diag(target))
    correlation = target / np.outer(scale, scale)
    close = np.argwhere(np.abs(np.triu(correlation, 1)) > _PERFECT)
    if close.size:
        i, j = (int(c) for c in close[0])
        raise EstimationError(
            "columns must not be the same up to sign",
            found=f"columns {i} and {j}",
            remedy="keep one of them, or set target_shrinkage='ledoit_wolf'",
            field="residuals",
        )
    least = float(np.linalg.eigvalsh(correlation)[0])
    if least < _SINGULAR:
        raise EstimationError(
            "Qbar must be positive definite",
            found=f"smallest eigenvalue {least:.1e} of its correlation",
            remedy="take more rows than columns, or set target_shrinkage='ledoit_wolf'",
            field="residuals",
        )


def _described(
    model: Dcc,
    residuals: Matrix,
    volatilities: Matrix | None,
    stage: tuple[FittedGarch, ...],
    target: Matrix,
    optimum: DccOptimum,
) -> FittedDcc:
    logs = 0.0 if volatilities is None else -float(np.nansum(np.log(volatilities)))
    return FittedDcc.of_optimum(
        innovations=model.innovations,
        target=model.target,
        likelihood=model.likelihood,
        target_shrinkage=model.target_shrinkage,
        first_stage=stage,
        residuals=residuals,
        long_run=target,
        optimum=optimum,
        volatility_log_density=logs,
    )
