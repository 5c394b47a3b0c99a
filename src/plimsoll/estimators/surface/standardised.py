"""Raw SVI parameters freed of level and time, so that they compare between expiries and days.

With s = sqrt(w(0)) the deviation of the smile at the money, they are

    atanh(rho),    m / s,    ln(sigma / s),

which do not change when all volatilities are multiplied by one number in moneyness k / s.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.surface import SviSmile
from plimsoll.maths.svi import svi_total_variance

FloatArray = NDArray[np.float64]


def standardised(smile: SviSmile) -> FloatArray:
    """(3,) atanh(rho), m and ln(sigma) in deviations."""
    deviation = float(np.sqrt(svi_total_variance(smile.raw, 0.0)))
    return np.array([np.arctanh(smile.rho), smile.m / deviation, np.log(smile.sigma / deviation)])


def standardised_errors(smile: SviSmile) -> FloatArray:
    """(3,) standard errors of `standardised`, by the delta method; NaN without a covariance."""
    if smile.covariance is None:
        return np.full(3, np.nan)
    by_raw = standardised_jacobian(smile)
    errors: FloatArray = np.sqrt(np.diag(by_raw @ smile.covariance @ by_raw.T))
    return errors


def standardised_jacobian(smile: SviSmile) -> FloatArray:
    """(3, 5) derivatives of `standardised` in a, b, rho, m, sigma."""
    b, rho, m, sigma = smile.b, smile.rho, smile.m, smile.sigma
    variance = float(svi_total_variance(smile.raw, 0.0))
    deviation, radius = np.sqrt(variance), np.hypot(m, sigma)
    gradient = np.array([1.0, radius - rho * m, -b * m, b * (m / radius - rho), b * sigma / radius])
    jacobian = np.zeros((3, 5))
    jacobian[0, 2] = 1.0 / ((1.0 - rho) * (1.0 + rho))
    jacobian[1] = -0.5 * m / (deviation * variance) * gradient
    jacobian[1, 3] += 1.0 / deviation
    jacobian[2] = -0.5 / variance * gradient
    jacobian[2, 4] += 1.0 / sigma
    return jacobian


def standardised_vols(smile: SviSmile, deviations: FloatArray) -> FloatArray:
    """Volatility over that at the money, so many deviations from the forward: the shape alone."""
    variance = svi_total_variance(smile.raw, 0.0)
    shape: FloatArray = np.sqrt(
        svi_total_variance(smile.raw, deviations * np.sqrt(variance)) / variance
    )
    return shape


def vols_of_shape(shape: SviSmile, level: SviSmile, log_moneyness: FloatArray) -> FloatArray:
    """Volatility of one smile's shape at another's level, forward and expiry."""
    variance = float(svi_total_variance(level.raw, 0.0))
    at_money = np.sqrt(variance / level.tau_years)
    vols: FloatArray = at_money * standardised_vols(shape, log_moneyness / np.sqrt(variance))
    return vols
