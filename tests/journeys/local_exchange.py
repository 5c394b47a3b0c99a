"""A venue on a local port, for real ccxt to ask.

It speaks the public REST interface of Binance USD-M futures (exchangeInfo, time, klines,
markPriceKlines, fundingRate) and can be told to fail, to stall, or to move its clock.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import ccxt

HOUR = 3_600_000
START = 1_704_067_200_000  # 2024-01-01
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LISTED = {"BTCUSDT": 0, "ETHUSDT": 300}  # hours after START
HOLE = range(700, 1_400)  # no bar of BTCUSDT


def kline(symbol: str, hour: int) -> list[Any]:
    price = 1_000.0 + hour + (0.5 if symbol == "ETHUSDT" else 0.0)
    opened = START + hour * HOUR
    texts = [str(price), str(price + 2), str(price - 2), str(price + 1), str(10 + hour % 7)]
    return [opened, *texts, opened + HOUR - 1, "1", 5, "1", "1", "0"]


def market(symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "pair": symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": START,
        "status": "TRADING",
        "baseAsset": symbol.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "filters": [],
    }


@dataclass
class Exchange:
    """State of the venue behind the server."""

    hours: int = 1_900  # bars printed, the last of them still open
    failures: list[int] = field(default_factory=list)  # status codes (0: cut the connection)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    stall_after: int = 10**9
    url: str = ""

    def klines(self, query: dict[str, str]) -> list[list[Any]]:
        symbol, first = query["symbol"], int(query.get("startTime", START))
        since = max(-(-(first - START) // HOUR), LISTED[symbol])
        there = (h for h in range(since, self.hours) if symbol != "BTCUSDT" or h not in HOLE)
        return [
            kline(symbol, hour) for _, hour in zip(range(int(query["limit"])), there, strict=False)
        ]

    def funding(self, query: dict[str, str]) -> list[dict[str, Any]]:
        first, count = int(query.get("startTime", START)), int(query.get("limit", 100))
        due = [START + h * HOUR + 7 for h in range(0, self.hours, 8)]
        return [
            {
                "symbol": query["symbol"],
                "fundingTime": at,
                "fundingRate": f"{(at - START) // HOUR}e-6",
            }
            for at in due
            if at >= first
        ][:count]

    def answer(self, path: str, query: dict[str, str]) -> Any:
        name = path.rsplit("/", 1)[-1]
        if name == "exchangeInfo":
            return {"symbols": [market(symbol) for symbol in LISTED]}
        if name == "time":
            return {"serverTime": START + (self.hours - 1) * HOUR + HOUR // 2}
        self.asked.append((name, query))
        if len(self.asked) > self.stall_after:
            time.sleep(60)
        return self.funding(query) if name == "fundingRate" else self.klines(query)

    def client(self) -> Any:
        venue = ccxt.binanceusdm({"enableRateLimit": False})
        venue.urls["api"] = dict.fromkeys(venue.urls["api"], self.url)
        return venue

    def pages(self, symbol: str = "BTCUSDT", name: str = "klines") -> list[int]:
        """Hours that pages were asked from."""
        return [
            (int(query["startTime"]) - START) // HOUR
            for asked, query in self.asked
            if asked == name and query["symbol"] == symbol
        ]


@contextmanager
def serving() -> Iterator[Exchange]:
    """Serve an exchange on a local port, and yield it."""
    state = Exchange()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code = state.failures.pop(0) if state.failures else 200
            if code == 0:
                self.connection.close()
                return
            url = urlparse(self.path)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            wrong = {"code": -1003, "msg": "Too many requests"}
            body = json.dumps(state.answer(url.path, query) if code == 200 else wrong).encode()
            try:
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except BrokenPipeError:
                pass

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()
