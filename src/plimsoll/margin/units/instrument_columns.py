"""Contract terms in columns: what preparations need of instruments alone, laid out once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import (
    Future,
    Instrument,
    Option,
    OptionRight,
    Payoff,
    Spot,
    stated_size,
)
from plimsoll.domain.listing import Listing, listing_of
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.maths import payoffs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

PAYOFF_CODES = {
    Payoff.LINEAR: payoffs.LINEAR,
    Payoff.INVERSE: payoffs.INVERSE,
    Payoff.QUANTO: payoffs.QUANTO,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NamedColumn:
    """(N,) places in ``names``, which are in order of first appearance."""

    names: tuple[str, ...]
    code: IntArray

    def spread(self, values: Iterable[float]) -> FloatArray:
        """(N,) one value of each name, at the instruments it is of."""
        return np.array(list(values), dtype=np.float64)[self.code]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InstrumentColumns:
    """Terms of N instruments.

    Parameters
    ----------
    payoff : (N,) int64
        Codes of `plimsoll.maths.payoffs`.
    size : (N,) float64
        Contract size; NaN where only the contract's name is known.
    is_option, is_spot, is_call : (N,) bool
    expires : (N,) bool
    expiry_ns : (N,) int64
        0 of what does not expire.
    strike, option_units : (N,) float64
        Of options: strike, and how many times what one price is of a contract holds; NaN and 0 of
        anything else.
    settle, quote : NamedColumn
        Currencies of settlement and of prices.
    """

    payoff: IntArray
    size: FloatArray
    is_option: BoolArray
    is_spot: BoolArray
    is_call: BoolArray
    expires: BoolArray
    expiry_ns: IntArray
    strike: FloatArray
    option_units: FloatArray
    settle: NamedColumn
    quote: NamedColumn

    @property
    def is_contract(self) -> BoolArray:
        """(N,) perpetuals and futures."""
        return ~self.is_option & ~self.is_spot


def instrument_columns(instruments: Mapping[str, Instrument]) -> InstrumentColumns:
    """Lay out contract terms; those of a listing are laid out once."""
    listing = listing_of(instruments)
    return listing.column("instrument_columns", lambda: _columns(listing.instruments))


def named_column(listing: Listing, key: str, name: Callable[[Instrument], str]) -> NamedColumn:
    """Name each instrument of a listing, once."""
    return listing.column(("named", key), lambda: _named(map(name, listing.instruments)))


def settle_prices(
    instruments: Mapping[str, Instrument], snapshot: MarketSnapshot, pricing: CurrencyPricing
) -> FloatArray:
    """(N,) price of each instrument's settlement currency, in the numeraire."""
    settle = instrument_columns(instruments).settle
    return settle.spread(pricing.price(name, snapshot, instruments) for name in settle.names)


def _columns(held: tuple[Instrument, ...]) -> InstrumentColumns:
    options = [isinstance(i, Option) for i in held]
    dated = [i.expiry_ns if isinstance(i, Future | Option) else 0 for i in held]
    expires = [isinstance(i, Future | Option) for i in held]
    return InstrumentColumns(
        payoff=np.array([PAYOFF_CODES[i.payoff] for i in held], dtype=np.int64),
        size=np.array([stated_size(i) for i in held], dtype=np.float64),
        is_option=np.array(options, dtype=np.bool_),
        is_spot=np.array([isinstance(i, Spot) for i in held], dtype=np.bool_),
        is_call=np.array(
            [isinstance(i, Option) and i.right is OptionRight.CALL for i in held], dtype=np.bool_
        ),
        expires=np.array(expires, dtype=np.bool_),
        expiry_ns=np.array(dated, dtype=np.int64),
        strike=np.array(
            [float(i.strike) if isinstance(i, Option) else np.nan for i in held], dtype=np.float64
        ),
        option_units=np.array(
            [_units(i) if isinstance(i, Option) else 0.0 for i in held], dtype=np.float64
        ),
        settle=_named(i.settle for i in held),
        quote=_named(i.pair.quote for i in held),
    )


def _units(option: Option) -> float:
    size = stated_size(option)
    return size if option.pair.base_units == 1 else size / option.pair.base_units


def _named(names: Iterable[str]) -> NamedColumn:
    places: dict[str, int] = {}
    code = [places.setdefault(name, len(places)) for name in names]
    return NamedColumn(names=tuple(places), code=np.array(code, dtype=np.int64))
