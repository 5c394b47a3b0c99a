"""`fetch` against a venue's own protocol: real ccxt, its requests answered by a local server."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from local_exchange import BTC, ETH, HOLE, HOUR, START, Exchange, serving

from plimsoll.adapters.files import OHLCV, FundingColumns, read_bars, read_funding
from plimsoll.adapters.files.folder_lock import only_writer
from plimsoll.adapters.venues.ccxt_history import Retry
from plimsoll.adapters.venues.history_download import FetchStatus
from plimsoll.domain.market import HOUR_NS, PriceKind
from plimsoll.errors import DataError, StorageError, UsageError
from plimsoll.journeys.fetch import FetchReport, fetch


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with serving() as state:
        yield state


QUICK = Retry(attempts=4, sleep=lambda _: None)


def run(exchange: Exchange, folder: Path, symbols: list[str], **more: Any) -> FetchReport:
    more = {"since": "2024-01-01", "until": None, "retry": QUICK, **more}
    since, until = more.pop("since"), more.pop("until")
    return fetch(
        "binanceusdm", symbols, "1h", since, until, folder, exchange=exchange.client(), **more
    )


def hours(folder: Path, symbol: str = BTC, series: str = "last_1h") -> list[int]:
    bars = read_bars(
        f"{folder}/binanceusdm/{series}/*/*.parquet",
        "parquet",
        columns=OHLCV,
        price_kind=PriceKind.LAST_TRADE,
        symbols=[symbol],
    )[symbol]
    assert bars.interval_ns == HOUR_NS
    np.testing.assert_array_equal(bars.close, 1_001.0 + at(bars.time_ns) + 0.5 * (symbol == ETH))
    return [int(hour) for hour in at(bars.time_ns)]


def at(time_ns: Any) -> Any:
    return (time_ns // 1_000_000 - START) // HOUR


def expected(exchange: Exchange) -> list[int]:
    """Hours of the closed bars of BTC: the last bar printed is still open."""
    return [hour for hour in range(exchange.hours - 1) if hour not in HOLE]


def test_closed_bars_and_funding_arrive_exactly(exchange: Exchange, tmp_path: Path) -> None:
    report = run(exchange, tmp_path, [BTC, ETH])
    assert report.complete
    assert hours(tmp_path) == expected(exchange)
    assert hours(tmp_path, ETH) == list(range(300, exchange.hours - 1))
    row = report.markets[0]
    assert (row.bars_new, row.bars_stored) == (1_199, 1_199)
    assert row.first_ns == START * 1_000_000
    assert row.last_ns == (START + 1_898 * HOUR) * 1_000_000
    rates = read_funding(
        f"{tmp_path}/binanceusdm/funding/*/*.parquet",
        "parquet",
        columns=FundingColumns(symbol="symbol", unit="fraction"),
    )[BTC]
    due = [
        hour
        for hour in range(0, exchange.hours, 8)
        if START + hour * HOUR + 7 <= START + 1_899 * HOUR
    ]
    np.testing.assert_allclose(rates.rate, np.array(due) * 1e-6, rtol=1e-12)
    assert row.funding_stored == len(due)
    assert BTC in str(report)
    assert "1,199" in str(report.table())


def test_a_second_call_asks_only_for_what_is_new(exchange: Exchange, tmp_path: Path) -> None:
    run(exchange, tmp_path, [BTC])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    exchange.asked.clear()
    again = run(exchange, tmp_path, [BTC])
    assert again.markets[0].bars_new == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == before
    assert exchange.pages() == []
    exchange.hours += 3
    later = run(exchange, tmp_path, [BTC])
    assert later.markets[0].bars_new == 3
    assert exchange.pages() == [1_899]
    assert hours(tmp_path) == expected(exchange)


def test_an_earlier_since_brings_what_lies_before(exchange: Exchange, tmp_path: Path) -> None:
    run(exchange, tmp_path, [BTC], since="2024-01-05", until="2024-01-10")
    assert hours(tmp_path) == list(range(96, 216))
    run(exchange, tmp_path, [BTC], since="2024-01-03", until="2024-01-12")
    assert hours(tmp_path) == list(range(48, 264))


def test_network_failures_are_overcome(exchange: Exchange, tmp_path: Path) -> None:
    exchange.failures = [200, 200, 429, 418, 503, 200, 0, 200]
    slept: list[float] = []
    report = run(exchange, tmp_path, [BTC], retry=Retry(attempts=4, sleep=slept.append))
    assert report.complete
    assert report.markets[0].retries == 4
    assert slept == [1.0, 2.0, 4.0, 1.0]
    assert hours(tmp_path) == expected(exchange)


def test_a_dead_network_keeps_what_is_there_and_gives_up(
    exchange: Exchange, tmp_path: Path
) -> None:
    exchange.failures = [200, 200, 200] + [503] * 8
    report = run(exchange, tmp_path, [BTC, ETH, "SOL/USDT:USDT"])
    assert [row.status for row in report.markets] == [
        FetchStatus.FAILED,
        FetchStatus.FAILED,
        FetchStatus.NOT_REACHED,
    ]
    assert not report.complete
    assert report.markets[0].bars_stored == 500
    assert "continued" in report.markets[0].detail
    exchange.asked.clear()
    assert run(exchange, tmp_path, [BTC]).complete
    assert exchange.pages()[0] in (0, 500)
    assert hours(tmp_path) == expected(exchange)


def test_one_market_that_is_not_listed_does_not_sink_the_others(
    exchange: Exchange, tmp_path: Path
) -> None:
    report = run(exchange, tmp_path, ["BTC/USDT", ETH])
    assert [row.status for row in report.markets] == [FetchStatus.FAILED, FetchStatus.COMPLETE]
    assert f"did you mean '{BTC}'" in report.markets[0].detail


def test_mark_prices_lie_apart_from_last_prices(exchange: Exchange, tmp_path: Path) -> None:
    run(exchange, tmp_path, [BTC], price="mark", funding=False)
    assert {name for name, _ in exchange.asked} == {"markPriceKlines"}
    assert hours(tmp_path, series="mark_1h") == expected(exchange)


def test_progress_ends_full(exchange: Exchange, tmp_path: Path) -> None:
    class Recorder:
        total, done, finished = 0, 0, 0

        def start(self, label: str, total: int | None = None) -> None:
            self.total = total or 0

        def advance(self, count: int = 1) -> None:
            assert count > 0
            self.done += count

        def finish(self) -> None:
            self.finished += 1

    for _ in range(2):
        seen = Recorder()
        run(exchange, tmp_path, [BTC, ETH], progress=seen)
        assert seen.total == seen.done == 2 * 1_899
        assert seen.finished == 1


KILLED = """
    import sys
    import ccxt
    from plimsoll.journeys.fetch import fetch

    venue = ccxt.binanceusdm({"enableRateLimit": False})
    venue.urls["api"] = dict.fromkeys(venue.urls["api"], sys.argv[1])
    fetch("binanceusdm", ["BTC/USDT:USDT"], "1h", "2024-01-01", None, sys.argv[2], exchange=venue)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_between_pages_it_continues_where_it_stopped(
    exchange: Exchange, tmp_path: Path, how: signal.Signals
) -> None:
    exchange.stall_after = 2
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), exchange.url, tmp_path],
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while len(exchange.asked) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert exchange.pages() == [0, 500, 1_700]
    with pytest.raises(UsageError, match="one writer at a time"):
        run(exchange, tmp_path, [BTC])
    process.send_signal(how)
    assert process.wait(timeout=20) != 0
    assert hours(tmp_path) == expected(exchange)[:1_000]
    exchange.stall_after = 10**9
    exchange.asked.clear()
    assert run(exchange, tmp_path, [BTC]).complete
    assert exchange.pages() == [1_700]
    assert hours(tmp_path) == expected(exchange)


def test_an_interrupt_while_storing_leaves_whole_parts(
    exchange: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, writes = pl.DataFrame.write_parquet, []

    def interrupted(self: pl.DataFrame, stream: Any, **options: Any) -> None:
        writes.append(len(self))
        if len(writes) == 2:
            stream.write(b"half a file")
            raise KeyboardInterrupt
        real(self, stream, **options)

    monkeypatch.setattr(pl.DataFrame, "write_parquet", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(exchange, tmp_path, [BTC])
    monkeypatch.undo()
    assert hours(tmp_path) == list(range(500))
    assert run(exchange, tmp_path, [BTC]).complete
    assert hours(tmp_path) == expected(exchange)


def test_a_full_disk_stops_the_call_and_keeps_what_is_there(
    exchange: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(exchange, tmp_path, [BTC], until="2024-01-10")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("plimsoll.adapters.files.atomic.os.fsync", full)
    with pytest.raises(StorageError, match="free space"):
        run(exchange, tmp_path, [BTC])
    monkeypatch.undo()
    assert hours(tmp_path) == list(range(216))


def test_a_damaged_part_is_named_not_overwritten(exchange: Exchange, tmp_path: Path) -> None:
    run(exchange, tmp_path, [BTC])
    part = next((tmp_path / "binanceusdm/last_1h").rglob("*.parquet"))
    part.write_bytes(b"PAR1 garbage")
    row = run(exchange, tmp_path, [BTC]).markets[0]
    assert row.status is FetchStatus.FAILED
    assert str(part) in row.detail
    assert part.read_bytes() == b"PAR1 garbage"


def test_minutes_are_stored_by_month(exchange: Exchange, tmp_path: Path) -> None:
    fetch(
        "binanceusdm", [ETH], "15m", "2024-01-13", "2024-02-20", tmp_path,
        exchange=exchange.client(), funding=False,
    )  # fmt: skip
    folder = tmp_path / "binanceusdm/last_15m/ETH_USDT_USDT"
    assert sorted(path.name for path in folder.glob("*.parquet")) == [
        "2024-01.parquet",
        "2024-02.parquet",
    ]


def test_wrong_use_is_refused(exchange: Exchange, tmp_path: Path) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"symbols": []}, "each market once"),
        ({"symbols": [BTC, BTC]}, "each market once"),
        ({"symbols": [BTC], "since": "soon"}, "ISO 8601"),
        ({"symbols": [BTC], "until": "2023-01-01"}, "before until"),
        ({"symbols": [BTC], "price": "premium"}, "must be one of"),
    ]
    for arguments, must in wrong:
        with pytest.raises(UsageError, match=must):
            run(exchange, tmp_path, **arguments)
    for timeframe, must in (("1M", "no fixed length"), ("h", "a count"), ("7h", "must be one of")):
        with pytest.raises(UsageError, match=must):
            fetch(
                "binanceusdm", [BTC], timeframe, "2024-01-01", None, tmp_path,
                exchange=exchange.client(),
            )  # fmt: skip
    with pytest.raises(UsageError, match="ccxt knows"):
        fetch("binanse", [BTC], "1h", "2024-01-01", None, tmp_path)
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_venue_that_does_not_answer_at_all(exchange: Exchange, tmp_path: Path) -> None:
    exchange.failures = [503] * 4
    with pytest.raises(DataError, match="within 4 attempts"):
        run(exchange, tmp_path, [BTC])
    with only_writer(tmp_path):  # the lock is free again
        pass
