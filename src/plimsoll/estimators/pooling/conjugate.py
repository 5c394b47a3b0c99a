r"""Volatility and mean of one market, learnt online from a prior: normal-inverse-chi-square.

The next return is Student-t: with :math:`\nu` degrees of freedom, location :math:`\mu` and scale
:math:`\sigma\sqrt{1 + 1/\kappa}`. Few observations mean few degrees of freedom and a wide scale,
so a margin from this predictive law rises with ignorance; a plug-in normal would not.

What it leaves out: returns are taken as normal given the variance, so fat tails must come from few
degrees of freedom (``forgetting`` below one keeps at most ``1 / (1 - forgetting)``). Where tails
matter, use the scaled pool of :mod:`plimsoll.estimators.pooling.young_market`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import polygamma

from plimsoll.errors import DataFormatError, EstimationError, ParameterError
from plimsoll.estimators.observations import finite_observation, read_only
from plimsoll.maths.conjugate_normal import conjugate_filter, conjugate_step
from plimsoll.maths.student_t import (
    student_t_cdf,
    student_t_expected_shortfall,
    student_t_quantile,
    student_t_value_at_risk,
)

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceBelief:
    """A normal-inverse-chi-square belief, prior or posterior.

    Parameters
    ----------
    mean : float
        Believed mean of a return.
    mean_weight : float
        Observations that belief in the mean is worth (kappa), above 0.
    freedom : float
        Observations that belief in the variance is worth (nu), above 0.
    variance : float
        Believed variance of a return, above 0.

    Examples
    --------
    >>> prior = VarianceBelief(mean=0.0, mean_weight=1.0, freedom=4.0, variance=1e-4)
    >>> prior.update(0.02).freedom
    5.0
    """

    mean: float
    mean_weight: float
    freedom: float
    variance: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.mean):
            raise ParameterError("must be finite", found=self.mean, field="mean")
        for name in ("mean_weight", "freedom", "variance"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise ParameterError("must be finite and above 0", found=value, field=name)

    def update(self, value: float, *, forgetting: float = 1.0) -> Self:
        """The belief after one more return, in constant time: a new object.

        Raises
        ------
        DataFormatError
            The return is not finite.
        ParameterError
            ``forgetting`` outside (0, 1].
        """
        _check_forgetting(forgetting)
        number = finite_observation(value, name="value")
        return type(self)(**_fields(*conjugate_step(*self._state, number, forgetting)))

    @property
    def predictive(self) -> StudentPredictive:
        """Law of the next return."""
        return StudentPredictive(
            location=self.mean,
            scale=math.sqrt(self.variance * (1.0 + 1.0 / self.mean_weight)),
            freedom=self.freedom,
        )

    @property
    def volatility_error(self) -> float:
        """Posterior standard deviation of log volatility: ``sqrt(trigamma(nu / 2)) / 2``."""
        return 0.5 * math.sqrt(float(polygamma(1, 0.5 * self.freedom)))

    @property
    def _state(self) -> tuple[float, float, float, float]:
        return self.mean, self.mean_weight, self.freedom, self.variance


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentPredictive:
    """Student-t law of the next return; its scale is not its standard deviation.

    Signs: quantiles are of the return, the two measures are of the loss (positive).
    """

    location: float
    scale: float
    freedom: float

    def quantile(self, probability: float) -> float:
        """Return below which ``probability`` lies."""
        _check_probability(probability, "probability")
        return float(student_t_quantile(probability, self.freedom, self.location, self.scale))

    def probability_below(self, value: float) -> float:
        """Probability of a return at or below ``value``."""
        return float(student_t_cdf(value, self.freedom, self.location, self.scale))

    def value_at_risk(self, confidence: float) -> float:
        """Loss not exceeded with ``confidence``."""
        _check_probability(confidence, "confidence")
        freedom, location, scale = self.freedom, self.location, self.scale
        return float(student_t_value_at_risk(confidence, freedom, location, scale))

    def expected_shortfall(self, confidence: float) -> float:
        """Mean loss beyond the value-at-risk.

        Raises
        ------
        EstimationError
            With one degree of freedom or less the law has no mean.
        """
        _check_probability(confidence, "confidence")
        if self.freedom <= 1.0:
            raise EstimationError(
                "expected shortfall needs more than one degree of freedom",
                found=self.freedom,
                remedy="give the prior more freedom, or use value-at-risk",
            )
        freedom, location, scale = self.freedom, self.location, self.scale
        return float(student_t_expected_shortfall(confidence, freedom, location, scale))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConjugateVolatility:
    """Learns a market's mean and variance online from a prior.

    Parameters
    ----------
    prior : VarianceBelief
        A peer group's, for instance.
    forgetting : float
        Share of the belief's weight kept at each return, in (0, 1].

    Examples
    --------
    >>> prior = VarianceBelief(mean=0.0, mean_weight=1.0, freedom=4.0, variance=1e-4)
    >>> fitted = ConjugateVolatility(prior=prior, forgetting=0.99).fit([0.01, -0.02])
    >>> fitted.update(0.005).belief == ConjugateVolatility(prior=prior, forgetting=0.99).fit(
    ...     [0.01, -0.02, 0.005]).belief
    True
    """

    prior: VarianceBelief
    forgetting: float = 1.0

    def __post_init__(self) -> None:
        _check_forgetting(self.forgetting)

    def fit(self, returns: ArrayLike) -> FittedConjugate:
        """Learn from ``returns``, shape (n,), in time order; NaN is a hole, n may be 0.

        A constant series is an answer too: the prior keeps its scale above zero.

        Raises
        ------
        DataFormatError
            Not one-dimensional, not numbers, or infinite.
        """
        values = _with_holes(returns)
        beliefs = conjugate_filter(values, *self.prior._state, self.forgetting)
        return FittedConjugate(
            belief=VarianceBelief(**_fields(*beliefs[-1].tolist())),
            forgetting=self.forgetting,
            observations=int(np.sum(~np.isnan(values))),
            beliefs=read_only(beliefs),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedConjugate:
    """Result of :class:`ConjugateVolatility`; frozen.

    Parameters
    ----------
    belief : VarianceBelief
        After the last return.
    observations : int
    beliefs : (n + 1, 4) float64
        Mean, its weight, freedom and variance before each return of the sample and after the last.
    """

    belief: VarianceBelief
    forgetting: float
    observations: int
    beliefs: Vector

    @property
    def predictive(self) -> StudentPredictive:
        """Law of the next return."""
        return self.belief.predictive

    def update(self, value: float) -> FittedConjugate:
        """The model after one more return; the path of beliefs is not carried along."""
        belief = self.belief.update(value, forgetting=self.forgetting)
        return FittedConjugate(
            belief=belief,
            forgetting=self.forgetting,
            observations=self.observations + 1,
            beliefs=read_only(np.array([belief._state])),
        )


def _fields(mean: float, mean_weight: float, freedom: float, variance: float) -> dict[str, float]:
    return {
        "mean": mean,
        "mean_weight": mean_weight,
        "freedom": freedom,
        "variance": variance,
    }


def _with_holes(returns: ArrayLike) -> Vector:
    try:
        values = np.array(returns, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise DataFormatError(
            "returns must be numbers", found=type(returns).__name__, field="returns"
        ) from error
    if values.ndim != 1:
        raise DataFormatError(
            "returns must be one-dimensional", found=f"shape {values.shape}", field="returns"
        )
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        raise DataFormatError(
            "returns must be finite, or NaN for a hole",
            found=float(values[infinite[0]]),
            field="returns",
            row=int(infinite[0]),
        )
    return values


def _check_forgetting(forgetting: float) -> None:
    if not 0.0 < forgetting <= 1.0:
        raise ParameterError("must lie in (0, 1]", found=forgetting, field="forgetting")


def _check_probability(value: float, name: str) -> None:
    if not 0.0 < value < 1.0:
        raise ParameterError("must lie in (0, 1)", found=value, field=name)
