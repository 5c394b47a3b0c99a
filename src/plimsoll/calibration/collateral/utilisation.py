"""The kinked rate of margin borrowing: where the kink lies, and how steep it is on either side.

::

    R(u) = R0 + R1 u / u*                            up to u*
         = R0 + R1 + R2 (u - u*) / (1 - u*)          above

The kink leaves withdrawals room: ``u* = 1 - q99(withdrawals over the notice) / supply``. ``R1`` is
such that the rate at the kink is the reference rate of borrowing elsewhere, so that at the kink
nobody gains by moving. ``R2`` is such that at full utilisation the rate has drawn back the
demand that stands above the kink: with a semi-elasticity ``k`` of borrowing to the rate,
``exp(-k R2) = u*``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, ParameterError

FloatArray = NDArray[np.float64]

STEP = Decimal("0.001")


@dataclass(frozen=True, slots=True, kw_only=True)
class KinkedRate:
    """Rates a year, and the kink."""

    base: Decimal
    to_kink: Decimal
    beyond_kink: Decimal
    kink: Decimal
    kink_error: float = 0.0

    def rate(self, utilisation: ArrayLike) -> FloatArray:
        """Return the rate a year at utilisations in [0, 1]; never falls."""
        u, kink = np.asarray(utilisation, dtype=np.float64), float(self.kink)
        below = float(self.to_kink) * np.minimum(u, kink) / kink
        above = float(self.beyond_kink) * np.maximum(u - kink, 0.0) / (1.0 - kink)
        return np.asarray(float(self.base) + below + above)


def kinked_rate(
    withdrawal_share: ArrayLike,
    *,
    reference_rate_annual: float,
    base_rate_annual: float = 0.0,
    semi_elasticity: float = 2.0,
    confidence: float = 0.99,
    largest_kink: float = 0.95,
    replicates: int = 200,
    seed: int = 0,
) -> KinkedRate:
    """Return the curve; the kink is rounded down, rates up.

    Parameters
    ----------
    withdrawal_share : (T,) array_like
        Net withdrawals over each notice period, share of supply, in time order; inflows negative.
    semi_elasticity : float
        Log change of borrowing for a rate higher by 1 (100 % a year).

    Raises
    ------
    ParameterError
        Where withdrawals take all: no kink leaves them room.
    InsufficientDataError
        For fewer than 100 periods.
    """
    drawn = np.asarray(withdrawal_share, dtype=np.float64)
    drawn = drawn[np.isfinite(drawn)]
    if drawn.size < 100:
        raise InsufficientDataError("must have 100 periods", found=int(drawn.size))
    curve = curve_of_demand(
        max(0.0, float(np.quantile(drawn, confidence))),
        reference_rate_annual=reference_rate_annual,
        base_rate_annual=base_rate_annual,
        semi_elasticity=semi_elasticity,
        largest_kink=largest_kink,
    )
    return replace(curve, kink_error=_quantile_error(drawn, confidence, replicates, seed))


def curve_of_demand(
    demand: float,
    *,
    reference_rate_annual: float,
    base_rate_annual: float = 0.0,
    semi_elasticity: float = 2.0,
    largest_kink: float = 0.95,
) -> KinkedRate:
    """Return the curve that leaves room for a share of supply that is withdrawn at once.

    Parameters
    ----------
    demand : float
        Share of supply, not negative; stated, or a quantile of a record.

    Raises
    ------
    ParameterError
        Where withdrawals take all: no kink leaves them room.

    >>> curve_of_demand(0.2, reference_rate_annual=0.08).kink
    Decimal('0.800')
    """
    if not (reference_rate_annual >= base_rate_annual >= 0.0 and semi_elasticity > 0.0):
        raise ParameterError(
            "must have reference >= base >= 0 and a positive elasticity",
            found=(reference_rate_annual, base_rate_annual, semi_elasticity),
        )
    kink = _down(min(1.0 - demand, largest_kink))
    if not 0 < kink < 1:
        raise ParameterError(
            "must leave a kink above 0",
            found=demand,
            field="withdrawal_share",
            remedy="lengthen the notice of withdrawals, or do not lend this asset",
        )
    return KinkedRate(
        base=_up(base_rate_annual),
        to_kink=_up(reference_rate_annual - base_rate_annual),
        beyond_kink=_up(-math.log(float(kink)) / semi_elasticity),
        kink=kink,
    )


def _quantile_error(values: FloatArray, confidence: float, replicates: int, seed: int) -> float:
    """Error of the quantile over resampled blocks of a cube root's length."""
    block = max(1, round(values.size ** (1.0 / 3.0)))
    starts = np.random.default_rng(seed).integers(
        values.size, size=(replicates, -(-values.size // block))
    )
    rows = (starts[:, :, None] + np.arange(block)) % values.size
    drawn = values[rows.reshape(replicates, -1)[:, : values.size]]
    return float(np.quantile(drawn, confidence, axis=1).std(ddof=1))


def _up(value: float) -> Decimal:
    return (Decimal(f"{value:.12f}") / STEP).to_integral_value(ROUND_CEILING) * STEP


def _down(value: float) -> Decimal:
    return (Decimal(f"{value:.12f}") / STEP).to_integral_value(ROUND_FLOOR) * STEP
