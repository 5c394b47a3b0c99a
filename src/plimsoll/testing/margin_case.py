"""A margin model with a market: what an examination is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Option, Payoff, Spot
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.protocol import MarginModel, Prepared

UNIT = "HALFUSD"
"""A currency worth half a dollar, for `in_half_dollars`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far two numbers may lie apart that are equal but for rounding.

    Parameters
    ----------
    relative : float
        Of the number.
    gross : float
        Of the account's gross notional: sums of what cancels.
    absolute : float
        In the numeraire; for models that round.
    """

    relative: float = 1e-9
    gross: float = 1e-11
    absolute: float = 0.0

    def of(self, number: float, gross: float) -> float:
        """Return the distance allowed."""
        return self.relative * abs(number) + self.gross * gross + self.absolute


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginCase:
    """What `MarginModel.prepare` takes, with the model."""

    model: MarginModel[Any]
    parameters: Any
    snapshot: MarketSnapshot
    instruments: Mapping[str, Instrument]

    def prepared(self) -> Prepared:
        """Prepare the model."""
        return self.model.prepare(self.snapshot, self.parameters, self.instruments)

    def requirements(self, book: Book) -> Requirements:
        """Prepare and ask at once."""
        return self.prepared().requirements(book)

    def notional_usd(self, market: str) -> float:
        """Return about what one contract is worth, or is written on, in USD; 1 where unknown."""
        instrument, quote = self.instruments.get(market), self.snapshot.quotes.get(market)
        if instrument is None or quote is None:
            return 1.0
        size = float(instrument.required_contract_size())
        peg = self.snapshot.stable_price_usd.get(instrument.pair.quote, 1.0)
        worth = size * _price(instrument, quote) * peg
        return worth if 0.0 < worth < float("inf") else 1.0

    def usd_of(self, currency: str) -> float:
        """Return about what a currency is worth in USD; 1 where unknown."""
        if currency in self.snapshot.stable_price_usd:
            return self.snapshot.stable_price_usd[currency]
        for market, instrument in self.instruments.items():
            quote = self.snapshot.quotes.get(market)
            if instrument.pair.base == currency and quote is not None and quote.index > 0.0:
                return quote.index
        return 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RescaledCase:
    """The same case in a currency in which every number is ``factor`` times as large."""

    case: MarginCase
    factor: float


def in_half_dollars(case: MarginCase) -> RescaledCase | None:
    """Return the case in half dollars; None where its model cannot count in them.

    Models with a plain ``pricing`` in dollars can, and what stands around one as its ``model``.
    """
    model = _counting_in(case.model, UNIT)
    if model is None:
        return None
    prices = {**case.snapshot.stable_price_usd, UNIT: 0.5}
    return RescaledCase(
        case=replace(case, model=model, snapshot=replace(case.snapshot, stable_price_usd=prices)),
        factor=2.0,
    )


def _counting_in(model: Any, numeraire: str) -> Any:
    """The model with another numeraire; None where it has no other."""
    pricing = getattr(model, "pricing", None)
    if type(pricing) is not CurrencyPricing or pricing.numeraire != "USD":
        return None
    changed: dict[str, Any] = {"pricing": replace(pricing, numeraire=numeraire)}
    if hasattr(model, "model"):
        changed["model"] = _counting_in(model.model, numeraire)
        if changed["model"] is None:
            return None
    try:
        return replace(model, **changed)
    except UsageError:
        return None


def _price(instrument: Instrument, quote: Quote) -> float:
    """Dollars that one unit of the contract size is worth or written on."""
    if isinstance(instrument, Option):
        return quote.index
    if isinstance(instrument, Spot) or instrument.payoff is not Payoff.INVERSE:
        return quote.mark
    return 1.0
