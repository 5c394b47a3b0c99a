"""What a search for a liquidation price comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LiquidationStatus(StrEnum):
    """What a liquidation price means, or why there is none."""

    AT_PRICE = "at_price"
    NEVER = "never"  # the margin covers every price
    BEYOND_LAST_TIER = "beyond_last_tier"  # met only where the tier table says nothing
    ALREADY = "already"  # maintenance is not met at the present price
    NO_NUMBER = "no_number"  # the account has a reason instead of a margin


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationPrice:
    """The mark at which equity falls under maintenance margin; None unless ``AT_PRICE``.

    Where the requirement jumps, it is the mark of the jump.
    """

    status: LiquidationStatus
    price: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationRange:
    """Where an account is liquidated on a fall and on a rise from the present price."""

    down: LiquidationPrice
    up: LiquidationPrice


def at_price(price: float) -> LiquidationPrice:
    """Return a price that was found."""
    return LiquidationPrice(status=LiquidationStatus.AT_PRICE, price=price)
