r"""Scale and degrees of freedom of a market: posterior on a grid, beside the likelihood's fit.

.. math:: r_t \sim t_\nu(\mu, s), \qquad \ln s \sim N(m_s, v_s), \quad \ln\nu \sim N(m_\nu, v_\nu)

with the prior taken from peers by empirical Bayes. Two parameters are integrated by brute force on
a grid around the mode, so nothing is approximated but the grid; the predictive law is the mixture
of Student-t over it. The location is the median of the returns: it matters to nothing here.

Both fits of each parameter stand side by side, and the caller says, parameter by parameter, which
one is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.observations import as_observations
from plimsoll.estimators.pooling.hierarchy import HierarchicalLevels
from plimsoll.estimators.tails.student_t import FittedStudentT, StudentT
from plimsoll.maths.student_t import student_t_cdf, student_t_log_likelihood

FloatArray = NDArray[np.float64]

MINIMUM_OBSERVATIONS = 10
PARAMETERS = ("scale", "freedom")
LOG_FREEDOM_BOUNDS = (np.log(1.05), np.log(200.0))
_GRID = 61
_ROUNDS = 6
_DROP = 18.0
"""Log density below the mode at which the grid ends: a millionth of a per cent is left out."""


class FitMethod(StrEnum):
    """Which fit of a parameter is used."""

    MLE = "mle"
    BAYES = "bayes"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentPrior:
    """Normal beliefs in ln scale and ln degrees of freedom.

    Parameters
    ----------
    log_scale, log_scale_sd : float
    log_freedom, log_freedom_sd : float
    """

    log_scale: float
    log_scale_sd: float
    log_freedom: float = float(np.log(4.0))
    log_freedom_sd: float = 0.5

    def __post_init__(self) -> None:
        for name in ("log_scale_sd", "log_freedom_sd"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0.0):
                raise ParameterError("must be above 0", found=getattr(self, name), field=name)


def student_prior(peers: Sequence[FittedStudentT]) -> StudentPrior:
    """Prior for a market that is not among its ``peers``, at least three of them.

    Raises
    ------
    InsufficientDataError
        Fewer than three peers.
    """
    scale = np.array([p.scale for p in peers])
    freedom = np.clip([p.degrees_of_freedom for p in peers], *np.exp(LOG_FREEDOM_BOUNDS))
    errors = (
        np.array([p.scale_error for p in peers]) / scale,
        np.array([p.degrees_of_freedom_error for p in peers]) / freedom,
    )
    model = HierarchicalLevels()
    means, sds = [], []
    for values, error in zip((scale, freedom), errors, strict=True):
        fitted = model.fit(np.log(values), np.minimum(error, 1.0) ** 2)
        means.append(float(fitted.coefficients[0]))
        sds.append(float(np.sqrt(fitted.covariance[0, 0] + fitted.between_sd**2)))
    return StudentPrior(
        log_scale=means[0], log_scale_sd=sds[0], log_freedom=means[1], log_freedom_sd=sds[1]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BayesStudentT:
    """Student-t returns with a prior; see the module text."""

    prior: StudentPrior

    def fit(self, returns: ArrayLike) -> StudentPosterior:
        """Fit to (n,) returns, n at least 10.

        Raises
        ------
        DataFormatError, InsufficientDataError, EstimationError
            See :func:`plimsoll.estimators.observations.as_observations`.
        """
        values = as_observations(returns, minimum=MINIMUM_OBSERVATIONS, name="returns")
        location = float(np.median(values))
        return _on_grid(values - location, location, self.prior)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudentPosterior:
    """Result of :class:`BayesStudentT`; frozen.

    Parameters
    ----------
    location : float
    log_scale, log_freedom : (61,) float64
        Axes of the grid.
    weight : (61, 61) float64
        Posterior probability of each cell; they add up to 1.
    """

    location: float
    log_scale: FloatArray
    log_freedom: FloatArray
    weight: FloatArray

    def moments(self, parameter: str) -> tuple[float, float]:
        """Posterior mean and standard deviation of the logarithm of ``scale`` or ``freedom``."""
        axis, along = (self.log_scale, 1) if parameter == "scale" else (self.log_freedom, 0)
        weight = self.weight.sum(axis=along)
        mean = float(weight @ axis)
        return mean, float(np.sqrt(max(weight @ (axis - mean) ** 2, 0.0)))

    def probability_below(self, value: float) -> float:
        """Predictive probability of a return at or below ``value``."""
        scale, freedom = np.exp(self.log_scale)[:, None], np.exp(self.log_freedom)[None, :]
        below = student_t_cdf(value, freedom, self.location, scale)
        return float(np.sum(self.weight * below))

    def value_at_risk(self, confidence: float) -> float:
        """Predictive loss (positive) not exceeded with ``confidence``."""
        if not 0.5 < confidence < 1.0:
            raise ParameterError("must lie in (0.5, 1)", found=confidence, field="confidence")
        outside = 1.0 - confidence
        far = self.location - np.exp(self.log_scale[-1]) * 10.0
        while self.probability_below(far) > outside:
            far = self.location - 4.0 * (self.location - far)
        found = brentq(
            lambda x: self.probability_below(x) - outside, far, self.location, xtol=1e-14
        )
        return -float(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterFit:
    """One parameter, fitted twice.

    Parameters
    ----------
    name : str
    mle, mle_error : float
        Of the logarithm; NaN where the likelihood has no maximum.
    bayes, bayes_sd : float
        Posterior mean and standard deviation of the logarithm.
    used : FitMethod
    """

    name: str
    mle: float
    mle_error: float
    bayes: float
    bayes_sd: float
    used: FitMethod

    @property
    def value(self) -> float:
        """The parameter that is used."""
        return float(np.exp(self.mle if self.used is FitMethod.MLE else self.bayes))

    @property
    def difference(self) -> float:
        """Bayes less likelihood, in standard errors of the likelihood's."""
        return (self.bayes - self.mle) / self.mle_error


def fit_parameters(
    returns: ArrayLike, prior: StudentPrior, use: Mapping[str, FitMethod] | None = None
) -> tuple[ParameterFit, ...]:
    """Fit scale and degrees of freedom both ways and choose parameter by parameter.

    Parameters
    ----------
    returns : (n,)
    prior : StudentPrior
    use : mapping, optional
        ``{"scale": FitMethod.MLE, "freedom": FitMethod.BAYES}``; Bayes where nothing is said.

    Raises
    ------
    ParameterError
        An unknown parameter.
    EstimationError
        The likelihood's fit was asked for and has no maximum.
    """
    use = use or {}
    unknown = sorted(set(use) - set(PARAMETERS))
    if unknown:
        raise ParameterError(f"must be among {PARAMETERS}", found=unknown, field="use")
    posterior = BayesStudentT(prior=prior).fit(returns)
    likelihood = _likelihood(returns)
    fits = []
    for name in PARAMETERS:
        used = FitMethod(use.get(name, FitMethod.BAYES))
        mle, error = likelihood.get(name, (float("nan"), float("nan")))
        if used is FitMethod.MLE and not np.isfinite(mle):
            raise EstimationError(
                "the likelihood must have a maximum to be used",
                found=name,
                remedy="use the Bayesian fit of this parameter",
            )
        mean, sd = posterior.moments(name)
        fits.append(
            ParameterFit(name=name, mle=mle, mle_error=error, bayes=mean, bayes_sd=sd, used=used)
        )
    return tuple(fits)


def parameter_fits_table(fits: Sequence[ParameterFit]) -> Table:
    """Both fits and their difference."""
    number = ColumnKind.NUMBER
    return Table(
        name="parameter_fits",
        title="Likelihood and Bayes, parameter by parameter",
        columns=(
            Column(name="parameter", title="Parameter"),
            Column(name="mle", title="ln, likelihood", kind=number, digits=3),
            Column(name="mle_error", title="s.e.", kind=number, digits=3),
            Column(name="bayes", title="ln, Bayes", kind=number, digits=3),
            Column(name="bayes_sd", title="s.d.", kind=number, digits=3),
            Column(name="difference", title="Difference", kind=number, unit="s.e."),
            Column(name="used", title="Used"),
        ),
        rows=tuple(
            (f.name, f.mle, f.mle_error, f.bayes, f.bayes_sd, f.difference, str(f.used))
            for f in fits
        ),
        notes=("Logarithms of the parameters; an en dash: the likelihood has no maximum.",),
    )


def _likelihood(returns: ArrayLike) -> dict[str, tuple[float, float]]:
    """Log parameters and their errors; empty where there is no maximum."""
    try:
        fitted = StudentT().fit(returns)
    except (EstimationError, ValueError):
        return {}
    scale, freedom = fitted.scale, fitted.degrees_of_freedom
    return {
        "scale": (float(np.log(scale)), fitted.scale_error / scale),
        "freedom": (float(np.log(freedom)), fitted.degrees_of_freedom_error / freedom),
    }


def _on_grid(values: FloatArray, location: float, prior: StudentPrior) -> StudentPosterior:
    """Zoom a grid onto where the posterior is, then weigh its cells."""
    spread = 6.0 * prior.log_scale_sd
    rough = float(np.log(np.median(np.abs(values)) or np.std(values)))
    scale = (min(prior.log_scale, rough) - spread, max(prior.log_scale, rough) + spread)
    freedom = LOG_FREEDOM_BOUNDS
    for _ in range(_ROUNDS):
        axes = np.linspace(*scale, _GRID), np.linspace(*freedom, _GRID)
        density = _log_density(values, *axes, prior)
        kept = density > density.max() - _DROP
        scale = _around(axes[0], kept.any(axis=1))
        freedom = _around(axes[1], kept.any(axis=0))
    axes = np.linspace(*scale, _GRID), np.linspace(*freedom, _GRID)
    density = _log_density(values, *axes, prior)
    ends = np.ones(_GRID)
    ends[[0, -1]] = 0.5  # trapezoids: the bounds of the degrees of freedom may cut through mass
    weight = np.exp(density - density.max()) * ends[:, None] * ends[None, :]
    return StudentPosterior(
        location=location,
        log_scale=axes[0],
        log_freedom=axes[1],
        weight=weight / weight.sum(),
    )


def _log_density(
    values: FloatArray, log_scale: FloatArray, log_freedom: FloatArray, prior: StudentPrior
) -> FloatArray:
    likelihood = np.array(
        [
            [
                student_t_log_likelihood(values, float(nu), 0.0, float(s))
                for nu in np.exp(log_freedom)
            ]
            for s in np.exp(log_scale)
        ]
    )
    of_scale = ((log_scale - prior.log_scale) / prior.log_scale_sd) ** 2
    of_freedom = ((log_freedom - prior.log_freedom) / prior.log_freedom_sd) ** 2
    return np.asarray(likelihood - 0.5 * (of_scale[:, None] + of_freedom[None, :]))


def _around(axis: FloatArray, kept: NDArray[np.bool_]) -> tuple[float, float]:
    """Ends of what is kept, with one step to spare inside the old ends."""
    inside = np.flatnonzero(kept)
    low, high = max(inside[0] - 1, 0), min(inside[-1] + 1, axis.size - 1)
    return float(axis[low]), float(axis[high])
