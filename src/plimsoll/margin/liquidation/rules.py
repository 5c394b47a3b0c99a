"""How venues close positions step by step: size, order, target; named after the venues.

Sources: Hyperliquid documentation, "Liquidations"; dydxprotocol/v4-chain at 84d4664;
drift-labs/protocol-v2 at 0ae3e3b. Bybit's unified accounts are reduced until the maintenance rate
is back at 90 %. Where a venue's number is not published, the rule says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from plimsoll.domain.choice import chosen
from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.governed import check_bounds, governed


class StepSize(StrEnum):
    """How much of a position one step closes."""

    SHARE = "share"  # the rule's share of it
    JUST_ENOUGH = "just_enough"  # what brings the account to the target, if this position can
    WHOLE = "whole"


class StepOrder(StrEnum):
    """Which position is closed next."""

    RELIEF_PER_COST = "relief_per_cost"  # most excess gained per dollar of cost
    LARGEST_NOTIONAL = "largest_notional"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationRule:
    """One venue's way.

    Parameters
    ----------
    name : str
    size : StepSize
    order : StepOrder
    share_steps : int
        Steps that may close part of a position; whole positions afterwards.
    cooldown_seconds : float
        Wait after closing part of a position.

    Raises
    ------
    ParameterError
        For a value out of its bounds.
    """

    name: str
    size: StepSize = StepSize.SHARE
    order: StepOrder = StepOrder.RELIEF_PER_COST
    share_steps: int = 100
    cooldown_seconds: float = 0.0
    share: Decimal = governed(
        Unit.FRACTION, "0.01", 1, about="of a position closed by one step", default="0.2"
    )
    whole_below_usd: Decimal = governed(
        Unit.USD, 0, "1e12", about="positions up to this notional are closed whole", default=1000
    )
    target_health: Decimal = governed(
        Unit.FRACTION, "0.01", 1, about="maintenance over equity at which closing ends", default=1
    )
    backstop_below: Decimal = governed(
        Unit.FRACTION,
        0,
        1,
        about="equity over maintenance below which all is taken over",
        default=0,
    )
    fee_rate: Decimal = governed(
        Unit.FRACTION, 0, "0.2", about="liquidation fee, of what is closed", default="0.005"
    )
    slippage_rate: Decimal = governed(
        Unit.FRACTION, 0, "0.5", about="fill worse than the mark, of what is closed", default=0
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", chosen(StepSize, self.size, "size"))
        object.__setattr__(self, "order", chosen(StepOrder, self.order, "order"))
        check_bounds(self, "LiquidationRule")
        if self.share_steps < 0 or not self.cooldown_seconds >= 0.0:
            raise ParameterError(
                "must not be negative",
                found=(self.share_steps, self.cooldown_seconds),
                field="share_steps, cooldown_seconds",
            )

    @property
    def cost_rate(self) -> float:
        """Fee and slippage, of the notional closed."""
        return float(self.fee_rate + self.slippage_rate)


HYPERLIQUID = LiquidationRule(
    name="Hyperliquid",
    size=StepSize.SHARE,
    order=StepOrder.LARGEST_NOTIONAL,
    share=Decimal("0.2"),
    share_steps=1,
    whole_below_usd=Decimal(100_000),
    cooldown_seconds=30.0,
    backstop_below=Decimal(2) / Decimal(3),
    fee_rate=Decimal(0),
)
"""Market orders; above 100,000 first 20 % and 30 s, then whole; below 2/3 of maintenance all."""

BYBIT = LiquidationRule(
    name="Bybit",
    size=StepSize.JUST_ENOUGH,
    target_health=Decimal("0.9"),
    whole_below_usd=Decimal(0),
    fee_rate=Decimal("0.0006"),
)
"""Until maintenance is 90 % of equity; the fee is that of a taker, assumed."""

DRIFT = LiquidationRule(
    name="Drift",
    size=StepSize.JUST_ENOUGH,
    whole_below_usd=Decimal(50),
    target_health=Decimal(1) / Decimal("1.02"),
    fee_rate=Decimal("0.02"),
)
"""Base for the shortage, with liquidator and insurance fees of 1 % each and a buffer of 2 %."""

DYDX = LiquidationRule(
    name="dYdX",
    size=StepSize.WHOLE,
    whole_below_usd=Decimal(0),
    fee_rate=Decimal("0.005"),
)
"""v4: up to the whole position of a market at once, fee at most 0.5 %; genesis values."""

STEPWISE = LiquidationRule(name="stepwise")
"""A fifth of the position that relieves most per cost, again and again."""

WHOLE = LiquidationRule(name="whole", size=StepSize.WHOLE)
"""One position after the other."""
