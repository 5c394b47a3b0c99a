"""The variance strip carried out on a fitted smile, continuously and over all strikes.

    sigma^2 tau = int w(k) n(d2(k)) (-d2'(k)) dk,    d2 = -k / sqrt(w) - sqrt(w) / 2

(Gatheral, The Volatility Surface, 2006, chapter 11, after Morokoff and others; the substitution
is valid where d2 falls, which absence of butterfly arbitrage grants: Fukasawa, 2012). It equals
2 int Q(K) / K^2 dK of out-of-the-money prices, without their cancellation in the wings.

Carried out in u, k = m + sigma sinh(u), in which an SVI has no corner, however sharp, and no far
wing, however steep. The integrand is smooth and dies out at both ends, so that the trapezium rule
converges faster than any power of the step; the step is halved until the sum stands still.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.surface import SviSmile
from plimsoll.errors import EstimationError
from plimsoll.maths.svi import svi_slopes

FloatArray = NDArray[np.float64]

_REACH = 9.0  # |d2| beyond which the normal density is below 1e-18
_FARTHEST = 1e15  # |k| searched for that reach
_WIDEST_STEP = 0.25  # of u: an SVI changes over one
_STEP = 0.5  # first step at the money, in standard deviations
_SETTLED = 1e-12  # relative change of the sum
_MOST_POINTS = 1 << 20


def smile_strip_variance(smile: SviSmile) -> float:
    """Model-free total variance sigma^2 tau of a fitted smile, to 1e-11 of itself.

    Parameters
    ----------
    smile : SviSmile

    Raises
    ------
    EstimationError
        Where d2 does not fall over the strikes that matter: the smile has butterfly arbitrage.
        Where a wing is so steep that d2 does not get there (Lee's bound attained): the variance
        is infinite, or all but.
    """
    raw = smile.raw
    deviation = float(np.sqrt(svi_slopes(raw, 0.0)[0]))
    ends = np.array([_edge(raw, side * deviation) for side in (-1.0, 1.0)])
    low, high = map(float, np.arcsinh((ends - smile.m) / smile.sigma))
    at_the_money = _STEP * deviation / float(np.hypot(smile.m, smile.sigma))
    count = 1 + int((high - low) / min(_WIDEST_STEP, at_the_money))
    total = _sum(smile, np.linspace(low, high, count + 1)) / count
    while count < _MOST_POINTS:
        step = (high - low) / count
        middles = np.asarray(low + step * (np.arange(count) + 0.5), dtype=np.float64)
        before, total = total, 0.5 * (total + _sum(smile, middles) / count)
        count *= 2
        if abs(total - before) <= _SETTLED * total:
            return (high - low) * total
    raise EstimationError("the strip must settle", found=f"not at {count} points", field="smile")


def _sum(smile: SviSmile, u: FloatArray) -> float:
    """Sum of the integrand over points in u."""
    k = smile.m + smile.sigma * np.sinh(u)
    w, slope, _ = svi_slopes(smile.raw, k)
    root = np.sqrt(w)
    d2 = -(k + 0.5 * w) / root
    fall = (1.0 - 0.5 * k * slope / w + 0.25 * slope) / root
    if bool(np.any(fall <= 0.0)):
        raise EstimationError(
            "d2 must fall in the strike",
            found=f"it rises at k = {float(k[np.argmax(fall <= 0.0)]):.4g}",
            remedy="fit the smile free of butterfly arbitrage",
            field="smile",
        )
    density = np.exp(-0.5 * d2**2) / np.sqrt(2.0 * np.pi)
    return float(np.sum(w * density * fall * smile.sigma * np.cosh(u)))


def _edge(raw: FloatArray, deviation: float) -> float:
    """First k on one side, in doubling steps, at which |d2| is beyond reach."""
    least = _REACH * abs(deviation)
    doublings = np.arange(1 + max(0.0, np.ceil(np.log2(_FARTHEST / least))))
    k = _REACH * deviation * 2.0**doublings
    w = svi_slopes(raw, k)[0]
    beyond = np.abs(k + 0.5 * w) >= _REACH * np.sqrt(w)
    if not bool(np.any(beyond)):
        side = "left" if deviation < 0.0 else "right"
        raise EstimationError(
            "d2 must pass 9 standard deviations on either side",
            found=f"not up to |k| = {_FARTHEST:g} on the {side}",
            remedy="fit the smile with wings below Lee's bound, b (1 + |rho|) < 2",
            field="smile",
        )
    return float(k[np.argmax(beyond)])
