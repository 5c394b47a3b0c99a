"""The venue file's ``data`` section: where prices and funding lie, and what findings lead to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from plimsoll.config.fields import PathText, Section, Text, UtcTime
from plimsoll.domain.finding import Action, FindingKind
from plimsoll.domain.market import PriceKind

Interval = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d"]
TimeUnit = Literal["s", "ms", "us", "ns"]

INTERVAL_MINUTES: Mapping[str, int] = {
    **{f"{n}m": n for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": 60 * n for n in (1, 2, 4, 6, 8, 12)},
    "1d": 1440,
}


class PriceFormat(StrEnum):
    """Form of the price files; ``sandbox`` is the generated venue and needs no file."""

    PARQUET = "parquet"
    CSV = "csv"
    BINANCE_KLINE = "binance_kline"
    CCXT_OHLCV = "ccxt_ohlcv"
    TARDIS_TRADES = "tardis_trades"
    TARDIS_DERIVATIVE_TICKER = "tardis_derivative_ticker"
    TARDIS_QUOTES = "tardis_quotes"
    TARDIS_BOOK_SNAPSHOT = "tardis_book_snapshot"
    SANDBOX = "sandbox"


MAPPED_FORMATS = (PriceFormat.PARQUET, PriceFormat.CSV)
"""Formats whose columns are the user's own and must be named."""


class PriceColumns(Section):
    """Names of the columns in a Parquet or CSV file."""

    time: Text = Field(description="bar OPEN time")
    close: Text
    open: Text | None = None
    high: Text | None = None
    low: Text | None = None
    volume: Text | None = Field(default=None, description="in base units")
    symbol: Text | None = Field(default=None, description="needed where a file holds many markets")


class PriceData(Section):
    """Prices the margin is calibrated on."""

    format: PriceFormat
    path: PathText | None = Field(
        default=None, description="${NAME} is an environment variable, {symbol} each market's"
    )
    columns: PriceColumns | None = None
    time_unit: TimeUnit | None = Field(default=None, description="of numeric times")
    interval: Interval = "1h"
    price_kind: PriceKind


class FundingColumns(Section):
    """Names of the columns in a funding file."""

    time: Text
    rate: Text
    symbol: Text | None = None


class FundingData(Section):
    """Funding rates: paid by longs to shorts where positive."""

    format: Literal["parquet", "csv"]
    path: PathText
    columns: FundingColumns
    time_unit: TimeUnit | None = None
    unit: Literal["fraction", "percent"] = Field(description="0.0001 or 0.01 for one basis point")


class DataSection(Section):
    """Data sources and the policy for findings."""

    prices: PriceData
    funding: FundingData | None = None
    lend: Literal["all"] | Annotated[tuple[Text, ...], Field(max_length=5000)] = Field(
        default=(), description="further markets of the prices that inform the pool"
    )
    findings: Mapping[FindingKind, Action] = Field(default_factory=dict)
    since: UtcTime | None = None
    until: UtcTime | None = None
