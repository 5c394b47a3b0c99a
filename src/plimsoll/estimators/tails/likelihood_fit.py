"""What every fit by maximum likelihood can tell of its parameters and their errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.tails.family import Family, LikelihoodPoint
from plimsoll.estimators.tails.likelihood_errors import ErrorKind, covariance_of

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_STEP = 1e-5


class LikelihoodFit(ABC):
    """A fit by maximum likelihood; ``family`` names its parameters, fields of the same name."""

    __slots__ = ()

    family: ClassVar[Family]
    point: LikelihoodPoint
    log_likelihood: float
    observations: int

    @abstractmethod
    def value_at_risk(self, confidence: float) -> float:
        """Loss (positive) not exceeded with ``confidence``."""

    def parameters(self) -> Mapping[str, float]:
        """Published parameters by name."""
        return {name: float(getattr(self, name)) for name in self.family.parameters}

    @property
    def bounds_reached(self) -> tuple[str, ...]:
        """Coordinates of the search that ended on a bound; empty for an interior maximum."""
        return self.point.bounds_reached

    def covariance(
        self,
        kind: ErrorKind = "sandwich",
        *,
        block_length: int = 1,
        replicates: int = 200,
        seed: int = 0,
    ) -> Matrix:
        """Covariance of :meth:`parameters` in their order; see :func:`covariance_of`."""
        return covariance_of(
            self.point, kind, block_length=block_length, replicates=replicates, seed=seed
        )

    def standard_errors(
        self,
        kind: ErrorKind = "sandwich",
        *,
        block_length: int = 1,
        replicates: int = 200,
        seed: int = 0,
    ) -> Mapping[str, float]:
        """Standard errors of :meth:`parameters` by name.

        Parameters
        ----------
        kind : {"sandwich", "information", "block_bootstrap"}
            Sandwich of Hessian and scores; observed information (trusts the law and
            independence); refits of circular-block resamples.
        block_length : int
            Consecutive observations whose scores are summed (sandwich) or drawn together
            (bootstrap); 1 takes them as independent.
        replicates, seed : int
            Of the bootstrap.

        Raises
        ------
        ParameterError, EstimationError
            See :func:`plimsoll.estimators.tails.likelihood_errors.covariance_of`.
        """
        covariance = self.covariance(
            kind, block_length=block_length, replicates=replicates, seed=seed
        )
        errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        return dict(zip(self.family.parameters, map(float, errors), strict=True))

    def value_at_risk_standard_error(
        self,
        confidence: float,
        kind: ErrorKind = "sandwich",
        *,
        block_length: int = 1,
        replicates: int = 200,
        seed: int = 0,
    ) -> float:
        """Delta-method standard error of :meth:`value_at_risk`."""
        covariance = self.covariance(
            kind, block_length=block_length, replicates=replicates, seed=seed
        )
        slope = self._slopes(lambda law: law.value_at_risk(confidence), np.diag(covariance))
        return float(np.sqrt(slope @ covariance @ slope))

    def _slopes(self, measure: Callable[[Self], float], variances: Vector) -> Vector:
        """Derivatives of ``measure`` in the parameters, steps a hundredth of their errors."""
        slopes = []
        for (name, value), variance in zip(self.parameters().items(), variances, strict=True):
            step = max(0.01 * float(np.sqrt(max(variance, 0.0))), _STEP * abs(value), 1e-300)
            up: Any = replace(self, **{name: value + step})  # type: ignore[type-var]
            down: Any = replace(self, **{name: value - step})  # type: ignore[type-var]
            slopes.append((measure(up) - measure(down)) / (2.0 * step))
        return np.array(slopes)
