"""What a fill does to a position: its new size and entry, and the cash that changes hands.

Equity counts perpetuals and futures at their profit since entry, options and spot at their marks.
So a fill of the former pays out the profit of what it closes, a fill of the latter its price; at
the mark neither changes equity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.instrument import Instrument, Option, Payoff, Spot
from plimsoll.domain.magnitudes import is_price
from plimsoll.errors import UsageError
from plimsoll.maths import payoffs

_CODES = {
    Payoff.LINEAR: payoffs.LINEAR,
    Payoff.INVERSE: payoffs.INVERSE,
    Payoff.QUANTO: payoffs.QUANTO,
}

_ROUNDING = 1e-12  # what is left of a position below this share of it are roundings of its fills


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledPosition:
    """A position after a fill.

    Parameters
    ----------
    quantity : float
        Signed contracts; 0: closed.
    entry_price : float
    cash : float
        Settlement currency, positive = received.
    """

    quantity: float
    entry_price: float
    cash: float


def filled(
    instrument: Instrument, held: float, entry: float, quantity: float, price: float
) -> FilledPosition:
    """Add a fill of ``quantity`` contracts at ``price`` to ``held`` contracts entered at ``entry``.

    The entry of an enlarged position is the price at which its profit is the sum of its parts':
    the mean price, for inverse contracts the harmonic mean. A reduced position keeps its entry, a
    turned one has the fill's.

    Raises
    ------
    UsageError
        For a quantity that is zero or not finite, a price that is not positive and finite, and a
        position of unknown size, or of unknown entry price where profit since entry is paid.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from plimsoll.domain.instrument import Pair, Perpetual
    >>> pair = Pair(base="BTC", quote="USDT")
    >>> linear = Perpetual(
    ...     pair=pair, settle="USDT", payoff=Payoff.LINEAR, contract_size=Decimal(1)
    ... )
    >>> filled(linear, 2.0, 100.0, -3.0, 110.0)
    FilledPosition(quantity=-1.0, entry_price=110.0, cash=20.0)
    """
    _check(held, quantity, price)
    if held != 0.0 and not isinstance(instrument, Option | Spot) and not is_price(entry):
        raise UsageError(
            "must be known before the position can be traded",
            found=entry,
            field="position's entry price",
        )
    size = float(instrument.required_contract_size())
    total = held + quantity
    if abs(total) <= _ROUNDING * max(abs(held), abs(quantity)):
        total = 0.0
    if total == 0.0 or held == 0.0 or (total > 0.0) != (held > 0.0):
        new_entry, closed = price, -held
    elif abs(total) < abs(held):
        new_entry, closed = entry, quantity
    else:
        new_entry, closed = _mean_entry(instrument.payoff, held, entry, quantity, price), 0.0
    if isinstance(instrument, Option | Spot):
        cash = -quantity * size * price
    else:
        cash = payoffs.profit(_CODES[instrument.payoff], -closed * size, entry, price)
    return FilledPosition(quantity=total, entry_price=new_entry, cash=float(cash) + 0.0)


def _mean_entry(payoff: Payoff, held: float, entry: float, quantity: float, price: float) -> float:
    total = held + quantity
    if payoff is Payoff.INVERSE:
        return total / (held / entry + quantity / price)
    return (held * entry + quantity * price) / total


def _check(held: float, quantity: float, price: float) -> None:
    if not (np.isfinite(quantity) and quantity != 0.0):
        raise UsageError("must be finite and not zero", found=quantity, field="quantity")
    if not (np.isfinite(price) and price > 0.0):
        raise UsageError("must be positive and finite", found=price, field="price")
    if not np.isfinite(held):
        raise UsageError(
            "must be known before it can be traded", found=held, field="position's quantity"
        )
