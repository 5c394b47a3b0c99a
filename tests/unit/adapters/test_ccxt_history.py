"""Pages of history from a venue that behaves in all the ways venues do."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import ccxt
import pytest

from plimsoll.adapters.venues.ccxt_history import (
    NetworkFailure,
    Requests,
    Retry,
    VenueRefusal,
    bar_pages,
    connect,
    funding_pages,
    venue_time_ms,
)
from plimsoll.errors import UsageError

HOUR = 3_600_000
START = 1_704_067_200_000


def candle(index: int) -> list[Any]:
    return [START + index * HOUR, 1.0, 2.0, 0.5, 1.0 + index, 7.0]


class Venue:
    """Answers from scripts: each entry is a page, or an error to raise."""

    id = "scripted"

    def __init__(self, *script: Any, has: Mapping[str, Any] | None = None) -> None:
        self.script: Iterator[Any] = iter(script)
        self.has = has or {}
        self.asked: list[int | None] = []

    def load_markets(self) -> Mapping[str, Mapping[str, Any]]:
        return {}

    def milliseconds(self) -> int:
        return START

    def fetch_time(self) -> int:
        return START + 5

    def fetch_ohlcv(
        self,
        symbol: str,
        timeframe: str = "1m",
        since: int | None = None,
        limit: int | None = None,
        params: Mapping[str, Any] = {},
    ) -> Sequence[Sequence[Any]]:
        self.asked.append(since)
        page: list[list[Any]] = self._next()
        return page

    def fetch_funding_rate_history(
        self,
        symbol: str | None = None,
        since: int | None = None,
        limit: int | None = None,
        params: Mapping[str, Any] = {},
    ) -> Sequence[Mapping[str, Any]]:
        self.asked.append(since)
        page: list[dict[str, Any]] = self._next()
        return page

    def _next(self) -> Any:
        answer = next(self.script)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def collect(venue: Venue, hours: int, retry: Retry | None = None) -> list[int]:
    """Hours of the bars handed out, asked for from hour 0 to ``hours``."""
    requests = Requests(retry or Retry(sleep=lambda _: None))
    end = START + hours * HOUR
    pages = bar_pages(venue, requests, "X", "1h", HOUR, START, end, {})
    return [(row[0] - START) // HOUR for page in pages for row in page.rows]


def test_pages_follow_each_other_from_the_last_bar() -> None:
    venue = Venue([candle(0), candle(1)], [candle(2)], [candle(3), candle(4)])
    assert collect(venue, 5) == [0, 1, 2, 3, 4]
    assert venue.asked == [START, START + 2 * HOUR, START + 3 * HOUR]


def test_bars_beyond_the_end_and_before_the_start_are_left_out() -> None:
    venue = Venue([candle(-1), candle(0), candle(1)], [candle(1), candle(2), candle(3)])
    assert collect(venue, 3) == [0, 1, 2]


def test_a_page_in_reverse_and_with_doubles_is_put_in_order() -> None:
    later = [*candle(1)[:4], 99.0, 7.0]
    venue = Venue([candle(2), candle(1), candle(0), later])
    pages = bar_pages(venue, Requests(Retry()), "X", "1h", HOUR, START, START + 3 * HOUR, {})
    rows = [row for page in pages for row in page.rows]
    assert [row[4] for row in rows] == [1.0, 99.0, 3.0]


def test_empty_pages_move_the_window_on() -> None:
    venue = Venue([], [candle(503)], [], [])
    assert collect(venue, 1_200) == [503]
    assert venue.asked == [START + hours * HOUR for hours in (0, 500, 504, 1_004)]


def test_a_repeated_page_yields_nothing_twice_and_ends_the_market() -> None:
    page = [candle(0), candle(1)]
    venue = Venue(page, page, page, page, page)
    requests = Requests(Retry(sleep=lambda _: None))
    pages = bar_pages(venue, requests, "X", "1h", HOUR, START, START + 9_999 * HOUR, {})
    assert [len(next(pages).rows) for _ in range(3)] == [2, 0, 0]
    with pytest.raises(VenueRefusal, match="older rows only"):
        next(pages)
    assert requests.made == 4


def test_once_repeated_is_not_yet_an_end() -> None:
    venue = Venue([candle(0)], [candle(0)], [candle(501)])
    assert collect(venue, 502) == [0, 501]


@pytest.mark.parametrize(
    "error",
    [
        ccxt.RateLimitExceeded("429"),
        ccxt.DDoSProtection("418"),
        ccxt.RequestTimeout("slow"),
        ccxt.ExchangeNotAvailable("503"),
        ConnectionResetError("reset"),
        TimeoutError("slow"),
    ],
)
def test_network_errors_are_tried_again_after_doubling_pauses(error: Exception) -> None:
    slept: list[float] = []
    retry = Retry(attempts=5, first_pause_s=1.0, longest_pause_s=3.0, sleep=slept.append)
    venue = Venue(error, error, error, [candle(0)])
    assert collect(venue, 1, retry) == [0]
    assert slept == [1.0, 2.0, 3.0]
    assert venue.asked == [START] * 4


def test_attempts_are_bounded() -> None:
    slept: list[float] = []
    venue = Venue(*[ccxt.NetworkError("down")] * 9)
    with pytest.raises(NetworkFailure, match="within 3 attempts") as caught:
        collect(venue, 1, Retry(attempts=3, sleep=slept.append))
    assert len(slept) == 2
    assert "continued" in caught.value.remedy


@pytest.mark.parametrize(
    "error", [ccxt.BadSymbol("no"), ccxt.AuthenticationError("no"), KeyError("x")]
)
def test_refusals_are_not_tried_again(error: Exception) -> None:
    slept: list[float] = []
    with pytest.raises(VenueRefusal, match="answered by the venue"):
        collect(Venue(error), 1, Retry(sleep=slept.append))
    assert slept == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError()])
def test_other_errors_pass(error: BaseException) -> None:
    with pytest.raises(type(error)):
        collect(Venue(error), 1)


def test_rows_without_a_time_are_refused() -> None:
    with pytest.raises(VenueRefusal, match="time its rows in ms"):
        collect(Venue([[None, 1, 1, 1, 1, 1]]), 1)


def test_funding_pages() -> None:
    def rate(hours: int) -> dict[str, Any]:
        return {"timestamp": START + hours * HOUR + 3, "fundingRate": 1e-4 * hours, "info": {}}

    venue = Venue([rate(0), rate(8)], [rate(8), rate(16)], [])
    pages = funding_pages(venue, Requests(Retry()), "X", START, START + 24 * HOUR)
    rows = [row for page in pages for row in page.rows]
    assert [row[1] for row in rows] == [0.0, 8e-4, 16e-4]
    assert venue.asked[1] == START + 8 * HOUR + 4


def test_the_clock_is_the_venues_where_it_tells_the_time() -> None:
    requests = Requests(Retry())
    assert venue_time_ms(Venue(has={"fetchTime": True}), requests) == START + 5
    assert venue_time_ms(Venue(), requests) == START


def test_connect_names_the_extra_and_the_nearest_venue(monkeypatch: pytest.MonkeyPatch) -> None:
    assert connect("binanceusdm").id == "binanceusdm"
    with pytest.raises(UsageError, match="did you mean 'binanceusdm'"):
        connect("BinanceUSDM_")
    real = builtins.__import__

    def without_ccxt(name: str, *rest: Any, **more: Any) -> Any:
        if name == "ccxt":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_ccxt)
    with pytest.raises(UsageError, match=r"pip install plimsoll\[venues\]"):
        connect("binanceusdm")
