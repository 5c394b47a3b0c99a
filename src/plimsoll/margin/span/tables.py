"""Tables of SPAN: tiers of expiries, spreads within a commodity and between commodities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from plimsoll.errors import ParameterError

UNDATED = 0
"""Tier of perpetuals and spot; dated tiers count from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanTier:
    """Expiries that form spreads alike, and their charge as the spot month.

    Parameters
    ----------
    up_to_days : Decimal or None
        Longest time to expiry, inclusive; None for no end.
    spread_charge, outright_charge : Decimal
        Of cash delta that stands in spreads, and of what is left; fractions. Zero for tiers that
        are not the spot month.
    """

    up_to_days: Decimal | None
    spread_charge: Decimal = Decimal(0)
    outright_charge: Decimal = Decimal(0)

    @classmethod
    def of(cls, up_to_days: object, spread: object = "0", outright: object = "0") -> SpanTier:
        """Write a tier in text or whole numbers, so that no number is rounded."""
        return cls(
            up_to_days=None if up_to_days is None else Decimal(str(up_to_days)),
            spread_charge=Decimal(str(spread)),
            outright_charge=Decimal(str(outright)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSpread:
    """Spread between two tiers, or within one.

    Parameters
    ----------
    first, second : int
        Tiers; `UNDATED` or from 1.
    charge : Decimal
        Of the cash delta of one leg; a fraction.
    """

    first: int
    second: int
    charge: Decimal

    @classmethod
    def of(cls, first: int, second: int, charge: object) -> CalendarSpread:
        """Write a spread in text, so that no number is rounded."""
        return cls(first=first, second=second, charge=Decimal(str(charge)))


@dataclass(frozen=True, slots=True, kw_only=True)
class InterCommoditySpread:
    """Spread between two underlyings that offset one another.

    Parameters
    ----------
    first, second : str
        Risk units.
    first_ratio, second_ratio : Decimal
        Cash delta of each leg in one spread; positive.
    credit : Decimal
        Share of the price risk of the matched delta that is given back, in [0, 1].
    same_side : bool
        True for underlyings that move against one another.

    Raises
    ------
    ParameterError
    """

    first: str
    second: str
    credit: Decimal
    first_ratio: Decimal = Decimal(1)
    second_ratio: Decimal = Decimal(1)
    same_side: bool = False

    def __post_init__(self) -> None:
        if self.first == self.second:
            raise ParameterError("must be two underlyings", found=self.first, field="inter spread")
        _check_fraction(self.credit, "inter spread credit")
        for ratio in (self.first_ratio, self.second_ratio):
            if not (ratio.is_finite() and ratio > 0):
                raise ParameterError("must be positive", found=ratio, field="inter spread ratio")


def check_tiers(tiers: Sequence[SpanTier]) -> None:
    """Refuse tiers with a gap or an overlap, and charges that are no fractions.

    Raises
    ------
    ParameterError
    """
    if not tiers or tiers[-1].up_to_days is not None:
        raise ParameterError("must end in an open tier", found=len(tiers), field="tiers")
    caps = [Decimal(0), *(t.up_to_days for t in tiers[:-1] if t.up_to_days is not None)]
    if len(caps) != len(tiers) or any(not low < high for low, high in pairwise(caps)):
        raise ParameterError("days must rise from above 0", found=caps[1:], field="tiers")
    for tier in tiers:
        _check_fraction(tier.spread_charge, "tiers.spread_charge")
        _check_fraction(tier.outright_charge, "tiers.outright_charge")


def check_spreads(spreads: Sequence[CalendarSpread], tiers: int) -> None:
    """Refuse spreads of unknown tiers, listed twice, or whose charge is no fraction.

    Parameters
    ----------
    tiers : int
        Number of dated tiers.

    Raises
    ------
    ParameterError
    """
    seen = set()
    for spread in spreads:
        legs = (spread.first, spread.second)
        if not all(UNDATED <= leg <= tiers for leg in legs):
            raise ParameterError(f"must be tiers 0 to {tiers}", found=legs, field="spreads")
        if frozenset(legs) in seen:
            raise ParameterError("must be listed once", found=legs, field="spreads")
        seen.add(frozenset(legs))
        _check_fraction(spread.charge, "spreads.charge")


def every_pair(tiers: int, charge: str) -> tuple[CalendarSpread, ...]:
    """Spreads of all pairs of tiers at one charge, nearest first: within tiers, then between."""
    pairs = [(a, b) for a in range(tiers + 1) for b in range(a, tiers + 1)]
    ordered = sorted(pairs, key=lambda legs: (legs[1] - legs[0], legs))
    return tuple(CalendarSpread.of(a, b, charge) for a, b in ordered)


def _check_fraction(value: Decimal, field: str) -> None:
    if not (value.is_finite() and 0 <= value <= 1):
        raise ParameterError("must lie in [0, 1]", found=value, field=field)
