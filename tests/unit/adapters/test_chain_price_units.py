"""Prices of coin-settled options in USD are one fault of the file, not one per quote."""

from __future__ import annotations

import polars as pl
import pytest
from chain_rows import frame, snapshot_rows

from plimsoll.adapters.chains import read_chains
from plimsoll.errors import DataFormatError

PRICES = ("bid_price", "ask_price", "mark_price")


def test_prices_in_usd_are_refused_once() -> None:
    rows = frame(snapshot_rows())
    usd = rows.with_columns(pl.col(name) * pl.col("futures_price") for name in PRICES)
    told = r"frame in memory: bid_price, ask_price: must hold prices in BTC.*2 of 2.*look like USD"
    with pytest.raises(DataFormatError, match=told):
        list(read_chains(usd))
    assert len(list(read_chains(rows))) == 2


def test_a_wild_quote_or_a_put_far_in_the_money_is_no_other_unit() -> None:
    """A call above one coin is wild; a put of K = 3 F is worth up to three coins."""
    wild, *rest = snapshot_rows()
    assert len(list(read_chains(frame([wild | {"ask_price": 900.0}, *rest])))) == 2
    deep = wild | {
        "instrument_name": "BTC-23JAN26-255000-P",
        "strike": 255_000.0,
        "bid_price": 1.9,
        "ask_price": 2.1,
    }
    (chain,) = read_chains(frame([deep]))
    assert chain.ask.tolist() == [2.1]
    with pytest.raises(DataFormatError, match="prices in BTC"):
        list(read_chains(frame([deep | {"ask_price": 3.1}])))


def test_linear_chains_are_priced_in_usd() -> None:
    linear = snapshot_rows()[0] | {
        "instrument_name": "BTC_USDC-23JAN26-80000-P",
        "bid_price": 850.0,
        "ask_price": 870.0,
    }
    (chain,) = read_chains(frame([linear]))
    assert chain.bid.tolist() == [850.0]
