"""GARCH(1,1) and GJR-GARCH(1,1) by maximum likelihood.

    r[t] = mean + e[t],   e[t] = sqrt(h[t]) z[t]
    h[t+1] = omega + (alpha + gamma [e[t] < 0]) e[t]**2 + beta h[t]

with normal, unit-variance Student-t or Hansen's skewed Student-t innovations z (Bollerslev, 1986
and 1987; Glosten, Jagannathan and Runkle, 1993; Hansen, 1994).

Admissible: ``alpha >= 0``, ``alpha + gamma >= 0``, ``beta >= 0`` and
``alpha + gamma / 2 + beta`` at most 1 (rule ``"stationary"``; the boundary is allowed and
reported), at most ``persistence_cap`` (rule ``"capped"``, the default, since fits at 1 explode
over long horizons), or free (rule ``"unconstrained"``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.estimators.observations import Vector, read_only
from plimsoll.estimators.volatility.fitted_garch import FittedGarch
from plimsoll.estimators.volatility.fixed_filter import variance_path
from plimsoll.estimators.volatility.garch_options import (
    DEFAULT_PERSISTENCE_CAP,
    LAW_CODES,
    START_CODES,
    Innovations,
    Mean,
    PersistenceRule,
    VarianceStart,
    check_options,
    persistence_limit,
    start_code,
)
from plimsoll.estimators.volatility.garch_parameters import GarchParameters, family_theta
from plimsoll.estimators.volatility.residual_law import check_reach
from plimsoll.estimators.volatility.usable_returns import as_returns, check_variances, check_zeros
from plimsoll.maths import garch_family_fit, garch_fit
from plimsoll.maths.garch_family_constraints import FAMILY_BINDING_NAMES
from plimsoll.maths.garch_family_likelihood import GARCH, family_first_variance

MINIMUM_OBSERVATIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Garch:
    """GARCH(1,1); see the module text for the equations.

    Parameters
    ----------
    innovations : {"t", "normal", "skewt"}
        Law of the standardised residuals.
    mean : {"constant", "zero"}
        Whether a mean return is estimated.
    variance_start : str
        See :data:`~plimsoll.estimators.volatility.garch_options.VarianceStart`: the first 75
        squared residuals weighted by ``0.94**i``, the sample variance, or the mean squared
        residual at the estimated mean.
    persistence_rule : {"capped", "stationary", "unconstrained"}
        Upper limit of the persistence: ``persistence_cap``, 1, or none.
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
            See :func:`~plimsoll.estimators.volatility.usable_returns.as_returns`; the last also for
            too many zeros (30 % under a t or skewed t, 90 % under any law), and a law that does
            not reach the residuals' own tail.
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
    check_options(
        model.innovations,
        model.mean,
        model.variance_start,
        model.persistence_rule,
        model.persistence_cap,
    )


def _fit(model: Garch | GjrGarch, returns: ArrayLike, *, asymmetric: bool) -> FittedGarch:
    values = as_returns(returns, minimum=MINIMUM_OBSERVATIONS)
    check_zeros(values, heavy=model.innovations != "normal")
    limit = persistence_limit(model.persistence_rule, model.persistence_cap)
    # The fast search knows symmetric laws and starts that do not move with the mean.
    fast = model.innovations != "skewt" and model.variance_start in START_CODES
    row = (_plain_fit if fast else _family_fit)(model, values, limit, asymmetric)
    fitted = _describe(model, values, row, limit, asymmetric, fast)
    check_reach(fitted.law, fitted.standardised_residuals)
    return fitted


def _plain_fit(model: Garch | GjrGarch, values: Vector, limit: float, asymmetric: bool) -> Vector:
    fit = np.empty((1, garch_fit.FIT_SIZE))
    row = np.empty(garch_fit.FIT_SIZE + 1)
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
    row[:6], row[6], row[7:] = fit[0, :6], 0.0, fit[0, 6:]  # no skew
    return row


def _family_fit(model: Garch | GjrGarch, values: Vector, limit: float, asymmetric: bool) -> Vector:
    fit = np.empty(garch_family_fit.FAMILY_FIT_SIZE)
    garch_family_fit.fit_family(
        values,
        GARCH,
        LAW_CODES[model.innovations],
        start_code(model.variance_start),
        START_CODES.get(model.variance_start, 0),
        asymmetric,
        model.mean == "constant",
        limit,
        False,
        fit,
    )
    return fit


def _describe(
    model: Garch | GjrGarch,
    returns: Vector,
    fit: Vector,
    limit: float,
    asymmetric: bool,
    fast: bool,
) -> FittedGarch:
    names = ("mean", "omega", "alpha", "gamma", "beta", "degrees_of_freedom", "skew")
    parameters = GarchParameters(
        **{name: float(value) for name, value in zip(names, fit, strict=False)}
    )
    presample = float(fit[garch_family_fit.PRESAMPLE_AT])
    start = start_code(model.variance_start)
    first = float(family_first_variance(family_theta(parameters), GARCH, start, presample))
    variances = variance_path(parameters, returns, first, 0.0, float("inf"))
    check_variances(variances)
    return FittedGarch(
        parameters=parameters,
        asymmetric=asymmetric,
        innovations=model.innovations,
        mean_model=model.mean,
        variance_start=model.variance_start,
        presample_variance=presample,
        persistence_rule=model.persistence_rule,
        persistence_limit=limit,
        status=_status(int(fit[garch_family_fit.BINDING_AT]), asymmetric, fast),
        converged=bool(fit[garch_family_fit.CONVERGED_AT]),
        log_likelihood=float(fit[garch_family_fit.LOG_LIKELIHOOD_AT]),
        evaluations=int(fit[garch_family_fit.EVALUATIONS_AT]),
        returns=read_only(returns),
        variances=read_only(variances),
        variance_next=float(variances[-1]),
        observations=returns.size,
    )


def _status(mask: int, asymmetric: bool, fast: bool) -> tuple[str, ...]:
    table = garch_fit.BINDING_NAMES if fast else FAMILY_BINDING_NAMES
    names = (name for bit, name in table.items() if mask >> bit & 1)
    return tuple(n for n in names if asymmetric or n != "alpha+gamma=0")
