"""From a model's parameters to laws, prices and implied volatilities at any expiry."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.stochastic_volatility import (
    BatesParameters,
    HestonParameters,
    MertonParameters,
    ModelParameters,
)
from plimsoll.errors import EstimationError
from plimsoll.maths.characteristic_functions import (
    LogReturnLaw,
    bates_law,
    heston_law,
    kou_law,
    merton_law,
)
from plimsoll.maths.fourier_prices import cos_prices, lewis_prices
from plimsoll.maths.implied_vol import implied_volatility

Vector = NDArray[np.float64]

_COS_TOLERANCE = 1e-10
_LEWIS_BELOW = 1e-6
_LEWIS_TOLERANCE = 1e-9


def return_law(parameters: ModelParameters, tau: float) -> LogReturnLaw:
    """Law of ``ln(S_T / F)`` at ``tau`` years under the model."""
    values = asdict(parameters)
    if isinstance(parameters, HestonParameters):
        return heston_law(tau=tau, **values)
    if isinstance(parameters, BatesParameters):
        return bates_law(tau=tau, **values)
    if isinstance(parameters, MertonParameters):
        return merton_law(tau=tau, **values)
    return kou_law(tau=tau, **values)


def model_prices(parameters: ModelParameters, tau: float, log_moneyness: ArrayLike) -> Vector:
    """Out-of-the-money prices per unit of forward, which are coin prices of inverse options.

    COS to 1e-10 of the forward; where that is too coarse (prices under 1e-6) or does not
    converge, Lewis to a relative 1e-9.

    Parameters
    ----------
    parameters : HestonParameters, BatesParameters, MertonParameters or KouParameters
    tau : float
        Years to expiry, above 0.
    log_moneyness : array_like, shape (n,)
        ``ln(K / F)``.

    Raises
    ------
    EstimationError
        Where neither method converges.
    """
    law = return_law(parameters, tau)
    k = np.asarray(log_moneyness, dtype=np.float64)
    try:
        prices = cos_prices(law, k, tolerance=_COS_TOLERANCE)
    except EstimationError:
        return lewis_prices(law, k, tolerance=_LEWIS_TOLERANCE)
    small = prices < _LEWIS_BELOW
    prices[small] = lewis_prices(law, k[small], tolerance=_LEWIS_TOLERANCE)
    return prices


def model_implied_vols(parameters: ModelParameters, tau: float, log_moneyness: ArrayLike) -> Vector:
    """Annual implied volatilities of the model; 0 where its price is below the smallest number."""
    k = np.asarray(log_moneyness, dtype=np.float64)
    prices = model_prices(parameters, tau, k)
    sigma = implied_volatility(prices, 1.0, np.exp(k), tau, k >= 0.0).sigma
    return np.where(np.isnan(sigma), 0.0, sigma)


def atm_volatility(parameters: ModelParameters, tau: float) -> float:
    """Implied volatility at the forward."""
    found = float(model_implied_vols(parameters, tau, [0.0])[0])
    return found if found > 0.0 else math.nan
