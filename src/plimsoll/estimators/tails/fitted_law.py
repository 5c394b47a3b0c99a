"""What every law fitted by maximum likelihood can tell."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.tails.likelihood_fit import LikelihoodFit

Vector = NDArray[np.float64]


class FittedLaw(LikelihoodFit):
    """A fitted law of returns; losses are minus the values, value-at-risk is positive."""

    __slots__ = ()

    @abstractmethod
    def log_density(self, x: ArrayLike) -> Any:
        """Log density at ``x``."""

    @abstractmethod
    def cdf(self, x: ArrayLike) -> Any:
        """Probability of a value at or below ``x``."""

    @abstractmethod
    def _quantile(self, probability: Vector) -> Any:
        """Inverse of :meth:`cdf` for checked probabilities."""

    @abstractmethod
    def _lower_mean(self, probability: float, quantile: float) -> float | None:
        """``E[x; x <= quantile]`` of that probability; None where the law has no mean."""

    def pdf(self, x: ArrayLike) -> Any:
        """Density at ``x``."""
        return np.exp(self.log_density(x))

    def quantile(self, probability: ArrayLike) -> Any:
        """Value not exceeded with ``probability``, each strictly between 0 and 1.

        Raises
        ------
        ParameterError
        """
        p = np.asarray(probability, dtype=np.float64)
        if not np.all((p > 0.0) & (p < 1.0)):
            raise ParameterError(
                "must lie strictly between 0 and 1", found=probability, field="probability"
            )
        return self._quantile(p)

    def value_at_risk(self, confidence: float) -> float:
        """Loss (positive, of minus the values) not exceeded with ``confidence``."""
        return -float(self.quantile(tail_probability(confidence)))

    def expected_shortfall(self, confidence: float) -> float:
        """Mean loss beyond the value-at-risk.

        Raises
        ------
        EstimationError
            The law has no mean.
        """
        tail = tail_probability(confidence)
        partial = self._lower_mean(tail, float(self.quantile(tail)))
        if partial is None:
            raise EstimationError(
                "expected shortfall needs a law with a mean",
                found=", ".join(f"{k} {v:.4g}" for k, v in self.parameters().items()),
                remedy="use value-at-risk with a stress scenario",
            )
        return -partial / tail


def tail_probability(confidence: float) -> float:
    """``1 - confidence``, checked."""
    if not 0.0 < confidence < 1.0:
        raise ParameterError(
            "must lie strictly between 0 and 1", found=confidence, field="confidence"
        )
    return 1.0 - confidence
