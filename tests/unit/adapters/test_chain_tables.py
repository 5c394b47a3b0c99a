"""Snapshots in tables: Parquet, CSV and frames give the same chains; wrong cells are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from chain_rows import AT, AT_NS, EXPIRY_NS, LATER_NS, changed, frame, snapshot_rows

from plimsoll.adapters.chains import ChainFormat, read_chains
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.option_chain import OptionChain
from plimsoll.errors import DataError, DataFormatError, UsageError

COLUMNS = ("expiry_ns", "strike", "is_call", "bid", "ask", "mark", "forward", "index", "mark_vol")


def same(left: OptionChain, right: OptionChain) -> bool:
    """Whether two chains hold the same numbers in the same order."""
    return (left.at_ns, left.pair, left.names) == (right.at_ns, right.pair, right.names) and all(
        np.array_equal(getattr(left, name), getattr(right, name), equal_nan=True)
        for name in COLUMNS
    )


def test_one_chain_per_instant_and_coin_in_order_of_time() -> None:
    rows = snapshot_rows(LATER_NS) + snapshot_rows(AT_NS)
    chains = list(read_chains(frame(rows)))
    assert [(c.at_ns, c.pair.base, len(c)) for c in chains] == [
        (AT_NS, "BTC", 2),
        (AT_NS, "ETH", 1),
        (LATER_NS, "BTC", 2),
        (LATER_NS, "ETH", 1),
    ]


def test_columns_are_those_of_the_rows() -> None:
    chain = next(read_chains(frame(snapshot_rows())))
    assert chain.names == ("BTC-23JAN26-80000-P", "BTC-23JAN26-90000-C")
    assert chain.payoff is Payoff.INVERSE
    assert chain.settle == "BTC"
    assert chain.expiry_ns.tolist() == [EXPIRY_NS, EXPIRY_NS]
    assert chain.strike.tolist() == [80_000.0, 90_000.0]
    assert chain.is_call.tolist() == [False, True]
    assert chain.forward.tolist() == [85_000.0, 85_001.0]
    assert chain.mark_vol.tolist() == [0.43, 0.44]
    assert chain.quote_ns is None


def test_parquet_csv_and_frame_give_the_same_chains(tmp_path: Path) -> None:
    table = frame(snapshot_rows())
    table.write_parquet(tmp_path / "chains.parquet")
    raw = {"ts": "timestamp", "expiry": "expiry_datetime", "mark_iv": "implied_volatility"}
    times = [
        pl.from_epoch(name, "ns").dt.replace_time_zone("UTC").dt.to_string("iso:strict")
        for name in ("ts", "expiry")
    ]
    table.with_columns(times).rename(raw).write_csv(tmp_path / "chains.csv")
    expected = list(read_chains(table))
    for name in ("chains.parquet", "chains.csv"):
        found = list(read_chains(tmp_path / name))
        assert len(found) == 2
        assert all(same(a, b) for a, b in zip(found, expected, strict=True))


def test_pandas_and_arrow_frames_are_read() -> None:
    table = frame(snapshot_rows())
    for other in (table.to_pandas(), table.to_arrow()):
        assert all(same(a, b) for a, b in zip(read_chains(other), read_chains(table), strict=True))


def test_files_are_ordered_by_their_times_not_their_names(tmp_path: Path) -> None:
    frame(snapshot_rows(LATER_NS)).write_parquet(tmp_path / "a.parquet")
    frame(snapshot_rows(AT_NS)).write_parquet(tmp_path / "b.parquet")
    times = [chain.at_ns for chain in read_chains(tmp_path / "*.parquet")]
    assert times == [AT_NS, AT_NS, LATER_NS, LATER_NS]


def test_coins_in_files_of_their_own_meet_in_time(tmp_path: Path) -> None:
    rows = snapshot_rows(AT_NS) + snapshot_rows(LATER_NS)
    for coin in ("ETH", "BTC"):
        own = [row for row in rows if row["currency"] == coin]
        frame(own).write_parquet(tmp_path / f"{coin}.parquet")
    chains = list(read_chains([tmp_path / "ETH.parquet", tmp_path / "BTC.parquet"]))
    assert [(c.at_ns, c.pair.base) for c in chains] == [
        (AT_NS, "BTC"),
        (AT_NS, "ETH"),
        (LATER_NS, "BTC"),
        (LATER_NS, "ETH"),
    ]


def test_currency_selects_base_coins() -> None:
    assert [c.pair.base for c in read_chains(frame(snapshot_rows()), currency="ETH")] == ["ETH"]
    assert list(read_chains(frame(snapshot_rows()), currency=["SOL"])) == []


@pytest.mark.parametrize("at", [AT, AT[:16], AT[:10], AT_NS, AT_NS + 5])
def test_at_takes_the_last_snapshot_of_the_time_named(at: str | int) -> None:
    rows = frame(snapshot_rows(AT_NS) + snapshot_rows(LATER_NS))
    assert {c.at_ns for c in read_chains(rows, at=at)} == {AT_NS}


def test_at_before_any_snapshot_is_refused_with_the_nearest() -> None:
    with pytest.raises(DataError, match=r"2026-01-13T15:35:37Z"):
        list(read_chains(frame(snapshot_rows()), at="2026-01-12"))


def test_at_long_after_the_last_snapshot_is_refused() -> None:
    with pytest.raises(DataError, match="at most 24 hours before"):
        list(read_chains(frame(snapshot_rows()), at="2026-01-16"))


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (20, "found 20"),
        (AT_NS // 10**9, "which is a time in s"),
        (AT_NS // 10**6, "which is a time in ms"),
        (20.0, "found 20.0"),
        ([AT_NS, -1], "found -1"),
        (True, "found 1"),
    ],
)
def test_numbers_that_are_no_times_are_refused(at: Any, told: str) -> None:
    with pytest.raises(UsageError, match="at: must be a time between 2009 and 2100") as caught:
        list(read_chains(frame(snapshot_rows()), at=at))
    assert told in str(caught.value)
    assert "write ISO 8601 text" in str(caught.value)


def test_linear_options_are_a_chain_of_their_own() -> None:
    row = snapshot_rows()[0] | {
        "instrument_name": "BTC_USDC-23JAN26-80000-P",
        "currency": "BTC",
        "bid_price": 850.0,
        "ask_price": 870.0,
    }
    chains = list(read_chains(frame([*snapshot_rows(), row])))
    assert [(c.pair.base, c.settle, c.payoff, len(c)) for c in chains] == [
        ("BTC", "BTC", Payoff.INVERSE, 2),
        ("BTC", "USDC", Payoff.LINEAR, 1),
        ("ETH", "ETH", Payoff.INVERSE, 1),
    ]


def test_rows_of_futures_are_no_options() -> None:
    rows = [*snapshot_rows(), snapshot_rows()[0] | {"instrument_name": "BTC-23JAN26"}]
    assert [len(c) for c in read_chains(frame(rows))] == [2, 1]


def test_the_index_is_no_forward() -> None:
    named = [row | {"underlying": 84_900.0, "underlying_name": "index_price"} for row in
             snapshot_rows()]  # fmt: skip
    for row in named:
        row["futures_price"] = None
    chain = next(read_chains(frame(named)))
    assert np.isnan(chain.forward).all()
    assert chain.index.tolist() == [84_900.0, 84_900.0]
    named[0] |= {"underlying": 85_100.0, "underlying_name": "SYN.BTC-23JAN26"}
    assert next(read_chains(frame(named))).forward[0] == 85_100.0


def test_missing_prices_are_nan_and_kept() -> None:
    chain = next(read_chains(changed(0, bid_price=None, ask_price=float("nan"))))
    assert np.isnan(chain.bid[0])
    assert np.isnan(chain.ask[0])
    assert len(chain) == 2


def test_a_quote_time_is_read_where_there_is_one() -> None:
    rows = [row | {"quote_time": AT_NS - 7} for row in snapshot_rows()]
    quoted = next(read_chains(frame(rows))).quote_ns
    assert quoted is not None
    assert quoted.tolist() == [AT_NS - 7, AT_NS - 7]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("strike", 81_000.0), ("option_type", "call"), ("expiry", EXPIRY_NS + 3_600_000_000_000)],
)
def test_terms_that_contradict_the_name_leave_no_strike(cell: str, value: object) -> None:
    chain = next(read_chains(changed(0, **{cell: value})))
    assert np.isnan(chain.strike[0])
    assert chain.strike[1] == 90_000.0


def test_an_unreadable_name_takes_its_terms_from_the_columns() -> None:
    chain = next(read_chains(changed(0, instrument_name="BTC-weekly-80k")))
    assert (chain.names[0], chain.strike[0], chain.is_call[0]) == (
        "BTC-weekly-80k",
        80_000.0,
        False,
    )
    assert chain.expiry_ns[0] == EXPIRY_NS


def test_an_unreadable_name_without_terms_has_no_strike() -> None:
    table = changed(0, instrument_name="BTC-weekly-80k").drop("strike")
    chain = next(read_chains(table))
    assert np.isnan(chain.strike[0])
    assert chain.strike[1] == 90_000.0


def test_an_unreadable_name_without_currency_is_refused_with_its_row() -> None:
    table = changed(1, instrument_name="nonsense").drop("currency")
    with pytest.raises(DataFormatError, match=r"found 'nonsense' \(row 1\)"):
        list(read_chains(table))


def test_a_missing_column_is_named_with_the_nearest() -> None:
    table = frame(snapshot_rows()).rename({"bid_price": "bid_prices"})
    with pytest.raises(DataFormatError, match=r"rename the column 'bid_prices' to 'bid_price'"):
        list(read_chains(table))


def test_volatilities_in_per_cent_are_refused() -> None:
    table = frame(snapshot_rows()).with_columns(mark_iv=pl.col("mark_iv") * 100)
    with pytest.raises(DataFormatError, match=r"mark_iv: .*fraction.*44, which is in per cent"):
        list(read_chains(table))


@pytest.mark.parametrize(
    ("cell", "value", "message"),
    [
        ("option_type", "straddle", r"option_type: must be call or put.*\(row 1\)"),
        ("ts", 7, r"ts: .*\(row 1\)"),
        ("instrument_name", None, r"must name an option.*\(row 1\)"),
    ],
)
def test_a_cell_that_is_none_is_named_with_its_row(cell: str, value: object, message: str) -> None:
    with pytest.raises(DataFormatError, match=message):
        list(read_chains(changed(1, **{cell: value})))


def test_unknown_formats_venues_and_sources_are_wrong_use() -> None:
    table = frame(snapshot_rows())
    for arguments in ({"venue": "nowhere"}, {"max_age_s": -1.0}):
        with pytest.raises(UsageError):
            read_chains(table, **arguments)
    with pytest.raises(UsageError, match="format"):
        read_chains("chains.parquet", format="xml")
    with pytest.raises(UsageError, match="source"):
        read_chains(3.5)


def test_files_of_several_formats_are_refused(tmp_path: Path) -> None:
    table = frame(snapshot_rows())
    table.write_parquet(tmp_path / "a.parquet")
    table.write_csv(tmp_path / "b.csv")
    with pytest.raises(DataFormatError, match="one format"):
        read_chains([tmp_path / "a.parquet", tmp_path / "b.csv"])
    assert list(read_chains(tmp_path / "a.parquet", format=ChainFormat.PARQUET))


def test_an_empty_table_has_no_chain() -> None:
    assert list(read_chains(frame(snapshot_rows()).clear())) == []
