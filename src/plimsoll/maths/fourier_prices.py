"""Undiscounted option prices by Lewis's integral along a bent contour, and by the COS series.

Prices are of the out-of-the-money side (put for ``k < 0``, call otherwise) per unit of forward,
so they are coin prices of inverse options too; USD prices are these times F, and the other side
follows by parity. With ``k = ln(K / F)`` and ``L(z) = ln E[(S_T / F)^z]``

    call / F = 1 / (2 pi i) int exp(L(z) + (1 - z) k) / (z (z - 1)) dz,   1 < Re z < highest moment,

and a put is a call on the dual law (numeraire changed to the coin). On ``Re z = 1/2`` this is
Lewis (2001). Here the contour crosses the real axis at the saddle point (Lord and Kahl 2007), so
that a price of 1e-100 has as many digits as one of 0.1, and is bent away from the oscillation
(Boyarchenko and Levendorskii 2019), so that a few dozen nodes do near expiry and in deep wings.
COS (Fang and Oosterlee 2008) has an absolute error and is the quicker for a whole expiry.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from plimsoll.errors import EstimationError, UsageError
from plimsoll.maths.characteristic_functions import LogMoment, LogReturnLaw
from plimsoll.maths.heston_moments import ComplexArray
from plimsoll.maths.lewis_contour import lewis_calls

Vector = NDArray[np.float64]

LEWIS_TOLERANCE = 1e-12
COS_TOLERANCE = 1e-12
MOST_TERMS = 65536

_FIRST_TERMS = 128
_PARITY_SHARE = 1e14
"""Calls come from puts by parity while a put's rounding, ``1e-15 e^k``, is a tenth of the
tolerance; beyond that, and at the tightest tolerances, from the dual law."""


def lewis_prices(
    law: LogReturnLaw, log_moneyness: ArrayLike, *, tolerance: float = LEWIS_TOLERANCE
) -> Vector:
    """Out-of-the-money prices per unit of forward, to a relative tolerance.

    Parameters
    ----------
    law : LogReturnLaw
        Law of the log-return to the expiry.
    log_moneyness : array_like, shape (n,)
        ``ln(K / F)``, finite.
    tolerance : float
        Two successive halvings of the step must agree to this share of the price, or to 50
        rounding errors of the exponent where that is more (``ln(K / F)`` times orders of 1e3).

    Returns
    -------
    ndarray of float, shape (n,)
        Puts where ``log_moneyness < 0``, calls otherwise; 0 below 1e-308 or beyond the law's reach
        (``rho = -1`` bounds the price). Where moments
        above the first hardly exist (highest order within 1e-8 of 1) the error is absolute.

    Raises
    ------
    UsageError
        Where an input is not finite or ``tolerance`` is outside [1e-14, 0.1].
    EstimationError
        Where 65,536 nodes do not reach the tolerance, or the integral settles on what is no price.

    Examples
    --------
    >>> from plimsoll.maths.characteristic_functions import black_law
    >>> float(lewis_prices(black_law(tau=1.0, volatility=0.2), [0.0])[0].round(12))
    0.079655674554
    """
    k = _checked(log_moneyness, tolerance)
    prices = np.empty_like(k)
    is_call = k >= 0.0
    prices[is_call] = lewis_calls(law, k[is_call], tolerance)
    puts = ~is_call
    prices[puts] = np.exp(k[puts]) * lewis_calls(law.dual(), -k[puts], tolerance)
    return np.maximum(prices, 0.0)


def cos_prices(
    law: LogReturnLaw, log_moneyness: ArrayLike, *, tolerance: float = COS_TOLERANCE
) -> Vector:
    """Out-of-the-money prices per unit of forward by the COS series, to an absolute tolerance.

    Parameters
    ----------
    law : LogReturnLaw
    log_moneyness : array_like, shape (n,)
        ``ln(K / F)``, finite.
    tolerance : float
        Absolute error in units of forward: mass cut off by the range (Chernoff's bound) and the
        last block of terms (sum of bounds) are each below it.

    Returns
    -------
    ndarray of float, shape (n,)
        Puts where ``log_moneyness < 0``, calls otherwise; never below 0.

    Raises
    ------
    UsageError
        Where an input is not finite or ``tolerance`` is outside [1e-14, 0.1].
    EstimationError
        Where :data:`MOST_TERMS` terms do not reach the tolerance (a law without diffusion, or
        tails so heavy that the range is too wide): take :func:`lewis_prices`.
    """
    k = _checked(log_moneyness, tolerance)
    prices = np.empty_like(k)
    far = np.exp(k) > _PARITY_SHARE * tolerance
    prices[~far] = _cos_puts(law, k[~far], tolerance) - np.maximum(np.expm1(k[~far]), 0.0)
    prices[far] = np.exp(k[far]) * _cos_puts(law.dual(), -k[far], tolerance)
    return np.maximum(prices, 0.0)


def from_out_of_the_money(
    prices: ArrayLike, log_moneyness: ArrayLike, is_call: ArrayLike
) -> Vector:
    """Call or put prices per unit of forward from the out-of-the-money ones, by parity.

    ``call - put = 1 - e^k``: the intrinsic value is added to the in-the-money side only, so
    nothing cancels.

    Parameters
    ----------
    prices, log_moneyness : array_like, shape (n,)
    is_call : array_like of bool, shape (n,)
    """
    k = np.asarray(log_moneyness, dtype=np.float64)
    intrinsic = np.where(np.asarray(is_call, dtype=np.bool_), -np.expm1(k), np.expm1(k))
    total: Vector = np.asarray(prices, dtype=np.float64) + np.maximum(intrinsic, 0.0)
    return total


def truncation_range(law: LogReturnLaw, *, tolerance: float) -> tuple[float, float]:
    """Interval outside which the log-return lies with a probability below ``tolerance`` a side.

    Chernoff: ``P(X > b) <= exp(L(p) - p b)`` for every finite moment p, minimised over p. It is
    narrower than the rule ``c1 +- 12 sqrt(c2 + sqrt(c4))`` of Fang and Oosterlee where tails are
    light, and safe where they are heavy.
    """
    top = _chernoff_bound(law.log_moment, law.highest_moment, tolerance)
    bottom = -_chernoff_bound(lambda z: law.log_moment(-z), -law.lowest_moment, tolerance)
    return bottom, top


def _checked(log_moneyness: ArrayLike, tolerance: float) -> Vector:
    k = np.array(log_moneyness, dtype=np.float64, ndmin=1)
    if k.ndim != 1 or not np.isfinite(k).all():
        raise UsageError("must be a finite vector of ln(K / F)", field="log_moneyness")
    if not 1e-14 <= tolerance <= 0.1:
        raise UsageError("must lie in [1e-14, 0.1]", found=tolerance, field="tolerance")
    return k


def _cos_puts(law: LogReturnLaw, k: Vector, tolerance: float) -> Vector:
    """Puts; terms are added in doubling blocks until one is negligible."""
    if k.size == 0:
        return k
    bottom, top = truncation_range(law, tolerance=0.1 * tolerance)
    top = max(top, float(k.max()) + 1e-3 * (top - bottom))
    prices = np.zeros_like(k)
    strikes = np.ascontiguousarray(np.maximum(k, bottom))
    first, last = 0, _FIRST_TERMS
    while True:
        frequencies: Vector = math.pi / (top - bottom) * np.arange(first, last, dtype=np.float64)
        orders: ComplexArray = 1j * frequencies.astype(np.complex128)
        with np.errstate(under="ignore"):
            phased = np.exp(law.log_moment(orders) - bottom * orders)
        density = np.ascontiguousarray(phased.real * (2.0 / (top - bottom)))
        if first == 0:
            density[0] *= 0.5
        _add_cos_terms(density, frequencies, bottom, strikes, prices)
        scale = 4.0 / (top - bottom) / (1.0 + frequencies**2)
        block = float(np.abs(phased) @ scale)
        if first > 0 and block < tolerance:
            with np.errstate(under="ignore"):
                block = float(np.exp(law.log_bound(orders)) @ scale)
        if first > 0 and block < tolerance:
            return prices
        first, last = last, 2 * last
        if last > MOST_TERMS:
            raise EstimationError(
                f"the COS series must converge to {tolerance:g} within {MOST_TERMS} terms",
                found=f"a last block of {block:.2g} on the range [{bottom:.3g}, {top:.3g}]",
                remedy="take lewis_prices, or loosen the tolerance",
                field="log_moneyness",
            )


@njit(cache=True, nogil=True)
def _add_cos_terms(
    density: Vector, frequencies: Vector, bottom: float, strikes: Vector, prices: Vector
) -> None:
    """Add ``sum density_n int_bottom^k (e^k - e^x) cos(w_n (x - bottom)) dx`` to each price.

    Sines and cosines of equally spaced angles by rotation, restarted every 64 terms.
    """
    spacing = frequencies[1] - frequencies[0]
    floor = math.exp(bottom)
    for j in range(strikes.size):
        width = strikes[j] - bottom
        strike = math.exp(strikes[j])
        turn_cos, turn_sin = math.cos(spacing * width), math.sin(spacing * width)
        cosine, sine, total = 1.0, 0.0, 0.0
        for n in range(density.size):
            w = frequencies[n]
            if n % 64 == 0:
                cosine, sine = math.cos(w * width), math.sin(w * width)
            if w == 0.0:
                total += density[n] * (strike * (width - 1.0) + floor)
            else:
                payoff = strike * sine / w - strike * cosine + floor
                total += density[n] * payoff / (1.0 + w * w)
            turned = cosine * turn_cos - sine * turn_sin
            sine = sine * turn_cos + cosine * turn_sin
            cosine = turned
        prices[j] += total


def _chernoff_bound(moment: LogMoment, highest: float, tolerance: float) -> float:
    """Smallest ``b`` with ``exp(moment(p) - p b) <= tolerance`` for some order p."""
    fractions = expit(np.linspace(-24.0, 12.0, 73))
    orders = highest * fractions
    with np.errstate(all="ignore"):
        bounds = (moment(orders.astype(np.complex128)).real - math.log(tolerance)) / orders
    return float(np.min(np.where(np.isnan(bounds), np.inf, bounds)))
