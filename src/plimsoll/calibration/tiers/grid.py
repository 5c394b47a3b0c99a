"""What a venue can publish: caps, rates, steps between tiers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError

FloatArray = NDArray[np.float64]

ONE_TWO_FIVE = tuple(Decimal(x) for x in (1, 2, 5))
MAXIMUM_STEP = Decimal("0.05")
"""Largest rise of the rate from one tier to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierGrid:
    """Admissible tiers of one market.

    Parameters
    ----------
    caps_usd : tuple of Decimal
        Where a tier may end, rising; the last tier ends at the last of them.
    rate_step : Decimal
        Rates are its multiples, at least one.
    maximum_rate : Decimal
    maximum_step : Decimal
        Largest rise of the rate from tier to tier.

    Raises
    ------
    ParameterError
    """

    caps_usd: tuple[Decimal, ...]
    rate_step: Decimal = Decimal("0.0005")
    maximum_rate: Decimal = Decimal(1)
    maximum_step: Decimal = MAXIMUM_STEP

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in pairwise(self.caps_usd))
        if not self.caps_usd or self.caps_usd[0] <= 0 or not rising:
            raise ParameterError(
                "must be positive and rise", found=self.caps_usd[:3], field="caps_usd"
            )
        if not Decimal(0) < self.rate_step <= self.maximum_rate:
            raise ParameterError(
                "must be positive and at most maximum_rate", found=self.rate_step, field="rate_step"
            )
        if self.maximum_step < self.rate_step:
            raise ParameterError(
                "must be at least rate_step", found=self.maximum_step, field="maximum_step"
            )

    @property
    def caps(self) -> FloatArray:
        """(G,) caps as numbers."""
        return np.array([float(cap) for cap in self.caps_usd])

    @property
    def most_steps(self) -> int:
        """Rate steps in the largest admissible rate."""
        return int(self.maximum_rate // self.rate_step)

    @property
    def most_rise(self) -> int:
        """Rate steps that a rate may rise by from tier to tier."""
        return int(self.maximum_step // self.rate_step)


def cap_grid(
    lowest_usd: Decimal | int,
    highest_usd: Decimal | int,
    mantissas: Sequence[Decimal] = ONE_TWO_FIVE,
) -> tuple[Decimal, ...]:
    """Return the caps ``m 10^k`` from ``lowest_usd`` below ``highest_usd``, then that one itself.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> [int(cap) for cap in cap_grid(5_000, 150_000)]
    [5000, 10000, 20000, 50000, 100000, 150000]
    """
    low, high = Decimal(lowest_usd), Decimal(highest_usd)
    if not 0 < low <= high:
        raise ParameterError("must be positive and in order", found=(low, high), field="caps")
    first, last = math.floor(low.log10()), math.ceil(high.log10())
    every = (
        _plain(m * Decimal(10) ** k) for k in range(first, last + 1) for m in sorted(mantissas)
    )
    return (*(cap for cap in every if low <= cap < high), high)


def _plain(amount: Decimal) -> Decimal:
    """Without digits after the point where there are none."""
    whole = amount.to_integral_value()
    return whole if whole == amount else amount.normalize()


def limit_down(amount_usd: float, mantissas: Sequence[Decimal] = ONE_TWO_FIVE) -> Decimal:
    """Return the largest ``m 10^k`` that is not above an amount: limits are rounded down.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> [int(limit_down(x)) for x in (1_999_999.0, 2e6, 7.3e6, 999.0)]
    [1000000, 2000000, 5000000, 500]
    """
    if not (math.isfinite(amount_usd) and amount_usd > 0.0):
        raise ParameterError("must be positive and finite", found=amount_usd, field="amount_usd")
    exact = Decimal(f"{amount_usd:.12e}")
    scale = Decimal(10) ** int(exact.log10().to_integral_value(ROUND_FLOOR))
    allowed = [m * s for s in (scale / 10, scale) for m in mantissas if m * s <= exact]
    return _plain(max(allowed))
