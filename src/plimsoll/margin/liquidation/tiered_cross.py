"""Liquidation prices of a cross account along one linear or inverse market, in closed form.

Everything else of the account stands: ``U`` is all equity that does not move with the price, less
the maintenance margin of other positions, and ``c`` are coins of the base held (their value moves).
Excess over maintenance, in quote currency, for a price ``p`` in tier ``(m, D)``::

    linear     U + c p + a (p - p0) - (|a| p m - D)
    inverse    U + (c + a / p0) p - a - (|a| m - D)

Maintenance is convex in the price, so excess is concave: it is negative below one price, above
another, both, or never. The isolated formulas of `plimsoll.margin.liquidation.isolated` are
``c = 0`` (linear) and ``U = 0`` (inverse).
"""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.domain.instrument import Future, Payoff, Perpetual
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import UsageError
from plimsoll.margin.liquidation.isolated import LiquidationPrice, LiquidationStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationRange:
    """Where an account is liquidated on a fall and on a rise from the present price."""

    down: LiquidationPrice
    up: LiquidationPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Excess ``level + slope p`` for prices between ``low`` and ``high``."""

    low: float
    high: float
    level: float
    slope: float

    def at(self, price: float) -> float:
        return self.level + self.slope * price


def tiered_cross_liquidation(
    instrument: Perpetual | Future,
    tiers: TierTable,
    *,
    quantity: float,
    entry_price: float,
    mark: float,
    still: float,
    coins: float,
) -> LiquidationRange:
    """Return the marks at which a cross account is liquidated, on both sides of ``mark``.

    Parameters
    ----------
    quantity : float
        Signed contracts, not zero.
    entry_price, mark : float
        Positive, quote currency.
    still : float
        Quote currency: equity that does not move, less other positions' maintenance.
    coins : float
        Base coins held as collateral; a debt is negative.

    Raises
    ------
    UsageError
        For no position, a price that is not positive, and a quanto contract (its settlement coin
        is priced elsewhere: use the solver).
    """
    if quantity == 0.0 or not (entry_price > 0.0 and mark > 0.0):
        raise UsageError(
            "must be an open position at positive prices",
            found=f"{quantity} at {entry_price}, {mark}",
            field="quantity, entry_price, mark",
        )
    if instrument.payoff is Payoff.QUANTO:
        raise UsageError("must be linear or inverse", found="quanto", field="instrument")
    amount = quantity * float(instrument.required_contract_size())
    inverse = instrument.payoff is Payoff.INVERSE
    pieces = _pieces(amount, entry_price, still, coins, tiers, inverse=inverse)
    here = [p for p in pieces if p.low <= mark <= p.high]
    if not here:
        beyond = LiquidationPrice(status=LiquidationStatus.NO_NUMBER)
        return LiquidationRange(down=beyond, up=beyond)
    if here[0].at(mark) < 0.0:
        now = LiquidationPrice(status=LiquidationStatus.ALREADY, price=mark)
        return LiquidationRange(down=now, up=now)
    return LiquidationRange(down=_down(pieces, mark), up=_up(pieces, mark))


def _pieces(
    amount: float,
    entry: float,
    still: float,
    coins: float,
    tiers: TierTable,
    *,
    inverse: bool,
) -> list[_Piece]:
    size, found, low = abs(amount), [], 0.0
    for tier, deduction in zip(tiers.tiers, tiers.deductions_usd, strict=True):
        rate, cap = float(tier.maintenance_rate), tier.cap_usd
        top = float("inf") if cap is None else float(cap)
        if inverse:
            # Contract value does not move: one tier holds at every price.
            if size <= top:
                level = still - amount - (size * rate - float(deduction))
                return [
                    _Piece(low=0.0, high=float("inf"), level=level, slope=coins + amount / entry)
                ]
            continue
        level = still - amount * entry + float(deduction)
        slope = coins + amount - size * rate
        found.append(_Piece(low=low, high=top / size, level=level, slope=slope))
        low = top / size
    return found


def _down(pieces: list[_Piece], mark: float) -> LiquidationPrice:
    """Concave excess, not negative at the mark: below it, it crosses zero at most once."""
    for piece in reversed([p for p in pieces if p.low < mark]):
        if piece.at(max(piece.low, 0.0)) < 0.0:
            return _found(-piece.level / piece.slope)
    return LiquidationPrice(status=LiquidationStatus.NEVER)


def _up(pieces: list[_Piece], mark: float) -> LiquidationPrice:
    for piece in (p for p in pieces if p.high > mark):
        open_end = piece.high == float("inf")
        falls = piece.slope < 0.0 if open_end else piece.at(piece.high) < 0.0
        if falls:
            return _found(-piece.level / piece.slope)
    ends = pieces[-1].high == float("inf")
    status = LiquidationStatus.NEVER if ends else LiquidationStatus.BEYOND_LAST_TIER
    return LiquidationPrice(status=status)


def _found(price: float) -> LiquidationPrice:
    return LiquidationPrice(status=LiquidationStatus.AT_PRICE, price=price)
