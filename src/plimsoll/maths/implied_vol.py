r"""Implied volatility of undiscounted Black prices, linear and coin-settled, with reasons.

An own inversion on the logarithm of the normalised price, after the idea of Jaeckel, *Let's Be
Rational* (Wilmott, January 2015): a first guess within 0.1 % and one step of Householder's method
of order four, more where the guess is worse. Relative error of the total standard deviation
``s = sigma sqrt(tau)``, measured against mpmath round trips by
``tests/oracles/test_implied_vol_mpmath.py``:

* out-of-the-money prices, ``s`` from 1e-4 to 5, ``|ln(K/F)|`` to 25 standard deviations: below
  2e-14, no failure. The rounding of the price itself accounts for ``eps / 2`` times
  ``d ln s / d ln price``, which is below 1 up to half the bound (``min(F, K)``) and grows like
  ``1 / (s phi(d1))`` above.
* in-the-money prices by put-call parity: the time value has lost what the intrinsic value
  occupies, so that no method does much better than ``eps max(F, K) / (F phi(d1))`` in ``s``
  (``eps = 2.2e-16``): the error of one rounding of a price of the size of its bound, ``eps
  max(F, K) / vega`` in terms of ``sigma``. It is what `vol_per_tick` returns for a tick of that
  size. With the roundings of the price and of the parity both, errors stay below twice that.

``ln(K/F)`` is formed from the exact difference where the two are close, as ``log1p((K - F)/F)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError
from plimsoll.maths import implied_vol_kernel as kernel

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]
Scalar = TypeVar("Scalar", np.float64, np.bool_)

PARALLEL_FROM = 32_768
"""Quotes from which threads are worth their start: about a millisecond of work on one."""
_INVERSE_SQRT_2PI = 0.3989422804014327


class ImpliedVolReason(IntEnum):
    """Why a quote has no implied volatility; the gravest first, after ``OK``.

    Where several apply the one earliest in this list is given.
    """

    OK = kernel.OK
    NOT_FINITE = kernel.NOT_FINITE
    """A term is infinite or NaN, or the price infinite (a NaN price is a missing one)."""
    NON_POSITIVE_FORWARD = kernel.NON_POSITIVE_FORWARD
    NON_POSITIVE_STRIKE = kernel.NON_POSITIVE_STRIKE
    EXPIRED = kernel.EXPIRED
    """``tau <= 0``."""
    ZERO_OR_MISSING_PRICE = kernel.ZERO_OR_MISSING_PRICE
    """Nothing is quoted: the price is zero or NaN."""
    BELOW_INTRINSIC = kernel.BELOW_INTRINSIC
    """Below the intrinsic value; so is every negative price."""
    AT_INTRINSIC = kernel.AT_INTRINSIC
    """No time value is left in floating point: the volatility may be zero or not seen."""
    ABOVE_BOUND = kernel.ABOVE_BOUND
    """A call at or above its forward, a put at or above its strike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpliedVols:
    """Implied volatilities in the broadcast shape of the quotes.

    Parameters
    ----------
    sigma : ndarray of float64
        Annual volatility as a fraction; NaN exactly where ``reason`` is not ``OK``.
    reason : ndarray of int64
        Codes of `ImpliedVolReason`.
    """

    sigma: Vector
    reason: Codes

    @property
    def solved(self) -> NDArray[np.bool_]:
        """Where there is a volatility."""
        return np.asarray(self.reason == ImpliedVolReason.OK)

    def reasons(self) -> dict[ImpliedVolReason, int]:
        """Return how many quotes have each reason, ``OK`` included; absent ones left out."""
        codes, counts = np.unique(self.reason, return_counts=True)
        return {
            ImpliedVolReason(code): int(count) for code, count in zip(codes, counts, strict=True)
        }


def implied_volatility(
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    tau_years: ArrayLike,
    is_call: ArrayLike,
    *,
    inverse: bool = False,
) -> ImpliedVols:
    """Invert undiscounted Black-76 prices; arguments broadcast against each other.

    Parameters
    ----------
    price : array_like of float
        Undiscounted price in quote currency, or in coin where ``inverse``; NaN or 0 = no quote.
    forward, strike : array_like of float
        In quote currency.
    tau_years : array_like of float
        Time to expiry, ACT/365.
    is_call : array_like of bool
    inverse : bool
        Prices are in the underlying coin: multiplied by the forward first.

    Returns
    -------
    ImpliedVols
        Bad quotes have a reason instead of a volatility and raise nothing.

    Raises
    ------
    UsageError
        Where shapes do not broadcast, ``is_call`` is not boolean, or values are no numbers.

    Examples
    --------
    >>> found = implied_volatility([7.965567455405804, 0.0], 100.0, 100.0, 1.0, True)
    >>> round(float(found.sigma[0]), 12), found.reasons()
    (0.2, {<ImpliedVolReason.OK: 0>: 1, <ImpliedVolReason.ZERO_OR_MISSING_PRICE: 5>: 1})
    """
    named = {"price": price, "forward": forward, "strike": strike, "tau_years": tau_years}
    numbers = [_numbers(values, name) for name, values in named.items()]
    flags = np.asarray(is_call)
    if flags.dtype != np.bool_:
        raise UsageError("must be boolean", found=str(flags.dtype), field="is_call")
    shape = _common_shape([*numbers, flags])
    prices, forwards, strikes, years = (_column(values, shape) for values in numbers)
    columns = kernel.QuoteColumns(prices, forwards, strikes, years, _column(flags, shape))
    size = int(np.prod(shape))
    sigma, reason = np.empty(size), np.empty(size, dtype=np.int64)
    if size >= PARALLEL_FROM:
        kernel.implied_volatilities_parallel(columns, inverse, sigma, reason)
    else:
        kernel.implied_volatilities(columns, inverse, 0, size, sigma, reason)
    return ImpliedVols(sigma=sigma.reshape(shape), reason=reason.reshape(shape))


def vol_per_tick(
    tick: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    tau_years: ArrayLike,
    sigma: ArrayLike,
    *,
    inverse: bool = False,
) -> Vector:
    """Return the change of implied volatility that one tick of the price makes.

    To first order ``tick / vega``, with ``vega = F phi(d1) sqrt(tau)`` the same for calls and
    puts; ``tick F / vega`` where ``inverse``, the tick being in coin. ``1 / vol_per_tick**2`` is
    the weight of a quote whose error is its tick.

    Parameters
    ----------
    tick : array_like of float
        In the currency of the price: see `plimsoll.domain.price_tick.PriceTicks.at`.
    forward, strike, tau_years, sigma : array_like of float
        As in `implied_volatility`; ``sigma`` as it returns it.
    inverse : bool
        Ticks and prices are in the underlying coin.

    Returns
    -------
    ndarray of float64
        Annual volatility per tick, in the broadcast shape; infinite where a tick outweighs every
        volatility (vega underflows), NaN where ``sigma`` is NaN or the terms have no vega.

    Raises
    ------
    UsageError
        Where shapes do not broadcast or values are no numbers.

    Examples
    --------
    >>> float(vol_per_tick(0.0005, 60_000.0, 60_000.0, 0.25, 0.5, inverse=True).round(6))
    0.002526
    """
    named = {
        "tick": tick,
        "forward": forward,
        "strike": strike,
        "tau_years": tau_years,
        "sigma": sigma,
    }
    arrays = [_numbers(values, name) for name, values in named.items()]
    _common_shape(arrays)
    ticks, f, k, tau, vol = arrays
    with np.errstate(all="ignore"):
        root = np.sqrt(tau)
        s = vol * root
        d1 = np.log(f / k) / s + 0.5 * s
        vega_of_unit_forward = _INVERSE_SQRT_2PI * np.exp(-0.5 * d1 * d1) * root
        change = (ticks if inverse else ticks / f) / vega_of_unit_forward
        meaningful = (f > 0.0) & (k > 0.0) & (tau > 0.0) & (vol > 0.0)
        return np.asarray(np.where(meaningful, change, np.nan))


def _numbers(values: ArrayLike, name: str) -> Vector:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError("must be real numbers", found=str(error), field=name) from error


def _common_shape(arrays: Sequence[NDArray[Any]]) -> tuple[int, ...]:
    shapes = [array.shape for array in arrays]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise UsageError(
            "shapes must broadcast against each other",
            found=", ".join(str(shape) for shape in shapes),
            remedy="give every quote its own value, or one value for all",
        ) from error


def _column(values: NDArray[Scalar], shape: tuple[int, ...]) -> NDArray[Scalar]:
    """One value, or one for each quote, in memory that kernels accept (contiguous, writeable)."""
    spread = values.reshape(1) if values.size == 1 else np.broadcast_to(values, shape).reshape(-1)
    return np.require(spread, requirements=["C", "W"])
