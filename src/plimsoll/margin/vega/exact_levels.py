"""Vega's margin levels and liquidation price as published: exact decimals, then rounded.

Maintenance of a market is rounded up to a whole unit of the settlement asset first; the other
levels are that number scaled and rounded down (vegaprotocol/vega at a50750c, core/risk).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from plimsoll.errors import UsageError

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingOrder:
    """Unfilled size (positive, in units of the market) and limit; None: a market order."""

    size: Decimal
    price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketExposure:
    """One party in one market.

    Parameters
    ----------
    position : Decimal
        Signed units of the market.
    buys, sells : tuple of RestingOrder
    """

    position: Decimal
    buys: tuple[RestingOrder, ...] = ()
    sells: tuple[RestingOrder, ...] = ()

    def filled(self) -> MarketExposure:
        """Return the exposure with its market orders filled: they meet the book at once."""
        bought = _sizes(o for o in self.buys if o.price is None)
        sold = _sizes(o for o in self.sells if o.price is None)
        return MarketExposure(
            position=self.position + bought - sold,
            buys=tuple(o for o in self.buys if o.price is not None),
            sells=tuple(o for o in self.sells if o.price is not None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRates:
    """What a market's margin is made of.

    Parameters
    ----------
    mark_price : Decimal
    risk_long, risk_short : Decimal
        Risk factors, fractions of notional.
    linear_slippage, quadratic_slippage : Decimal
        Cost of closing ``v`` units: ``mark (linear v + quadratic v^2)``.
    funding_per_unit : Decimal
        Funding that a long unit owes; negative where it is due to it.
    in_auction : bool
        In an auction resting orders count at their own limits instead of the mark.
    """

    mark_price: Decimal
    risk_long: Decimal
    risk_short: Decimal
    linear_slippage: Decimal = _ZERO
    quadratic_slippage: Decimal = _ZERO
    funding_per_unit: Decimal = _ZERO
    in_auction: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelScales:
    """Multiples of maintenance at which margin is topped up, first asked, and given back."""

    search: Decimal = Decimal("1.1")
    initial: Decimal = Decimal("1.2")
    release: Decimal = Decimal("1.4")

    def __post_init__(self) -> None:
        if not Decimal(1) <= self.search <= self.initial <= self.release:
            raise UsageError(
                "must satisfy 1 <= search <= initial <= release",
                found=f"{self.search}, {self.initial}, {self.release}",
                field="scaling",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginLevels:
    """The four levels, in whole units of the settlement asset."""

    maintenance: int
    search: int
    initial: int
    release: int


def maintenance(exposure: MarketExposure, rates: MarketRates) -> Decimal:
    """Return the maintenance margin before rounding, in settlement units.

    The larger of the long and the short side; a side counts only if the position and all of its
    orders together end up on it. Funding owed by the position comes on top.

    Examples
    --------
    Long 3 with 0.1 more to buy: 3 x 15,800 x (0.25 + 0.8) + 0.1 x 15,800 x 0.8 = 51,034.

    >>> order = RestingOrder(size=Decimal("0.1"), price=Decimal(15_000))
    >>> rates = MarketRates(mark_price=Decimal(15_800), risk_long=Decimal("0.8"),
    ...                     risk_short=Decimal(1), linear_slippage=Decimal("0.25"))
    >>> maintenance(MarketExposure(position=Decimal(3), buys=(order,)), rates)
    Decimal('51034.00')
    """
    after = exposure.filled()
    long = _side(max(after.position, _ZERO), after.position, after.buys, rates, rates.risk_long)
    short = _side(
        max(-after.position, _ZERO), -after.position, after.sells, rates, rates.risk_short
    )
    return max(long, short) + max(rates.funding_per_unit * after.position, _ZERO)


def margin_levels(unrounded: Decimal, scales: LevelScales) -> MarginLevels:
    """Round maintenance up, then scale it and round down.

    Examples
    --------
    >>> margin_levels(Decimal("320.3"), LevelScales()).initial  # 321 x 1.2 = 385.2
    385
    """
    kept = unrounded.to_integral_value(ROUND_CEILING)
    return MarginLevels(
        maintenance=int(kept),
        search=int((kept * scales.search).to_integral_value(ROUND_FLOOR)),
        initial=int((kept * scales.initial).to_integral_value(ROUND_FLOOR)),
        release=int((kept * scales.release).to_integral_value(ROUND_FLOOR)),
    )


def liquidation_price(position: Decimal, collateral: Decimal, rates: MarketRates) -> Decimal | None:
    """Return the mark at which collateral and profit since now equal maintenance.

    Never negative; None where no price moves the two together (a slope of zero, no position).
    Resting orders are left out: they are cancelled before a position is closed.
    """
    size = abs(position)
    risk = rates.risk_long if position > 0 else rates.risk_short
    slope = rates.linear_slippage * size + rates.quadratic_slippage * size**2
    slope += size * risk - position
    if slope == 0:
        return None
    owed = max(rates.funding_per_unit * position, _ZERO)
    return max((collateral - position * rates.mark_price - owed) / slope, _ZERO)


def _side(
    open_size: Decimal,
    signed_open: Decimal,
    orders: tuple[RestingOrder, ...],
    rates: MarketRates,
    risk: Decimal,
) -> Decimal:
    """Margin of one side; ``signed_open`` is positive on that side."""
    if signed_open + _sizes(orders) <= 0:
        return _ZERO
    slippage = rates.linear_slippage * open_size + rates.quadratic_slippage * open_size**2
    ordered = sum((o.size * _order_price(o, rates) for o in orders), _ZERO)
    return rates.mark_price * (slippage + open_size * risk) + ordered * risk


def _order_price(order: RestingOrder, rates: MarketRates) -> Decimal:
    in_auction = rates.in_auction and order.price is not None
    return order.price if in_auction and order.price is not None else rates.mark_price


def _sizes(orders: Iterable[RestingOrder]) -> Decimal:
    return sum((o.size for o in orders), _ZERO)
