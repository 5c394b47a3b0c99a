"""What a liquidation plan says: its steps, states before and after, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from plimsoll.domain.account import Account


class PlanOutcome(StrEnum):
    """How a plan ends."""

    HEALTHY = "healthy"  # nothing to do
    RESTORED = "restored"  # maintenance holds with the buffer
    FLAT = "flat"  # everything is closed, equity is left
    BACKSTOP = "backstop"  # taken over whole: equity fell short of the venue's share of maintenance
    BANKRUPT = "bankrupt"  # everything is closed, and equity is negative
    NO_NUMBER = "no_number"  # the account has a reason instead of a margin


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitState:
    """Equity and margin of the unit, in the numeraire."""

    equity: float
    initial: float
    maintenance: float

    @property
    def excess(self) -> float:
        """Equity less maintenance."""
        return self.equity - self.maintenance

    @property
    def health(self) -> float:
        """Maintenance over equity; infinite where equity does not cover anything."""
        if self.maintenance <= 0.0 <= self.equity:
            return 0.0
        return self.maintenance / self.equity if self.equity > 0.0 else float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One closing.

    Parameters
    ----------
    market : str
    closed : float
        Signed contracts: those of the position.
    share : float
        Of the position as it was.
    cost : float
        Fee and slippage, in the numeraire.
    at_seconds : float
        After the start: cooldowns so far.
    before, after : UnitState
    """

    market: str
    closed: float
    share: float
    cost: float
    at_seconds: float
    before: UnitState
    after: UnitState


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationPlan:
    """Steps in their order, and how they end.

    Parameters
    ----------
    rule : str
    start, end : UnitState
    steps : tuple of PlanStep
    outcome : PlanOutcome
    account : Account
        What is left.
    """

    rule: str
    start: UnitState
    end: UnitState
    steps: tuple[PlanStep, ...]
    outcome: PlanOutcome
    account: Account
