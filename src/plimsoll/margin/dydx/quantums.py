"""dYdX v4's margin as the chain computes it: integers, in ppm and quote quantums.

A quote quantum is a millionth of a dollar coin, ppm a millionth. Every division says which way it
rounds, because the order of roundings is part of the published method
(dydxprotocol/v4-chain at 84d4664).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from plimsoll.errors import UsageError

MILLION = 1_000_000
QUOTE_RESOLUTION = -6
"""A quote quantum is 10^-6 of the quote coin."""


class QuantumMargin(NamedTuple):
    """Initial and maintenance margin in quote quantums."""

    initial: int
    maintenance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TierPpm:
    """A liquidity tier in the chain's integers.

    Parameters
    ----------
    initial_ppm : int
        Initial margin fraction at low open interest.
    maintenance_fraction_ppm : int
        Maintenance as a share of the base initial margin.
    lower_cap, upper_cap : int
        Open interest in quote quantums at which the initial fraction starts to rise, and where it
        has reached one; an upper cap of 0 switches that off.
    """

    initial_ppm: int
    maintenance_fraction_ppm: int
    lower_cap: int = 0
    upper_cap: int = 0

    def __post_init__(self) -> None:
        for name in ("initial_ppm", "maintenance_fraction_ppm"):
            if not 0 <= getattr(self, name) <= MILLION:
                raise UsageError(
                    "must lie in 0 to 1,000,000", found=getattr(self, name), field=f"TierPpm.{name}"
                )
        unordered = self.upper_cap > 0 and self.lower_cap > self.upper_cap
        if min(self.lower_cap, self.upper_cap) < 0 or unordered:
            raise UsageError(
                "must satisfy 0 <= lower cap <= upper cap",
                found=f"{self.lower_cap}, {self.upper_cap}",
                field="TierPpm.caps",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleMarket:
    """What turns base quantums of a market into quote quantums.

    Parameters
    ----------
    price : int
        Oracle price times ``10^-exponent``.
    exponent : int
    atomic_resolution : int
        A base quantum is ``10^atomic_resolution`` coins.
    """

    price: int
    exponent: int
    atomic_resolution: int

    def quote_quantums(self, base_quantums: int) -> int:
        """Return the notional, signed, what is under a quantum cut off.

        Examples
        --------
        >>> OracleMarket(price=55_550, exponent=-1, atomic_resolution=-6).quote_quantums(-7_000)
        -38885000
        """
        shift = self.exponent + self.atomic_resolution - QUOTE_RESOLUTION
        size = abs(base_quantums) * self.price
        size = size * int(10**shift) if shift >= 0 else size // int(10**-shift)
        return size if base_quantums >= 0 else -size


def maintenance_ppm(initial_ppm: int, maintenance_fraction_ppm: int) -> int:
    """Return the maintenance margin fraction, rounded down.

    >>> maintenance_ppm(637_239, 289_284)
    184343
    """
    return initial_ppm * maintenance_fraction_ppm // MILLION


def funding_clamp_ppm(
    clamp_factor_ppm: int, initial_ppm: int, maintenance_fraction_ppm: int
) -> int:
    """Return the largest absolute funding rate: a factor times the gap between the fractions.

    >>> funding_clamp_ppm(6_000_000, 50_000, 600_000)  # 6 x (5 % - 3 %)
    120000
    """
    gap = initial_ppm - maintenance_ppm(initial_ppm, maintenance_fraction_ppm)
    return clamp_factor_ppm * gap // MILLION


def scaled_initial_ppm(tier: TierPpm, open_interest: int) -> int:
    """Return the initial margin fraction at an open interest in quote quantums, rounded down.

    >>> tier = TierPpm(initial_ppm=200_000, maintenance_fraction_ppm=500_000,
    ...                lower_cap=1_000_000, upper_cap=2_000_000)
    >>> [scaled_initial_ppm(tier, oi) for oi in (999_999, 1_500_000, 2_000_001)]
    [200000, 600000, 1000000]
    """
    base = tier.initial_ppm
    if tier.upper_cap == 0 or open_interest <= tier.lower_cap:
        return base
    if open_interest >= tier.upper_cap:
        return MILLION
    risen = (MILLION - base) * (open_interest - tier.lower_cap)
    return base + risen // (tier.upper_cap - tier.lower_cap)


def initial_quantums(notional: int, fraction_ppm: int) -> int:
    """Return initial margin of a notional in quote quantums, rounded up.

    >>> initial_quantums(123_456, 567_243)
    70030
    """
    return _ceil_ppm(abs(notional), fraction_ppm)


def margin_quantums(
    notional: int, tier: TierPpm, open_interest: int, custom_initial_ppm: int = 0
) -> QuantumMargin:
    """Return the margin of a position; open interest moves initial margin only.

    Parameters
    ----------
    notional : int
        Signed quote quantums at the oracle price.
    tier : TierPpm
    open_interest : int
        Quote quantums.
    custom_initial_ppm : int
        An account's own fraction, which may raise the venue's and never lowers it.
    """
    size = abs(notional)
    fraction = max(scaled_initial_ppm(tier, open_interest), custom_initial_ppm)
    # Rounded up twice: the base initial margin, then its share.
    kept = _ceil_ppm(_ceil_ppm(size, tier.initial_ppm), tier.maintenance_fraction_ppm)
    return QuantumMargin(initial_quantums(size, fraction), kept)


def _ceil_ppm(amount: int, ppm: int) -> int:
    return -(-amount * ppm // MILLION)
