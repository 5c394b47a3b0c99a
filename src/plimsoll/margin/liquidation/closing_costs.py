"""What equity must bear beside maintenance margin: the fee of being closed, funding to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Perpetual
from plimsoll.domain.market import MarketSnapshot
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.units.cells import unit_layout
from plimsoll.margin.units.market_rows import MarketRows, market_rows, unit_sums
from plimsoll.maths.payoffs import INVERSE

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingCosts:
    """Costs at the moment of liquidation.

    Parameters
    ----------
    fee_rate : float
        Of the notional of perpetuals and futures, of the value of options and spot.
    funding_payments : float
        How many payments at the quotes' funding rates are still to come; longs pay a positive
        rate. What is accrued already is in the book.

    Raises
    ------
    UsageError
        For a negative rate or number.
    """

    fee_rate: float = 0.0
    funding_payments: float = 0.0

    def __post_init__(self) -> None:
        for name in ("fee_rate", "funding_payments"):
            if not getattr(self, name) >= 0.0:
                raise UsageError("must not be negative", found=getattr(self, name), field=name)


def closing_costs(
    book: Book,
    costs: ClosingCosts,
    snapshot: MarketSnapshot,
    instruments: Mapping[str, Instrument],
    pricing: CurrencyPricing,
) -> FloatArray:
    """(U,) costs in the numeraire; NaN where a position has no notional. Funding may be income."""
    layout = unit_layout(book)
    if costs.fee_rate == 0.0 and costs.funding_payments == 0.0:
        return np.zeros(len(layout))
    rows = market_rows(snapshot, instruments, pricing)
    row = rows.rows_of(book)[book.market]
    notional = book.quantity * signed_notional(rows)[row]
    rate = [
        snapshot.quotes[m].funding_rate
        if isinstance(i, Perpetual) and m in snapshot.quotes
        else 0.0
        for m, i in zip(rows.markets, rows.instruments, strict=True)
    ]
    funding = np.array([*rate, 0.0])[row] * notional * costs.funding_payments
    return unit_sums(layout, np.abs(notional) * costs.fee_rate + funding)


def signed_notional(rows: MarketRows) -> FloatArray:
    """(N + 1,) notional of one long contract, value of one option or coin, in the numeraire."""
    with np.errstate(divide="ignore", invalid="ignore"):
        coin = rows.size / rows.mark
    inverse = (rows.payoff == INVERSE) & ~rows.has_value
    return np.where(inverse, coin, rows.size * rows.mark) * rows.settle_price
