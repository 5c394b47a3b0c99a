"""What is published of a surface: level, skew and convexity at constant maturities.

With w(k, T) the total variance at log forward-moneyness k and T the calendar years to maturity,
volatility is sigma(k) = sqrt(w / T), and at the money forward (k = 0)

    sigma' = w' / (2 sigma T),      sigma'' = (w'' / (2 T) - sigma'^2) / sigma.

Between expiries w is linear in variance time at fixed k (`plimsoll.maths.svi`), so every feature
is the surface's own at that maturity, not a mean of the neighbours' features. All are sticky in
moneyness: they say what changed at fixed k.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.implied.delta_strikes import log_moneyness_at_delta
from plimsoll.estimators.surface.delta import DeltaConvention, convention_of
from plimsoll.maths.svi import surface_points
from plimsoll.maths.variance_clock import DAY_NS, YEAR_NS, variance_years

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class FeatureReason(StrEnum):
    """Why a maturity lacks features, or some of them (closed enumeration)."""

    BEFORE_FIRST_EXPIRY = "before_first_expiry"
    AFTER_LAST_EXPIRY = "after_last_expiry"
    DELTA_NOT_REACHED = "delta_not_reached"  # wings alone: no strike has the delta


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfaceFeatures:
    """Features of a surface at T maturities; volatilities annual, as fractions.

    Parameters
    ----------
    at_ns : int
    index : float
        Spot index, quote currency; NaN where unknown.
    convention : DeltaConvention
        Of the risk reversals and butterflies.
    maturity_ns : (T,) int64
    tau_years : (T,) float64
        Calendar, ACT/365.
    variance_years : (T,) float64
        On the surface's clock.
    atm_vol : (T,) float64
        At the money forward.
    skew : (T,) float64
        d sigma / dk there.
    curvature : (T,) float64
        d2 sigma / dk2 there.
    risk_reversal_25, risk_reversal_10 : (T,) float64
        Call volatility less put volatility at that delta: negative where downside is dear.
    butterfly_25, butterfly_10 : (T,) float64
        Mean of both volatilities less ``atm_vol``.
    reasons : tuple of T FeatureReason or None
        Features of a maturity outside the listed expiries are NaN.
    """

    at_ns: int
    index: float
    convention: DeltaConvention
    maturity_ns: IntArray
    tau_years: FloatArray
    variance_years: FloatArray
    atm_vol: FloatArray
    skew: FloatArray
    curvature: FloatArray
    risk_reversal_25: FloatArray
    risk_reversal_10: FloatArray
    butterfly_25: FloatArray
    butterfly_10: FloatArray
    reasons: tuple[FeatureReason | None, ...]

    def __post_init__(self) -> None:
        for name in _COLUMNS:
            getattr(self, name).setflags(write=False)


_COLUMNS = (
    "maturity_ns",
    "tau_years",
    "variance_years",
    "atm_vol",
    "skew",
    "curvature",
    "risk_reversal_25",
    "risk_reversal_10",
    "butterfly_25",
    "butterfly_10",
)


def surface_features(surface: VolSurface, tenors_days: Sequence[float]) -> SurfaceFeatures:
    """Features at constant maturities of ``tenors_days`` calendar days.

    Raises
    ------
    UsageError
        For tenors that are not positive and rising.
    """
    days = np.asarray(tenors_days, dtype=np.float64)
    if days.ndim != 1 or days.size == 0 or days[0] <= 0.0 or bool(np.any(np.diff(days) <= 0.0)):
        raise UsageError("must be positive and rise", found=days.tolist(), field="tenors_days")
    return _features(surface, surface.at_ns + np.rint(days * DAY_NS).astype(np.int64))


def expiry_features(surface: VolSurface) -> SurfaceFeatures:
    """Features of each listed expiry, which are those of its own smile."""
    return _features(surface, np.array(surface.expiries_ns, dtype=np.int64))


def _features(surface: VolSurface, maturity_ns: IntArray) -> SurfaceFeatures:
    raw = surface.raw()
    expiry_years = np.array([smile.variance_years for smile in surface.smiles])
    tau = (maturity_ns - surface.at_ns) / YEAR_NS
    years = _years_at(surface, maturity_ns, expiry_years)
    money = surface_points(raw, expiry_years, 0.0, years)
    vol = np.sqrt(money.variance / tau)
    skew = money.slope / (2.0 * vol * tau)

    def variance_at(k: FloatArray) -> FloatArray:
        return surface_points(raw, expiry_years, k, years[:, None]).variance

    columns = {
        "tau_years": tau,
        "variance_years": years,
        "atm_vol": vol,
        "skew": skew,
        "curvature": (money.curvature / (2.0 * tau) - skew**2) / vol,
        **_wings(variance_at, tau, vol, convention_of(surface)),
    }
    outside = _outside(surface, maturity_ns)
    absent = np.array([reason is not None for reason in outside])
    columns |= {name: np.where(absent, np.nan, columns[name]) for name in _COLUMNS[3:]}
    return SurfaceFeatures(
        at_ns=surface.at_ns,
        index=surface.index,
        convention=convention_of(surface),
        maturity_ns=maturity_ns,
        reasons=_reasons(outside, columns),
        **columns,
    )


def _wings(
    variance_at: Callable[[FloatArray], FloatArray],
    tau: FloatArray,
    atm_vol: FloatArray,
    convention: DeltaConvention,
) -> dict[str, FloatArray]:
    """Risk reversals and butterflies by name."""

    def vol_at(delta: float, call: bool) -> FloatArray:
        k = log_moneyness_at_delta(variance_at, delta, call, convention)
        vol: FloatArray = np.sqrt(variance_at(k[:, None])[:, 0] / tau)
        return vol

    wings = {}
    for name, delta in (("25", 0.25), ("10", 0.10)):
        call, put = vol_at(delta, True), vol_at(delta, False)
        wings[f"risk_reversal_{name}"] = call - put
        wings[f"butterfly_{name}"] = 0.5 * (call + put) - atm_vol
    return wings


def _reasons(
    outside: list[FeatureReason | None], columns: dict[str, FloatArray]
) -> tuple[FeatureReason | None, ...]:
    unreached = np.isnan(np.array([columns[name] for name in _COLUMNS[6:]])).any(axis=0)
    return tuple(
        FeatureReason.DELTA_NOT_REACHED if reason is None and missing else reason
        for reason, missing in zip(outside, unreached, strict=True)
    )


def _years_at(surface: VolSurface, maturity_ns: IntArray, expiry_years: FloatArray) -> FloatArray:
    """Variance time of maturities; a listed expiry has exactly that of its smile."""
    years = variance_years(surface.clock.day_weights, surface.at_ns, maturity_ns)
    expiries = np.array(surface.expiries_ns)
    place = np.minimum(np.searchsorted(expiries, maturity_ns), expiries.size - 1)
    listed: FloatArray = np.where(expiries[place] == maturity_ns, expiry_years[place], years)
    return listed


def _outside(surface: VolSurface, maturity_ns: IntArray) -> list[FeatureReason | None]:
    first, last = surface.expiries_ns[0], surface.expiries_ns[-1]
    return [
        FeatureReason.BEFORE_FIRST_EXPIRY
        if at < first
        else FeatureReason.AFTER_LAST_EXPIRY
        if at > last
        else None
        for at in maturity_ns
    ]
