"""What the surface before says of this one: a random walk in the time between them.

The forward variance to an expiry stays as it was and so does its shape in standardised moneyness;
both are believed the less, the longer ago and the shorter the expiry.

A fit believes them the less, too, the more quotes an expiry of days or more has (`faded_scales`).
Over the 426 shared chains, walked from one to the next, an unfaded prior steadies the shapes most
(median daily move at 7 to 30 days 0.03 in atanh rho and 0.11 deviations in m; alone 0.09 and
0.28), but costs wings (96.0 % inside; alone 96.8 %) and middle (median error 0.188 half-spreads;
alone 0.177). Faded, all but a trifle of both is won back (96.6 %, 0.181), at 0.05 and 0.17.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.option_chain import FloatArray, IntArray
from plimsoll.domain.surface import SviSmile, VolSurface
from plimsoll.estimators.surface.settings import SurfaceSettings
from plimsoll.maths.surface_fit_curve import COORDINATES, LOG_LEVEL, coordinates_of_raw

_DAY_NS = 86_400 * 10**9
_DAYS_PER_YEAR = 365.0
_SHORTEST_SPAN_DAYS = 1.0 / 1440.0
_SHORTEST_TENOR_DAYS = 1.0 / 24.0
_LONGEST_SHAPE_TENOR_DAYS = 16.0
_FLATTEST = 1e-4
"""Least mean wing slope in standardised moneyness: the logarithm of a flat one is none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarriedSmiles:
    """The smiles of n expiries as the previous surface expects them; NaN where it knows none.

    Parameters
    ----------
    vol : (n,) float64
        At-the-money volatility, annual.
    shape : (n, 5) float64
        Coordinates standardised with that volatility: the level is 0.
    scale : (n, 5) float64
        Standard deviations of the coordinates.
    """

    vol: FloatArray
    shape: FloatArray
    scale: FloatArray


def carried_smiles(
    previous: VolSurface | None,
    settings: SurfaceSettings,
    at_ns: int,
    expiry_ns: list[int],
    years: FloatArray,
    clock_years: FloatArray,
) -> CarriedSmiles:
    """Carry the previous surface on to another time."""
    n = len(expiry_ns)
    vol, (shape, scale) = np.full(n, np.nan), np.full((2, n, COORDINATES), np.nan)
    smiles = {} if previous is None else {smile.expiry_ns: smile for smile in previous.smiles}
    span_days = 0.0 if previous is None else (at_ns - previous.at_ns) / _DAY_NS
    for i, expiry in enumerate(expiry_ns):
        if expiry not in smiles:
            continue
        smile = smiles[expiry]
        variance = _variance_at_the_money(smile)
        left = min(float(clock_years[i]) / smile.variance_years, 1.0)
        vol[i] = np.sqrt(variance * left / years[i])
        raw = smile.raw[None, :]
        raw[0, 1] = max(smile.b, _FLATTEST * np.sqrt(variance))
        shape[i] = coordinates_of_raw(raw, np.array([np.sqrt(variance)]))[0]
        scale[i] = _scales(settings, span_days, float(years[i]) * _DAYS_PER_YEAR)
    return CarriedSmiles(vol=vol, shape=shape, scale=scale)


def faded_scales(
    scale: FloatArray, settings: SurfaceSettings, quotes: IntArray, years: FloatArray
) -> FloatArray:
    """(n, 5) scales of the prior for a fit to so many quotes of each expiry.

    Below a day the quotes are few and coarse, and one wild quote could be most of them: there,
    and for thin expiries, the scales stay as they are.
    """
    spare = np.maximum(quotes - settings.least_quotes, 0) / settings.previous_quotes
    quiet = np.clip(years * _DAYS_PER_YEAR - 1.0, 0.0, 1.0)
    faded: FloatArray = scale * (1.0 + quiet * spare)[:, None]
    return faded


def _variance_at_the_money(smile: SviSmile) -> float:
    return float(smile.a + smile.b * (np.hypot(smile.m, smile.sigma) - smile.rho * smile.m))


def _scales(settings: SurfaceSettings, span_days: float, tenor_days: float) -> FloatArray:
    root = np.sqrt(max(span_days, _SHORTEST_SPAN_DAYS))
    tenor = max(tenor_days, _SHORTEST_TENOR_DAYS)
    shape_tenor = min(tenor, _LONGEST_SHAPE_TENOR_DAYS)
    scale = np.full(COORDINATES, settings.shape_move * root * shape_tenor**-settings.shape_power)
    scale[LOG_LEVEL] = 2.0 * settings.level_move * root * tenor**-settings.tenor_power
    return scale
