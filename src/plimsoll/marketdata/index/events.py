"""What an index is told: prices of its sources, prices of quote currencies, and the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceQuote:
    """A source's price as received.

    Parameters
    ----------
    source : str
    received_ns : int
    price : float
        In the source's quote currency. Not a finite positive number: the source has no price
        until its next good message.
    exchange_ns : int or None
        The source's own stamp. None: it stamps nothing, receipt stands in.
    bid, ask : float
        NaN where only a price is known; else a crossed or wide quote is no price.
    """

    source: str
    received_ns: int
    price: float
    exchange_ns: int | None = None
    bid: float = float("nan")
    ask: float = float("nan")

    @property
    def stamp_ns(self) -> int:
        """The source's stamp, or receipt."""
        return self.received_ns if self.exchange_ns is None else self.exchange_ns


def book_quote(
    source: str, received_ns: int, bid: float, ask: float, exchange_ns: int | None = None
) -> SourceQuote:
    """Return the quote of a source by the mid of its book.

    >>> book_quote("venue", 5, 99.0, 101.0).price
    100.0
    """
    return SourceQuote(
        source=source,
        received_ns=received_ns,
        price=0.5 * (bid + ask),
        exchange_ns=exchange_ns,
        bid=bid,
        ask=ask,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyPrice:
    """Price of a quote currency in USD, as of a time; best itself an index over venues."""

    currency: str
    received_ns: int
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time to publish."""

    at_ns: int


IndexEvent: TypeAlias = SourceQuote | CurrencyPrice | Tick
