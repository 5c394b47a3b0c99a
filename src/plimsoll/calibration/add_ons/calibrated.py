"""What the calibration of one add-on of one underlying gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from plimsoll.domain.finding import Reason


class AddOnName(StrEnum):
    """The add-ons whose parameters are calibrated; names of their terms."""

    LIQUIDITY = "liquidity"
    CONCENTRATION = "concentration"
    GAP = "gap"
    WRONG_WAY = "wrong_way"
    BASIS = "basis"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibratedAddOn:
    """Parameters of one add-on of one underlying.

    Parameters
    ----------
    underlying : str
    add_on : AddOnName
    parameters : object
        An instance of the add-on's governed class, within its bounds and on the grid.
    standard_error : mapping of str to float
        By field; a field that is not there is no estimate.
    reason : Reason or None
        Why the class default stands.
    about : str
        What the figures rest on.
    """

    underlying: str
    add_on: AddOnName
    parameters: Any
    standard_error: Mapping[str, float] = field(default_factory=dict)
    reason: Reason | None = None
    about: str = ""


def class_default(
    underlying: str, add_on: AddOnName, default: object, reason: Reason
) -> CalibratedAddOn:
    """Return the class default, with the reason why nothing was calibrated."""
    return CalibratedAddOn(
        underlying=underlying,
        add_on=add_on,
        parameters=default,
        reason=reason,
        about="class default",
    )
