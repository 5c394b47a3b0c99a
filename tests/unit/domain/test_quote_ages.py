"""How old quotes are: by market, in columns, through time; and what nobody could have seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plimsoll.domain.instrument import Pair, Spot
from plimsoll.domain.listing import Listing
from plimsoll.domain.market import HOUR_NS, MarketSnapshot, Quote
from plimsoll.domain.quote_columns import quote_columns
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing

NOW = 1_772_000_000_123_456_789
SEEN = {
    "now": NOW,
    "undated": None,
    "edge": NOW - HOUR_NS,
    "old": NOW - HOUR_NS - 1,
    "older": NOW - 23 * HOUR_NS,
}
LISTING = Listing({m: Spot(pair=Pair(base=m.upper(), quote="USD")) for m in [*SEEN, "missing"]})


def snapshot(**changes: object) -> MarketSnapshot:
    quotes = {m: Quote(mark=1.0, index=2.0, at_ns=at) for m, at in SEEN.items()}
    return replace(MarketSnapshot(at_ns=NOW, quotes=quotes, max_age_ns=HOUR_NS), **changes)  # type: ignore[arg-type]


def stale(now: MarketSnapshot) -> list[str]:
    found = quote_columns(now, LISTING).stale(now, LISTING)
    one_by_one = [now.is_stale(market) for market in LISTING]
    np.testing.assert_array_equal(found, one_by_one)
    return [market for market, is_stale in zip(LISTING, found, strict=True) if is_stale]


def test_older_than_the_rule_by_a_nanosecond() -> None:
    assert stale(snapshot()) == ["old", "older"]


def test_nothing_is_stale_without_a_rule() -> None:
    assert stale(snapshot(max_age_ns=None)) == []


def test_nothing_may_have_any_age() -> None:
    assert stale(snapshot(max_age_ns=0)) == ["edge", "old", "older"]


def test_a_listing_sees_time_pass_and_quotes_come_back() -> None:
    """The columns of a listing are taken over from one snapshot to the next."""
    now = snapshot()
    assert stale(now) == ["old", "older"]
    later = replace(now, at_ns=NOW + 1)
    assert stale(later) == ["edge", "old", "older"]
    old = replace(now.quotes["old"], at_ns=NOW + 1)
    seen_again = replace(later, quotes={**now.quotes, "old": old})
    assert stale(seen_again) == ["edge", "older"]
    assert stale(replace(seen_again, at_ns=NOW + HOUR_NS + 1)) == ["now", "edge", "older"]


def test_a_quote_from_the_future_is_refused_by_a_nanosecond() -> None:
    quote = Quote(mark=1.0, index=1.0, at_ns=NOW + 1)
    ahead = snapshot(quotes={**snapshot().quotes, "edge": quote}, max_age_ns=None)
    with pytest.raises(UsageError, match=r"quotes\[edge\].at_ns: must not be later than"):
        ahead.is_stale("edge")
    with pytest.raises(UsageError, match=r"quotes\[edge\].at_ns: must not be later than"):
        quote_columns(ahead, LISTING).stale(ahead, LISTING)


def test_a_negative_age_is_refused() -> None:
    with pytest.raises(UsageError, match="max_age_ns: must not be negative"):
        snapshot(max_age_ns=-1)


def test_a_stale_index_prices_no_currency() -> None:
    pricing = CurrencyPricing(pricing_markets={"EDGE": "edge", "OLD": "old"})
    now = snapshot()
    assert pricing.price("EDGE", now, LISTING) == 2.0
    assert np.isnan(pricing.price("OLD", now, LISTING))
    assert pricing.price("OLD", replace(now, max_age_ns=None), LISTING) == 2.0
