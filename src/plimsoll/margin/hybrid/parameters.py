"""Governed parameters of the hybrid margin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.governed import check_bounds, governed


class Combination(StrEnum):
    """How the legs' requirements become one."""

    MAXIMUM = "maximum"
    WEIGHTED = "weighted"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegWeight:
    """Weight of one leg in a weighted mixture.

    Raises
    ------
    ParameterError
    """

    weight: Decimal = governed(Unit.FRACTION, "0", "1", grid="0.01", about="of the leg")

    def __post_init__(self) -> None:
        check_bounds(self, "hybrid leg")


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridParameters:
    """Parameters of the legs, and what the mixture adds.

    Parameters
    ----------
    legs : mapping of str to parameters
        By leg, what its model takes.
    weights : mapping of str to LegWeight
        Of a weighted mixture; they add up to one. Empty for a maximum.
    floor_share : Decimal
        The requirement is at least this share of the largest leg's.
    minimum_usd : Decimal
        And at least this much, in the numeraire, for every unit that needs anything at all.

    Raises
    ------
    ParameterError
        For values outside their bounds, and weights that do not add up to one.
    """

    legs: Mapping[str, Any]
    weights: Mapping[str, LegWeight] = field(default_factory=dict)
    floor_share: Decimal = governed(
        Unit.FRACTION, "0", "1", grid="0.01", default="0", about="least share of the largest leg"
    )
    minimum_usd: Decimal = governed(
        Unit.USD, "0", "1000000", grid="0.01", default="0", about="least margin of a unit"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "hybrid")
        total = sum((w.weight for w in self.weights.values()), Decimal(0))
        if self.weights and total != 1:
            raise ParameterError("must add up to 1", found=str(total), field="hybrid.weights")
