"""How much of a position to close: the least that restores health, or what leaves most excess.

Candidates are margined together, as accounts of one book.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.account import Account
from plimsoll.margin.liquidation.plan_records import UnitState
from plimsoll.margin.liquidation.reductions import ClosingMarket, variants
from plimsoll.margin.liquidation.rules import LiquidationRule

FloatArray = NDArray[np.float64]

_FRACTIONS = 32
_REFINEMENTS = 5


class ClosesParts(Protocol):
    """What margins an account after parts of a position are closed (`Liquidator`)."""

    @property
    def rule(self) -> LiquidationRule:
        """What a step may do."""

    @property
    def closing(self) -> ClosingMarket:
        """Marks and costs of the rule."""

    def states(self, accounts: list[Account], unit: int) -> list[UnitState]:
        """State of each account's unit."""

    def holds(self, state: UnitState) -> bool:
        """Whether maintenance holds with the rule's buffer."""


def smallest_share(
    liquidator: ClosesParts, account: Account, market: str, unit: int = 0
) -> float | None:
    """Return the smallest share of a position whose closing restores health; None: no share does.

    Shares are tried together on a grid of 32, then between the last that fails and the first that
    does, five times: to 1/32 of 1/32 ..., 3e-8 of the position, on the safe side.
    """
    low, high = 0.0, 1.0
    for round_ in range(_REFINEMENTS):
        steps = np.linspace(low, high, _FRACTIONS + 1)[1:]
        states = _after(liquidator, account, market, steps, unit)
        good = [k for k, state in enumerate(states) if liquidator.holds(state)]
        if not good:
            return None if round_ == 0 else high
        low, high = (float(steps[good[0] - 1]) if good[0] else low), float(steps[good[0]])
    return high


def best_share(liquidator: ClosesParts, account: Account, market: str, unit: int = 0) -> float:
    """Return the share of a position whose closing leaves most excess over the target.

    Closing all of one leg of a hedge may leave less than closing half of it.
    """
    target = float(liquidator.rule.target_health)
    steps = np.linspace(0.0, 1.0, _FRACTIONS + 1)[1:]
    states = _after(liquidator, account, market, steps, unit)
    left = [target * state.equity - state.maintenance for state in states]
    return float(steps[int(np.argmax(left))])


def _after(
    liquidator: ClosesParts, account: Account, market: str, shares: FloatArray, unit: int
) -> list[UnitState]:
    """States after closing each of ``shares`` (K,), ascending; margined together."""
    tried = variants(account, [(market, float(s)) for s in shares], liquidator.closing)
    # An isolated position closed whole leaves only the pool that its margin went to.
    partly = [t for t in tried if t.positions] if unit else tried
    states = liquidator.states(partly, unit)
    closed = [liquidator.states([t], 0)[0] for t in tried[len(partly) :]]
    return [*states, *closed]
