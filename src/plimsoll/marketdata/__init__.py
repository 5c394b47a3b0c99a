"""Raw bars to trusted history: checks that report, a policy that decides, and alignment."""

from plimsoll.marketdata.assembly import Assembly, Refusal, assemble
from plimsoll.marketdata.checking import check_bars
from plimsoll.marketdata.panel import check_panel
from plimsoll.marketdata.policy import ALLOWED_ACTIONS, check_policy
from plimsoll.marketdata.returns import (
    HorizonMoves,
    horizon_moves,
    inverse_long_loss,
    inverse_short_loss,
    linear_long_loss,
    linear_short_loss,
    one_bar_returns,
)
from plimsoll.marketdata.settings import CheckSettings

__all__ = [
    "ALLOWED_ACTIONS",
    "Assembly",
    "CheckSettings",
    "HorizonMoves",
    "Refusal",
    "assemble",
    "check_bars",
    "check_panel",
    "check_policy",
    "horizon_moves",
    "inverse_long_loss",
    "inverse_short_loss",
    "linear_long_loss",
    "linear_short_loss",
    "one_bar_returns",
]
