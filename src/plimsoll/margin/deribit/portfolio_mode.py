"""Which currencies of an account stand together."""

from __future__ import annotations

from enum import StrEnum


class PortfolioMode(StrEnum):
    """Which currencies stand together."""

    SEGREGATED = "segregated"  # one settlement currency; what settles in another has a reason
    CROSS = "cross"  # all of them, in dollars
