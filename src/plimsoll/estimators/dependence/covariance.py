"""Covariances of a panel without holes: sample, Ledoit-Wolf, OAS.

`plimsoll.estimators.dependence.pairwise_covariance` takes holes,
`plimsoll.estimators.dependence.ewma_covariance` weighs the recent past. Equations and sources:
`plimsoll.maths.shrinkage`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from plimsoll.estimators.dependence.covariance_estimate import CovarianceEstimate
from plimsoll.estimators.dependence.observed_columns import Matrix, as_panel, varying_columns
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.shrinkage import (
    blended,
    constant_correlation_intensity,
    oracle_intensity,
    scaled_identity,
    scaled_identity_intensity,
)

Divisor = Literal["n", "n-1"]
ShrinkageTarget = Literal["scaled_identity", "constant_correlation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCovariance:
    """Covariance of centred columns, with divisor ``"n-1"`` or ``"n"``.

    Examples
    --------
    >>> SampleCovariance().fit([[1.0, 2.0], [2.0, 1.0], [3.0, 3.0]]).covariance.tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """

    divisor: Divisor = "n-1"

    def __post_init__(self) -> None:
        check_choice(self.divisor, Divisor, field="divisor")

    def fit(self, returns: ArrayLike) -> CovarianceEstimate:
        """Fit to ``returns``, shape (n, N); n at least 2. A constant column has variance 0.

        Raises
        ------
        DataFormatError, InsufficientDataError
            See :func:`plimsoll.estimators.dependence.observed_columns.as_panel`.
        """
        panel = as_panel(returns, minimum=2)
        _, covariance = _centred_moments(panel)
        rows = panel.shape[0]
        if self.divisor == "n-1":
            covariance = covariance * (rows / (rows - 1))
        return CovarianceEstimate(
            covariance=read_only(covariance),
            method=f"sample covariance, divisor {self.divisor}",
            observations=rows,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LedoitWolf:
    """Linear shrinkage of the sample covariance (divisor n) with analytic intensity.

    Parameters
    ----------
    target : {"scaled_identity", "constant_correlation"}
        The first needs comparable units: columns of very different volatility are drawn together.
    """

    target: ShrinkageTarget = "scaled_identity"

    def __post_init__(self) -> None:
        check_choice(self.target, ShrinkageTarget, field="target")

    def fit(self, returns: ArrayLike) -> CovarianceEstimate:
        """Fit to ``returns``, shape (n, N); n at least 3.

        Raises
        ------
        DataFormatError, InsufficientDataError
            See :func:`plimsoll.estimators.dependence.observed_columns.as_panel`.
        EstimationError
            A constant column under ``"constant_correlation"``.
        """
        panel = as_panel(returns, minimum=3)
        centred, covariance = _centred_moments(panel)
        if self.target == "constant_correlation":
            varying_columns(panel)
            intensity, target = constant_correlation_intensity(centred, covariance)
        else:
            intensity = scaled_identity_intensity(centred, covariance)
            target = scaled_identity(covariance)
        return _shrunk(covariance, target, intensity, f"Ledoit-Wolf, {self.target}", panel)


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleApproximating:
    """OAS: shrinkage to the scaled identity with the intensity that suits normal data."""

    def fit(self, returns: ArrayLike) -> CovarianceEstimate:
        """Fit to ``returns``, shape (n, N); n at least 3; see :meth:`LedoitWolf.fit`."""
        panel = as_panel(returns, minimum=3)
        _, covariance = _centred_moments(panel)
        intensity = oracle_intensity(panel.shape[0], covariance)
        return _shrunk(covariance, scaled_identity(covariance), intensity, "OAS", panel)


def _centred_moments(panel: Matrix) -> tuple[Matrix, Matrix]:
    """Columns less their means, and their covariance of divisor n."""
    centred = panel - panel.mean(axis=0)
    # A constant column is exactly zero, not what rounding left of its mean.
    centred[:, panel.min(axis=0) == panel.max(axis=0)] = 0.0
    covariance = centred.T @ centred / panel.shape[0]
    return centred, 0.5 * (covariance + covariance.T)


def _shrunk(
    covariance: Matrix, target: Matrix, intensity: float, method: str, panel: Matrix
) -> CovarianceEstimate:
    return CovarianceEstimate(
        covariance=read_only(blended(covariance, target, intensity)),
        method=method,
        observations=panel.shape[0],
        shrinkage=intensity,
    )
