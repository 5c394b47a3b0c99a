"""The t copula, fitted to ranks.

Pseudo-observations are ``rank / (n + 1)`` of the returns, or of residuals of volatility models
(that is what the copula of filtered returns means). Two fits: ``"two_step"`` inverts Kendall's tau,
``R = sin(pi tau / 2)``, and maximises over nu; ``"full_ml"`` maximises over nu and all
correlations (McNeil, Frey and Embrechts, 2015, section 7.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import DataFormatError, EstimationError, ParameterError
from plimsoll.estimators.dependence.fitted_t_copula import FittedTCopula
from plimsoll.estimators.dependence.observed_columns import Matrix, as_panel, varying_columns
from plimsoll.estimators.dependence.rank_correlation import kendall_tau, pseudo_observations
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.copula_fit import NU_HIGHEST, NU_LOWEST, fit_t_copula
from plimsoll.maths.copula_likelihood import PseudoObservations
from plimsoll.maths.covariance_nearest import DEFAULT_FLOOR, floored_correlation

CopulaMethod = Literal["two_step", "full_ml"]

MINIMUM_OBSERVATIONS = 20
_PERFECT = 1.0 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class TCopula:
    """The t copula; see the module text.

    Parameters
    ----------
    method : {"two_step", "full_ml"}
    floor : float
        Least eigenvalue of the inverted taus where they are no correlation matrix.

    Examples
    --------
    >>> z = np.random.default_rng(1).standard_t(4, (500, 1)) + np.zeros((1, 2))
    >>> z = z + 0.5 * np.random.default_rng(2).standard_normal((500, 2))
    >>> TCopula(method="two_step").fit(z).correlation[0, 1] > 0.5
    np.True_
    """

    method: CopulaMethod = "full_ml"
    floor: float = DEFAULT_FLOOR

    def __post_init__(self) -> None:
        check_choice(self.method, CopulaMethod, field="method")
        if not 0.0 < self.floor < 1.0:
            raise ParameterError("must lie in (0, 1)", found=self.floor, field="floor")

    def fit(self, returns: ArrayLike) -> FittedTCopula:
        """Fit to the ranks of ``returns``, shape (n, N); n at least 20, N at least 2.

        Raises
        ------
        DataFormatError, InsufficientDataError
            See :func:`plimsoll.estimators.dependence.observed_columns.as_panel`.
        EstimationError
            A constant column; two columns with the same ranks up to their direction.
        """
        panel = as_panel(returns, minimum=MINIMUM_OBSERVATIONS)
        varying_columns(panel)
        return self._fit(pseudo_observations(panel))

    def fit_uniforms(self, uniforms: ArrayLike) -> FittedTCopula:
        """Fit to uniforms in (0, 1), shape (n, N), as they are: a PIT by other means than ranks."""
        panel = as_panel(uniforms, minimum=MINIMUM_OBSERVATIONS, name="uniforms")
        if not bool(((panel > 0.0) & (panel < 1.0)).all()):
            raise DataFormatError(
                "must lie in (0, 1)", found=f"{panel.min()} .. {panel.max()}", field="uniforms"
            )
        varying_columns(panel, name="uniforms")
        return self._fit(panel)

    def _fit(self, uniforms: Matrix) -> FittedTCopula:
        if uniforms.shape[1] < 2:
            raise ParameterError("must have two columns at least", found=1, field="returns")
        tau = kendall_tau(uniforms)
        raw = np.sin(0.5 * np.pi * tau)
        np.fill_diagonal(raw, 1.0)
        _check_distinct(raw)
        start = floored_correlation(raw, floor=self.floor)
        free = self.method == "full_ml"
        optimum = fit_t_copula(PseudoObservations.of(uniforms), start, free=free)
        return FittedTCopula(
            method=self.method,
            correlation=read_only(optimum.correlation),
            degrees_of_freedom=optimum.nu,
            log_likelihood=optimum.log_likelihood,
            kendall=read_only(tau),
            uniforms=read_only(uniforms),
            status=_status(optimum.nu, bool(np.any(start != raw))),
            converged=optimum.converged,
            evaluations=optimum.evaluations,
            observations=uniforms.shape[0],
        )


def _check_distinct(correlation: Matrix) -> None:
    close = np.argwhere(np.abs(np.triu(correlation, 1)) > _PERFECT)
    if close.size:
        i, j = (int(c) for c in close[0])
        raise EstimationError(
            "columns must not have the same ranks, nor opposite ones",
            found=f"columns {i} and {j}",
            remedy="keep one of them: their copula has no density",
            field="returns",
        )


def _status(nu: float, repaired: bool) -> tuple[str, ...]:
    met = {
        "nu=1000": nu >= 0.999 * NU_HIGHEST,
        "nu=1": nu <= 1.001 * NU_LOWEST,
        "tau repaired": repaired,
    }
    return tuple(name for name, holds in met.items() if holds)
