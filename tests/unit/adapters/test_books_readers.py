"""Readers of recordings: each venue's messages, and errors that name file, line and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from book_messages import START_NS, change, snapshot, write
from plimsoll.adapters.books import placed_messages, read_books, sample_books, time_grid
from plimsoll.adapters.books.okx import checksum
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.order_book import BookFindingKind, BookTerms
from plimsoll.errors import DataError, DataFormatError, InsufficientDataError, UsageError

T = START_NS


def _frames(tmp_path: Path, host: str, documents: list[Any]) -> Path:
    path = tmp_path / "frames"
    lines = [f"wss://{host}/ws <-> 1700000000.5"]
    lines += [f"170000000{i}.25: {json.dumps(d)}" for i, d in enumerate(documents)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_coin_m_counts_dollars_and_spot_coins(tmp_path: Path) -> None:
    inverse = change(5, 10)
    inverse["data"].update(s="BTCUSD_PERP", ps="BTCUSD")
    spot = change(5, 10)
    del spot["data"]["pu"]
    for message, payoff, size in ((inverse, "inverse", 100.0), (spot, "linear", 1.0)):
        feed = next(iter(read_books(write(tmp_path / "x", [message])).feeds.values()))
        assert (feed.book.terms.payoff.value, feed.book.terms.contract_size) == (payoff, size)
        assert feed.book.previous_id.tolist() == [5]


def test_trades_and_quotes_have_their_sides(tmp_path: Path) -> None:
    trade = {"e": "trade", "T": 1_700_000_000_000, "s": "BTCUSDT", "p": "100", "q": "2", "m": True}
    fund = {**trade, "X": "INSURANCE_FUND"}
    quote = {"e": "bookTicker", "s": "BTCUSDT", "b": "99", "B": "1", "a": "101", "A": "0"}
    messages = [{"stream": "x@y", "data": data} for data in (trade, fund, quote)]
    recording = read_books(write(tmp_path / "x", messages))
    feed = recording.feeds["BTCUSDT"]
    assert feed.trades.taker_sign.tolist() == [-1.0]
    assert feed.quotes.bid_price.tolist() == [99.0]
    assert np.isnan(feed.quotes.ask_price[0])
    assert (recording.trades, recording.quotes, recording.other) == (1, 1, 1)


def test_the_callers_terms_stand_above(tmp_path: Path) -> None:
    path = write(tmp_path / "x", [change(5, 10)])
    terms = BookTerms(payoff=Payoff.INVERSE, contract_size=7.0)
    assert read_books(path, terms=terms).feeds["BTCUSDT"].book.terms == terms
    assert read_books(path, terms={"BTCUSDT": terms}).feeds["BTCUSDT"].trades.terms == terms
    assert read_books(path, terms={"ETHUSDT": terms}).feeds["BTCUSDT"].book.terms == BookTerms()


def test_bitmex_levels_are_known_by_their_id(tmp_path: Path) -> None:
    def table(action: str, **row: Any) -> dict[str, Any]:
        rows = [{"symbol": "XBTUSD", **row}]
        return {"table": "orderBookL2", "action": action, "data": rows}

    path = _frames(
        tmp_path,
        "www.bitmex.com",
        [
            table("partial", id=1, side="Buy", size=10, price=99.0),
            table("insert", id=2, side="Sell", size=20, price=101.0),
            table("update", id=1, side="Buy", size=15),
            table("update", id=9, side="Buy", size=15),
            table("delete", id=2, side="Sell"),
        ],
    )
    feed = read_books(path).feeds["XBTUSD"]
    sampled = sample_books(feed.book, levels=3)
    assert sampled.bid_size[:, 0].tolist() == [10.0, 10.0, 15.0, 15.0]
    assert sampled.ask_price[1, 0] == 101.0
    assert np.isnan(sampled.ask_price[3, 0])
    assert [(f.kind, f.count) for f in feed.findings] == [(BookFindingKind.UNKNOWN_LEVEL, 1)]
    assert not feed.book.terms.is_known


def test_okx_books_are_held_against_their_checksum(tmp_path: Path) -> None:
    def books(action: str, bids: list[Any], asks: list[Any], told: int) -> dict[str, Any]:
        data = [{"bids": bids, "asks": asks, "ts": "1700000000000", "checksum": told}]
        argument = {"channel": "books", "instId": "BTC-USDT"}
        return {"arg": argument, "action": action, "data": data}

    bids = [["3366.1", "7", "0", "1"], ["3366", "6", "0", "1"]]
    asks = [["3366.8", "9", "0", "1"], ["3368", "8", "0", "1"]]
    first = books("snapshot", bids, asks, -1881014294)  # the venue's own documented example
    right = checksum({"3366.1": "7", "3366": "6"}, {"3366.8": "9"})
    good = books("update", [], [["3368", "0", "0", "0"]], right)
    assert (
        read_books(_frames(tmp_path, "ws.okx.com", [first, good])).feeds["BTC-USDT"].findings == ()
    )
    wrong = books("update", [], [["3368", "5", "0", "0"]], right)
    found = read_books(_frames(tmp_path, "ws.okx.com", [first, wrong])).feeds["BTC-USDT"].findings
    assert [(f.kind, f.count) for f in found] == [(BookFindingKind.CHECKSUM, 1)]


def test_dydx_keeps_the_change_of_the_highest_offset(tmp_path: Path) -> None:
    level = {"price": "10", "offset": "5", "size": "1"}
    start = {"type": "subscribed", "contents": {"bids": [level], "asks": []}}
    later = {"type": "channel_data", "contents": {"offset": "9", "bids": [["10", "2"]], "asks": []}}
    older = {"type": "channel_data", "contents": {"offset": "7", "bids": [["10", "3"]], "asks": []}}
    parts = [{**d, "channel": "v3_orderbook", "id": "A-USD"} for d in (start, later, older)]
    path = _frames(tmp_path, "api.dydx.exchange", parts)
    stream = read_books(path).feeds["A-USD"].book
    assert sample_books(stream, levels=1).bid_size[:, 0].tolist() == [1.0, 2.0, 2.0]


def test_deribit_changes_are_chained(tmp_path: Path) -> None:
    def book(kind: str, before: int, last: int, bids: list[Any]) -> dict[str, Any]:
        data = {"type": kind, "timestamp": 1_700_000_000_000, "instrument_name": "BTC-PERPETUAL"}
        ids = {"change_id": last, "prev_change_id": before, "bids": bids, "asks": []}
        return {"params": {"channel": "book.BTC-PERPETUAL.raw", "data": {**data, **ids}}}

    messages = [
        book("snapshot", 0, 7, [["new", 10.0, 100.0]]),
        book("change", 7, 9, [["delete", 10.0, 0.0]]),
        book("change", 10, 11, []),
    ]
    stream = read_books(_frames(tmp_path, "www.deribit.com", messages)).feeds["BTC-PERPETUAL"].book
    placed = placed_messages(stream)
    assert (placed.placed, placed.behind_gap) == (1, 1)
    assert stream.terms == BookTerms(payoff=Payoff.INVERSE, contract_size=1.0)


@pytest.mark.parametrize(
    ("spoiled", "told"),
    [
        (
            '{"stream":"x@y","data":{"e":"depthUpdate","T":1,"E":1,"s":"BTCUSDT","b":[],"a":[]}}',
            "no field",
        ),
        ('{"stream":"x@y","data":', "JSON"),
        ('{"stream":"x@y","data":{"e":"trade","s":"BTCUSDT","T":1,"p":"x","q":"1","m":true}}', "x"),
        (
            '{"stream":"x@y","data":{"e":"trade","s":"BTCUSDT","T":1,"p":"1","q":"0","m":true}}',
            "0.0",
        ),
        ("[]", "list"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, spoiled: str, told: str) -> None:
    path = write(tmp_path / "binance", [change(5, 10), change(10, 11)])
    path.write_text(path.read_text() + f"{T + 10**10} {spoiled}\n")
    with pytest.raises(DataFormatError, match="line 3") as caught:
        read_books(path)
    assert str(path) in caught.value.field
    assert told in str(caught.value)


def test_a_level_that_is_no_level_is_named_by_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "x", [change(5, 10), change(10, 11, bids=[("1", "1"), ("-3", "1")])])
    with pytest.raises(DataFormatError, match="line 2"):
        read_books(path)


def test_a_snapshot_of_an_unnamed_market_needs_one_market(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match="one market"):
        read_books(write(tmp_path / "x", [snapshot(1, [("1", "1")], [("2", "1")])]))


def test_other_files_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("time,price\n1,2\n")
    with pytest.raises(DataFormatError, match="known form"):
        read_books(other)
    with pytest.raises(UsageError):
        read_books(other, form="nasdaq")
    with pytest.raises(DataError):
        read_books(tmp_path / "nothing")
    with pytest.raises(DataFormatError, match="line 1"):
        read_books(other, form="binance")


def test_tardis_rows_are_checked_by_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    head = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
    row = "bitmex,XBTUSD,1583020803145000,1583020803307160,a,sell,8531.5,2152\n"
    path.write_text(head + row + row.replace("8531.5", "eighty"))
    with pytest.raises(DataFormatError, match="line 3"):
        read_books(path)
    path.write_text(head + row + row.replace("sell", "unknown"))
    recording = read_books(path)
    assert (recording.trades, recording.other) == (1, 1)
    path.write_text(head + "bitmex,XBTUSD\n")
    with pytest.raises(DataFormatError, match="8 cells"):
        read_books(path)


def test_grids_and_samples_refuse_nonsense(tmp_path: Path) -> None:
    trade = {"e": "trade", "T": 1_700_000_000_000, "s": "BTCUSDT", "p": "1", "q": "2", "m": True}
    path = write(tmp_path / "x", [{"stream": "x@y", "data": trade}])
    empty = read_books(path).feeds["BTCUSDT"].book
    with pytest.raises(InsufficientDataError):
        time_grid(empty, 1)
    assert sample_books(empty, [T, T + 1]).status.tolist() == [1, 1]
    for options in ({"levels": 0}, {"max_age_ns": -1}):
        with pytest.raises(UsageError):
            sample_books(empty, [T], **options)
    with pytest.raises(UsageError, match="rise"):
        sample_books(empty, [T, T])
