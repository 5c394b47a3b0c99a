"""Figures of quotes in columns by market; of a listing, only what was quoted anew is read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import is_not
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import Latest, Listing
from plimsoll.domain.market import MarketSnapshot, Quote, seen_too_late

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Quotes: TypeAlias = tuple[Quote | None, ...]

AS_OF_SNAPSHOT = int(np.iinfo(np.int64).min)
"""Of a quote that does not say when it was seen."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Quoted:
    """A snapshot, and its quotes in the order of a listing."""

    snapshot: MarketSnapshot
    held: Quotes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Changed:
    """Which of a listing's quotes are others than before."""

    before: Quotes
    after: Quotes
    changed: BoolArray


class QuoteColumns:
    """The quotes of N markets, None where there is none.

    Parameters
    ----------
    held : tuple of N Quote or None
    columns : dict of str to (N,) float64
        Figures known already, by name; owned from here on.
    """

    __slots__ = ("_columns", "_seen_ns", "held")

    def __init__(
        self, held: Quotes, columns: dict[str, FloatArray], seen_ns: IntArray | None = None
    ) -> None:
        self.held, self._columns, self._seen_ns = held, columns, seen_ns

    def column(self, name: str) -> FloatArray:
        """(N,) a figure of `Quote`; NaN where there is no quote. Not to be changed."""
        if name not in self._columns:
            self._columns[name] = _figures(self.held, name)
        return self._columns[name]

    @property
    def seen_ns(self) -> IntArray:
        """(N,) when each quote was seen; `AS_OF_SNAPSHOT` where none says. Not to be changed."""
        if self._seen_ns is None:
            self._seen_ns = _seen(self.held)
        return self._seen_ns

    def stale(self, snapshot: MarketSnapshot, instruments: Mapping[str, Instrument]) -> BoolArray:
        """(N,) whose quote is older than the snapshot's rule allows; a missing one is not.

        Of the same quotes more are stale as time goes on: this is never kept by quote.

        Raises
        ------
        UsageError
            For a quote from after the snapshot.
        """
        late = self.seen_ns > snapshot.at_ns
        if late.any():
            row = int(np.argmax(late))
            market = [*instruments][row]
            raise seen_too_late(market, int(self.seen_ns[row]), snapshot.at_ns)
        if snapshot.max_age_ns is None:
            return np.zeros(late.size, dtype=np.bool_)
        oldest = snapshot.at_ns - snapshot.max_age_ns
        stale: BoolArray = (self.seen_ns != AS_OF_SNAPSHOT) & (self.seen_ns < oldest)
        return stale

    def then(self, held: Quotes, changed: BoolArray) -> QuoteColumns:
        """Return the columns of later quotes: figures are read again where one is ``changed``."""
        rows = np.flatnonzero(changed).tolist()
        if not rows:
            return self
        found = {}
        for name, column in list(self._columns.items()):
            found[name] = column.copy()
            found[name][rows] = _figures(tuple(held[row] for row in rows), name)
        seen_ns = self._seen_ns
        if seen_ns is not None:
            seen_ns = seen_ns.copy()
            seen_ns[rows] = _seen(tuple(held[row] for row in rows))
        return QuoteColumns(held, found, seen_ns)


def quote_columns(snapshot: MarketSnapshot, instruments: Mapping[str, Instrument]) -> QuoteColumns:
    """Return the quotes of instruments, in their order."""
    held = quotes_of(snapshot, instruments)
    if not isinstance(instruments, Listing):
        return QuoteColumns(held, {})
    latest = instruments.column("quote_columns", Latest)
    before = latest.value
    if isinstance(before, QuoteColumns):
        found = before.then(held, newly_quoted(instruments, before.held, held))
    else:
        found = QuoteColumns(held, {})
    latest.value = found
    return found


def quotes_of(snapshot: MarketSnapshot, instruments: Mapping[str, Instrument]) -> Quotes:
    """Return the quote of each instrument, in their order; None where there is none.

    A listing keeps those of the last snapshot: several parts of a model ask for them.
    """
    if not isinstance(instruments, Listing):
        return tuple(map(snapshot.quotes.get, instruments))
    latest = instruments.column("quotes_of", Latest)
    before = latest.value
    if isinstance(before, _Quoted) and before.snapshot is snapshot:
        return before.held
    held = tuple(map(snapshot.quotes.get, instruments))
    latest.value = _Quoted(snapshot=snapshot, held=held)
    return held


def newly_quoted(instruments: Listing, before: Quotes, after: Quotes) -> BoolArray:
    """(N,) `changed_quotes` of a listing, which keeps the last answer. Not to be changed."""
    latest = instruments.column("newly_quoted", Latest)
    last = latest.value
    if isinstance(last, _Changed) and last.before is before and last.after is after:
        return last.changed
    changed = changed_quotes(before, after)
    changed.setflags(write=False)
    latest.value = _Changed(before=before, after=after, changed=changed)
    return changed


def changed_quotes(before: Quotes, after: Quotes) -> BoolArray:
    """(N,) where another quote stands; quotes never change themselves."""
    return np.fromiter(map(is_not, before, after), dtype=np.bool_, count=len(after))


def _figures(held: Quotes, name: str) -> FloatArray:
    nan = float("nan")
    figures = [nan if quote is None else getattr(quote, name) for quote in held]
    return np.array(figures, dtype=np.float64)


def _seen(held: Quotes) -> IntArray:
    times = [AS_OF_SNAPSHOT if q is None or q.at_ns is None else q.at_ns for q in held]
    return np.array(times, dtype=np.int64)
