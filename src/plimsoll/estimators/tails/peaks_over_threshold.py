"""Generalised Pareto tail of losses or scaled losses beyond a threshold.

Threshold: the type-7 quantile of the sample at ``1 - tail_fraction``; exceedances lie strictly
above it. Quantile and shortfall after McNeil and Frey (2000); see :mod:`plimsoll.maths.gpd`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError
from plimsoll.estimators.observations import Vector, as_observations, read_only
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.gpd import (
    gpd_fit_pwm,
    gpd_log_likelihood,
    gpd_tail_quantile,
    gpd_tail_shortfall,
    upper_tail,
)
from plimsoll.maths.gpd_fit import gpd_fit_mle, gpd_observed_information

TailMethod = Literal["mle", "pwm"]
Matrix = NDArray[np.float64]

_STEP = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class PeaksOverThreshold:
    """Peaks over threshold.

    Parameters
    ----------
    tail_fraction : float
        Share of the sample above the threshold, in (0, 0.5].
    method : {"mle", "pwm"}
        Maximum likelihood, or unbiased probability-weighted moments (steadier below about
        100 exceedances; needs ``xi < 1``).
    minimum_exceedances : int
        Fewer are refused.

    Examples
    --------
    >>> import numpy as np
    >>> tail = PeaksOverThreshold().fit(np.random.default_rng(3).standard_t(4, 5000))
    >>> tail.exceedances
    250
    >>> tail.quantile(0.999) > tail.quantile(0.99) > tail.threshold
    True
    """

    tail_fraction: float = 0.05
    method: TailMethod = "mle"
    minimum_exceedances: int = 30

    def __post_init__(self) -> None:
        check_choice(self.method, TailMethod, field="method")
        if not 0.0 < self.tail_fraction <= 0.5:
            raise ParameterError(
                "must lie in (0, 0.5]", found=self.tail_fraction, field="tail_fraction"
            )

    def fit(self, losses: ArrayLike) -> FittedTail:
        """Fit the upper tail of ``losses`` (positive = loss), shape (n,).

        Raises
        ------
        InsufficientDataError
            Fewer exceedances than ``minimum_exceedances``.
        EstimationError
            No interior maximum of the likelihood (try ``"pwm"``), or equal exceedances.
        """
        ordered = np.sort(as_observations(losses, minimum=20, name="losses"))
        threshold, excesses = upper_tail(ordered, self.tail_fraction)
        if excesses.size < self.minimum_exceedances:
            raise InsufficientDataError(
                f"at least {self.minimum_exceedances} exceedances are needed",
                found=int(excesses.size),
                remedy="use a longer history or a larger tail fraction",
                field="losses",
            )
        xi, beta = self._shape_and_scale(excesses)
        return FittedTail(
            method=self.method,
            threshold=float(threshold),
            xi=xi,
            beta=beta,
            log_likelihood=float(gpd_log_likelihood(excesses, xi, beta)),
            observations=ordered.size,
            exceedances=int(excesses.size),
            excesses=read_only(excesses),
        )

    def _shape_and_scale(self, excesses: Vector) -> tuple[float, float]:
        if self.method == "pwm":
            xi, beta = gpd_fit_pwm(excesses)
        else:
            xi, beta, _ = gpd_fit_mle(excesses)
        if not np.isfinite(xi):
            raise EstimationError(
                "the Pareto tail must be determined by the exceedances",
                found=f"no {self.method} solution with xi above -1",
                remedy='use method "pwm", a larger tail fraction, or look for equal values',
            )
        return float(xi), float(beta)

    def stability(self, losses: ArrayLike, tail_fractions: ArrayLike) -> tuple[FittedTail, ...]:
        """The fit at each of ``tail_fractions``: a usable threshold leaves xi about level."""
        fractions = np.atleast_1d(np.asarray(tail_fractions, dtype=np.float64))
        models = (
            PeaksOverThreshold(
                tail_fraction=float(f),
                method=self.method,
                minimum_exceedances=self.minimum_exceedances,
            )
            for f in fractions
        )
        return tuple(model.fit(losses) for model in models)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedTail:
    """A generalised Pareto tail: ``xi`` shape, ``beta`` scale, both above ``threshold``."""

    method: TailMethod
    threshold: float
    xi: float
    beta: float
    log_likelihood: float
    observations: int
    exceedances: int
    excesses: Vector

    @property
    def tail_share(self) -> float:
        """Exceedances over observations."""
        return self.exceedances / self.observations

    def quantile(self, confidence: float) -> float:
        """Loss not exceeded with ``confidence``.

        Raises
        ------
        ParameterError
            ``confidence`` lies below the threshold, where the tail says nothing, or is not
            below 1.
        """
        self._check(confidence)
        return float(
            gpd_tail_quantile(self.threshold, self.xi, self.beta, self.tail_share, confidence)
        )

    def expected_shortfall(self, confidence: float) -> float:
        """Mean loss beyond the quantile.

        Raises
        ------
        EstimationError
            ``xi >= 1``: the tail has no mean.
        """
        if self.xi >= 1.0:
            raise EstimationError(
                "expected shortfall needs a tail shape xi below 1",
                found=self.xi,
                remedy="use value-at-risk with a stress scenario",
            )
        quantile = self.quantile(confidence)
        return float(gpd_tail_shortfall(self.threshold, self.xi, self.beta, quantile))

    def standard_errors(self) -> tuple[float, float]:
        """Standard errors of xi and beta by observed information (maximum likelihood only)."""
        errors = np.sqrt(np.diag(self._covariance()))
        return float(errors[0]), float(errors[1])

    def quantile_standard_error(self, confidence: float) -> float:
        """Delta-method standard error of :meth:`quantile`, exceedances taken as independent.

        It counts the error of xi, beta and of the share of exceedances; the threshold is taken
        as given. For dependent or overlapping values use
        :func:`plimsoll.estimators.horizon.bootstrap.bootstrap_standard_error`.
        """
        self._check(confidence)
        point = np.array([self.xi, self.beta, self.tail_share])
        covariance = np.zeros((3, 3))
        covariance[:2, :2] = self._covariance()
        covariance[2, 2] = point[2] * (1.0 - point[2]) / self.observations
        slope = np.empty(3)
        for i in range(3):
            step = np.zeros(3)
            step[i] = _STEP * max(abs(point[i]), 0.1 if i == 0 else 0.0)
            up, down = point + step, point - step
            slope[i] = (
                gpd_tail_quantile(self.threshold, up[0], up[1], up[2], confidence)
                - gpd_tail_quantile(self.threshold, down[0], down[1], down[2], confidence)
            ) / (2.0 * step[i])
        return float(np.sqrt(slope @ covariance @ slope))

    def _covariance(self) -> Matrix:
        if self.method != "mle":
            raise ParameterError(
                "standard errors by observed information need a maximum-likelihood fit",
                found=self.method,
                remedy="use method 'mle', or bootstrap_standard_error for weighted moments",
                field="method",
            )
        by_xi, cross, by_beta = gpd_observed_information(
            np.array(self.excesses), self.xi, self.beta
        )
        determinant = by_xi * by_beta - cross * cross
        if not (by_xi > 0.0 and determinant > 0.0):
            raise EstimationError(
                "the observed information must be positive definite",
                found=f"xi {self.xi:.3g}",
                remedy="standard errors do not exist for xi at or below -0.5; use the bootstrap",
            )
        return np.array([[by_beta, -cross], [-cross, by_xi]]) / determinant

    def _check(self, confidence: float) -> None:
        if not 1.0 - self.tail_share <= confidence < 1.0:
            raise ParameterError(
                f"must lie in [{1.0 - self.tail_share:.6g}, 1), beyond the threshold",
                found=confidence,
                remedy="ask the empirical distribution, or fit a larger tail fraction",
                field="confidence",
            )
