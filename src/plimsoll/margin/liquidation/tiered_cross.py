"""Liquidation prices of a cross account along one linear or inverse market, in closed form.

Everything else of the account stands: ``U`` is all equity that does not move with the price, less
the maintenance margin of other positions, and ``c`` are coins of the base held (their value moves).
Excess over maintenance, in quote currency, for a price ``p`` in tier ``(m, D)``::

    linear     U + c p + a (p - p0) - (|a| p m - D)
    inverse    U + (c + a / p0) p - a - (|a| m - D)

By slices maintenance is convex in the price, so excess is concave: it is negative below one price,
above another, both, or never. Where the reached tier's rate holds for the whole notional, ``D`` is
0 and maintenance jumps at each cap; excess may be negative just above one and recover beyond: the
prices returned are the first on either side of the mark. The isolated formulas of
`plimsoll.margin.liquidation.isolated` are ``c = 0`` (linear) and ``U = 0`` (inverse).
"""

from __future__ import annotations

from plimsoll.domain.instrument import Future, Payoff, Perpetual
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import UsageError
from plimsoll.margin.liquidation.outcomes import LiquidationRange
from plimsoll.margin.liquidation.tier_pieces import ExcessLine, liquidation_range


def tiered_cross_liquidation(
    instrument: Perpetual | Future,
    tiers: TierTable,
    *,
    quantity: float,
    entry_price: float,
    mark: float,
    still: float,
    coins: float,
    whole_notional: bool = False,
) -> LiquidationRange:
    """Return the marks at which a cross account is liquidated, on both sides of ``mark``.

    Tables that count notional; for others use the solver.

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
    whole_notional : bool
        Whether the reached tier's rate holds for all of the notional
        (`MaintenanceRule.WHOLE_NOTIONAL`).

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
    # Equity, less what other positions need: maintenance of this one is taken off by the pieces.
    line = ExcessLine(
        level=still - (amount if inverse else amount * entry_price),
        slope=coins + (amount / entry_price if inverse else amount),
        size=abs(amount),
        inverse=inverse,
    )
    return liquidation_range(line.pieces(tiers, whole_notional=whole_notional), mark)
