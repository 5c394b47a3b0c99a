"""The engine holding accounts: re-margined event by event, only where something changed."""

from plimsoll.margin.quote_scope import Scope, ScopeRule, by_market, by_underlying
from plimsoll.runtime.engine import Engine, Remargined
from plimsoll.runtime.live_losses import LiveLosses
from plimsoll.runtime.live_margins import LiveMargins
from plimsoll.runtime.protocol import Repreparable, Reprepared
from plimsoll.runtime.tier_repreparation import LiveTieredMargin

__all__ = [
    "Engine",
    "LiveLosses",
    "LiveMargins",
    "LiveTieredMargin",
    "Remargined",
    "Repreparable",
    "Reprepared",
    "Scope",
    "ScopeRule",
    "by_market",
    "by_underlying",
]
