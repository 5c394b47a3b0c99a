"""Tardis ``options_chain``: a synthetic stream gives the chain in force at an instant."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from plimsoll.adapters.chains import read_chains
from plimsoll.domain.instrument import Payoff
from plimsoll.errors import DataFormatError, UsageError

HEADER = (
    "exchange,symbol,timestamp,local_timestamp,type,strike_price,expiration,open_interest,"
    "last_price,bid_price,bid_amount,bid_iv,ask_price,ask_amount,ask_iv,mark_price,mark_iv,"
    "underlying_index,underlying_price,delta,gamma,vega,theta,rho"
)
AT_US = 1_768_318_537_000_000
AT_NS = AT_US * 1_000
EXPIRY_US = 1_769_155_200_000_000
CALL, PUT = "BTC-23JAN26-90000-C", "BTC-23JAN26-80000-P"


def line(symbol: str, at_us: int, bid: str = "0.01", **cells: str) -> str:
    """Return one synthetic update."""
    kind, strike = ("call", "90000") if symbol.endswith("C") else ("put", "80000")
    values = {
        "exchange": "deribit",
        "symbol": symbol,
        "timestamp": f"{at_us}",
        "local_timestamp": f"{at_us + 4_321}",
        "type": kind,
        "strike_price": strike,
        "expiration": f"{EXPIRY_US}",
        "open_interest": "10",
        "bid_price": bid,
        "bid_amount": "1",
        "ask_price": "0.0115",
        "mark_price": "0.0107",
        "mark_iv": "43.5",
        "underlying_index": "SYN.BTC-23JAN26",
        "underlying_price": "85000",
    } | cells
    return ",".join(values.get(name, "") for name in HEADER.split(","))


def write(path: Path, *lines: str) -> Path:
    """Write a stream, compressed as Tardis delivers it."""
    path.write_bytes(gzip.compress("\n".join([HEADER, *lines, ""]).encode()))
    return path


def test_the_last_update_at_or_before_the_instant_counts(tmp_path: Path) -> None:
    path = write(
        tmp_path / "options.csv.gz",
        line(CALL, AT_US - 30, "0.009"),
        line(PUT, AT_US - 20),
        line(CALL, AT_US, "0.0105"),
        line(CALL, AT_US + 1, "0.02"),
    )
    (chain,) = read_chains(path, at=AT_NS)
    bids = dict(zip(chain.names, chain.bid.tolist(), strict=True))
    assert bids == {CALL: 0.0105, PUT: 0.01}
    assert chain.at_ns == AT_NS
    assert chain.payoff is Payoff.INVERSE
    assert chain.quote_ns is not None
    assert sorted(chain.quote_ns) == [AT_NS - 20_000, AT_NS]
    assert chain.mark_vol.tolist() == [0.435, 0.435]
    assert set(chain.forward) == {85_000.0}
    assert chain.expiry_ns.tolist() == [EXPIRY_US * 1_000] * 2


def test_of_updates_of_one_time_the_last_in_the_file_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "o.csv.gz", line(CALL, AT_US, "0.009"), line(CALL, AT_US, "0.0095"))
    (chain,) = read_chains(path, at=AT_NS)
    assert chain.bid.tolist() == [0.0095]


def test_several_instants_over_several_files(tmp_path: Path) -> None:
    first = write(tmp_path / "1.csv.gz", line(CALL, AT_US - 10), line(PUT, AT_US - 5))
    second = write(tmp_path / "2.csv.gz", line(CALL, AT_US + 10, "0.011"))
    chains = list(read_chains([first, second], at=[AT_NS + 20_000, AT_NS]))
    assert [c.at_ns for c in chains] == [AT_NS, AT_NS + 20_000]
    assert [sorted(c.bid.tolist()) for c in chains] == [[0.01, 0.01], [0.01, 0.011]]


def test_an_option_not_updated_for_too_long_has_no_row(tmp_path: Path) -> None:
    hour = 3_600 * 1_000_000
    path = write(tmp_path / "o.csv.gz", line(PUT, AT_US - hour - 1), line(CALL, AT_US - hour + 1))
    (chain,) = read_chains(path, at=AT_NS)
    assert chain.names == (CALL,)
    (chain,) = read_chains(path, at=AT_NS, max_age_s=7_200)
    assert len(chain) == 2


def test_the_index_is_no_forward(tmp_path: Path) -> None:
    path = write(tmp_path / "o.csv.gz", line(CALL, AT_US, underlying_index="index_price"))
    (chain,) = read_chains(path, at=AT_NS)
    assert np.isnan(chain.forward[0])
    assert chain.index[0] == 85_000.0


def test_empty_cells_are_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "o.csv.gz", line(CALL, AT_US, "", mark_iv=""))
    (chain,) = read_chains(path, at=AT_NS)
    assert np.isnan(chain.bid[0])
    assert np.isnan(chain.mark_vol[0])


def test_okx_symbols(tmp_path: Path) -> None:
    row = line(CALL, AT_US, exchange="okex-options").replace(CALL, "BTC-USD-260123-90000-C")
    (chain,) = read_chains(write(tmp_path / "o.csv.gz", row), at=AT_NS)
    assert (chain.settle, chain.strike[0]) == ("BTC", 90_000.0)


def test_a_stream_needs_an_instant(tmp_path: Path) -> None:
    path = write(tmp_path / "o.csv.gz", line(CALL, AT_US))
    with pytest.raises(UsageError, match="at: must be given"):
        read_chains(path)


def test_wrong_units_are_named(tmp_path: Path) -> None:
    seconds = write(tmp_path / "s.csv.gz", line(CALL, AT_US // 1_000_000))
    with pytest.raises(DataFormatError, match=r"s\.csv\.gz, line 2: timestamp: .*time unit, us"):
        read_chains(seconds, at=AT_NS)
    fraction = write(tmp_path / "f.csv.gz", line(CALL, AT_US, mark_iv="0.435"))
    with pytest.raises(DataFormatError, match=r"mark_iv: .*in per cent"):
        read_chains(fraction, at=AT_NS)


def test_several_or_unknown_exchanges_are_refused(tmp_path: Path) -> None:
    rows = line(CALL, AT_US), line(CALL, AT_US, exchange="okex-options")
    with pytest.raises(DataFormatError, match="one exchange"):
        read_chains(write(tmp_path / "o.csv.gz", *rows), at=AT_NS)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    row = line(CALL, AT_US)
    path.write_text(f"{HEADER.replace('mark_iv', 'markiv')}\n{row}\n", encoding="utf-8")
    with pytest.raises(DataFormatError, match=r"'mark_iv'.*did you mean 'markiv'"):
        read_chains(path, at=AT_NS)
