"""Real recordings: what each file holds, books against the venues' own quotes and checksums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from plimsoll.adapters.books import (
    MarketFeed,
    Recording,
    placed_messages,
    read_books,
    sample_books,
    time_grid,
)
from plimsoll.adapters.books.collecting import Collected
from plimsoll.adapters.books.lines import LineCounts, messages_of
from plimsoll.adapters.books.okx import OkxMessages
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.order_book import BookFindingKind, BookStatus
from plimsoll.estimators.liquidity import best_of_samples, mid_at

SECOND_NS = 1_000_000_000
BINANCE = {
    "hftbacktest_usdm_btcusdt_20240808.gz": ("BTCUSDT", 93_954, 4),
    "hftbacktest_cm_btcusd_perp_20240808.gz": ("BTCUSD_PERP", 48_270, 23),
    "hftbacktest_spot_btcusdt_20240808.gz": ("BTCUSDT", 41_249, 2),
}
Read = Callable[..., Recording]


@cache
def _recording(*paths: Path) -> Recording:
    return read_books(list(paths))


@pytest.fixture
def read(market_data_dir: Path) -> Read:
    """Read files of the folder of books once."""

    def reader(*names: str) -> Recording:
        folder = market_data_dir / "books"
        return _recording(*(path for name in names for path in sorted(folder.glob(name))))

    return reader


def _only(recording: Recording) -> MarketFeed:
    (feed,) = recording.feeds.values()
    return feed


@pytest.mark.parametrize("name", BINANCE)
def test_binance_files_hold_the_lines_they_are_said_to(read: Read, name: str) -> None:
    market, lines, before = BINANCE[name]
    recording = read(name)
    assert list(recording.feeds) == [market]
    assert recording.lines == lines
    kinds = recording.books + recording.trades + recording.quotes + recording.other
    assert kinds == lines
    placed = placed_messages(_only(recording).book)
    assert (placed.snapshots, placed.before_snapshot, placed.behind_gap) == (1, before, 0)
    assert placed.placed + before + placed.contained == recording.books - 1
    kinds_found = {finding.kind for finding in placed.findings}
    assert kinds_found == {BookFindingKind.BEFORE_SNAPSHOT}


def test_the_three_binance_markets_agree_on_the_price(read: Read) -> None:
    mids = {}
    for name in BINANCE:
        feed = _only(read(name))
        grid = np.arange(1_723_161_270, 1_723_161_590, dtype=np.int64) * SECOND_NS
        sampled = sample_books(feed.book, grid, levels=1)
        assert np.all(sampled.status == BookStatus.GOOD)
        mids[name] = sampled.mid
    linear, inverse, spot = mids.values()
    for first, second, most in ((linear, inverse, 6.0), (linear, spot, 9.0)):
        apart = 1e4 * (first / second - 1.0)
        # A basis of some bps stands over six minutes; around it they move together.
        assert np.abs(np.median(apart)) < most
        assert np.abs(apart - np.median(apart)).max() < 5.0
    assert np.corrcoef(np.log(linear), np.log(inverse))[0, 1] > 0.99
    assert np.corrcoef(np.log(linear), np.log(spot))[0, 1] > 0.99


@pytest.mark.parametrize("name", BINANCE)
def test_rebuilt_best_levels_are_the_venues_own(read: Read, name: str) -> None:
    """The book from changes against the venue's stream of best quotes, over the whole recording."""
    feed = _only(read(name))
    rebuilt = best_of_samples(sample_books(feed.book, levels=1))
    grid = time_grid(feed.book, SECOND_NS // 5)[10:]
    ours, theirs = mid_at(rebuilt, grid), mid_at(feed.quotes, grid)
    apart = 1e4 * np.abs(ours / theirs - 1.0)
    # Streams overtake each other by milliseconds (spot sends changes every 100 ms): most moments
    # agree exactly, none by much.
    assert np.mean(apart < 1e-9) > 0.75
    assert np.quantile(apart, 0.99) < 3.0


@pytest.mark.parametrize("name", BINANCE)
def test_no_book_is_crossed_or_missing_behind_its_snapshot(read: Read, name: str) -> None:
    sampled = sample_books(_only(read(name)).book, levels=1)
    assert np.all(sampled.status == BookStatus.GOOD)


def test_a_message_taken_out_of_a_real_recording_is_noticed(read: Read) -> None:
    stream = _only(read("hftbacktest_cm_*.gz")).book
    keep = np.arange(len(stream)) != 5000
    rows = np.repeat(keep, np.diff(stream.first_row))
    columns = ("time_ns", "exchange_ns", "action", "previous_id", "last_id")
    cut = replace(
        stream,
        **{name: getattr(stream, name)[keep] for name in columns},
        first_row=np.concatenate([[0], np.cumsum(np.diff(stream.first_row)[keep])]),
        **{name: getattr(stream, name)[rows] for name in ("is_ask", "price", "size")},
    )
    placed = placed_messages(cut)
    gaps = [f for f in placed.findings if f.kind is BookFindingKind.SEQUENCE_GAP]
    assert [gap.last_ns for gap in gaps] == [int(stream.time_ns[5001])]
    assert placed.behind_gap == len(stream) - 5001
    assert sample_books(cut, [int(stream.time_ns[-1])]).status.tolist() == [BookStatus.MISSING]


def test_every_okx_book_has_the_venues_checksum(read: Read, market_data_dir: Path) -> None:
    recording = read("cryptofeed/OKX.*")
    assert recording.books == 290
    assert all(feed.findings == () for feed in recording.feeds.values())
    reader, into = OkxMessages(), Collected()
    paths = sorted((market_data_dir / "books" / "cryptofeed").glob("OKX.ws*"))
    for message in messages_of(paths, LineCounts()):
        reader(message, into)
    assert reader.checked == 290
    terms = {name: feed.book.terms for name, feed in recording.feeds.items()}
    assert (terms["BTC-USD-220527"].payoff, terms["BTC-USD-220527"].contract_size) == (
        Payoff.INVERSE,
        100.0,
    )


OTHERS = {
    "hftbacktest_hyperliquid_btcusd_20250126.gz": (55, 46, 9, 0, 0),
    "bybit_xrpusdt_ob500.data.zip": (50, 50, 0, 0, 0),
    "tardis_samples/binance-futures*": (10, 10, 0, 0, 0),
    "tardis_samples/deribit*": (15, 15, 0, 0, 0),
    "tardis_samples/bitmex*": (10, 0, 10, 0, 0),
    "tardis_samples/huobi*": (10, 0, 0, 10, 0),
    "cryptofeed/BINANCE_FUTURES.*": (1542, 768, 91, 613, 68),
    "cryptofeed/BITMEX.*": (2126, 1979, 7, 93, 42),
    "cryptofeed/DERIBIT.*": (143, 46, 0, 89, 5),
    "cryptofeed/OKX.*": (419, 290, 74, 28, 23),
    "cryptofeed/DYDX.*": (4756, 4697, 25, 0, 12),
    "cryptofeed/GATEIO_FUTURES.*": (475, 352, 0, 75, 24),
}
"""Lines, and messages of books, trades, best quotes and others, counted apart from the readers."""


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_read_to_their_last_line(read: Read, name: str) -> None:
    recording = read(name)
    lines, books, trades, quotes, other = OTHERS[name]
    kinds = (recording.books, recording.trades, recording.quotes, recording.other)
    assert (recording.lines, *kinds) == (lines, books, trades, quotes, other)
    assert recording.lines == sum(kinds) + recording.no_message


def test_binance_frames_stand_on_their_rest_snapshots(read: Read) -> None:
    recording = read("cryptofeed/BINANCE_FUTURES.*")
    assert sorted(recording.feeds) == ["AKROUSDT", "CTKUSDT", "KEEPUSDT", "SUSHIUSDT"]
    for feed in recording.feeds.values():
        placed = placed_messages(feed.book)
        assert (placed.snapshots, placed.behind_gap) == (1, 0)
        assert placed.placed > 100
        sampled = sample_books(feed.book, levels=1)
        ours = best_of_samples(sampled).bid_price[-1]
        assert ours == feed.quotes.bid_price[-1]


def test_gate_without_a_snapshot_has_no_book_and_says_so(read: Read) -> None:
    for feed in read("cryptofeed/GATEIO_FUTURES.*").feeds.values():
        placed = placed_messages(feed.book)
        assert placed.placed == 0
        assert placed.before_snapshot == len(feed.book)
        if len(feed.book):
            assert placed.findings[0].detail == "there is no snapshot"
            sampled = sample_books(feed.book, time_grid(feed.book, SECOND_NS))
            assert np.all(sampled.status == BookStatus.MISSING)


def test_bitmex_deribit_dydx_and_bybit_books_are_whole(read: Read) -> None:
    for name in ("cryptofeed/BITMEX.*", "cryptofeed/DYDX.*", "bybit*", "hftbacktest_hyper*"):
        for feed in read(name).feeds.values():
            sampled = sample_books(feed.book, levels=1)
            assert np.all(sampled.status == BookStatus.GOOD), feed.market
            assert feed.findings == ()
    sides = [
        placed_messages(feed.book).behind_gap
        for feed in read("cryptofeed/DERIBIT.*").feeds.values()
    ]
    assert sides == [0] * 10
    xbt = read("cryptofeed/BITMEX.*").feeds["XBTUSD"]
    last = sample_books(xbt.book, levels=1).book(-1)
    assert last.bid_price[0] == xbt.quotes.bid_price[-1]
    assert (xbt.book.terms.payoff, xbt.book.terms.contract_size) == (Payoff.INVERSE, 1.0)
