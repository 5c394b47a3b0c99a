"""Synthetic option rows in the columns of the snapshot tables; no market data."""

from __future__ import annotations

from typing import Any

import polars as pl

AT = "2026-01-13T15:35:37"
AT_NS = 1_768_318_537 * 1_000_000_000
EXPIRY_NS = 1_769_155_200 * 1_000_000_000  # 2026-01-23 08:00 UTC
LATER_NS = AT_NS + 86_400 * 1_000_000_000

OPTIONS = (
    ("BTC-23JAN26-80000-P", "BTC", "put", 80_000.0),
    ("BTC-23JAN26-90000-C", "BTC", "call", 90_000.0),
    ("ETH-23JAN26-3000-C", "ETH", "call", 3_000.0),
)


def snapshot_rows(at_ns: int = AT_NS) -> list[dict[str, Any]]:
    """Return rows of one snapshot as the Parquet files spell them."""
    return [
        {
            "ts": at_ns,
            "currency": currency,
            "instrument_name": name,
            "option_type": right,
            "strike": strike,
            "expiry": EXPIRY_NS,
            "bid_price": 0.01 + 0.001 * row,
            "ask_price": 0.0115 + 0.001 * row,
            "mark_price": 0.0107 + 0.001 * row,
            "futures_price": 85_000.0 + row if currency == "BTC" else 3_100.0,
            "index_price": 84_900.0 if currency == "BTC" else 3_090.0,
            "mark_iv": 0.43 + 0.01 * row,
            "open_interest": 10.0 * row,
            "volume": 1.0 * row,
        }
        for row, (name, currency, right, strike) in enumerate(OPTIONS)
    ]


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return rows as a frame."""
    return pl.DataFrame(rows, infer_schema_length=None)


def changed(row: int, **values: Any) -> pl.DataFrame:
    """Return the snapshot with some cells of one row replaced."""
    rows = snapshot_rows()
    rows[row] |= values
    return frame(rows)
