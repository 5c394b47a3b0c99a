"""Which rows are computed again, and which are taken over."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coin_books import INSTRUMENTS, SNAPSHOT
from plimsoll.domain.listing import Listing
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.units.kept_rows import kept_rows

PRICE = np.arange(float(len(INSTRUMENTS)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """A mark times a price, and a label that is nobody's row."""

    value: NDArray[np.float64]
    label: str = "all"


class Maker:
    def __init__(self) -> None:
        self.listing = Listing(INSTRUMENTS)
        self.made: list[list[str]] = []

    def rows(
        self, snapshot: MarketSnapshot, price: NDArray[np.float64] = PRICE, key: str = "rows"
    ) -> Rows:
        def make(few: Listing, at: NDArray[np.int64]) -> Rows:
            self.made.append([*few])
            marks = [snapshot.quotes[m].mark for m in few]
            return Rows(value=np.array(marks) * price[at], label=f"{len(few)}")

        return kept_rows(self.listing, snapshot, key, make, beside=(price,))


def moved(market: str, mark: float) -> MarketSnapshot:
    quote = replace(SNAPSHOT.quotes[market], mark=mark)
    return replace(SNAPSHOT, quotes={**SNAPSHOT.quotes, market: quote})


def test_only_rows_of_other_quotes_or_prices_are_made_again() -> None:
    maker = Maker()
    first = maker.rows(SNAPSHOT)
    later = maker.rows(moved("ETH-LIN", 7.0))
    row = maker.listing.row_of["ETH-LIN"]
    assert later.value[row] == 7.0 * PRICE[row]
    assert first.value[row] != later.value[row]  # what was handed out does not change
    assert later.label == first.label
    price = PRICE.copy()
    price[0] = np.nan
    maker.rows(moved("ETH-LIN", 7.0), price)
    maker.rows(moved("ETH-LIN", 7.0), price.copy())  # a NaN is the same NaN
    assert maker.made[1:] == [["ETH-LIN"], [maker.listing.markets[0]]]


def test_an_equal_quote_is_the_same_quote() -> None:
    maker = Maker()
    maker.rows(SNAPSHOT)
    maker.rows(moved("ETH-LIN", SNAPSHOT.quotes["ETH-LIN"].mark))
    assert len(maker.made) == 1


def test_another_instant_surface_key_or_listing_makes_all() -> None:
    maker, everything = Maker(), [*INSTRUMENTS]
    maker.rows(SNAPSHOT)
    maker.rows(replace(SNAPSHOT, at_ns=SNAPSHOT.at_ns + 1))
    maker.rows(replace(SNAPSHOT, at_ns=SNAPSHOT.at_ns + 1, surfaces={}))
    maker.rows(replace(SNAPSHOT, at_ns=SNAPSHOT.at_ns + 1, surfaces={}), key="others")
    maker.listing = Listing(INSTRUMENTS)
    maker.rows(SNAPSHOT)
    assert maker.made == [everything] * 5
