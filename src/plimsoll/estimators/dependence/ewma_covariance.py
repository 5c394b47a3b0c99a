"""Exponentially weighted covariance; batch and stream are the same steps.

Equations of the three conventions: `plimsoll.maths.covariance_ewma`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import ParameterError
from plimsoll.estimators.dependence.covariance_estimate import correlation_from
from plimsoll.estimators.dependence.observed_columns import (
    Matrix,
    Vector,
    as_panel,
    finite_row,
)
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.covariance_ewma import (
    DEMEANED,
    NORMALISED,
    RECURSIVE,
    ewma_covariance_filter,
    ewma_covariance_step,
)

EwmaConvention = Literal["recursive", "normalised", "demeaned"]
_RULES = {"recursive": RECURSIVE, "normalised": NORMALISED, "demeaned": DEMEANED}


@dataclass(frozen=True, slots=True, kw_only=True)
class EwmaCovariance:
    """EWMA covariance of a panel without holes.

    Parameters
    ----------
    decay : float
        In (0, 1): weight of the past, 0.97 say; ``0.5 ** (1 / half_life)``.
    convention : {"recursive", "normalised", "demeaned"}
        Zero mean, started by the first outer product (RiskMetrics); zero mean, weights that sum to
        one; about the weighted mean (pandas' ``ewm(adjust=True).cov(bias=True)``).

    Examples
    --------
    >>> fitted = EwmaCovariance(decay=0.5).fit([[1.0, 0.0], [0.0, 2.0]])
    >>> fitted.covariance.tolist()
    [[0.5, 0.0], [0.0, 2.0]]
    >>> fitted.update([1.0, 1.0]).observations
    3
    """

    decay: float
    convention: EwmaConvention = "recursive"

    def __post_init__(self) -> None:
        check_choice(self.convention, EwmaConvention, field="convention")
        if not 0.0 < self.decay < 1.0:
            raise ParameterError("must lie in (0, 1)", found=self.decay, field="decay")

    def fit(self, returns: ArrayLike) -> FittedEwmaCovariance:
        """Filter ``returns``, shape (n, N), in time order.

        Raises
        ------
        DataFormatError, InsufficientDataError
            See :func:`plimsoll.estimators.dependence.observed_columns.as_panel`.
        """
        panel = as_panel(returns, minimum=1)
        n = panel.shape[1]
        covariance, mean = np.zeros((n, n)), np.zeros(n)
        weight = ewma_covariance_filter(
            panel, self.decay, _RULES[self.convention], covariance, mean
        )
        return FittedEwmaCovariance(
            decay=self.decay,
            convention=self.convention,
            covariance=read_only(covariance),
            mean=read_only(mean),
            weight=float(weight),
            observations=panel.shape[0],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedEwmaCovariance:
    """Result of :class:`EwmaCovariance`; frozen.

    Attributes
    ----------
    covariance : ndarray, shape (N, N)
        After the last row: the forecast of the next.
    mean : ndarray, shape (N,)
        Weighted mean; zeros but for ``"demeaned"``.
    weight : float
        Sum of the weights, the newest being 1.
    """

    decay: float
    convention: EwmaConvention
    covariance: Matrix
    mean: Vector
    weight: float
    observations: int

    @property
    def volatilities(self) -> Vector:
        """Square roots of the diagonal, (N,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def correlation(self) -> Matrix:
        """(N, N) with unit diagonal; a column without variance has correlation 0 with others."""
        return correlation_from(self.covariance)

    def update(self, row: ArrayLike) -> Self:
        """The estimate after one more row, one step: the bits of a fit on the longer panel."""
        values = finite_row(row, columns=self.mean.size)
        covariance, mean = np.array(self.covariance), np.array(self.mean)
        rule = _RULES[self.convention]
        weight = ewma_covariance_step(covariance, mean, self.weight, values, self.decay, rule)
        return replace(
            self,
            covariance=read_only(covariance),
            mean=read_only(mean),
            weight=float(weight),
            observations=self.observations + 1,
        )
