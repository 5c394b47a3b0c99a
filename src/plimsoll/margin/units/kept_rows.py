"""Rows by market that are computed again only where something they depend on is another.

Of everything in a snapshot, the row of a market depends on that market's own quote, on surfaces,
quotes of expiries and the snapshot's instant, and on nothing of other markets but what is named
beside it (prices of currencies). So, for a `plimsoll.domain.listing.Listing`, rows whose quote and
columns beside are what they were are taken over from the preparation before, as long as all else
is the same. A row does not depend on which rows it is computed with: what is returned equals what
is computed from nothing, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields, replace
from operator import is_
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import Latest, Listing, listing_of
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.quote_columns import Quotes, newly_quoted, quotes_of

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
T = TypeVar("T")
Beside = tuple[NDArray[Any], ...]

RowMaker = Callable[[Listing, IntArray], T]
"""Makes the rows (K,) of some instruments: a frozen dataclass with arrays of K rows."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Kept:
    """Rows with what they were computed from."""

    market: tuple[object, ...]
    quotes: Quotes
    beside: Beside
    rows: Any


def kept_rows(
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
    key: Hashable,
    make: RowMaker[T],
    *,
    beside: Beside = (),
) -> T:
    """Return rows of all instruments, most of them from the preparation before.

    Parameters
    ----------
    instruments : mapping of str to Instrument
        A plain mapping keeps nothing.
    snapshot : MarketSnapshot
    key : hashable
        Names the rows and all they depend on but instruments and snapshot.
    make : callable
        Makes the rows of a listing of some of the instruments, given which they are (K,).
    beside : tuple of (N, ...) arrays
        What else each row depends on. Not to be changed afterwards.

    Returns
    -------
    T
        Arrays by row are ``make``'s; any other field is that of a making of all rows.
    """
    if not isinstance(instruments, Listing):
        listing = listing_of(instruments)
        return make(listing, np.arange(len(listing)))
    latest = instruments.memo.recall(("kept_rows", key), Latest)
    before, market = latest.value, _market(snapshot)
    quotes = quotes_of(snapshot, instruments)
    if isinstance(before, _Kept) and _same(before.market, market):
        changed = _changed(instruments, before, quotes, beside)
        rows = _renewed(before.rows, instruments, np.flatnonzero(changed), make)
    else:
        rows = make(instruments, np.arange(len(instruments)))
    latest.value = _Kept(market=market, quotes=quotes, beside=beside, rows=rows)
    return rows  # type: ignore[no-any-return]


def spliced(whole: T, rows: IntArray, part: T) -> T:
    """Put ``part`` in place of some rows of ``whole``; what is no array stays as it is."""
    found: dict[str, Any] = {}
    for column in fields(whole):  # type: ignore[arg-type]
        old = getattr(whole, column.name)
        if isinstance(old, np.ndarray):
            new = old.copy()
            new[rows] = getattr(part, column.name)
            found[column.name] = new
    return replace(whole, **found)  # type: ignore[type-var]


def rows_taken(whole: T, rows: IntArray) -> T:
    """Return some rows of a dataclass all of whose arrays, and tuples named so, are by row."""
    found: dict[str, Any] = {}
    for column in fields(whole):  # type: ignore[arg-type]
        values = getattr(whole, column.name)
        if isinstance(values, np.ndarray):
            found[column.name] = values[rows]
        elif column.name in ("markets", "settle"):
            found[column.name] = tuple(values[row] for row in rows.tolist())
    return replace(whole, **found)  # type: ignore[type-var]


def _renewed(rows: T, listing: Listing, changed: IntArray, make: RowMaker[T]) -> T:
    if not changed.size:
        return rows
    if changed.size == len(listing):
        return make(listing, changed)
    return spliced(rows, changed, make(listing.take(changed.tolist()), changed))


def _market(snapshot: MarketSnapshot) -> tuple[object, ...]:
    """All of a snapshot but its quotes: figures, then objects that do not change."""
    return (
        (snapshot.at_ns, snapshot.max_age_ns, tuple(snapshot.stable_price_usd.items())),
        *snapshot.surfaces,
        *snapshot.surfaces.values(),
        *snapshot.expiries,
        *snapshot.expiries.values(),
    )


def _same(before: tuple[object, ...], after: tuple[object, ...]) -> bool:
    """Equal figures and the same objects."""
    if len(before) != len(after) or before[0] != after[0]:
        return False
    return all(map(is_, before[1:], after[1:]))


def _changed(listing: Listing, before: _Kept, quotes: Quotes, beside: Beside) -> BoolArray:
    changed = newly_quoted(listing, before.quotes, quotes).copy()
    for row in np.flatnonzero(changed).tolist():
        changed[row] = before.quotes[row] != quotes[row]
    for old, new in zip(before.beside, beside, strict=True):
        if old is not new:
            differs = _bits(old) != _bits(new)
            changed = changed | (differs if differs.ndim == 1 else differs.any(axis=1))
    return changed


def _bits(column: NDArray[Any]) -> NDArray[Any]:
    """What can be compared, NaN too."""
    whole = np.ascontiguousarray(column)
    return whole.view(np.int64) if whole.dtype == np.float64 else whole
