"""Debts in coin of which a margin model asks nothing: they grow when the coin rises.

A negative holding of a coin is a short position without a requirement wherever a model takes it at
its price and goes on. Whether one does is not declared but tried: an account that owes the coin and
has nothing else is margined, and its excess is laid beside the price of the debt.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.margin.protocol import Prepared

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtAtPar:
    """A currency that accounts owe, and of which the model asks no margin.

    Parameters
    ----------
    currency : str
    accounts : tuple of str
        That owe it.
    """

    currency: str
    accounts: tuple[str, ...]


def debts_at_par(
    prepared: Prepared, book: Book, prices: dict[str, float], *, steady: Collection[str]
) -> tuple[DebtAtPar, ...]:
    """Return the currencies owed in a book that count at their price and no more.

    Parameters
    ----------
    prepared : Prepared
    book : Book
        Negative collateral is a debt.
    prices : dict of str to float
        Of each collateral currency, in the model's numeraire.
    steady : collection of str
        Currencies whose debts cannot grow: the numeraire, and dollar coins of a dollar account.
    """
    found = []
    for column, currency in enumerate(book.currencies):
        owing = np.flatnonzero(book.collateral[:, column] < 0.0)
        if currency in steady or not owing.size:
            continue
        most = float(-book.collateral[owing, column].min())
        if _counts_at_par(prepared, currency, most, prices[currency]):
            names = tuple(book.accounts[row] for row in owing.tolist())
            found.append(DebtAtPar(currency=currency, accounts=names))
    return tuple(found)


def _counts_at_par(prepared: Prepared, currency: str, amount: float, price: float) -> bool:
    """Whether who owes that amount, and nothing else, lacks its price; False without a number."""
    debtor = Account(name="debtor", collateral={currency: -amount})
    found = prepared.requirements(Book.from_accounts([debtor]))
    lacking = -float(found.initial_excess[0])
    return lacking <= amount * price * (1.0 + _ROUNDING)
