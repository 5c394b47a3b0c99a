"""Every instrument name in the market data reads, prints as itself, and means what it should.

Oracle: the venues' own metadata in the same files (currencies, expiry, strike, right).
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from plimsoll.adapters.venues import Venue, parse_name, print_name
from plimsoll.domain.instrument import Future, Option, OptionRight, Payoff, Perpetual, Spot
from plimsoll.errors import NameFormatError

MS_NS = 1_000_000


def rest_answers(path: Path) -> Iterator[tuple[str, Any]]:
    """Address and JSON body of each recorded REST answer."""
    with gzip.open(path, "rt") as lines:
        for line in lines:
            match = re.match(r"(https?://\S+) -> [\d.]+: (.*)$", line.strip())
            if match:
                yield match[1], json.loads(match[2])


def recorded_names(path: Path, pattern: str) -> set[str]:
    """Names that ``pattern`` finds in raw frames."""
    with gzip.open(path, "rt") as lines:
        return {match for line in lines for match in re.findall(pattern, line)}


def round_trip(names: set[str], venue: Venue) -> int:
    """Assert that each name prints as itself; return how many did."""
    failed = [name for name in names if print_name(parse_name(name, venue), venue) != name]
    assert failed == []
    return len(names)


def tiers(directory: Path, name: str) -> Any:
    return json.loads((directory / "tiers" / name).read_text())


def test_ccxt_names_of_the_binance_tier_file(market_data_dir: Path) -> None:
    names = set(tiers(market_data_dir, "binance_usdm_leverage_tiers_2024-10.json"))
    assert round_trip(names, Venue.CCXT) == 349
    as_native = {print_name(parse_name(name, Venue.CCXT), Venue.BINANCE_USDM) for name in names}
    assert round_trip(as_native, Venue.BINANCE_USDM) == 349  # one native name each


def test_binance_native_names_agree_with_exchange_info(market_data_dir: Path) -> None:
    symbols = tiers(market_data_dir, "binance_usdm_exchangeinfo_2021-07-22.json")["exchangeInfo"][
        "symbols"
    ]
    assert round_trip({s["symbol"] for s in symbols}, Venue.BINANCE_USDM) == 122
    for symbol in symbols:
        instrument = parse_name(symbol["symbol"], Venue.BINANCE_USDM)
        pair = instrument.pair
        prefix = "" if pair.base_units == 1 else str(pair.base_units)
        assert prefix + pair.base == symbol["baseAsset"]
        assert (pair.quote, instrument.settle) == (symbol["quoteAsset"], symbol["marginAsset"])
        if isinstance(instrument, Future):
            assert instrument.expiry_ns == symbol["deliveryDate"] * MS_NS
        else:
            assert symbol["contractType"] in ("PERPETUAL", "")


def test_binance_names_in_price_files(market_data_dir: Path) -> None:
    files = {
        "hourly/binance_spot_close_1h_2021_2025.parquet": Venue.BINANCE_SPOT,
        "hourly/binance_spot_ohlcv_1h.parquet": Venue.BINANCE_SPOT,
        "hourly/binance_perp_ohlcv_1h.parquet": Venue.BINANCE_USDM,
        "hourly/binance_perp_mark_ohlcv_1h.parquet": Venue.BINANCE_USDM,
        "funding/binance_perp_funding.parquet": Venue.BINANCE_USDM,
    }
    counts = []
    for name, venue in files.items():
        column = pl.scan_parquet(market_data_dir / name).select(pl.col("symbol").unique())
        counts.append(round_trip(set(column.collect()["symbol"].to_list()), venue))
    assert counts == [152, 25, 12, 12, 12]


def test_binance_names_in_book_frames(market_data_dir: Path) -> None:
    books = market_data_dir / "books"
    counts = {
        venue: round_trip(recorded_names(books / name, r'"s": ?"([^"]+)"'), venue)
        for name, venue in {
            "hftbacktest_cm_btcusd_perp_20240808.gz": Venue.BINANCE_COINM,
            "hftbacktest_spot_btcusdt_20240808.gz": Venue.BINANCE_SPOT,
            "cryptofeed/BINANCE_FUTURES.ws.1.0.gz": Venue.BINANCE_USDM,
        }.items()
    }
    assert counts == {Venue.BINANCE_COINM: 1, Venue.BINANCE_SPOT: 1, Venue.BINANCE_USDM: 4}


def test_dydx_names(market_data_dir: Path) -> None:
    markets = tiers(market_data_dir, "dydx_v3_markets_2021-10-28.json")["markets"]
    assert round_trip(set(markets), Venue.DYDX) == 27
    for name, market in markets.items():
        assert parse_name(name, Venue.DYDX).pair.base == market["baseAsset"]
    genesis = tiers(market_data_dir, "dydx_v4_mainnet_genesis_markets.json")
    names = {p["params"]["ticker"] for p in genesis["perpetuals"]["perpetuals"]}
    assert round_trip(names, Venue.DYDX) == 33


def test_hyperliquid_name_in_book_frames(market_data_dir: Path) -> None:
    path = market_data_dir / "books" / "hftbacktest_hyperliquid_btcusd_20250126.gz"
    assert round_trip(recorded_names(path, r'"coin": ?"([^"]+)"'), Venue.HYPERLIQUID) == 1


def test_gate_names(market_data_dir: Path) -> None:
    contracts = tiers(market_data_dir, "gateio_usdt_contracts_2023-05-24.json")["contracts"]
    assert round_trip({c["name"] for c in contracts}, Venue.GATE) == 302


def chain_names(directory: Path, column: str) -> set[str]:
    chains = pl.scan_parquet(directory / "options" / "deribit_chains_*.parquet")
    names = chains.select(pl.col(column).cast(pl.String).unique()).collect()[column]
    return set(names.drop_nulls().to_list())


def test_deribit_option_names_in_chains(market_data_dir: Path) -> None:
    assert round_trip(chain_names(market_data_dir, "instrument_name"), Venue.DERIBIT) == 19_226


@pytest.mark.parametrize("column", ["futures_instrument_name", "underlying_name"])
def test_deribit_forward_names_in_chains(market_data_dir: Path, column: str) -> None:
    # Where a forward was missing the column says "index_price": a source, not an instrument.
    names = chain_names(market_data_dir, column)
    with pytest.raises(NameFormatError, match="index_price"):
        parse_name("index_price", Venue.DERIBIT)
    assert round_trip(names - {"index_price"}, Venue.DERIBIT) == 466


def test_deribit_option_names_agree_with_chain_columns(market_data_dir: Path) -> None:
    columns = ["currency", "instrument_name", "option_type", "strike", "expiry"]
    path = market_data_dir / "options" / "deribit_chains_2026-02.parquet"
    rows = pl.scan_parquet(path).select(
        pl.col("currency", "instrument_name", "option_type").cast(pl.String),
        "strike",
        pl.col("expiry").dt.timestamp("ms"),
    )
    for coin, name, kind, strike, expiry in rows.select(columns).unique().collect().iter_rows():
        option = parse_name(name, Venue.DERIBIT)
        assert isinstance(option, Option)
        assert (option.pair.base, option.settle, option.payoff) == (coin, coin, Payoff.INVERSE)
        assert option.right.value == {"C": "call", "P": "put"}.get(kind, kind)
        assert option.strike == Decimal(str(strike))
        assert option.expiry_ns == expiry * MS_NS


def test_deribit_names_of_perpetuals_and_dated_futures(market_data_dir: Path) -> None:
    names: set[str] = set()
    for file, column in {
        "deribit_perp_marks_at_snapshots.parquet": "instrument_name",
        "deribit_dated_futures_marks.parquet": "futures_instrument_name",
    }.items():
        frame = pl.read_parquet(market_data_dir / "options" / file, columns=[column])
        names |= set(frame[column].cast(pl.String).to_list())
    assert {"BTC-PERPETUAL", "ETH-PERPETUAL"} < names
    assert round_trip(names, Venue.DERIBIT) == len(names) > 2


def test_deribit_names_agree_with_instrument_metadata(market_data_dir: Path) -> None:
    seen = 0
    for _, body in rest_answers(market_data_dir / "books" / "cryptofeed" / "DERIBIT.0.gz"):
        for terms in body["result"]:
            instrument = parse_name(terms["instrument_name"], Venue.DERIBIT)
            assert print_name(instrument, Venue.DERIBIT) == terms["instrument_name"]
            assert instrument.pair.base == terms["base_currency"]
            assert instrument.settle == terms.get("settlement_currency", terms["base_currency"])
            if isinstance(instrument, Option):
                assert instrument.strike == Decimal(str(terms["strike"]))
                assert instrument.right.value == terms["option_type"]
            else:
                assert instrument.pair.quote == terms["quote_currency"]
            if isinstance(instrument, Option | Future):
                assert instrument.expiry_ns == terms["expiration_timestamp"] * MS_NS
            else:
                assert terms["settlement_period"] == "perpetual"
            seen += 1
    assert seen == 398 + 426 + 177 + 16


def test_okx_names_agree_with_instrument_metadata(market_data_dir: Path) -> None:
    kinds = {"SPOT": Spot, "SWAP": Perpetual, "FUTURES": Future, "OPTION": Option}
    seen = 0
    for _, body in rest_answers(market_data_dir / "books" / "cryptofeed" / "OKX.0.gz"):
        for terms in body["data"]:
            instrument = parse_name(terms["instId"], Venue.OKX)
            assert print_name(instrument, Venue.OKX) == terms["instId"]
            assert type(instrument) is kinds[terms["instType"]]
            pair = f"{instrument.pair.base}-{instrument.pair.quote}"
            assert pair == (terms["uly"] or f"{terms['baseCcy']}-{terms['quoteCcy']}")
            if not isinstance(instrument, Spot):
                assert instrument.settle == terms["settleCcy"]
            if terms["ctType"]:
                assert instrument.payoff.value == terms["ctType"]
            if isinstance(instrument, Option | Future):
                assert instrument.expiry_ns == int(terms["expTime"]) * MS_NS
            if isinstance(instrument, Option):
                assert instrument.strike == Decimal(terms["stk"])
                assert (instrument.right is OptionRight.CALL) == (terms["optType"] == "C")
            seen += 1
    assert seen == 513 + 166 + 104 + 346 + 350


def test_names_in_the_remaining_frames_and_samples(market_data_dir: Path) -> None:
    books = market_data_dir / "books"
    okx = recorded_names(books / "cryptofeed" / "OKX.ws.1.0.gz", r'"instId": ?"([^"]+)"')
    dydx = recorded_names(books / "cryptofeed" / "DYDX.ws.1.0.gz", r'"id": ?"([A-Z0-9]+-[A-Z]+)"')
    deribit = recorded_names(
        books / "cryptofeed" / "DERIBIT.ws.1.0.gz", r'"instrument_name": ?"([^"]+)"'
    )
    samples = {
        "binance-futures_book_snapshot_25_BTCUSDT.csv": Venue.BINANCE_USDM,
        "deribit_incremental_book_L2_BTC-PERPETUAL.csv": Venue.DERIBIT,
    }
    for file, venue in samples.items():
        rows = (books / "tardis_samples" / file).read_text().splitlines()[1:]
        assert round_trip({row.split(",")[1] for row in rows}, venue) == 1
    assert round_trip(okx, Venue.OKX) == 3
    assert round_trip(dydx, Venue.DYDX) == 10
    assert round_trip(deribit, Venue.DERIBIT) > 5
