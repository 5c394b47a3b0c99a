"""Liquidation price of an isolated position: where its equity meets its maintenance margin.

With isolated margin ``W``, signed amount ``a = q s``, entry ``p0``, side ``e = sign(q)`` and tier
rate ``m`` with deduction ``D`` (`reference/methodology.md`, 1.1)::

    linear, quanto   W + a (p - p0)       = |a| p m - D      p = (a p0 - W - D) / (a - |a| m)
    inverse          W + a (1/p0 - 1/p)   = (|a| m - D) / p  p = (a + |a| m - D) / (W + a / p0)

The tier of a linear position changes with the price, so the solution is sought tier by tier;
equity less maintenance is monotone in the price, so at most one tier holds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from plimsoll.domain.instrument import Future, Payoff, Perpetual
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import UsageError

_EDGE = 1e-12  # relative: a solution on a tier's edge belongs to both tiers, whose MM agree there


class LiquidationStatus(StrEnum):
    """What a liquidation price means, or why there is none."""

    AT_PRICE = "at_price"
    NEVER = "never"  # the margin covers every price
    BEYOND_LAST_TIER = "beyond_last_tier"  # met only where the tier table says nothing
    ALREADY = "already"  # maintenance is not met at the present price
    NO_NUMBER = "no_number"  # the account has a reason instead of a margin


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationPrice:
    """The mark at which equity equals maintenance margin; None unless ``AT_PRICE``."""

    status: LiquidationStatus
    price: float | None = None


def isolated_liquidation_price(
    instrument: Perpetual | Future,
    tiers: TierTable,
    *,
    quantity: float,
    entry_price: float,
    isolated_margin: float,
) -> LiquidationPrice:
    """Return the mark at which an isolated position is liquidated.

    Parameters
    ----------
    quantity : float
        Signed contracts, not zero.
    entry_price : float
        Positive, in quote currency.
    isolated_margin : float
        In settlement currency, not negative.

    Raises
    ------
    UsageError
        For a quantity of zero, an entry price that is not positive, a negative margin.

    Notes
    -----
    The price may lie on the far side of the mark: then the position is to be liquidated now.
    """
    if quantity == 0.0 or not entry_price > 0.0:
        raise UsageError(
            "must be an open position at a positive price",
            found=f"{quantity} at {entry_price}",
            field="quantity, entry_price",
        )
    if not isolated_margin >= 0.0:
        raise UsageError("must not be negative", found=isolated_margin, field="isolated_margin")
    amount = quantity * float(instrument.required_contract_size())
    inverse = instrument.payoff is Payoff.INVERSE
    for lower, cap, rate, deduction in _brackets(tiers):
        if inverse:
            price = _inverse_price(amount, entry_price, isolated_margin, rate, deduction)
            notional = abs(amount)
        else:
            price = _linear_price(amount, entry_price, isolated_margin, rate, deduction)
            notional = abs(amount) * price
        if lower * (1.0 - _EDGE) <= notional <= cap * (1.0 + _EDGE):
            return _found(price)
    covered = not inverse and amount > 0.0 and isolated_margin >= amount * entry_price
    return LiquidationPrice(
        status=LiquidationStatus.NEVER if covered else LiquidationStatus.BEYOND_LAST_TIER
    )


def _linear_price(
    amount: float, entry: float, margin: float, rate: float, deduction: float
) -> float:
    slope = amount - abs(amount) * rate
    # At a rate of 1 a long's equity and requirement move alike: no price solves this tier.
    return (amount * entry - margin - deduction) / slope if slope != 0.0 else float("nan")


def _inverse_price(
    amount: float, entry: float, margin: float, rate: float, deduction: float
) -> float:
    coins = margin + amount / entry
    numerator = amount + abs(amount) * rate - deduction
    return numerator / coins if coins != 0.0 else float("inf")


def _found(price: float) -> LiquidationPrice:
    if price > 0.0 and price != float("inf"):
        return LiquidationPrice(status=LiquidationStatus.AT_PRICE, price=price)
    return LiquidationPrice(status=LiquidationStatus.NEVER)


def _brackets(tiers: TierTable) -> list[tuple[float, float, float, float]]:
    columns = zip(tiers.tiers, tiers.lower_bounds_usd, tiers.deductions_usd, strict=True)
    return [
        (
            float(lower),
            float("inf") if tier.cap_usd is None else float(tier.cap_usd),
            float(tier.maintenance_rate),
            float(deduction),
        )
        for tier, lower, deduction in columns
    ]
