"""The instruments of a venue, fixed: what is computed of them once serves every preparation.

Whoever prepares again and again for the same instruments (an engine, a backtest) holds a `Listing`
and passes it wherever a mapping of instruments is taken. Contract terms are then laid into columns
once, and what a quote does not touch is taken over from the preparation before. Numbers are the
same to the last bit as those of a plain mapping.
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    Hashable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    ValuesView,
)
from dataclasses import dataclass
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.memo import Memo

IntArray = NDArray[np.int64]
T = TypeVar("T")


class Listing(Mapping[str, Instrument]):
    """Instruments by market, which never change.

    Parameters
    ----------
    instruments : mapping of str to Instrument
        Copied.

    Attributes
    ----------
    markets : tuple of N str
    instruments : tuple of N Instrument
    row_of : mapping of str to int
    memo : Memo
        For what depends on parameters too.

    Examples
    --------
    >>> from plimsoll.domain.instrument import Pair, Spot
    >>> listing = Listing({"BTC-SPOT": Spot(pair=Pair(base="BTC", quote="USD"))})
    >>> listing.markets, listing.row_of["BTC-SPOT"]
    (('BTC-SPOT',), 0)
    """

    __slots__ = ("_columns", "_held", "instruments", "markets", "memo", "row_of")

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._held = dict(instruments)
        self.markets = tuple(self._held)
        self.instruments = tuple(self._held.values())
        self.row_of: Mapping[str, int] = {market: row for row, market in enumerate(self.markets)}
        self.memo = Memo()
        self._columns: dict[Hashable, object] = {}

    def __getitem__(self, market: str) -> Instrument:
        return self._held[market]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, market: object) -> bool:
        return market in self._held

    def keys(self) -> KeysView[str]:
        """Return the markets."""
        return self._held.keys()

    def values(self) -> ValuesView[Instrument]:
        """Return the instruments."""
        return self._held.values()

    def items(self) -> ItemsView[str, Instrument]:
        """Return markets with their instruments."""
        return self._held.items()

    def __reduce__(self) -> tuple[type[Listing], tuple[dict[str, Instrument]]]:
        return Listing, (self._held,)

    def column(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what ``make`` computes of the instruments alone, made once.

        ``key`` names the function, and all else that its value depends on.
        """
        if key not in self._columns:
            self._columns[key] = make()
        return cast(T, self._columns[key])

    def part(self, key: Hashable, chosen: Callable[[Instrument], bool]) -> Listing:
        """Return the instruments that are ``chosen``, as a listing that is made once."""

        def make() -> Listing:
            return Listing({m: i for m, i in self._held.items() if chosen(i)})

        return self.column(("part", key), make)

    def rows_in(self, markets: tuple[str, ...]) -> IntArray:
        """(M,) row of each of some markets, -1 where it is none of these; not to be changed.

        The last answer is kept: books of an engine are of the same markets again and again.
        """
        latest = self.column("rows_in", Latest)
        before = latest.value
        if isinstance(before, _Looked) and before.markets == markets:
            return before.rows
        rows = np.array([self.row_of.get(market, -1) for market in markets], dtype=np.int64)
        rows.setflags(write=False)
        latest.value = _Looked(markets=markets, rows=rows)
        return rows

    def take(self, rows: Iterable[int]) -> Listing:
        """Return the instruments of some rows, in their order."""
        return Listing({self.markets[row]: self.instruments[row] for row in rows})


def listing_of(instruments: Mapping[str, Instrument]) -> Listing:
    """Return the mapping itself where it is a listing, else one of its own."""
    return instruments if isinstance(instruments, Listing) else Listing(instruments)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Looked:
    """Markets and their rows."""

    markets: tuple[str, ...]
    rows: IntArray


class Latest:
    """What was computed last, from which the next computation may take over."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: object | None = None
