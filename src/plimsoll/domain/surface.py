"""Implied-volatility surfaces: their parameters. Evaluation is in `plimsoll.maths.svi`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Pair, Payoff
from plimsoll.domain.option_chain import ChainFinding
from plimsoll.errors import UsageError

RAW = ("a", "b", "rho", "m", "sigma")
"""Raw SVI parameters in the order of every array of them."""


class SmileSource(StrEnum):
    """How the smile of an expiry came about."""

    SVI = "svi"  # fitted, five parameters
    ESSVI = "essvi"  # fitted, three parameters: SVI could not be made free of arbitrage
    SSVI = "ssvi"  # one shape for all expiries, levels near the quotes: the last resort
    BORROWED = "borrowed"  # too few quotes: shape of the neighbours, level of what quotes there are
    PRIOR = "prior"  # no usable quote: the previous surface, carried on


class SmileReason(StrEnum):
    """Why an expiry has no smile of its own (closed enumeration)."""

    EXPIRED = "expired"
    UNDER_A_MINUTE = "under_a_minute"  # what is left of the price is ticks and delay
    NO_FORWARD = "no_forward"
    NO_QUOTES = "no_quotes"
    FIT_FAILED = "fit_failed"  # no surface that could be verified to be free of arbitrage


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceClock:
    """Time in which variance flows evenly: hours of quiet days count for less.

    Parameters
    ----------
    day_weights : tuple of 7 float
        Monday to Sunday (UTC days); positive, mean 1, so that a whole week lasts a week.

    Raises
    ------
    UsageError
    """

    day_weights: tuple[float, ...] = (1.0,) * 7

    def __post_init__(self) -> None:
        good = len(self.day_weights) == 7 and all(0.0 < w < np.inf for w in self.day_weights)
        if not good or abs(sum(self.day_weights) / 7.0 - 1.0) > 1e-9:
            raise UsageError(
                "must be seven positive weights of mean 1, Monday to Sunday",
                found=self.day_weights,
                field="day_weights",
            )


CALENDAR = VarianceClock()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SviSmile:
    """Total implied variance of one expiry, w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)).

    k = ln(K/F); w is volatility squared times calendar years.

    Parameters
    ----------
    expiry_ns : int
    tau_years : float
        Calendar time to expiry, ACT/365; positive.
    variance_years : float
        The same time on the surface's `VarianceClock`; positive. Between expiries w is linear
        in it at fixed k.
    forward : float
        Quote currency.
    a, b, rho, m, sigma : float
        Raw SVI (Gatheral): b >= 0, \\|rho\\| < 1, sigma > 0, a + b sigma sqrt(1 - rho^2) > 0,
        b (1 + \\|rho\\|) <= 2 (Lee).
    source : SmileSource
    quotes : int
        Quotes that were fitted.
    covariance : (5, 5) float64 or None
        Posterior covariance of (a, b, rho, m, sigma) by Laplace's approximation; None where
        unknown.

    Raises
    ------
    UsageError
        For parameters outside the bounds above (they are necessary, not sufficient, for the
        absence of arbitrage: see `plimsoll.estimators.surface.arbitrage`).
    """

    expiry_ns: int
    tau_years: float
    variance_years: float
    forward: float
    a: float
    b: float
    rho: float
    m: float
    sigma: float
    source: SmileSource = SmileSource.SVI
    quotes: int = 0
    covariance: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        for name in ("tau_years", "variance_years", "forward", "sigma"):
            _require(name, getattr(self, name), 0.0 < getattr(self, name) < np.inf, "positive")
        _require("b", self.b, 0.0 <= self.b < np.inf, "at least 0")
        _require("rho", self.rho, abs(self.rho) < 1.0, "within (-1, 1)")
        _require("m", self.m, abs(self.m) < np.inf, "finite")
        _require("b", self.b, self.b * (1.0 + abs(self.rho)) <= 2.0, "at most 2 / (1 + |rho|)")
        lowest = self.a + self.b * self.sigma * np.sqrt(1.0 - self.rho**2)
        _require("a", self.a, 0.0 < lowest < np.inf, "high enough for a positive variance")
        if self.covariance is not None:
            if self.covariance.shape != (5, 5):
                raise UsageError("must be 5 x 5", found=self.covariance.shape, field="covariance")
            self.covariance.setflags(write=False)

    @property
    def raw(self) -> NDArray[np.float64]:
        """(5,) a, b, rho, m, sigma."""
        return np.array([self.a, self.b, self.rho, self.m, self.sigma])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolSurface:
    """Smiles of a pair at one instant.

    One that a fit handed back is verified to be free of arbitrage within the smiles, between
    expiries and after the last, at all strikes; one that is put together by hand is what
    `plimsoll.estimators.surface.arbitrage` says it is.

    Parameters
    ----------
    at_ns : int
        UTC, ns.
    pair : Pair
    settle : str
    payoff : Payoff
        Of the options: an inverse option's delta is premium-adjusted.
    index : float
        Spot index at the time, quote currency; NaN where unknown.
    clock : VarianceClock
    smiles : tuple of SviSmile
        Rising in expiry, at least one.
    reasons : mapping of int to SmileReason
        Expiries of the chain without a smile, by expiry_ns.
    findings : tuple of ChainFinding

    Raises
    ------
    UsageError
        For no smile, or expiries that do not rise.
    """

    at_ns: int
    pair: Pair
    settle: str
    payoff: Payoff
    index: float
    clock: VarianceClock
    smiles: tuple[SviSmile, ...]
    reasons: Mapping[int, SmileReason] = field(default_factory=dict)
    findings: tuple[ChainFinding, ...] = ()

    def __post_init__(self) -> None:
        for name in ("expiry_ns", "variance_years"):
            values = [getattr(smile, name) for smile in self.smiles]
            if not values or any(b <= a for a, b in pairwise(values)):
                raise UsageError(
                    "must be at least one smile, rising in time", found=values, field=name
                )

    @property
    def expiries_ns(self) -> tuple[int, ...]:
        """Expiries with a smile, rising."""
        return tuple(smile.expiry_ns for smile in self.smiles)

    def smile(self, expiry_ns: int) -> SviSmile:
        """Return the smile of a listed expiry."""
        for smile in self.smiles:
            if smile.expiry_ns == expiry_ns:
                return smile
        raise UsageError(
            "must be an expiry of the surface",
            found=expiry_ns,
            field="expiry_ns",
            remedy="ask plimsoll.estimators.surface.query for times between expiries",
        )

    def raw(self) -> NDArray[np.float64]:
        """(n, 5) raw SVI parameters of the smiles."""
        return np.array([smile.raw for smile in self.smiles])


def _require(name: str, value: float, good: bool, must: str) -> None:
    if not good:
        raise UsageError(f"must be {must}", found=value, field=name)
