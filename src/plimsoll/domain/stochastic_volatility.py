"""Parameters of option models beyond Black: Heston, Bates, Merton, Kou.

Rates, intensities and variances are per year, volatilities annual fractions, jumps of the log
price. Each refuses what lies outside its bounds; Feller's condition is reported, not required.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from plimsoll.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class HestonParameters:
    """Stochastic variance ``dv = kappa (theta - v) dt + sigma_v sqrt(v) dW`` (Heston 1993).

    Parameters
    ----------
    v0 : float
        Variance per year now, above 0.
    kappa : float
        Speed of mean reversion per year, above 0.
    theta : float
        Long-run variance per year, above 0.
    sigma_v : float
        Volatility of variance per year, at least 0.
    rho : float
        Correlation of price and variance, in [-1, 1].

    Raises
    ------
    UsageError
        Where a parameter lies outside its bounds.

    Examples
    --------
    >>> HestonParameters(v0=0.25, kappa=2.0, theta=0.36, sigma_v=1.2, rho=-0.4).feller_ratio
    1.0
    """

    v0: float
    kappa: float
    theta: float
    sigma_v: float
    rho: float

    def __post_init__(self) -> None:
        _positive(v0=self.v0, kappa=self.kappa, theta=self.theta)
        _not_negative(sigma_v=self.sigma_v)
        _within(-1.0, 1.0, rho=self.rho)

    @property
    def feller_ratio(self) -> float:
        """``2 kappa theta / sigma_v^2``; below 1 the variance reaches 0."""
        return _feller_ratio(self.kappa, self.theta, self.sigma_v)

    @property
    def feller_holds(self) -> bool:
        """Whether the variance stays above 0. Fits to crypto smiles usually say no."""
        return self.feller_ratio >= 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatesParameters:
    """Heston's variance with normal jumps of the log price (Bates 1996).

    Parameters
    ----------
    v0, kappa, theta, sigma_v, rho : float
        As in :class:`HestonParameters`.
    jump_intensity : float
        Jumps per year, at least 0.
    jump_mean, jump_sd : float
        Mean and standard deviation (at least 0) of a jump of the log price.

    Raises
    ------
    UsageError
        Where a parameter lies outside its bounds.
    """

    v0: float
    kappa: float
    theta: float
    sigma_v: float
    rho: float
    jump_intensity: float
    jump_mean: float
    jump_sd: float

    def __post_init__(self) -> None:
        _positive(v0=self.v0, kappa=self.kappa, theta=self.theta)
        _not_negative(
            sigma_v=self.sigma_v, jump_intensity=self.jump_intensity, jump_sd=self.jump_sd
        )
        _within(-1.0, 1.0, rho=self.rho)
        _within(-10.0, 10.0, jump_mean=self.jump_mean)

    @property
    def feller_ratio(self) -> float:
        """``2 kappa theta / sigma_v^2``; below 1 the variance reaches 0."""
        return _feller_ratio(self.kappa, self.theta, self.sigma_v)

    @property
    def feller_holds(self) -> bool:
        """Whether the variance stays above 0."""
        return self.feller_ratio >= 1.0

    @property
    def mean_relative_jump(self) -> float:
        """``E[e^J] - 1``, what a jump adds to the price on average, as a fraction."""
        return math.expm1(self.jump_mean + 0.5 * self.jump_sd**2)


@dataclass(frozen=True, slots=True, kw_only=True)
class MertonParameters:
    """Constant volatility with normal jumps of the log price (Merton 1976).

    Parameters
    ----------
    volatility : float
        Annual volatility between jumps, above 0.
    jump_intensity : float
        Jumps per year, at least 0.
    jump_mean, jump_sd : float
        Mean and standard deviation (at least 0) of a jump of the log price.

    Raises
    ------
    UsageError
        Where a parameter lies outside its bounds.
    """

    volatility: float
    jump_intensity: float
    jump_mean: float
    jump_sd: float

    def __post_init__(self) -> None:
        _positive(volatility=self.volatility)
        _not_negative(jump_intensity=self.jump_intensity, jump_sd=self.jump_sd)
        _within(-10.0, 10.0, jump_mean=self.jump_mean)

    @property
    def mean_relative_jump(self) -> float:
        """``E[e^J] - 1``, what a jump adds to the price on average, as a fraction."""
        return math.expm1(self.jump_mean + 0.5 * self.jump_sd**2)


@dataclass(frozen=True, slots=True, kw_only=True)
class KouParameters:
    """Constant volatility with double-exponential jumps of the log price (Kou 2002).

    Parameters
    ----------
    volatility : float
        Annual volatility between jumps, above 0.
    jump_intensity : float
        Jumps per year, at least 0.
    up_probability : float
        Share of upward jumps, in [0, 1].
    up_rate : float
        Inverse mean size of an upward jump of the log price, above 1.
    down_rate : float
        Inverse mean size of a downward jump of the log price, above 0.

    Raises
    ------
    UsageError
        Where a parameter lies outside its bounds.
    """

    volatility: float
    jump_intensity: float
    up_probability: float
    up_rate: float
    down_rate: float

    def __post_init__(self) -> None:
        _positive(volatility=self.volatility, down_rate=self.down_rate)
        _not_negative(jump_intensity=self.jump_intensity)
        _within(0.0, 1.0, up_probability=self.up_probability)
        if not (self.up_rate > 1.0 and math.isfinite(self.up_rate)):
            raise UsageError(
                "must be finite and exceed 1",
                found=self.up_rate,
                remedy="with mean upward jumps of 1 or more the forward is infinite",
                field="up_rate",
            )

    @property
    def mean_relative_jump(self) -> float:
        """``E[e^J] - 1``, what a jump adds to the price on average, as a fraction."""
        up = self.up_probability / (self.up_rate - 1.0)
        return up - (1.0 - self.up_probability) / (self.down_rate + 1.0)


ModelParameters = HestonParameters | BatesParameters | MertonParameters | KouParameters


def _feller_ratio(kappa: float, theta: float, sigma_v: float) -> float:
    return math.inf if sigma_v == 0.0 else 2.0 * kappa * theta / (sigma_v * sigma_v)


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (value > 0.0 and math.isfinite(value)):
            raise UsageError("must be finite and positive", found=value, field=name)


def _not_negative(**values: float) -> None:
    for name, value in values.items():
        if not (value >= 0.0 and math.isfinite(value)):
            raise UsageError("must be finite and at least 0", found=value, field=name)


def _within(low: float, high: float, **values: float) -> None:
    for name, value in values.items():
        if not low <= value <= high:
            raise UsageError(f"must lie in [{low:g}, {high:g}]", found=value, field=name)
