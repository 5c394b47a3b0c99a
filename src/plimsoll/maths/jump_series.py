"""Prices under jump-diffusions: Merton's series of Black prices, Kou's by Fourier.

Out-of-the-money prices per unit of forward, as in :mod:`plimsoll.maths.fourier_prices`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from plimsoll.errors import EstimationError, UsageError
from plimsoll.maths import black76
from plimsoll.maths.characteristic_functions import kou_law, merton_law
from plimsoll.maths.fourier_prices import LEWIS_TOLERANCE, lewis_prices

Vector = NDArray[np.float64]

MOST_JUMPS = 8192
_BLOCK = 32
_NEGLIGIBLE = 1e-17


def merton_prices(
    log_moneyness: ArrayLike,
    *,
    tau: float,
    volatility: float,
    jump_intensity: float,
    jump_mean: float,
    jump_sd: float,
) -> Vector:
    """Out-of-the-money prices per unit of forward by Merton's series (1976).

    Given n jumps the log price is normal with variance ``volatility^2 tau + n jump_sd^2`` and
    forward ``exp(n (jump_mean + jump_sd^2 / 2) - lambda kbar tau)``; the Black prices are added
    with Poisson weights. All terms are positive, so nothing cancels in deep wings.

    Parameters
    ----------
    log_moneyness : array_like, shape (n,)
        ``ln(K / F)``.
    tau, volatility, jump_intensity, jump_mean, jump_sd : float
        As in :func:`plimsoll.maths.characteristic_functions.merton_law`.

    Returns
    -------
    ndarray of float, shape (n,)
        Puts where ``log_moneyness < 0``, calls otherwise.

    Raises
    ------
    UsageError
        Where a parameter lies outside its bounds or a log-moneyness is not finite.
    EstimationError
        Where :data:`MOST_JUMPS` jumps to expiry are not enough.

    Examples
    --------
    >>> float(
    ...     merton_prices(
    ...         [0.0], tau=1.0, volatility=0.2, jump_intensity=0.0, jump_mean=0.0, jump_sd=0.0
    ...     )[0].round(12)
    ... )
    0.079655674554
    """
    merton_law(
        tau=tau,
        volatility=volatility,
        jump_intensity=jump_intensity,
        jump_mean=jump_mean,
        jump_sd=jump_sd,
    )  # refuses what is out of bounds
    k = np.array(log_moneyness, dtype=np.float64, ndmin=1)
    if not np.isfinite(k).all():
        raise UsageError("must be finite", field="log_moneyness")
    count, drift = jump_intensity * tau, jump_mean + 0.5 * jump_sd * jump_sd
    compensation = count * math.expm1(drift)
    certain = count * max(1.0, math.exp(drift))
    strikes, is_call = np.exp(k)[:, None], (k >= 0.0)[:, None]
    total = np.zeros_like(k)
    for first in range(0, MOST_JUMPS, _BLOCK):
        n = np.arange(first, first + _BLOCK, dtype=np.float64)
        deviation = np.sqrt(volatility * volatility * tau + n * jump_sd * jump_sd)
        forward = np.exp(n * drift - compensation)
        prices = black76.price(forward, strikes, 1.0, deviation, is_call)
        with np.errstate(under="ignore"):
            added = prices @ _poisson_weights(n, count)
        total += added
        past_the_bulk = first + _BLOCK > certain + 10.0 * math.sqrt(certain)
        if past_the_bulk and np.all(added <= _NEGLIGIBLE * total):
            return total
    raise EstimationError(
        f"Merton's series must converge within {MOST_JUMPS} jumps",
        found=f"{count:g} jumps expected to expiry",
        remedy="take lewis_prices with merton_law",
        field="jump_intensity",
    )


def kou_prices(
    log_moneyness: ArrayLike,
    *,
    tau: float,
    volatility: float,
    jump_intensity: float,
    up_probability: float,
    up_rate: float,
    down_rate: float,
    tolerance: float = LEWIS_TOLERANCE,
) -> Vector:
    """Out-of-the-money prices per unit of forward under Kou's law, by Lewis's integral.

    Kou's own series of Hh functions (2002) loses its digits with many jumps; the integral does
    not. Arguments as in :func:`plimsoll.maths.characteristic_functions.kou_law` and
    :func:`plimsoll.maths.fourier_prices.lewis_prices`, errors likewise.
    """
    law = kou_law(
        tau=tau,
        volatility=volatility,
        jump_intensity=jump_intensity,
        up_probability=up_probability,
        up_rate=up_rate,
        down_rate=down_rate,
    )
    return lewis_prices(law, log_moneyness, tolerance=tolerance)


def _poisson_weights(n: Vector, count: float) -> Vector:
    """Probability of ``n`` events where ``count`` are expected."""
    if count == 0.0:
        return np.where(n == 0.0, 1.0, 0.0)
    weights: Vector = np.exp(n * math.log(count) - count - gammaln(n + 1.0))
    return weights
