"""How good are forecasts of variance: losses that a noisy proxy does not mislead, and a regression.

QLIKE and MSE rank forecasts the same whether variance is observed or an unbiased proxy of it stands
in (Patton, Journal of Econometrics 160, 2011). QLIKE weighs errors by ratio, MSE by size: MSE on
crypto is decided by a handful of days. Two series of losses are compared by
`plimsoll.validation.diebold_mariano`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import DataFormatError, EstimationError, InsufficientDataError
from plimsoll.maths.realised_regression import hac_covariance, newey_west_lags

FloatArray = NDArray[np.float64]


def qlike(realised: ArrayLike, forecast: ArrayLike) -> FloatArray:
    """``x - ln x - 1`` with x realised over forecast variance; 0 where they agree.

    NaN where either is NaN, or the realised variance is 0: its QLIKE is infinite whatever the
    forecast.

    Raises
    ------
    DataFormatError
        For a forecast that is not positive, a negative realised variance, or shapes that differ.

    Examples
    --------
    >>> qlike([1.0, 2.0], [1.0, 1.0]).round(4)
    array([0.    , 0.3069])
    """
    x, f = _pair(realised, forecast)
    ratio = np.where(x > 0.0, x, np.nan) / f
    return np.asarray(ratio - np.log(ratio) - 1.0)


def squared_error(realised: ArrayLike, forecast: ArrayLike) -> FloatArray:
    """``(x - f)^2`` in variances, NaN where either is.

    Raises
    ------
    DataFormatError
    """
    x, f = _pair(realised, forecast)
    return np.asarray((x - f) ** 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class MincerZarnowitz:
    """Regression of realised on forecast variance: unbiased means intercept 0 and slope 1.

    Parameters
    ----------
    intercept, slope, r_squared : float
    intercept_error, slope_error : float
        Newey-West.
    statistic, p_value : float
        Wald's of both at once, chi-square with 2 degrees of freedom: small p speaks for a bias.
    observations, lags : int
    """

    intercept: float
    slope: float
    r_squared: float
    intercept_error: float
    slope_error: float
    statistic: float
    p_value: float
    observations: int
    lags: int


def mincer_zarnowitz(
    realised: ArrayLike, forecast: ArrayLike, *, horizon: int = 1, lags: int | None = None
) -> MincerZarnowitz:
    """Regress what came on what was forecast (Mincer and Zarnowitz, 1969), pairs with a NaN out.

    Parameters
    ----------
    horizon : int
        Steps over which targets overlap; sets the lags.
    lags : int, optional

    Raises
    ------
    DataFormatError, InsufficientDataError, EstimationError
    """
    x, f = _pair(realised, forecast)
    both = np.isfinite(x) & np.isfinite(f)
    x, f = x[both], f[both]
    if x.size < 20:
        raise InsufficientDataError("at least 20 pairs are needed", found=x.size, field="forecast")
    if np.ptp(f) <= 1e-12 * f.max():
        raise EstimationError("forecasts must vary", found=float(f[0]), field="forecast")
    chosen = newey_west_lags(x.size, horizon) if lags is None else lags
    # In units of the mean forecast, so that intercept and slope are of like size.
    unit = float(f.mean())
    design = np.stack([np.ones(x.size), f / unit], axis=1)
    found, *_ = np.linalg.lstsq(design, x / unit, rcond=None)
    residual = x / unit - design @ found
    covariance = hac_covariance(design, residual, np.ones(x.size), chosen)
    gap = found - np.array([0.0, 1.0])
    if float(np.abs(residual).max()) <= 1e-12:
        statistic = 0.0 if float(np.abs(gap).max()) <= 1e-9 else np.finfo(np.float64).max
    else:
        statistic = float(gap @ np.linalg.solve(covariance, gap))
    spread = x / unit - float(np.mean(x / unit))
    total = float(spread @ spread)
    return MincerZarnowitz(
        intercept=float(found[0]) * unit,
        slope=float(found[1]),
        r_squared=1.0 - float(residual @ residual) / total if total > 0.0 else 0.0,
        intercept_error=float(np.sqrt(covariance[0, 0])) * unit,
        slope_error=float(np.sqrt(covariance[1, 1])),
        statistic=statistic,
        p_value=float(special.chdtrc(2.0, statistic)),
        observations=int(x.size),
        lags=chosen,
    )


def _pair(realised: ArrayLike, forecast: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, f = np.array(realised, dtype=np.float64), np.array(forecast, dtype=np.float64)
    if x.shape != f.shape:
        raise DataFormatError("must have one shape", found=(x.shape, f.shape), field="forecast")
    if bool(np.any(x < 0.0)) or np.isinf(x).any():
        raise DataFormatError("must not be negative or infinite", found="one", field="realised")
    if bool(np.any(f <= 0.0)) or np.isinf(f).any():
        raise DataFormatError("must be positive and finite", found="one", field="forecast")
    return x, f
