"""Term structure of volatility at the money: levels, slopes, and variance between expiries.

With W(T) the total variance at the money forward, the forward variance between two maturities is

    v(T1, T2) = (W(T2) - W(T1)) / (T2 - T1),

annual; it is what the market pays for the days between. Negative where a calendar spread at the
money is worth less than nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.implied.features import SurfaceFeatures
from plimsoll.maths.svi import svi_total_variance
from plimsoll.maths.variance_clock import YEAR_NS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TermStructure:
    """Total variance at the money of n maturities, seen at one instant.

    Parameters
    ----------
    at_ns : int
    maturity_ns : (n,) int64
        Rising, after ``at_ns``.
    total_variance : (n,) float64
        Volatility squared times calendar years; NaN where unknown.

    Raises
    ------
    UsageError
        For maturities that do not rise from ``at_ns``, or columns of different length.
    """

    at_ns: int
    maturity_ns: IntArray
    total_variance: FloatArray

    def __post_init__(self) -> None:
        steps = np.diff(self.maturity_ns, prepend=self.at_ns)
        if self.maturity_ns.size == 0 or bool(np.any(steps <= 0)):
            raise UsageError(
                "must rise from at_ns", found=self.maturity_ns.tolist(), field="maturity_ns"
            )
        if self.total_variance.shape != self.maturity_ns.shape:
            raise UsageError(
                f"must have one entry per maturity, {self.maturity_ns.size}",
                found=self.total_variance.shape,
                field="total_variance",
            )
        self.maturity_ns.setflags(write=False)
        self.total_variance.setflags(write=False)

    @property
    def tau_years(self) -> FloatArray:
        """(n,) calendar years to maturity, ACT/365."""
        years: FloatArray = (self.maturity_ns - self.at_ns) / YEAR_NS
        return years

    @property
    def vol(self) -> FloatArray:
        """(n,) volatility at the money, annual."""
        vol: FloatArray = np.sqrt(self.total_variance / self.tau_years)
        return vol

    @property
    def forward_variance(self) -> FloatArray:
        """(n,) annual variance from the maturity before (the first: from now) to each maturity."""
        steps = np.diff(self.total_variance, prepend=0.0)
        forward: FloatArray = steps / np.diff(self.tau_years, prepend=0.0)
        return forward


def expiry_term_structure(surface: VolSurface) -> TermStructure:
    """Term structure of the listed expiries."""
    return TermStructure(
        at_ns=surface.at_ns,
        maturity_ns=np.array(surface.expiries_ns, dtype=np.int64),
        total_variance=svi_total_variance(surface.raw(), 0.0),
    )


def constant_maturity_term_structure(features: SurfaceFeatures) -> TermStructure:
    """Term structure of a surface's constant maturities."""
    return TermStructure(
        at_ns=features.at_ns,
        maturity_ns=np.array(features.maturity_ns),
        total_variance=features.atm_vol**2 * features.tau_years,
    )


def term_slope(features: SurfaceFeatures, short_days: float, long_days: float) -> float:
    """Elasticity d ln sigma / d ln T between two constant maturities; negative in backwardation.

    Raises
    ------
    UsageError
        For tenors the features do not have, or not short before long.
    """
    if not short_days < long_days:
        raise UsageError("must be before long_days", found=short_days, field="short_days")
    short, long = _position(features, short_days), _position(features, long_days)
    ratio = features.atm_vol[long] / features.atm_vol[short]
    return float(np.log(ratio) / np.log(long_days / short_days))


def _position(features: SurfaceFeatures, days: float) -> int:
    found = np.flatnonzero(np.abs(features.tau_years * 365.0 - days) < 1e-6)
    if found.size != 1:
        raise UsageError(
            "must be one of the features' tenors",
            found=days,
            field="days",
            remedy="ask surface_features for it",
        )
    return int(found[0])
