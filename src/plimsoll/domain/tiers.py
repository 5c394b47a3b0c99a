"""Notional tiers: the table that a tiered margin model is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from plimsoll.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One bracket of notional.

    Parameters
    ----------
    cap_usd : Decimal or None
        Upper end of notional, inclusive; None for no end.
    maintenance_rate, initial_rate : Decimal
        Marginal rates as fractions of notional.
    max_leverage : Decimal
        ``1 / initial_rate`` or lower; what a user may choose in this tier.
    """

    cap_usd: Decimal | None
    maintenance_rate: Decimal
    initial_rate: Decimal
    max_leverage: Decimal


@dataclass(frozen=True, slots=True)
class TierTable:
    """Ordered tiers of one market, with the deductions that make maintenance continuous.

    ``MM(N) = N * m_i - D_i`` for N in tier i, with ``D_0 = 0`` and
    ``D_i = D_{i-1} + lower_i * (m_i - m_{i-1})``, so that MM is continuous and piecewise linear
    (Hyperliquid docs, "Margin tiers"; the same identity holds on Binance).

    Raises
    ------
    ParameterError
        Where caps do not rise, rates fall, or initial is under maintenance. A leverage that
        promises more than the initial rate is no fault: venues publish such, and a margin model
        takes the stricter of the two.
    """

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        if not self.tiers:
            raise ParameterError("must have at least one tier", field="tiers")
        for index, tier in enumerate(self.tiers):
            _check_tier(tier, index)
        for index, (lower, upper) in enumerate(pairwise(self.tiers), start=1):
            _check_order(lower, upper, index)

    @property
    def lower_bounds_usd(self) -> tuple[Decimal, ...]:
        """Lower end of each tier."""
        caps = [tier.cap_usd for tier in self.tiers[:-1]]
        return (Decimal(0), *(cap for cap in caps if cap is not None))

    @property
    def deductions_usd(self) -> tuple[Decimal, ...]:
        """``D_i`` of each tier, in quote currency."""
        return deductions(
            self.lower_bounds_usd, tuple(tier.maintenance_rate for tier in self.tiers)
        )

    @property
    def initial_deductions_usd(self) -> tuple[Decimal, ...]:
        """The same for the initial rate, for venues that tier initial margin marginally."""
        return deductions(self.lower_bounds_usd, tuple(tier.initial_rate for tier in self.tiers))


def deductions(lower_bounds: Sequence[Decimal], rates: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Return ``D_i`` for marginal ``rates`` that start at ``lower_bounds``.

    >>> deductions([Decimal(0), Decimal(50_000)], [Decimal("0.004"), Decimal("0.005")])
    (Decimal('0'), Decimal('50.000'))
    """
    out = [Decimal(0)]
    for index in range(1, len(rates)):
        out.append(out[-1] + lower_bounds[index] * (rates[index] - rates[index - 1]))
    return tuple(out)


def _check_tier(tier: Tier, index: int) -> None:
    if not Decimal(0) < tier.maintenance_rate <= tier.initial_rate:
        raise ParameterError(
            "must satisfy 0 < maintenance rate <= initial rate",
            found=f"{tier.maintenance_rate}, {tier.initial_rate}",
            field=f"tiers[{index}]",
        )
    if tier.max_leverage <= 0:
        raise ParameterError(
            "must be positive", found=str(tier.max_leverage), field=f"tiers[{index}].max_leverage"
        )


def _check_order(lower: Tier, upper: Tier, index: int) -> None:
    if lower.cap_usd is None or (upper.cap_usd is not None and upper.cap_usd <= lower.cap_usd):
        raise ParameterError(
            "caps must rise from tier to tier, only the last may be open",
            found=f"{lower.cap_usd} then {upper.cap_usd}",
            field=f"tiers[{index}].cap_usd",
        )
    falls = upper.maintenance_rate < lower.maintenance_rate
    if falls or upper.initial_rate < lower.initial_rate:
        raise ParameterError(
            "rates must not fall from tier to tier",
            found=f"{lower.maintenance_rate}/{lower.initial_rate} then "
            f"{upper.maintenance_rate}/{upper.initial_rate}",
            field=f"tiers[{index}]",
        )
