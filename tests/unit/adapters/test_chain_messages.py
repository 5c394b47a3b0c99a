"""Deribit's JSON and ccxt's structures: synthetic answers in the shapes the APIs document."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chain_rows import AT_NS, EXPIRY_NS

from plimsoll.adapters.chains import read_chains
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.option_chain import OptionChain
from plimsoll.errors import DataError, DataFormatError, UsageError

AT_MS = AT_NS // 1_000_000


def summary(name: str = "BTC-23JAN26-90000-C", **values: Any) -> dict[str, Any]:
    """Return one record of a synthetic book summary."""
    return {
        "instrument_name": name,
        "base_currency": name.split("-")[0].split("_")[0],
        "quote_currency": "BTC",
        "bid_price": 0.01,
        "ask_price": 0.0115,
        "mid_price": 0.01075,
        "mark_price": 0.0107,
        "mark_iv": 43.5,
        "underlying_price": 85_000.0,
        "underlying_index": "SYN.BTC-23JAN26",
        "estimated_delivery_price": 84_900.0,
        "open_interest": 10.0,
        "volume": 2.5,
        "creation_timestamp": AT_MS,
    } | values


def ticker(name: str = "BTC-23JAN26-90000-C", **values: Any) -> dict[str, Any]:
    """Return the data of one synthetic ticker."""
    return {
        "instrument_name": name,
        "timestamp": AT_MS,
        "best_bid_price": 0.01,
        "best_bid_amount": 5.0,
        "best_ask_price": 0.0115,
        "best_ask_amount": 5.0,
        "mark_price": 0.0107,
        "mark_iv": 43.5,
        "bid_iv": 42.0,
        "ask_iv": 45.0,
        "underlying_price": 85_000.0,
        "underlying_index": "BTC-23JAN26",
        "index_price": 84_900.0,
        "open_interest": 10.0,
        "stats": {"volume": 2.5},
        "greeks": {"delta": 0.3, "vega": 50.0},
    } | values


def answer(*records: dict[str, Any]) -> dict[str, Any]:
    """Return a whole answer of the API."""
    return {"jsonrpc": "2.0", "result": list(records), "usOut": AT_NS // 1_000 + 1}


def test_a_book_summary_is_one_snapshot() -> None:
    put = summary("BTC-23JAN26-80000-P", bid_price=None, mark_iv=51.0)
    (chain,) = read_chains(answer(summary(), put))
    assert chain.at_ns == AT_NS + 1_000
    assert chain.names == ("BTC-23JAN26-90000-C", "BTC-23JAN26-80000-P")
    assert chain.mark_vol.tolist() == [0.435, 0.51]
    assert np.isnan(chain.bid[1])
    assert chain.ask[1] == 0.0115
    assert chain.forward.tolist() == [85_000.0] * 2
    assert chain.index.tolist() == [84_900.0] * 2
    assert chain.volume.tolist() == [2.5, 2.5]
    assert chain.open_interest.tolist() == [10.0, 10.0]
    assert chain.quote_ns is not None
    assert chain.quote_ns.tolist() == [AT_NS, AT_NS]


def test_a_bare_result_takes_the_time_of_its_records() -> None:
    (chain,) = read_chains([summary(creation_timestamp=AT_MS + 3), summary("BTC-23JAN26-1000-P")])
    assert chain.at_ns == AT_NS + 3_000_000


def test_a_summary_without_any_time_needs_one() -> None:
    bare = summary()
    del bare["creation_timestamp"]
    with pytest.raises(DataFormatError, match="time of the answer"):
        read_chains([bare])
    (chain,) = read_chains([bare], at=AT_NS)
    assert chain.at_ns == AT_NS


def test_the_index_is_no_forward_in_a_summary() -> None:
    (chain,) = read_chains(answer(summary(underlying_index="index_price")))
    assert np.isnan(chain.forward[0])
    assert chain.index[0] == 84_900.0


def test_futures_in_a_summary_are_left_out() -> None:
    future = summary("BTC-23JAN26", mark_iv=None)
    assert [len(chain) for chain in read_chains(answer(summary(), future))] == [1]


def test_linear_options_of_a_summary() -> None:
    linear = summary("BTC_USDC-23JAN26-90000-C", bid_price=850.0, ask_price=900.0)
    inverse, usdc = read_chains(answer(summary(), linear))
    assert (inverse.payoff, usdc.payoff, usdc.settle) == (Payoff.INVERSE, Payoff.LINEAR, "USDC")


def test_fractions_where_per_cent_is_due_are_refused() -> None:
    with pytest.raises(DataFormatError, match=r"mark_iv: .*per cent.*0.435, which is in fraction"):
        list(read_chains(answer(summary(mark_iv=0.435))))


def test_text_in_place_of_a_number_is_named() -> None:
    with pytest.raises(DataFormatError, match="BTC-23JAN26-90000-C bid_price: must be a number"):
        list(read_chains(answer(summary(bid_price="0.01"))))


def test_instruments_are_held_against_names() -> None:
    terms = {
        "instrument_name": "BTC-23JAN26-90000-C",
        "kind": "option",
        "strike": 91_000.0,
        "option_type": "call",
        "expiration_timestamp": EXPIRY_NS // 1_000_000,
    }
    (right,) = read_chains([answer(summary()), answer(terms | {"strike": 90_000.0})])
    (wrong,) = read_chains([answer(summary()), answer(terms)])
    assert right.strike[0] == 90_000.0
    assert np.isnan(wrong.strike[0])


def test_the_last_ticker_of_each_option_is_in_force() -> None:
    updates = [
        ticker(timestamp=AT_MS - 2, best_bid_price=0.009),
        ticker("BTC-23JAN26-80000-P", timestamp=AT_MS - 1),
        ticker(timestamp=AT_MS, best_bid_price=0.0105),
        ticker(timestamp=AT_MS + 1, best_bid_price=0.02),
    ]
    messages = [{"method": "subscription", "params": {"data": data}} for data in updates]
    (chain,) = read_chains(messages, at=AT_NS)
    assert dict(zip(chain.names, chain.bid.tolist(), strict=True)) == {
        "BTC-23JAN26-90000-C": 0.0105,
        "BTC-23JAN26-80000-P": 0.01,
    }
    (last,) = read_chains(messages)
    assert last.at_ns == AT_NS + 1_000_000
    assert 0.02 in last.bid


def test_a_ticker_too_old_is_not_in_force() -> None:
    updates = [ticker(timestamp=AT_MS - 10_000), ticker("BTC-23JAN26-80000-P")]
    (chain,) = read_chains(updates, at=AT_NS, max_age_s=5.0)
    assert chain.names == ("BTC-23JAN26-80000-P",)


def test_zero_without_an_amount_is_no_price() -> None:
    silent = ticker(best_bid_price=0.0, best_bid_amount=0.0)
    (chain,) = read_chains([silent])
    assert np.isnan(chain.bid[0])
    assert chain.ask[0] == 0.0115


def test_an_order_book_is_a_ticker() -> None:
    book = {"result": ticker() | {"bids": [[0.01, 5.0]], "asks": [[0.0115, 5.0]]}}
    (chain,) = read_chains(book)
    assert (chain.bid[0], chain.ask[0], chain.volume[0]) == (0.01, 0.0115, 2.5)


def test_messages_of_a_file_one_per_line_with_times_before_them(tmp_path: Path) -> None:
    lines = [
        "wss://www.deribit.com/ws/api/v2 <-> 1.0",
        'wss://www.deribit.com/ws/api/v2 <- 1.1: {"method": "public/subscribe"}',
        f"1.2: {json.dumps({'params': {'data': ticker()}})}",
        '1.3: {"params": {"data": {"type": "snapshot", "bids": []}}}',
    ]
    path = tmp_path / "messages.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    (chain,) = read_chains(path)
    assert chain.names == ("BTC-23JAN26-90000-C",)


def test_a_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    path.write_text(f"{json.dumps(ticker())}\n{{broken\n", encoding="utf-8")
    with pytest.raises(DataFormatError, match=r"JSON.*\(row 1\)"):
        read_chains(path)


def test_json_without_options_is_refused() -> None:
    with pytest.raises(DataFormatError, match="book summaries or tickers"):
        read_chains({"result": {"version": "1.2.26"}})


def structure(symbol: str = "BTC/USD:BTC-260123-90000-C", **values: Any) -> dict[str, Any]:
    """Return one synthetic option structure of ccxt."""
    return {
        "currency": "BTC",
        "symbol": symbol,
        "timestamp": None,
        "datetime": None,
        "impliedVolatility": None,
        "openInterest": 10.0,
        "bidPrice": 0.01,
        "askPrice": 0.0115,
        "midPrice": None,
        "markPrice": 0.0107,
        "lastPrice": 0.0108,
        "underlyingPrice": 85_000.0,
        "change": None,
        "percentage": None,
        "baseVolume": 2.5,
        "quoteVolume": None,
        "info": {"mark_iv": 43.5, "underlying_index": "SYN.BTC-23JAN26"},
    } | values


def test_a_ccxt_chain_of_deribit() -> None:
    put = structure("BTC/USD:BTC-260123-80000-P", info={"underlying_index": "index_price"})
    (chain,) = read_chains({item["symbol"]: item for item in (structure(), put)}, at=AT_NS)
    assert chain.strike.tolist() == [90_000.0, 80_000.0]
    assert chain.is_call.tolist() == [True, False]
    assert chain.expiry_ns.tolist() == [EXPIRY_NS] * 2
    assert chain.mark_vol[0] == 0.435
    assert np.isnan(chain.mark_vol[1])
    assert chain.forward[0] == 85_000.0
    assert np.isnan(chain.forward[1])
    assert chain.index[1] == 85_000.0


def test_a_ccxt_chain_of_linear_options_with_fractions() -> None:
    item = structure("BTC/USDT:USDT-260123-90000-C", impliedVolatility=0.8866, info={})
    (chain,) = read_chains([item], at=AT_NS)
    assert (chain.payoff, chain.settle, chain.mark_vol[0]) == (Payoff.LINEAR, "USDT", 0.8866)


def test_a_ccxt_chain_tells_its_time_or_needs_one() -> None:
    (chain,) = read_chains([structure(timestamp=AT_MS)])
    assert chain.at_ns == AT_NS
    assert chain.quote_ns is not None
    with pytest.raises(DataFormatError, match="name the time with at"):
        read_chains([structure()])
    with pytest.raises(UsageError, match="one time"):
        read_chains([structure()], at=[AT_NS, AT_NS + 1])


def test_a_ccxt_chain_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "chain.json"
    path.write_text(json.dumps({"x": structure()}), encoding="utf-8")
    (chain,) = read_chains(path, at=AT_NS)
    assert chain.names == ("BTC/USD:BTC-260123-90000-C",)


def test_a_ccxt_symbol_that_is_none_is_refused() -> None:
    with pytest.raises(DataFormatError, match=r"symbol: must name an option.*\(row 0\)"):
        read_chains([structure() | {"symbol": None}], at=AT_NS)


HUGE = 10**400

BAD_NUMBERS = [(True, "number or null"), (HUGE, "float64"), ("7", "number or null"), ([], "a list")]
BAD_TIMES_MS = [
    (True, "whole number of milliseconds"),
    (10**17, "between 2009 and 2100 in ms"),
    (10**19, "between 2009 and 2100 in ms"),
    (HUGE, "401 digits"),
    (-5, "between 2009 and 2100 in ms"),
    (AT_NS // 10**9, "which is a time in s"),
    (1.5e12, "whole number of milliseconds"),
    ("2026", "whole number of milliseconds"),
]


@pytest.mark.parametrize(("value", "told"), BAD_NUMBERS)
@pytest.mark.parametrize("key", ["bid_price", "ask_price", "mark_iv", "underlying_price", "volume"])
def test_what_is_no_number_is_refused_by_name(key: str, value: Any, told: str) -> None:
    with pytest.raises(DataFormatError, match=f"C {key}: .*{told}"):
        list(read_chains(answer(summary(**{key: value}))))


@pytest.mark.parametrize(("value", "told"), BAD_TIMES_MS)
def test_what_is_no_time_is_refused(value: Any, told: str) -> None:
    documents: dict[str, Any] = {
        "creation_timestamp": answer(summary(creation_timestamp=value)),
        "timestamp": [ticker(), ticker("BTC-23JAN26-80000-P", timestamp=value)],
        "expiration_timestamp": [
            answer(summary()),
            {"result": [{"instrument_name": summary()["instrument_name"]}]},
        ],
    }
    documents["expiration_timestamp"][1]["result"][0]["expiration_timestamp"] = value
    for key, document in documents.items():
        with pytest.raises(DataFormatError, match=f"{key}: .*{told}"):
            list(read_chains(document))
    with pytest.raises(DataFormatError, match=rf"timestamp: .*{told}.*\(row 1\)"):
        list(read_chains([structure(), structure(timestamp=value)], at=AT_NS))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (True, "microseconds"),
        (10**19, "between 2009 and 2100 in us"),
        (-(10**15), "between 2009"),  # the year 1938
        (AT_MS, "which is a time in ms"),
        ("now", "microseconds"),
    ],
)
def test_an_answer_sent_at_no_time_is_refused(value: Any, told: str) -> None:
    with pytest.raises(DataFormatError, match=f"usOut: .*{told}"):
        list(read_chains(answer(summary()) | {"usOut": value}))


@pytest.mark.parametrize("value", [[], "text", 3, False])
def test_stats_that_are_none_are_refused(value: Any) -> None:
    with pytest.raises(DataFormatError, match="C stats: must be an object or null"):
        list(read_chains([ticker(stats=value)]))
    (chain,) = read_chains([ticker(stats=None)])
    assert np.isnan(chain.volume[0])


def test_time_of_deribit_inside_a_ccxt_structure() -> None:
    (chain,) = read_chains([structure(info={"creation_timestamp": AT_MS})])
    assert chain.at_ns == AT_NS
    with pytest.raises(DataFormatError, match="between 2009 and 2100"):
        list(read_chains([structure(info={"creation_timestamp": 10**16})]))
    (chain,) = read_chains([structure(info={"creation_timestamp": "later"})], at=AT_NS)
    assert chain.at_ns == AT_NS


def test_a_record_without_a_name_is_refused() -> None:
    for odd in ({"strike": 1.0}, None):
        with pytest.raises(DataFormatError, match=r"instrument_name.*\(row 1\)"):
            list(read_chains({"result": [summary(), odd]}))


def test_nan_in_json_is_no_value() -> None:
    quiet = summary("BTC-23JAN26-80000-P", mark_iv=float("nan"), bid_price=float("nan"))
    (chain,) = read_chains(answer(summary(), quiet))
    assert np.isnan(chain.mark_vol).tolist() == [False, True]
    assert np.isnan(chain.bid).tolist() == [False, True]


def test_a_whole_number_too_long_for_json_is_refused(tmp_path: Path) -> None:
    """Python refuses to read whole numbers of more than 4,300 digits."""
    path = tmp_path / "chain.json"
    path.write_text('{"result": [], "usOut": ' + "1" * 5_000 + "}", encoding="utf-8")
    with pytest.raises(DataFormatError, match=r"chain\.json.*must be JSON"):
        list(read_chains(path))


JUNK = [None, True, -1, 0, 10**17, HUGE, float("nan"), float("inf"), "", "x", [], [1], {"a": 1}]


@pytest.mark.parametrize("shape", [summary, ticker, structure])
def test_junk_in_any_field_gives_a_chain_or_a_refusal(shape: Any) -> None:
    for key in shape():
        for junk in JUNK:
            odd = shape() | {key: junk}
            records = [[odd], [shape(), odd], [odd, shape()]]
            for some in [answer(*r) for r in records] if shape is summary else records:
                try:
                    found = list(read_chains(some, at=AT_NS + 10**6))
                except DataError:
                    continue
                assert all(isinstance(chain, OptionChain) for chain in found)
