"""Margin agreements (credit support annexes), as far as exposure depends on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.governed import check_bounds, governed


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginAgreement:
    """What the other party has to post, and when.

    Parameters
    ----------
    threshold_usd : Decimal
        Value up to which nothing is called.
    minimum_transfer_usd : Decimal
        Smallest call.
    margin_period_hours : Decimal
        From the last call that was met to the close-out; a whole number of steps of the grid.
    initial_amount_usd : Decimal
        Held from the start, whatever the value (independent amount, initial margin).
    own_threshold_usd : Decimal or None
        Value against oneself up to which one posts nothing; None: one never posts.
    initial_coins : mapping of str to float
        Initial amount held in coins, whose value moves with them: wrong-way where the other party
        is long of what it posts.

    Raises
    ------
    ParameterError
        For values outside their bounds, and coins that are negative.
    """

    threshold_usd: Decimal = governed(
        Unit.USD, "0", "1000000000", default="0", about="value up to which nothing is called"
    )
    minimum_transfer_usd: Decimal = governed(
        Unit.USD, "0", "100000000", default="0", about="smallest call"
    )
    margin_period_hours: Decimal = governed(
        Unit.HOURS, "0", "720", default="24", about="from the last call met to the close-out"
    )
    initial_amount_usd: Decimal = governed(
        Unit.USD, "0", "10000000000", default="0", about="held whatever the value"
    )
    own_threshold_usd: Decimal | None = None
    initial_coins: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_bounds(self, "agreement")
        own = self.own_threshold_usd
        if own is not None and not (own.is_finite() and own >= 0):
            raise ParameterError(
                "must not be negative", found=str(own), field="agreement.own_threshold_usd"
            )
        for coin, amount in self.initial_coins.items():
            if not 0.0 <= amount < float("inf"):
                raise ParameterError(
                    "must not be negative", found=amount, field=f"agreement.initial_coins[{coin}]"
                )
