"""A listing is the mapping it was made of, and remembers what was computed of it."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np

from coin_books import INSTRUMENTS, SNAPSHOT
from plimsoll.domain.instrument import Option
from plimsoll.domain.listing import Listing, listing_of
from plimsoll.domain.quote_columns import quote_columns


def test_a_listing_is_its_mapping_and_never_changes() -> None:
    given = dict(INSTRUMENTS)
    listing = Listing(given)
    given.clear()
    assert dict(listing) == dict(INSTRUMENTS)
    assert list(listing.items()) == list(INSTRUMENTS.items())
    assert listing == INSTRUMENTS
    assert listing_of(listing) is listing
    assert dict(pickle.loads(pickle.dumps(listing))) == dict(INSTRUMENTS)


def test_columns_and_parts_are_made_once() -> None:
    listing, calls = Listing(INSTRUMENTS), []
    for _ in range(2):
        assert listing.column("count", lambda: calls.append(1) or len(calls)) == 1
    options = listing.part("options", lambda i: isinstance(i, Option))
    assert options is listing.part("options", lambda _: True)
    assert [*options] == [m for m, i in INSTRUMENTS.items() if isinstance(i, Option)]
    assert listing.take([2, 0]).markets == (listing.markets[2], listing.markets[0])


def test_rows_in_answers_for_the_markets_asked_of() -> None:
    listing = Listing(INSTRUMENTS)
    first, second = listing.markets[:2]
    assert listing.rows_in((second, "NOWHERE")).tolist() == [1, -1]
    assert listing.rows_in((first,)).tolist() == [0]
    assert listing.rows_in((second, "NOWHERE")).tolist() == [1, -1]


def test_quotes_are_read_again_where_they_are_others() -> None:
    listing, market = Listing(INSTRUMENTS), "ETH-LIN"
    before = quote_columns(SNAPSHOT, listing).column("mark")
    quote = replace(SNAPSHOT.quotes[market], mark=1.0)
    later = replace(SNAPSHOT, quotes={**SNAPSHOT.quotes, market: quote})
    gone = replace(SNAPSHOT, quotes={m: q for m, q in SNAPSHOT.quotes.items() if m != market})
    for snapshot in (later, gone, SNAPSHOT):
        kept, plain = (quote_columns(snapshot, i) for i in (listing, dict(INSTRUMENTS)))
        for name in ("mark", "index", "implied_vol_annual"):
            np.testing.assert_array_equal(kept.column(name), plain.column(name))
    assert before[listing.row_of[market]] == SNAPSHOT.quotes[market].mark
