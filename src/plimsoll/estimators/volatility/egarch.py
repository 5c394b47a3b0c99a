"""EGARCH(1,1) by maximum likelihood.

    r[t] = mean + e[t],   e[t] = sqrt(h[t]) z[t]
    log h[t+1] = omega + alpha (|z[t]| - sqrt(2/pi)) + gamma z[t] + beta log h[t]

(Nelson, 1991) with normal, unit-variance Student-t or Hansen's skewed Student-t innovations.
**alpha is the size term and gamma the sign term**, as in the ``arch`` package; rugarch names them
the other way round. The likelihood has a kink in the mean at every return, since ``|z|`` has one at
0: local optima within 1e-5 of each other occur, and the mean is not determined below the distance
of neighbouring returns. The likeliest optimum found is reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import EstimationError
from plimsoll.estimators.observations import Vector, read_only
from plimsoll.estimators.volatility.fitted_egarch import FittedEgarch
from plimsoll.estimators.volatility.fixed_filter import variance_path
from plimsoll.estimators.volatility.garch_options import (
    DEFAULT_PERSISTENCE_CAP,
    LAW_CODES,
    START_CODES,
    EgarchBounds,
    Innovations,
    Mean,
    PersistenceRule,
    VarianceStart,
    check_choice,
    check_options,
    persistence_limit,
    start_code,
)
from plimsoll.estimators.volatility.garch_parameters import EgarchParameters, family_theta
from plimsoll.estimators.volatility.residual_law import check_reach
from plimsoll.estimators.volatility.usable_returns import as_returns, check_variances, check_zeros
from plimsoll.maths import garch_family_fit as kernel
from plimsoll.maths.garch_family_constraints import FAMILY_BINDING_NAMES
from plimsoll.maths.garch_family_likelihood import EGARCH, START_FIXED, family_first_variance
from plimsoll.maths.garch_fit import presample_variance

MINIMUM_OBSERVATIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Egarch:
    """EGARCH(1,1); see the module text for the equations.

    Parameters
    ----------
    innovations : {"t", "normal", "skewt"}
    mean : {"constant", "zero"}
    variance_start : str
        See :data:`~plimsoll.estimators.volatility.garch_options.VarianceStart`.
    persistence_rule : {"capped", "stationary", "unconstrained"}
        Upper limit of beta: ``persistence_cap``, 1, or none. The default lets it come near 1:
        log variances of daily returns are more persistent than variances.
    persistence_cap : float
    bounds : {"nonnegative", "arch"}
        Whether the size term must not be negative; see
        :data:`~plimsoll.estimators.volatility.garch_options.EgarchBounds`.

    Examples
    --------
    >>> import numpy as np
    >>> returns = np.random.default_rng(1).standard_t(5, 800) * 0.02
    >>> fitted = Egarch().fit(returns)
    >>> fitted.update(0.05).observations
    801
    """

    innovations: Innovations = "t"
    mean: Mean = "constant"
    variance_start: VarianceStart = "arch_backcast"
    persistence_rule: PersistenceRule = "capped"
    persistence_cap: float = DEFAULT_PERSISTENCE_CAP
    bounds: EgarchBounds = "nonnegative"

    def __post_init__(self) -> None:
        check_options(
            self.innovations,
            self.mean,
            self.variance_start,
            self.persistence_rule,
            self.persistence_cap,
        )
        check_choice(self.bounds, EgarchBounds, field="bounds")

    def fit(self, returns: ArrayLike) -> FittedEgarch:
        """Fit to ``returns``, shape (n,), in time order, any unit; n at least 50.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            As :meth:`plimsoll.estimators.volatility.garch.Garch.fit`; the last also where the
            variance start is 0, whose logarithm the recursion needs.
        """
        values = as_returns(returns, minimum=MINIMUM_OBSERVATIONS)
        check_zeros(values, heavy=self.innovations != "normal")
        _check_start(self, values)
        limit = persistence_limit(self.persistence_rule, self.persistence_cap)
        fit = np.empty(kernel.FAMILY_FIT_SIZE)
        kernel.fit_family(
            values,
            EGARCH,
            LAW_CODES[self.innovations],
            start_code(self.variance_start),
            START_CODES.get(self.variance_start, 0),
            True,
            self.mean == "constant",
            limit,
            self.bounds == "arch",
            fit,
        )
        fitted = _describe(self, values, fit, limit)
        check_reach(fitted.law, fitted.standardised_residuals)
        return fitted


def _check_start(model: Egarch, returns: Vector) -> None:
    """The pre-sample variance must be positive: a listing may begin with a frozen price."""
    if start_code(model.variance_start) != START_FIXED:
        return
    mean = float(np.mean(returns)) if model.mean == "constant" else 0.0
    value = float(presample_variance(returns, mean, START_CODES[model.variance_start]))
    if not value > 0.0:
        raise EstimationError(
            "the pre-sample variance must be positive",
            found=value,
            remedy="use variance_start='sample_variance', or cut the frozen prices off",
            field="variance_start",
        )


def _describe(model: Egarch, returns: Vector, fit: Vector, limit: float) -> FittedEgarch:
    names = ("mean", "omega", "alpha", "gamma", "beta", "degrees_of_freedom", "skew")
    parameters = EgarchParameters(
        **{name: float(value) for name, value in zip(names, fit, strict=False)}
    )
    presample = float(fit[kernel.PRESAMPLE_AT])
    floor, ceiling = float(fit[kernel.FLOOR_AT]), float(fit[kernel.CEILING_AT])
    start = start_code(model.variance_start)
    first = float(family_first_variance(family_theta(parameters), EGARCH, start, presample))
    variances = variance_path(parameters, returns, first, floor, ceiling)
    check_variances(variances)
    return FittedEgarch(
        parameters=parameters,
        innovations=model.innovations,
        mean_model=model.mean,
        variance_start=model.variance_start,
        presample_variance=presample,
        persistence_rule=model.persistence_rule,
        persistence_limit=limit,
        bounds=model.bounds,
        status=_status(int(fit[kernel.BINDING_AT])),
        converged=bool(fit[kernel.CONVERGED_AT]),
        log_likelihood=float(fit[kernel.LOG_LIKELIHOOD_AT]),
        evaluations=int(fit[kernel.EVALUATIONS_AT]),
        returns=read_only(returns),
        variances=read_only(variances),
        variance_floor=floor,
        variance_ceiling=ceiling,
        variance_next=float(variances[-1]),
        observations=returns.size,
    )


def _status(mask: int) -> tuple[str, ...]:
    return tuple(name for bit, name in FAMILY_BINDING_NAMES.items() if mask >> bit & 1)
