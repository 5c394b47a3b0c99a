"""Excess over maintenance margin along one market's price, tier by tier: straight pieces.

Within a tier excess is a straight line of the price. Where each rate holds for its slice only, the
pieces meet; where the reached tier's rate holds for the whole notional, excess falls at each cap,
for the position is dearer just above it than at it. A cap belongs to the tier below.
"""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.domain.tiers import TierTable
from plimsoll.margin.liquidation.outcomes import (
    LiquidationPrice,
    LiquidationRange,
    LiquidationStatus,
    at_price,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Excess ``level + slope p`` for prices above ``low`` and up to ``high``."""

    low: float
    high: float
    level: float
    slope: float

    def at(self, price: float) -> float:
        """Excess at a price, or in the limit towards the end of the piece."""
        return self.level + self.slope * price

    @property
    def root(self) -> float:
        """Where the line meets zero."""
        return -self.level / self.slope


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcessLine:
    """Excess without this position's maintenance: ``level + slope p``, in quote currency.

    Parameters
    ----------
    level, slope : float
    size : float
        Amount of the position, positive.
    inverse : bool
        Contract value, and so the tier, stands at every price.
    """

    level: float
    slope: float
    size: float
    inverse: bool

    def pieces(self, tiers: TierTable, *, whole_notional: bool) -> list[Piece]:
        """Take off maintenance margin, tier by tier; none for an inverse one beyond the table."""
        found, low = list[Piece](), 0.0
        for tier, deduction in zip(tiers.tiers, tiers.deductions_usd, strict=True):
            rate, cap = float(tier.maintenance_rate), tier.cap_usd
            top = float("inf") if cap is None else float(cap)
            back = 0.0 if whole_notional else float(deduction)
            if self.inverse:
                if self.size <= top:
                    level = self.level - (self.size * rate - back)
                    return [Piece(low=0.0, high=float("inf"), level=level, slope=self.slope)]
                continue
            slope = self.slope - self.size * rate
            found.append(Piece(low=low, high=top / self.size, level=self.level + back, slope=slope))
            low = top / self.size
        return found


def liquidation_range(pieces: list[Piece], mark: float) -> LiquidationRange:
    """Return the first prices below and above ``mark`` where excess is negative."""
    here = [p for p in pieces if p.low <= mark <= p.high]
    if not here:
        beyond = LiquidationPrice(status=LiquidationStatus.NO_NUMBER)
        return LiquidationRange(down=beyond, up=beyond)
    if here[0].at(mark) < 0.0:
        now = LiquidationPrice(status=LiquidationStatus.ALREADY, price=mark)
        return LiquidationRange(down=now, up=now)
    return LiquidationRange(down=_down(pieces, mark), up=_up(pieces, mark))


def _down(pieces: list[Piece], mark: float) -> LiquidationPrice:
    for piece in reversed([p for p in pieces if p.low < mark]):
        if piece.high < mark and piece.at(piece.high) < 0.0:
            return at_price(piece.high)
        if piece.at(max(piece.low, 0.0)) < 0.0:
            return at_price(piece.root)
    return LiquidationPrice(status=LiquidationStatus.NEVER)


def _up(pieces: list[Piece], mark: float) -> LiquidationPrice:
    for piece in (p for p in pieces if p.high > mark):
        if piece.low >= mark and piece.at(piece.low) < 0.0:
            return at_price(piece.low)
        open_end = piece.high == float("inf")
        falls = piece.slope < 0.0 if open_end else piece.at(piece.high) < 0.0
        if falls:
            return at_price(piece.root)
    ends = pieces[-1].high == float("inf")
    status = LiquidationStatus.NEVER if ends else LiquidationStatus.BEYOND_LAST_TIER
    return LiquidationPrice(status=status)
