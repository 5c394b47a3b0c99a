"""What every EWMA shares: the returns it accepts, its start, a variance expected to stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.observations import Vector
from plimsoll.estimators.volatility.garch_options import VarianceStart
from plimsoll.estimators.volatility.one_step_risk import OneStepRisk
from plimsoll.estimators.volatility.usable_returns import as_returns, check_not_stuck, check_zeros
from plimsoll.maths.recursions import arch_backcast

MINIMUM_OBSERVATIONS = 20


class MartingaleVariance(OneStepRisk):
    """Mixin of fitted models without a mean whose variance is expected to stay as it is."""

    __slots__ = ()

    returns: Vector

    @property
    def shocks(self) -> Vector:
        """Returns of the sample: the mean is zero."""
        return self.returns

    def forecast(self, horizon: int) -> Vector:
        """Expected variances of the next ``horizon`` returns: all equal to the next one.

        Exact under the model's own law; with an asymmetry, where falls carry half of the variance.
        """
        if horizon < 1:
            raise ParameterError("must be at least 1", found=horizon, field="horizon")
        return np.full(horizon, self.variance_next)


def check_ewma(half_life: float, start: VarianceStart) -> None:
    """Refuse a half-life that is none, and starts that are of a mean that moves.

    Raises
    ------
    ParameterError
    """
    if not (np.isfinite(half_life) and half_life > 0.0):
        raise ParameterError(
            "must be a positive number of observations", found=half_life, field="half_life"
        )
    if start not in ("arch_backcast", "sample_variance"):
        raise ParameterError(
            "must be one of 'arch_backcast', 'sample_variance'", found=start, field="variance_start"
        )


def ewma_sample(
    returns: ArrayLike, decay: float, start: VarianceStart, *, heavy: bool
) -> tuple[Vector, float]:
    """Returns that an EWMA accepts, and the variance of the first of them.

    Parameters
    ----------
    returns : array-like, shape (n,)
        In time order; n at least 20.
    decay : float
    start : {"arch_backcast", "sample_variance"}
    heavy : bool
        Degrees of freedom are fitted.

    Raises
    ------
    DataFormatError, InsufficientDataError, EstimationError
        See :mod:`plimsoll.estimators.volatility.usable_returns`; the last also where the first
        returns are all zero.
    """
    values = as_returns(returns, minimum=MINIMUM_OBSERVATIONS)
    check_zeros(values, heavy=heavy)
    check_not_stuck(values, decay)
    first = arch_backcast(values) if start == "arch_backcast" else np.mean(values * values)
    if not first > 0.0:
        raise EstimationError(
            "the variance of the first return must be positive",
            found=float(first),
            remedy="use variance_start='sample_variance', or cut the frozen prices off",
            field="variance_start",
        )
    return values, float(first)
