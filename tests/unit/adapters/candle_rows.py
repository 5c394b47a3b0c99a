"""Candles of two markets, distinct in every cell, as a frame and as the bars they must become."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from plimsoll.domain.market import Bars, PriceKind

MARK = PriceKind.MARK
START_MS, HOUR_MS = 1_704_067_200_000, 3_600_000  # 2024-01-01T00:00Z
HOUR_NS = HOUR_MS * 1_000_000


def candles(price: float, count: int = 4) -> list[list[float]]:
    """OHLCV arrays as ccxt gives them; values are distinct in every cell."""
    return [
        [START_MS + i * HOUR_MS, price + i, price + i + 3, price + i - 2, price + i + 1, 10.0 + i]
        for i in range(count)
    ]


ROWS = {"BTC": candles(100.0), "ETH": candles(10.0)}


def frame(rows: Mapping[str, list[list[float]]] = ROWS) -> pl.DataFrame:
    tall = [(name, *candle) for name, part in rows.items() for candle in part]
    names = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    return pl.DataFrame(tall, schema=names, orient="row").with_columns(
        pl.from_epoch("ts", "ms").dt.replace_time_zone("UTC")
    )


def check(bars: Mapping[str, Bars]) -> None:
    """Compare with the candles, cell by cell."""
    assert list(bars) == ["BTC", "ETH"]
    for name, one in bars.items():
        expected = np.array(ROWS[name])
        assert one.market == name
        assert one.interval_ns == HOUR_NS
        assert one.price_kind is MARK
        assert one.time_ns.dtype == np.int64
        np.testing.assert_array_equal(one.time_ns, expected[:, 0].astype(np.int64) * 1_000_000)
        for column, field in enumerate(("open", "high", "low", "close", "volume"), start=1):
            np.testing.assert_array_equal(getattr(one, field), expected[:, column])
            assert not getattr(one, field).flags.writeable
