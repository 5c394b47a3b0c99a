"""Vega's margin of resting orders in isolated mode, exact.

A party in isolated mode funds its orders by its own margin factor (one over its leverage). Orders
that would only close its position need nothing: they are taken off the best-priced orders of the
closing side first (vegaprotocol/vega at a50750c, core/risk).
"""

from __future__ import annotations

from decimal import Decimal

from plimsoll.errors import UsageError
from plimsoll.margin.vega.exact_levels import MarketExposure, RestingOrder

_ZERO = Decimal(0)


def isolated_order_margin(
    exposure: MarketExposure, margin_factor: Decimal, auction_price: Decimal | None = None
) -> Decimal:
    """Return the margin of the costlier side of the orders, in settlement units, unrounded.

    Parameters
    ----------
    exposure : MarketExposure
        Limit orders only.
    margin_factor : Decimal
        Share of notional that the party funds, positive.
    auction_price : Decimal, optional
        In an auction, the larger of indicative and mark price: no order counts for less.

    Raises
    ------
    UsageError
        For a factor that is not positive and for a market order, which never rests.

    Examples
    --------
    Long 2 with sells of 3 at 10: only one of them opens anything.

    >>> sell = RestingOrder(size=Decimal(3), price=Decimal(10))
    >>> isolated_order_margin(MarketExposure(position=Decimal(2), sells=(sell,)), Decimal("0.5"))
    Decimal('5.0')
    """
    if not margin_factor > 0:
        raise UsageError("must be positive", found=str(margin_factor), field="margin_factor")
    buys = sorted(exposure.buys, key=_limit, reverse=True)
    sells = sorted(exposure.sells, key=_limit)
    closes_by_buying = max(-exposure.position, _ZERO)
    closes_by_selling = max(exposure.position, _ZERO)
    notional = max(
        _opening_notional(buys, closes_by_buying, auction_price),
        _opening_notional(sells, closes_by_selling, auction_price),
    )
    return notional * margin_factor


def _opening_notional(
    orders: list[RestingOrder], closing: Decimal, auction_price: Decimal | None
) -> Decimal:
    total = _ZERO
    for order in orders:
        opening = max(order.size - closing, _ZERO)
        closing = max(closing - order.size, _ZERO)
        price = _limit(order)
        total += opening * (price if auction_price is None else max(price, auction_price))
    return total


def _limit(order: RestingOrder) -> Decimal:
    if order.price is None:
        raise UsageError("must have a limit", found="a market order", field="orders")
    return order.price
