"""What ``margin`` says of accounts that owe a coin under a model that asks nothing for it."""

from __future__ import annotations

from collections.abc import Mapping

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.journeys.margin_snapshot import DOLLARS, STABLE
from plimsoll.margin.coin_debts import debts_at_par
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.protocol import Prepared

_NAMED = 5


def debt_notes(
    prepared: Prepared,
    book: Book,
    pricing: CurrencyPricing,
    snapshot: MarketSnapshot,
    instruments: Mapping[str, Instrument],
) -> tuple[str, ...]:
    """Return a note for each coin that somebody owes and the model takes at its price."""
    dollars = (*DOLLARS, *STABLE)
    own = pricing.numeraire
    prices = {c: pricing.price(c, snapshot, instruments) for c in book.currencies}
    steady = (own, *dollars) if own in dollars else (own,)
    return tuple(
        f"Debts in {debt.currency} ({_named(debt.accounts)}) count at par: this model asks no "
        "margin for what they may grow. WithNetEquity weighs them (docs/models/account-modes.md)."
        for debt in debts_at_par(prepared, book, prices, steady=steady)
    )


def _named(accounts: tuple[str, ...]) -> str:
    shown, more = ", ".join(accounts[:_NAMED]), len(accounts) - _NAMED
    return shown if more <= 0 else f"{shown} and {more} more"
