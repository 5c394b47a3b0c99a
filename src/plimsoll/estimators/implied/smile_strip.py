"""The variance strip carried out on a fitted smile, continuously and over all strikes.

    sigma^2 tau = int w(k) n(d2(k)) (-d2'(k)) dk,    d2 = -k / sqrt(w) - sqrt(w) / 2

(Gatheral, The Volatility Surface, 2006, chapter 11, after Morokoff and others; the substitution
is valid where d2 falls, which absence of butterfly arbitrage grants: Fukasawa, 2012). It equals
2 int Q(K) / K^2 dK of out-of-the-money prices, without their cancellation in the wings. A smooth
integrand that dies out at both ends: the trapezium rule converges faster than any power of the
step, so a fixed grid of 1/40 standard deviation is exact to rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.surface import SviSmile
from plimsoll.errors import EstimationError
from plimsoll.maths.svi import svi_slopes

FloatArray = NDArray[np.float64]

_STEP = 1.0 / 40.0  # standard deviations of the smile at the money
_REACH = 9.0  # |d2| beyond which the normal density is below 1e-18
_LIMIT = 400.0  # standard deviations at the money searched for that reach


def smile_strip_variance(smile: SviSmile) -> float:
    """Model-free total variance sigma^2 tau of a fitted smile.

    Raises
    ------
    EstimationError
        Where d2 does not fall over the strikes that matter: the smile has butterfly arbitrage.
    """
    deviation = float(np.sqrt(svi_slopes(smile.raw, 0.0)[0]))
    low, high = (_edge(smile.raw, side * deviation) for side in (-1.0, 1.0))
    k = np.linspace(low, high, 2 + int((high - low) / (_STEP * deviation)))
    w, slope, _ = svi_slopes(smile.raw, k)
    root = np.sqrt(w)
    d2 = -k / root - 0.5 * root
    fall = 1.0 / root - 0.5 * k * slope / (w * root) + 0.25 * slope / root
    if bool(np.any(fall <= 0.0)):
        raise EstimationError(
            "d2 must fall in the strike",
            found=f"it rises at k = {float(k[np.argmax(fall <= 0.0)]):.4g}",
            remedy="fit the smile free of butterfly arbitrage",
            field="smile",
        )
    density = np.exp(-0.5 * d2**2) / np.sqrt(2.0 * np.pi)
    return float(np.trapezoid(w * density * fall, k))


def _edge(raw: FloatArray, deviation: float) -> float:
    """First k on one side, in doubling steps, at which |d2| is beyond reach."""
    multiples = np.geomspace(_REACH, _LIMIT, 24)
    k = deviation * multiples
    w = svi_slopes(raw, k)[0]
    d2 = -k / np.sqrt(w) - 0.5 * np.sqrt(w)
    beyond = np.abs(d2) >= _REACH
    return float(k[np.argmax(beyond)]) if bool(np.any(beyond)) else float(k[-1])
