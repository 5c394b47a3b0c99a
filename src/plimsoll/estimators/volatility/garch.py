"""GARCH(1,1) and GJR-GARCH(1,1) by maximum likelihood.

    r[t] = mean + e[t],   e[t] = sqrt(h[t]) z[t]
    h[t+1] = omega + (alpha + gamma [e[t] < 0]) e[t]**2 + beta h[t]

with normal or unit-variance Student-t innovations z (Bollerslev, 1986 and 1987; Glosten,
Jagannathan and Runkle, 1993). Admissible: ``alpha >= 0``, ``alpha + gamma >= 0``, ``beta >= 0`` and
``alpha + gamma / 2 + beta`` at most 1 (rule ``"stationary"``; the boundary is allowed and
reported) or at most ``persistence_cap`` (rule ``"capped"``, the default, since fits at 1 explode
over long horizons).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.estimators.observations import Vector, as_observations, read_only
from plimsoll.estimators.volatility.fitted_garch import FittedGarch, GarchParameters
from plimsoll.estimators.volatility.garch_options import (
    DEFAULT_PERSISTENCE_CAP,
    START_CODES,
    Innovations,
    Mean,
    PersistenceRule,
    VarianceStart,
    check_choice,
    persistence_limit,
)
from plimsoll.maths import garch_fit
from plimsoll.maths.recursions import garch_first_variance, gjr_filter

MINIMUM_OBSERVATIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Garch:
    """GARCH(1,1); see the module text for the equations.

    Parameters
    ----------
    innovations : {"t", "normal"}
        Law of the standardised residuals.
    mean : {"constant", "zero"}
        Whether a mean return is estimated.
    variance_start : {"arch_backcast", "sample_variance"}
        Pre-sample variance (it stands for the squared shock before the first return too): the
        first 75 squared residuals weighted by ``0.94**i``, or the sample variance.
    persistence_rule : {"capped", "stationary"}
        Upper limit of the persistence: ``persistence_cap``, or 1.
    persistence_cap : float
        Used by the rule ``"capped"``.

    Examples
    --------
    >>> import numpy as np
    >>> returns = np.random.default_rng(1).standard_t(5, 800) * 0.02
    >>> fitted = Garch().fit(returns)
    >>> fitted.update(0.05).variance_next > fitted.update(0.0).variance_next
    True
    """

    innovations: Innovations = "t"
    mean: Mean = "constant"
    variance_start: VarianceStart = "arch_backcast"
    persistence_rule: PersistenceRule = "capped"
    persistence_cap: float = DEFAULT_PERSISTENCE_CAP

    def __post_init__(self) -> None:
        _check_options(self)

    def fit(self, returns: ArrayLike) -> FittedGarch:
        """Fit to ``returns``, shape (n,), in time order, any unit; n at least 50.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            See :func:`plimsoll.estimators.observations.as_observations`.
        """
        return _fit(self, returns, asymmetric=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GjrGarch:
    """GJR-GARCH(1,1): a GARCH with the extra weight ``gamma`` on falls. Options as :class:`Garch`.

    The sign of gamma is estimated, not imposed: crypto returns often show no leverage effect.
    """

    innovations: Innovations = "t"
    mean: Mean = "constant"
    variance_start: VarianceStart = "arch_backcast"
    persistence_rule: PersistenceRule = "capped"
    persistence_cap: float = DEFAULT_PERSISTENCE_CAP

    def __post_init__(self) -> None:
        _check_options(self)

    def fit(self, returns: ArrayLike) -> FittedGarch:
        """Fit to ``returns``; see :meth:`Garch.fit`."""
        return _fit(self, returns, asymmetric=True)


def _check_options(model: Garch | GjrGarch) -> None:
    check_choice(model.innovations, Innovations, field="innovations")
    check_choice(model.mean, Mean, field="mean")
    check_choice(model.variance_start, VarianceStart, field="variance_start")
    check_choice(model.persistence_rule, PersistenceRule, field="persistence_rule")
    persistence_limit(model.persistence_rule, model.persistence_cap)


def _fit(model: Garch | GjrGarch, returns: ArrayLike, *, asymmetric: bool) -> FittedGarch:
    values = as_observations(returns, minimum=MINIMUM_OBSERVATIONS, name="returns")
    limit = persistence_limit(model.persistence_rule, model.persistence_cap)
    fit = np.empty((1, garch_fit.FIT_SIZE))
    garch_fit.fit_garch_rows(
        values.reshape(1, -1),
        0,
        1,
        asymmetric,
        model.innovations == "t",
        model.mean == "constant",
        START_CODES[model.variance_start],
        limit,
        fit,
    )
    return _describe(model, values, fit[0], limit, asymmetric)


def _describe(
    model: Garch | GjrGarch, returns: Vector, fit: Vector, limit: float, asymmetric: bool
) -> FittedGarch:
    names = ("mean", "omega", "alpha", "gamma", "beta", "degrees_of_freedom")
    parameters = GarchParameters(
        **{name: float(value) for name, value in zip(names, fit, strict=False)}
    )
    presample = float(fit[garch_fit.PRESAMPLE_AT])
    variances = _variances(parameters, returns, presample)
    return FittedGarch(
        parameters=parameters,
        asymmetric=asymmetric,
        innovations=model.innovations,
        mean_model=model.mean,
        variance_start=model.variance_start,
        presample_variance=presample,
        persistence_rule=model.persistence_rule,
        persistence_limit=limit,
        status=_status(int(fit[garch_fit.BINDING_AT]), asymmetric),
        converged=bool(fit[garch_fit.CONVERGED_AT]),
        log_likelihood=float(fit[garch_fit.LOG_LIKELIHOOD_AT]),
        evaluations=int(fit[garch_fit.EVALUATIONS_AT]),
        returns=read_only(returns),
        variances=read_only(variances),
        variance_next=float(variances[-1]),
        observations=returns.size,
    )


def _variances(parameters: GarchParameters, returns: Vector, presample: float) -> Vector:
    p = parameters
    first = garch_first_variance(presample, p.omega, p.alpha, p.gamma, p.beta)
    filtered: Vector = gjr_filter(returns - p.mean, first, p.omega, p.alpha, p.gamma, p.beta)
    return filtered


def _status(mask: int, asymmetric: bool) -> tuple[str, ...]:
    names = (name for bit, name in garch_fit.BINDING_NAMES.items() if mask >> bit & 1)
    return tuple(n for n in names if asymmetric or n != "alpha+gamma=0")
