"""The variance recursion of one market, as scenarios run it along a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.estimators.volatility.ewma import FittedEwma, decay_of_half_life
from plimsoll.estimators.volatility.fitted_garch import FittedGarch
from plimsoll.maths.path_moves import VarianceColumns
from plimsoll.maths.recursions import arch_backcast, garch_first_variance

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceRecursion:
    """EWMA, GARCH(1,1) or GJR of log returns r = mean + shock, in their own units.

        variance[t + 1] = omega + (alpha + gamma [shock < 0]) shock^2 + beta variance[t]

    Parameters
    ----------
    mean, omega, alpha, gamma, beta : float
        An EWMA has ``omega = 0``, ``alpha = 1 - beta``; a constant variance has
        ``alpha = gamma = 0`` and ``beta = 1``.

    Raises
    ------
    ParameterError
        For coefficients that are not finite, or under which a variance could turn negative.

    Examples
    --------
    >>> round(VarianceRecursion.ewma(half_life_bars=11.2).beta, 2)
    0.94
    """

    mean: float = 0.0
    omega: float
    alpha: float
    gamma: float = 0.0
    beta: float

    def __post_init__(self) -> None:
        for name in ("mean", "omega", "alpha", "gamma", "beta"):
            if not np.isfinite(getattr(self, name)):
                raise ParameterError("must be finite", found=getattr(self, name), field=name)
        for name in ("omega", "alpha", "beta"):
            if getattr(self, name) < 0.0:
                raise ParameterError("must not be negative", found=getattr(self, name), field=name)
        if self.alpha + self.gamma < 0.0:
            raise ParameterError("must be at least -alpha", found=self.gamma, field="gamma")

    @classmethod
    def ewma(cls, *, half_life_bars: float) -> Self:
        """Exponentially weighted variance."""
        if not 0.0 < half_life_bars < np.inf:
            raise ParameterError("must be positive", found=half_life_bars, field="half_life_bars")
        decay = decay_of_half_life(half_life_bars)
        return cls(omega=0.0, alpha=1.0 - decay, beta=decay)

    @classmethod
    def constant(cls) -> Self:
        """A variance that stays what it was at the start (the backcast)."""
        return cls(omega=0.0, alpha=0.0, beta=1.0)

    @classmethod
    def of(cls, fitted: FittedEwma | FittedGarch) -> Self:
        """That of a fitted model; those whose variance is not linear in squares are refused."""
        if isinstance(fitted, FittedEwma):
            return cls(omega=0.0, alpha=1.0 - fitted.decay, beta=fitted.decay)
        if not isinstance(fitted, FittedGarch):
            raise ParameterError(
                "must be a fitted GARCH, GJR or EWMA", found=type(fitted).__name__, field="fitted"
            )
        p = fitted.parameters
        return cls(mean=p.mean, omega=p.omega, alpha=p.alpha, gamma=p.gamma, beta=p.beta)

    @property
    def persistence(self) -> float:
        """Share of a variance shock left after one bar, falls and rises being equally likely."""
        return self.alpha + 0.5 * self.gamma + self.beta

    def first_variance(self, returns: FloatArray) -> float:
        """Variance of the first return: the weighted start of ``returns`` (``arch_backcast``)."""
        presample = float(arch_backcast(np.ascontiguousarray(returns) - self.mean))
        return float(garch_first_variance(presample, self.omega, self.alpha, self.gamma, self.beta))


def columns_of(recursions: Sequence[VarianceRecursion]) -> VarianceColumns:
    """Return recursions as kernels take them."""
    names = ("mean", "omega", "alpha", "gamma", "beta")
    return VarianceColumns(
        *(np.array([getattr(r, name) for r in recursions], dtype=np.float64) for name in names)
    )


def horizon_variance(columns: VarianceColumns, horizon_bars: int) -> tuple[FloatArray, FloatArray]:
    """Constant and slope (N,) of the variance of a move, in that of the next bar.

    Shocks of different bars are uncorrelated, so that variances of bars add up.

    Examples
    --------
    >>> garch = columns_of([VarianceRecursion(omega=0.1, alpha=0.1, beta=0.8)])
    >>> [float(x[0].round(12)) for x in horizon_variance(garch, 2)]
    [0.1, 1.9]
    """
    persistence = columns.alpha + 0.5 * columns.gamma + columns.beta
    constant, slope = np.zeros(persistence.size), np.zeros(persistence.size)
    level, power = np.zeros(persistence.size), np.ones(persistence.size)
    for _ in range(horizon_bars):
        constant, slope = constant + level, slope + power
        level, power = columns.omega + persistence * level, persistence * power
    return constant, slope
