"""Delta and strike: from one to the other on a surface, in the convention of the contract.

Forward delta is N(d1) of a call and N(d1) - 1 of a put. An option paid and settled in the coin
has the premium-adjusted delta, (K/F) N(d2) and -(K/F) N(-d2) (`plimsoll.maths.black76`).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from plimsoll.domain.choice import chosen
from plimsoll.domain.instrument import OptionRight, Payoff
from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.arguments import common_shape, finite_numbers
from plimsoll.estimators.surface.expiry_times import expiry_times
from plimsoll.estimators.surface.query import at_moneyness, forward_at

FloatArray = NDArray[np.float64]
Curve = Callable[[FloatArray], FloatArray]

_HALVINGS = 80
_WIDEST = 60.0


class DeltaConvention(StrEnum):
    """What delta means."""

    FORWARD = "forward"
    PREMIUM_ADJUSTED = "premium_adjusted"


def convention_of(surface: VolSurface) -> DeltaConvention:
    """Premium-adjusted for inverse options, forward for all others."""
    inverse = surface.payoff is Payoff.INVERSE
    return DeltaConvention.PREMIUM_ADJUSTED if inverse else DeltaConvention.FORWARD


def delta_at_moneyness(
    surface: VolSurface,
    log_moneyness: ArrayLike,
    expiry_ns: ArrayLike,
    right: OptionRight,
    convention: DeltaConvention | None = None,
) -> FloatArray:
    """Delta of the option at k = ln(K/F) and expiry, signed; broadcast.

    Parameters
    ----------
    surface : VolSurface
    log_moneyness : array_like of float
    expiry_ns : array_like of int or numpy.datetime64
        UTC.
    right : OptionRight
    convention : DeltaConvention, optional
        By default that of the surface's payoff.

    Raises
    ------
    UsageError
        As `at_moneyness`.
    """
    meaning, side = _meaning(surface, convention), chosen(OptionRight, right, "right")
    values = at_moneyness(surface, log_moneyness, expiry_ns)
    deviation = np.sqrt(values.total_variance)
    d1 = -values.log_moneyness / deviation + 0.5 * deviation
    call = side is OptionRight.CALL
    if meaning is DeltaConvention.FORWARD:
        return np.asarray(ndtr(d1) if call else -ndtr(-d1), dtype=np.float64)
    moneyness = np.exp(values.log_moneyness)
    d2 = d1 - deviation
    return np.asarray(moneyness * (ndtr(d2) if call else -ndtr(-d2)), dtype=np.float64)


def moneyness_at_delta(
    surface: VolSurface,
    delta: ArrayLike,
    expiry_ns: ArrayLike,
    right: OptionRight,
    convention: DeltaConvention | None = None,
) -> FloatArray:
    """k = ln(K/F) of the option with this delta; broadcast.

    Forward delta falls in k on a surface free of arbitrage, so there is one such strike. The
    premium-adjusted delta of a call rises and falls: the strike above its peak is meant, as the
    market quotes it.

    Parameters
    ----------
    surface : VolSurface
    delta : array_like
        Signed: positive of calls, negative of puts.
    expiry_ns : array_like of int or numpy.datetime64
        UTC; broadcasts with ``delta``.
    right : OptionRight
    convention : DeltaConvention, optional
        By default that of the surface's payoff.

    Raises
    ------
    UsageError
        For a delta no strike has: of the wrong sign, beyond 1, above the peak; for what is no
        number, and shapes that do not broadcast.
    """
    meaning, side = _meaning(surface, convention), chosen(OptionRight, right, "right")
    wanted, expiries = finite_numbers("delta", delta), expiry_times(surface, expiry_ns)
    common_shape(delta=wanted, expiry_ns=expiries)
    wanted, expiries = np.broadcast_arrays(wanted, expiries)
    _check_delta(wanted, side, meaning)

    def curve(k: FloatArray) -> FloatArray:
        return delta_at_moneyness(surface, k, expiries, side, meaning)

    low, high = np.full(wanted.shape, -_WIDEST), np.full(wanted.shape, _WIDEST)
    if side is OptionRight.CALL and meaning is DeltaConvention.PREMIUM_ADJUSTED:
        low = _peak(curve, surface, expiries)
        best = curve(low)
        if bool(np.any(wanted > best)):
            raise UsageError(
                "must be at most the largest premium-adjusted delta of a call at that expiry",
                found=float(wanted[wanted > best][0]),
                field="delta",
                remedy=f"the largest is {float(best[wanted > best][0]):.4f}; ask for the put",
            )
    return _bisect(curve, wanted, low, high)


def strike_at_delta(
    surface: VolSurface,
    delta: ArrayLike,
    expiry_ns: ArrayLike,
    right: OptionRight,
    convention: DeltaConvention | None = None,
) -> FloatArray:
    """Strike of the option with this delta; see `moneyness_at_delta`.

    Parameters
    ----------
    surface : VolSurface
    delta : array_like of float
        Signed: positive of calls, negative of puts.
    expiry_ns : array_like of int or numpy.datetime64
        UTC; broadcasts with ``delta``.
    right : OptionRight
    convention : DeltaConvention, optional
        By default that of the surface's payoff.

    Returns
    -------
    ndarray
        Quote currency, in the broadcast shape.

    Raises
    ------
    UsageError
        As `moneyness_at_delta`.
    """
    k = moneyness_at_delta(surface, delta, expiry_ns, right, convention)
    return np.asarray(forward_at(surface, expiry_ns) * np.exp(k), dtype=np.float64)


def _meaning(surface: VolSurface, convention: DeltaConvention | None) -> DeltaConvention:
    if convention is None:
        return convention_of(surface)
    return chosen(DeltaConvention, convention, "convention")


def _check_delta(delta: FloatArray, right: OptionRight, convention: DeltaConvention) -> None:
    size = delta if right is OptionRight.CALL else -delta
    unbounded = right is OptionRight.PUT and convention is DeltaConvention.PREMIUM_ADJUSTED
    if not bool(np.all((size > 0.0) & ((size < 1.0) | unbounded) & np.isfinite(size))):
        sign = "within (0, 1)" if right is OptionRight.CALL else "negative, above -1"
        if unbounded:
            sign = "negative and finite"
        raise UsageError(f"must be {sign}", found=delta.tolist(), field="delta")


def _peak(curve: Curve, surface: VolSurface, expiries: NDArray[np.int64]) -> FloatArray:
    """k where the curve is largest, by ternary search: it rises and then falls."""
    spread = np.sqrt(at_moneyness(surface, np.zeros(expiries.shape), expiries).total_variance)
    low, high = -20.0 * spread - 1.0, 10.0 * spread
    for _ in range(_HALVINGS):
        left, right = low + (high - low) / 3.0, high - (high - low) / 3.0
        rising = curve(left) < curve(right)
        low, high = np.where(rising, left, low), np.where(rising, high, right)
    return np.asarray(0.5 * (low + high), dtype=np.float64)


def _bisect(curve: Curve, wanted: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """k where the falling curve takes the value wanted."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        above = curve(middle) > wanted
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return 0.5 * (low + high)
