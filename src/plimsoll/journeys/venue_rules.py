"""How the venue of a preset closes positions; a plain stepwise rule where it is not published."""

from __future__ import annotations

from plimsoll.margin.liquidation import (
    BYBIT,
    DRIFT,
    DYDX,
    HYPERLIQUID,
    STEPWISE,
    LiquidationRule,
)

_RULES = {"bybit": BYBIT, "drift": DRIFT, "dydx": DYDX, "hyperliquid": HYPERLIQUID}


def liquidation_rule(venue: str) -> LiquidationRule:
    """Return a venue's rule of liquidation, `STEPWISE` where none is known.

    >>> liquidation_rule("bybit").name, liquidation_rule("elsewhere").name
    ('Bybit', 'stepwise')
    """
    return _RULES.get(venue, STEPWISE)


def is_published(venue: str) -> bool:
    """Whether the venue's own rule is known."""
    return venue in _RULES
