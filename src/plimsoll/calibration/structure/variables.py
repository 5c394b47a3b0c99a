"""What may move: one governed number, the values it may take, and how fast it may change."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError


class Tightening(StrEnum):
    """Which way of a value asks more of users: margins rise, leverage and limits fall."""

    RISING = "rising"
    FALLING = "falling"

    @property
    def sign(self) -> int:
        """1 where a rise tightens, -1 where a fall does."""
        return 1 if self is Tightening.RISING else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLimits:
    """How far one change may go, and how long before it people are told.

    Where both an absolute and a relative limit stand, the stricter holds. A relative limit is a
    share of the value before the change. None: no limit.

    Parameters
    ----------
    rise, fall : Decimal or None
        Largest change per step, in the variable's unit.
    rise_relative, fall_relative : Decimal or None
        Largest change per step, share of the value before.
    notice_tightening_hours, notice_loosening_hours : int
        Shortest time between announcement and effect.
    next_always : bool
        A value of a list may go to its neighbour there, however far that is.
    """

    rise: Decimal | None = None
    fall: Decimal | None = None
    rise_relative: Decimal | None = None
    fall_relative: Decimal | None = None
    notice_tightening_hours: int = 0
    notice_loosening_hours: int = 0
    next_always: bool = False

    def __post_init__(self) -> None:
        for name in ("rise", "fall", "rise_relative", "fall_relative"):
            limit = getattr(self, name)
            if limit is not None and limit <= 0:
                raise ParameterError("must be positive or None", found=str(limit), field=name)
        if self.notice_tightening_hours < 0 or self.notice_loosening_hours < 0:
            raise ParameterError(
                "must not be negative",
                found=f"{self.notice_tightening_hours}, {self.notice_loosening_hours}",
                field="notice_hours",
            )

    def limit(self, rising: bool) -> tuple[Decimal | None, Decimal | None]:
        """Return the absolute and the relative limit of a rise or a fall."""
        return (self.rise, self.rise_relative) if rising else (self.fall, self.fall_relative)


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernedVariable:
    """One number of the venue's next set.

    Parameters
    ----------
    key : str
        ``market/name``, as in a `ParameterSet`.
    unit : Unit
    lower, upper : Decimal
        Hard bounds.
    step : Decimal or None
        Values are its multiples; None where ``values`` lists them.
    values : tuple of Decimal
        Ascending; empty where there is a step.
    current : Decimal or None
        Value in force; it may lie off the grid.
    tightens : Tightening
    limits : StepLimits
    standard_error : Decimal or None
    owner : str
    bounds_relaxable : bool
        Whether a diagnosis may propose other bounds. A list's values are never proposed anew.

    Raises
    ------
    ParameterError
        Where no value of the grid lies within the bounds, or both or neither grid is given.
    """

    key: str
    unit: Unit
    lower: Decimal
    upper: Decimal
    step: Decimal | None = None
    values: tuple[Decimal, ...] = ()
    current: Decimal | None = None
    tightens: Tightening = Tightening.RISING
    limits: StepLimits = StepLimits()
    standard_error: Decimal | None = None
    owner: str = "risk"
    bounds_relaxable: bool = True

    def __post_init__(self) -> None:
        if (self.step is None) == (not self.values):
            raise ParameterError("must have a step or a list of values", field=self.key)
        if self.step is not None and self.step <= 0:
            raise ParameterError("must be positive", found=str(self.step), field=f"{self.key}.step")
        if any(a >= b for a, b in pairwise(self.values)):
            raise ParameterError("must rise", found=self.values, field=f"{self.key}.values")
        if self.standard_error is not None and self.standard_error < 0:
            raise ParameterError(
                "must not be negative", found=self.standard_error, field=f"{self.key}.error"
            )
        if not self.allowed if self.values else self.indices[0] > self.indices[1]:
            raise ParameterError(
                f"must have a value of its grid in [{self.lower}, {self.upper}]",
                found=f"step {self.step}" if self.step else f"values {self.values}",
                field=self.key,
            )

    @property
    def market(self) -> str:
        """The part of the key before the slash."""
        return self.key.partition("/")[0]

    @property
    def allowed(self) -> tuple[Decimal, ...]:
        """The listed values within the bounds."""
        return tuple(v for v in self.values if self.lower <= v <= self.upper)

    @property
    def indices(self) -> tuple[int, int]:
        """First and last multiple of the step within the bounds."""
        step = Fraction(self.step or 1)
        return math.ceil(Fraction(self.lower) / step), math.floor(Fraction(self.upper) / step)

    @property
    def spacing(self) -> Decimal:
        """One step; of a list the smallest gap (of a single value, the value or one)."""
        if self.step is not None:
            return self.step
        gaps = [b - a for a, b in pairwise(self.values)]
        return min(gaps) if gaps else abs(self.values[0]) or Decimal(1)

    @property
    def scale(self) -> float:
        """What a change is measured in: its standard error, or one step where there is none."""
        return float(self.standard_error or self.spacing)

    def holds(self, value: Decimal) -> bool:
        """Tell whether a value lies on the grid and within the bounds."""
        within = self.lower <= value <= self.upper
        if self.step is None:
            return within and value in self.values
        return within and (Fraction(value) / Fraction(self.step)).denominator == 1

    def floor(self, value: Fraction) -> Decimal | None:
        """Return the largest value of the grid within the bounds not above ``value``."""
        if self.step is None:
            at = bisect_right(self.allowed, value)
            return self.allowed[at - 1] if at else None
        first, last = self.indices
        index = min(math.floor(value / Fraction(self.step)), last)
        return index * self.step if index >= first else None

    def ceiling(self, value: Fraction) -> Decimal | None:
        """Return the smallest value of the grid within the bounds not below ``value``."""
        if self.step is None:
            at = bisect_left(self.allowed, value)
            return self.allowed[at] if at < len(self.allowed) else None
        first, last = self.indices
        index = max(math.ceil(value / Fraction(self.step)), first)
        return index * self.step if index <= last else None

    def tightened(self, before: Decimal, after: Decimal) -> bool:
        """Tell whether the change asks more of users."""
        return (after - before) * self.tightens.sign > 0


def by_key(variables: Iterable[GovernedVariable]) -> Mapping[str, GovernedVariable]:
    """Return variables by key, in the order of keys; a key that occurs twice is refused."""
    listed = sorted(variables, key=lambda v: v.key)
    for one, other in pairwise(listed):
        if one.key == other.key:
            raise ParameterError("must occur once", found=one.key, field="variables")
    return {v.key: v for v in listed}
