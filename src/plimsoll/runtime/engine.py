"""The engine: a book under a margin model, re-margined event by event, only where it changed.

A price re-prepares the model: of the engine's `plimsoll.domain.listing.Listing` only the rows that
the price touches are computed again (`plimsoll.margin.units.kept_rows`). It re-margins the accounts
that hold, order, or have as collateral, what the price concerns (`plimsoll.margin.quote_scope`); a
fill, new orders or a change of collateral re-margin one account.
Accounts of one owner are margined together. At any time the margins equal those of a fresh
``model.prepare(...).requirements(engine.book)``. An event that is refused changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.account import Order
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import Listing
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import UsageError
from plimsoll.margin.protocol import MarginModel, Prepared
from plimsoll.margin.quote_scope import Scope, ScopeRule, scope_of
from plimsoll.runtime.live_book import LiveBook
from plimsoll.runtime.live_margins import LiveMargins, MarginColumns, isolated_units
from plimsoll.runtime.protocol import Repreparable, Reprepared

IntArray = NDArray[np.int64]
P = TypeVar("P")

_SHARE = 1 << 16
"""Accounts margined at once in the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Remargined:
    """What an event changed.

    Parameters
    ----------
    accounts : (K,) int64
        Rows of the accounts re-margined, ascending.
    requirements : Requirements or None
        Theirs, in that order; None where nobody was concerned.
    """

    accounts: IntArray
    requirements: Requirements | None


class Engine(Generic[P]):
    """Holds a snapshot, parameters, a prepared model and a book.

    Parameters
    ----------
    model : MarginModel
    parameters : P
        What the model takes.
    instruments : mapping of str to Instrument
    snapshot : MarketSnapshot
    book : Book
    scope : ScopeRule, optional
        Whom a quote concerns; default: what the model says, or else all that has to do with the
        coin quoted (`plimsoll.margin.quote_scope`).

    Raises
    ------
    UsageError
        What the model refuses.
    """

    def __init__(
        self,
        *,
        model: MarginModel[P],
        parameters: P,
        instruments: Mapping[str, Instrument],
        snapshot: MarketSnapshot,
        book: Book,
        scope: ScopeRule | None = None,
    ) -> None:
        self._model, self._parameters = model, parameters
        self._scope = partial(scope_of, model) if scope is None else scope
        self._instruments, self._snapshot = Listing(instruments), snapshot
        self._prepared = self._prepare(snapshot)
        self._book = LiveBook(book)
        self._margins = MarginColumns(isolated_units(book))
        for share in self._book.shares(_SHARE):  # what models lay out of a whole book is large
            found = self._prepared.requirements(self._book.take(share))
            self._numeraire = found.numeraire
            self._margins.store(share, found)

    @property
    def snapshot(self) -> MarketSnapshot:
        """The market as the engine knows it."""
        return self._snapshot

    @property
    def prepared(self) -> Prepared:
        """The model under `snapshot`."""
        return self._prepared

    @property
    def book(self) -> Book:
        """The book as it stands; put together on demand."""
        return self._book.book()

    @property
    def margins(self) -> LiveMargins:
        """Margins of all units as they stand; put together on demand."""
        return self._margins.margins(self._book.slots)

    def requirements(self, account: str) -> Requirements:
        """Margin one account, with those of its owner, to explain it."""
        row = np.array([self._book.row(account)], dtype=np.int64)
        return self._prepared.requirements(self._book.take(self._book.linked(row)))

    def on_price(self, market: str, quote: Quote) -> Remargined:
        """Take a new quote of one market."""
        return self.on_prices({market: quote})

    def on_prices(self, quotes: Mapping[str, Quote]) -> Remargined:
        """Take new quotes of several markets at once.

        Raises
        ------
        UsageError
            What the model refuses.
        """
        after = replace(self._snapshot, quotes={**self._snapshot.quotes, **quotes})
        quoted = frozenset(quotes)
        if isinstance(self._prepared, Repreparable):
            new = self._prepared.reprepared(after, quoted)
        else:
            new = Reprepared(
                prepared=self._prepare(after),
                scope=self._scope(self._snapshot, after, quoted, self._instruments),
            )
        return self._adopt(after, new.prepared, self._concerned(new.scope))

    def on_snapshot(self, snapshot: MarketSnapshot) -> Remargined:
        """Take a whole snapshot: a later time, other surfaces, other prices of dollar coins."""
        return self._adopt(snapshot, self._prepare(snapshot), self._book.everybody)

    def on_fill(
        self, account: str, market: str, quantity: float, price: float, *, fee: float = 0.0
    ) -> Remargined:
        """Take a fill: signed contracts at a price, and a fee in the settlement currency.

        The fill is netted with the account's position in that market, see
        `plimsoll.runtime.fills`; a new position is cross. Cash goes to the collateral, that of an
        isolated position to its own margin, which is released when it closes.

        Raises
        ------
        UsageError
            For an unknown account or market, an account that is long and short in the market, an
            impossible quantity or price, and what the model refuses.
        """
        if market not in self._instruments:
            raise UsageError("must be one of the instruments", found=market, field="market")
        row, instrument = self._book.row(account), self._instruments[market]
        with self._kept(row):
            self._book.fill(row, market, instrument, quantity, price, fee)
            return self._remargin(self._book.linked(np.array([row], dtype=np.int64)))

    def on_orders(self, account: str, orders: Sequence[Order]) -> Remargined:
        """Take all open orders of an account, in place of those it had.

        Raises
        ------
        UsageError
            For an unknown account or market, and what the model refuses.
        """
        for order in orders:
            if order.market not in self._instruments:
                raise UsageError(
                    "must be one of the instruments", found=order.market, field="orders.market"
                )
        row = self._book.row(account)
        with self._kept(row):
            self._book.order(row, orders)
            return self._remargin(self._book.linked(np.array([row], dtype=np.int64)))

    def on_collateral(self, account: str, currency: str, change: float) -> Remargined:
        """Take a deposit (positive) or withdrawal of units of a currency.

        Raises
        ------
        UsageError
            For an unknown account, a change that is not finite, and what the model refuses.
        """
        if not np.isfinite(change):
            raise UsageError("must be finite", found=change, field="change")
        row = self._book.row(account)
        with self._kept(row):
            self._book.pay(row, currency, change)
            return self._remargin(self._book.linked(np.array([row], dtype=np.int64)))

    @contextmanager
    def _kept(self, row: int) -> Iterator[None]:
        """Put an account back as it was where an event is refused."""
        undo: Callable[[], None] = self._book.restorer(row)
        try:
            yield
        except Exception:
            undo()
            raise

    def _prepare(self, snapshot: MarketSnapshot) -> Prepared:
        return self._model.prepare(snapshot, self._parameters, self._instruments)

    def _concerned(self, scope: Scope) -> IntArray:
        if scope.everything or self._numeraire in scope.currencies:
            return self._book.everybody
        return self._book.linked(self._book.holding(scope.markets, scope.currencies))

    def _adopt(
        self, snapshot: MarketSnapshot, prepared: Prepared, accounts: IntArray
    ) -> Remargined:
        before = self._prepared
        self._prepared = prepared
        try:
            found = self._remargin(accounts)
        except Exception:
            self._prepared = before
            raise
        self._snapshot = snapshot
        return found

    def _remargin(self, accounts: IntArray) -> Remargined:
        if not accounts.size:
            return Remargined(accounts=accounts, requirements=None)
        requirements = self._prepared.requirements(self._book.take(accounts))
        self._margins.store(accounts, requirements)
        return Remargined(accounts=accounts, requirements=requirements)
