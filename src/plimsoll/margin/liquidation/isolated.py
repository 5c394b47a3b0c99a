"""Liquidation price of an isolated position: where its equity meets its maintenance margin.

With isolated margin ``W``, signed amount ``a = q s``, entry ``p0``, side ``e = sign(q)`` and tier
rate ``m`` with deduction ``D``::

    linear, quanto   W + a (p - p0)       = |a| p m - D      p = (a p0 - W - D) / (a - |a| m)
    inverse          W + a (1/p0 - 1/p)   = (|a| m - D) / p  p = (a + |a| m - D) / (W + a / p0)

The tier of a linear position changes with the price, so the solution is sought tier by tier. By
slices equity less maintenance is monotone in the price, so at most one tier holds it. Where the
reached tier's rate holds for the whole notional (``D = 0``) maintenance jumps at each cap, excess
is not monotone, and what counts is the first price on either side of the mark
(`isolated_liquidation_range`).
"""

from __future__ import annotations

from plimsoll.domain.instrument import Future, Payoff, Perpetual
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import UsageError
from plimsoll.margin.liquidation.outcomes import (
    LiquidationPrice,
    LiquidationRange,
    LiquidationStatus,
    at_price,
)
from plimsoll.margin.liquidation.tier_pieces import ExcessLine, liquidation_range

_EDGE = 1e-12  # relative: a solution on a tier's edge belongs to both tiers, whose MM agree there


def isolated_liquidation_price(
    instrument: Perpetual | Future,
    tiers: TierTable,
    *,
    quantity: float,
    entry_price: float,
    isolated_margin: float,
) -> LiquidationPrice:
    """Return the mark at which an isolated position is liquidated, tiers by slices.

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
    _check(quantity, entry_price, isolated_margin)
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


def isolated_liquidation_range(
    instrument: Perpetual | Future,
    tiers: TierTable,
    *,
    quantity: float,
    entry_price: float,
    isolated_margin: float,
    mark: float,
    whole_notional: bool = False,
) -> LiquidationRange:
    """Return the first marks below and above ``mark`` at which a position is liquidated.

    Tables that count notional (settlement currency of quanto contracts).

    Parameters
    ----------
    quantity, entry_price, isolated_margin : float
        As in `isolated_liquidation_price`.
    mark : float
        Positive, in quote currency.
    whole_notional : bool
        Whether the reached tier's rate holds for all of the notional
        (`MaintenanceRule.WHOLE_NOTIONAL`). Then a long may be liquidated on a rise as well: a cap
        is where its requirement jumps.

    Raises
    ------
    UsageError
        As `isolated_liquidation_price`, and for a mark that is not positive.
    """
    _check(quantity, entry_price, isolated_margin)
    if not mark > 0.0:
        raise UsageError("must be positive", found=mark, field="mark")
    amount = quantity * float(instrument.required_contract_size())
    inverse = instrument.payoff is Payoff.INVERSE
    # In quote currency for inverse contracts too: the margin is in coin, so it moves.
    line = ExcessLine(
        level=-amount if inverse else isolated_margin - amount * entry_price,
        slope=isolated_margin + amount / entry_price if inverse else amount,
        size=abs(amount),
        inverse=inverse,
    )
    return liquidation_range(line.pieces(tiers, whole_notional=whole_notional), mark)


def _check(quantity: float, entry_price: float, isolated_margin: float) -> None:
    if quantity == 0.0 or not entry_price > 0.0:
        raise UsageError(
            "must be an open position at a positive price",
            found=f"{quantity} at {entry_price}",
            field="quantity, entry_price",
        )
    if not isolated_margin >= 0.0:
        raise UsageError("must not be negative", found=isolated_margin, field="isolated_margin")


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
        return at_price(price)
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
