"""Filter returns under given parameters: variances, residuals and log-likelihood, no optimiser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.observations import Vector, read_only
from plimsoll.estimators.volatility.garch_options import (
    START_CODES,
    VarianceStart,
    check_choice,
    start_code,
)
from plimsoll.estimators.volatility.garch_parameters import (
    EgarchParameters,
    FamilyParameters,
    family_kind,
    family_theta,
    parameter_vector,
)
from plimsoll.estimators.volatility.usable_returns import as_returns
from plimsoll.maths.egarch_recursion import LOG_VARIANCE_SPAN, egarch_filter
from plimsoll.maths.garch_family_likelihood import (
    EGARCH,
    START_FIRST_FIXED,
    START_FIRST_VARIANCE,
    START_FIXED,
    family_first_variance,
    family_log_densities,
)
from plimsoll.maths.garch_fit import presample_variance
from plimsoll.maths.recursions import gjr_filter

MINIMUM_OBSERVATIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilteredReturns:
    """Returns seen through a model at fixed parameters; frozen.

    Attributes
    ----------
    parameters : GarchParameters or EgarchParameters
    presample_variance : float
    log_likelihood : float
    log_densities : ndarray, shape (n,)
    variances : ndarray, shape (n + 1,)
        Of each return, known before it; the last is the forecast.
    standardised_residuals : ndarray, shape (n,)
    """

    parameters: FamilyParameters
    presample_variance: float
    log_likelihood: float
    log_densities: Vector
    variances: Vector
    standardised_residuals: Vector


def filter_at(
    parameters: FamilyParameters,
    returns: ArrayLike,
    *,
    initial: float | VarianceStart,
    is_first_variance: bool = False,
) -> FilteredReturns:
    """Filter ``returns``, shape (n,), under ``parameters``; nothing is estimated.

    Parameters
    ----------
    parameters : GarchParameters or EgarchParameters
        GARCH, GJR or EGARCH; normal, Student-t or Hansen's skew-t by their degrees of freedom and
        skew. Explosive parameters are allowed: published and unconstrained estimates are.
    returns : array-like
        In time order.
    initial : float or str
        Pre-sample variance, or the rule that yields it (see ``garch_options.VarianceStart``; of
        the returns themselves where the mean is 0, as the zero-mean models take it). It
        stands for the squared shock before the first return too (half of it as a fall); EGARCH
        takes its logarithm as pre-sample log variance, and no shock.
    is_first_variance : bool
        Take a number as the variance of the first return itself.

    Raises
    ------
    ParameterError
        A parameter is not finite, the start is not positive, ``nu <= 2`` or ``|skew| >= 1``.
    EstimationError
        The variance does not stay positive and finite under these parameters.
    """
    _check_parameters(parameters)
    values = as_returns(returns, minimum=MINIMUM_OBSERVATIONS)
    theta, kind = family_theta(parameters), family_kind(parameters)
    presample, start = _presample(values, parameters.mean, initial, first=is_first_variance)
    first = float(family_first_variance(theta, kind, start, presample))
    floor, ceiling = variance_bounds(values, parameters)
    variances = variance_path(parameters, values, first, floor, ceiling)
    densities = np.empty(values.size)
    low, high = (np.log(floor), np.log(ceiling)) if kind == EGARCH else (0.0, 0.0)
    total = family_log_densities(values, theta, kind, start, presample, low, high, densities)
    if not (np.isfinite(total) and np.all(np.isfinite(variances)) and np.all(variances > 0.0)):
        raise EstimationError(
            "the variance must stay positive and finite",
            found=f"variances from {np.min(variances)!r} to {np.max(variances)!r}",
            remedy="check the parameters and their units",
        )
    return FilteredReturns(
        parameters=parameters,
        presample_variance=presample,
        log_likelihood=float(total),
        log_densities=read_only(densities),
        variances=read_only(variances),
        standardised_residuals=read_only((values - parameters.mean) / np.sqrt(variances[:-1])),
    )


def variance_bounds(returns: Vector, parameters: FamilyParameters) -> tuple[float, float]:
    """Lowest and highest variance of an EGARCH on ``returns``; none (0, infinity) for a GARCH."""
    if not isinstance(parameters, EgarchParameters):
        return 0.0, float("inf")
    variance = float(np.var(returns))
    span = float(np.exp(LOG_VARIANCE_SPAN))
    return variance / span, variance * span


def variance_path(
    parameters: FamilyParameters, returns: Vector, first: float, floor: float, ceiling: float
) -> Vector:
    """Variances by the step recursion, shape (n + 1,), so that a stream equals them to the bit."""
    p, shocks = parameters, returns - parameters.mean
    path: Vector
    if isinstance(p, EgarchParameters):
        path = egarch_filter(shocks, first, p.omega, p.alpha, p.gamma, p.beta, floor, ceiling)
    else:
        path = gjr_filter(shocks, first, p.omega, p.alpha, p.gamma, p.beta)
    return path


def _presample(
    returns: Vector, mean: float, initial: float | VarianceStart, *, first: bool
) -> tuple[float, int]:
    """Pre-sample variance and the kernels' code of its meaning, for fixed parameters."""
    if isinstance(initial, str):
        check_choice(initial, VarianceStart, field="initial")
        start = start_code(initial)
        if start == START_FIXED:
            centre = float(np.mean(returns)) if mean != 0.0 else 0.0
            value = float(presample_variance(returns, centre, START_CODES[initial]))
        else:
            value = float(np.mean((returns - mean) ** 2))
        first = start == START_FIRST_VARIANCE
    else:
        value = float(initial)
    if not (np.isfinite(value) and value > 0.0):
        raise ParameterError(
            "the pre-sample variance must be positive",
            found=value,
            remedy="pass a number, or another start where the first returns are all equal",
            field="initial",
        )
    return value, START_FIRST_FIXED if first else START_FIXED


def _check_parameters(parameters: FamilyParameters) -> None:
    if not isinstance(parameters, FamilyParameters):
        raise ParameterError(
            "must be GarchParameters or EgarchParameters",
            found=type(parameters).__name__,
            field="parameters",
        )
    nu, skew = parameters.degrees_of_freedom, parameters.skew
    if not np.all(np.isfinite(parameter_vector(parameters)[[0, 1, 2, 3, 4, 6]])):
        raise ParameterError("must be finite", found=parameters, field="parameters")
    if not nu > 2.0:
        raise ParameterError(
            "must be above 2, or infinite for normal", found=nu, field="degrees_of_freedom"
        )
    if not -1.0 < skew < 1.0 or (skew != 0.0 and not np.isfinite(nu)):
        raise ParameterError(
            "must lie in (-1, 1), and be 0 for normal innovations", found=skew, field="skew"
        )
