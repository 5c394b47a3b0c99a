"""Characteristic functions of ``ln(S_T / F)`` under Black, Heston, Bates, Merton and Kou.

All laws are of the log-return on the forward, so that ``E[S_T / F] = 1`` and neither rate nor
carry appears. A law is given by its log moment ``L(z) = ln E[(S_T / F)^z]`` over complex ``z``;
the log characteristic function is ``L(iu)``, and ``L(0) = L(1) = 0``. The moments exist for
``lowest < Re z < highest`` only; pricing needs these ends as much as the function itself.
Diffusion and jumps are independent, so their laws add.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expm1

from plimsoll.errors import UsageError
from plimsoll.maths.heston_moments import (
    HIGHEST_ORDER,
    ComplexArray,
    heston_log_moment,
    heston_moment_range,
)

RealArray = NDArray[np.float64]
LogMoment = Callable[[ComplexArray], ComplexArray]
LogBound = Callable[[ComplexArray], RealArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReturnLaw:
    """Law of ``ln(S_T / F)`` at one expiry.

    Parameters
    ----------
    log_moment : callable
        ``z -> ln E[(S_T / F)^z]``, complex array to complex array of the same shape.
    log_bound : callable
        ``z ->`` real upper bound of ``Re log_moment(z)`` that does not oscillate: jumps of nearly
        one size make the moment fade and return along a line, which probing would miss.
    lowest_moment, highest_moment : float
        Open interval of real ``z`` for which the moment exists; it contains [0, 1].
    """

    log_moment: LogMoment
    log_bound: LogBound
    lowest_moment: float
    highest_moment: float

    def log_cf(self, u: ArrayLike) -> ComplexArray:
        """Log characteristic function ``ln E[exp(iu ln(S_T / F))]`` at complex ``u``."""
        return self.log_moment(1j * np.asarray(u, dtype=np.complex128))

    def dual(self) -> LogReturnLaw:
        """Law of ``ln(F / S_T)`` with the coin as numeraire, under which calls are puts.

        ``E[(S_T - K)^+] = (K / F) E*[(F^2 / K - S*)^+]`` with ``L*(z) = L(1 - z)``.
        """
        return LogReturnLaw(
            log_moment=lambda z: self.log_moment(1.0 - z),
            log_bound=lambda z: self.log_bound(1.0 - z),
            lowest_moment=1.0 - self.highest_moment,
            highest_moment=1.0 - self.lowest_moment,
        )

    def plus(self, other: LogReturnLaw) -> LogReturnLaw:
        """Law of the sum with an independent log-return."""
        return LogReturnLaw(
            log_moment=lambda z: self.log_moment(z) + other.log_moment(z),
            log_bound=lambda z: self.log_bound(z) + other.log_bound(z),
            lowest_moment=max(self.lowest_moment, other.lowest_moment),
            highest_moment=min(self.highest_moment, other.highest_moment),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cumulants:
    """First, second and fourth cumulant of a log-return."""

    c1: float
    c2: float
    c4: float


def black_law(*, tau: float, volatility: float) -> LogReturnLaw:
    """Lognormal law: ``L(z) = (z^2 - z) volatility^2 tau / 2``.

    Parameters
    ----------
    tau : float
        Years to expiry, above 0.
    volatility : float
        Annual volatility as a fraction, at least 0.

    Raises
    ------
    UsageError
        Where ``tau`` is not positive or ``volatility`` negative.

    Examples
    --------
    >>> complex(black_law(tau=1.0, volatility=0.5).log_cf(1.0))
    (-0.125-0.125j)
    """
    _check_sizes(tau=tau, volatility=volatility)
    half_variance = 0.5 * volatility * volatility * tau

    def moment(z: ComplexArray) -> ComplexArray:
        return half_variance * z * (z - 1.0)

    return LogReturnLaw(
        log_moment=moment,
        log_bound=lambda z: moment(z).real,
        lowest_moment=-HIGHEST_ORDER,
        highest_moment=HIGHEST_ORDER,
    )


def heston_law(
    *, tau: float, v0: float, kappa: float, theta: float, sigma_v: float, rho: float
) -> LogReturnLaw:
    """Heston's law (1993): ``dv = kappa (theta - v) dt + sigma_v sqrt(v) dW``, corr(dW, dB) = rho.

    Parameters
    ----------
    tau : float
        Years to expiry, above 0.
    v0, theta : float
        Initial and long-run variance per year, at least 0.
    kappa : float
        Speed of mean reversion per year, above 0.
    sigma_v : float
        Volatility of variance per year, at least 0; 0 is Black with the mean variance.
    rho : float
        Correlation in [-1, 1].

    Raises
    ------
    UsageError
        Where a parameter lies outside the bounds above. Feller's condition is not required.
    """
    _check_sizes(tau=tau, kappa=kappa, v0=v0, theta=theta, sigma_v=sigma_v)
    _check(-1.0 <= rho <= 1.0, "must lie in [-1, 1]", rho, "rho")
    moment = partial(
        heston_log_moment, tau=tau, v0=v0, kappa=kappa, theta=theta, sigma_v=sigma_v, rho=rho
    )
    lowest, highest = heston_moment_range(tau=tau, kappa=kappa, sigma_v=sigma_v, rho=rho)
    return LogReturnLaw(
        log_moment=moment,
        log_bound=lambda z: moment(z).real,
        lowest_moment=lowest,
        highest_moment=highest,
    )


def bates_law(
    *,
    tau: float,
    v0: float,
    kappa: float,
    theta: float,
    sigma_v: float,
    rho: float,
    jump_intensity: float,
    jump_mean: float,
    jump_sd: float,
) -> LogReturnLaw:
    """Bates' law (1996): Heston with Merton's jumps; arguments as in those two."""
    smooth = heston_law(tau=tau, v0=v0, kappa=kappa, theta=theta, sigma_v=sigma_v, rho=rho)
    return smooth.plus(
        normal_jumps_law(
            tau=tau, jump_intensity=jump_intensity, jump_mean=jump_mean, jump_sd=jump_sd
        )
    )


def merton_law(
    *, tau: float, volatility: float, jump_intensity: float, jump_mean: float, jump_sd: float
) -> LogReturnLaw:
    """Merton's law (1976): Black with normal jumps; arguments as in those two."""
    return black_law(tau=tau, volatility=volatility).plus(
        normal_jumps_law(
            tau=tau, jump_intensity=jump_intensity, jump_mean=jump_mean, jump_sd=jump_sd
        )
    )


def kou_law(
    *,
    tau: float,
    volatility: float,
    jump_intensity: float,
    up_probability: float,
    up_rate: float,
    down_rate: float,
) -> LogReturnLaw:
    """Kou's law (2002): Black with double-exponential jumps; arguments as in those two."""
    return black_law(tau=tau, volatility=volatility).plus(
        exponential_jumps_law(
            tau=tau,
            jump_intensity=jump_intensity,
            up_probability=up_probability,
            up_rate=up_rate,
            down_rate=down_rate,
        )
    )


def normal_jumps_law(
    *, tau: float, jump_intensity: float, jump_mean: float, jump_sd: float
) -> LogReturnLaw:
    """Compensated Poisson jumps of the log price, normal in size.

    ``L(z) = lambda tau (exp(z mu + z^2 delta^2 / 2) - 1 - z kbar)``, ``kbar = E[e^J] - 1``.

    Parameters
    ----------
    tau : float
        Years to expiry, above 0.
    jump_intensity : float
        Jumps per year (lambda), at least 0.
    jump_mean, jump_sd : float
        Mean (mu) and standard deviation (delta, at least 0) of a jump of the log price.

    Raises
    ------
    UsageError
        Where a parameter lies outside the bounds above.
    """
    _check_sizes(tau=tau, jump_intensity=jump_intensity, jump_sd=jump_sd)
    _check(math.isfinite(jump_mean), "must be finite", jump_mean, "jump_mean")
    count, half_variance = jump_intensity * tau, 0.5 * jump_sd * jump_sd
    compensator = math.expm1(jump_mean + half_variance)

    def moment(z: ComplexArray) -> ComplexArray:
        jump: ComplexArray = expm1(z * (jump_mean + half_variance * z))
        return count * (jump - compensator * z)

    def bound(z: ComplexArray) -> RealArray:
        size = np.exp((z * (jump_mean + half_variance * z)).real)
        result: RealArray = count * (size - 1.0 - compensator * z.real)
        return result

    return LogReturnLaw(
        log_moment=moment,
        log_bound=bound,
        lowest_moment=-HIGHEST_ORDER,
        highest_moment=HIGHEST_ORDER,
    )


def exponential_jumps_law(
    *,
    tau: float,
    jump_intensity: float,
    up_probability: float,
    up_rate: float,
    down_rate: float,
) -> LogReturnLaw:
    """Compensated Poisson jumps of the log price, exponential in size on each side.

    ``L(z) = lambda tau (p eta1 / (eta1 - z) + (1 - p) eta2 / (eta2 + z) - 1 - z kbar)``.

    Parameters
    ----------
    tau : float
        Years to expiry, above 0.
    jump_intensity : float
        Jumps per year (lambda), at least 0.
    up_probability : float
        Share of upward jumps (p), in [0, 1].
    up_rate, down_rate : float
        Inverse mean size of an upward (eta1, above 1) and a downward (eta2, above 0) jump.

    Raises
    ------
    UsageError
        Where a parameter lies outside the bounds above.
    """
    _check_sizes(tau=tau, jump_intensity=jump_intensity, down_rate=down_rate)
    _check(0.0 <= up_probability <= 1.0, "must lie in [0, 1]", up_probability, "up_probability")
    above_one = up_rate > 1.0 and math.isfinite(up_rate)
    _check(above_one, "must exceed 1, or the forward is infinite", up_rate, "up_rate")
    count, down_probability = jump_intensity * tau, 1.0 - up_probability
    up_mean, down_mean = 1.0 / (up_rate - 1.0), 1.0 / (down_rate + 1.0)
    compensator = up_probability * up_mean - down_probability * down_mean

    def moment(z: ComplexArray) -> ComplexArray:
        up = 1.0 / (up_rate - z) - up_mean
        down = down_mean - 1.0 / (down_rate + z)
        return count * z * (up_probability * up + down_probability * down)

    def bound(z: ComplexArray) -> RealArray:
        up = np.abs(up_rate / (up_rate - z))
        down = np.abs(down_rate / (down_rate + z))
        size = up_probability * up + down_probability * down
        result: RealArray = count * (size - 1.0 - compensator * z.real)
        return result

    return LogReturnLaw(
        log_moment=moment, log_bound=bound, lowest_moment=-down_rate, highest_moment=up_rate
    )


def cumulants(law: LogReturnLaw, *, nodes: int = 64) -> Cumulants:
    """Cumulants 1, 2 and 4 as Taylor coefficients of the log moment at 0.

    Cauchy's integral over a circle of at most half the radius of convergence; its error falls as
    ``2^-nodes``, so the only error is rounding.

    Parameters
    ----------
    law : LogReturnLaw
    nodes : int
        Points on the circle, at least 16.
    """
    _check(nodes >= 16, "must be at least 16", nodes, "nodes")
    radius = _circle_radius(law)
    angles = 2.0 * math.pi * np.arange(nodes) / nodes
    values = law.log_moment(radius * np.exp(1j * angles))
    coefficients = np.fft.fft(values).real / nodes
    return Cumulants(
        c1=float(coefficients[1] / radius),
        c2=float(2.0 * coefficients[2] / radius**2),
        c4=float(24.0 * coefficients[4] / radius**4),
    )


def _circle_radius(law: LogReturnLaw) -> float:
    """Largest of the halvings of half the range at whose ends the log moment is moderate."""
    widest = 0.5 * min(-law.lowest_moment, law.highest_moment)
    radii = widest * 0.5 ** np.arange(64.0)
    ends = np.concatenate([-radii, radii]).astype(np.complex128)
    with np.errstate(all="ignore"):
        heights = np.abs(law.log_moment(ends).real).reshape(2, -1).max(axis=0)
    moderate = heights <= 1.0
    return float(radii[np.argmax(moderate)]) if moderate.any() else float(radii[-1])


_MUST_BE_POSITIVE = {"tau", "kappa", "down_rate"}


def _check_sizes(**values: float) -> None:
    for name, value in values.items():
        strict = name in _MUST_BE_POSITIVE
        good = math.isfinite(value) and (value > 0.0 if strict else value >= 0.0)
        _check(good, f"must be finite and {'positive' if strict else 'at least 0'}", value, name)


def _check(holds: bool, must: str, found: float, field: str) -> None:
    if not holds:
        raise UsageError(must, found=found, field=field)
