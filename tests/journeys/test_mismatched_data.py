"""Prices that do not fit the venue file are refused by name, not calibrated."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import plimsoll
from plimsoll.errors import DataFormatError, InsufficientDataError
from plimsoll.journeys.init import init


@pytest.fixture
def venue(tmp_path: Path) -> Path:
    init(tmp_path / "venue")
    return tmp_path / "venue"


def hourly(symbol: str) -> pd.DataFrame:
    times = pd.date_range("2023-01-01", periods=600, freq="h", tz="UTC")
    return pd.DataFrame({"ts": times, "close": 100.0, "symbol": symbol})


def test_frames_of_other_markets_say_so(venue: Path) -> None:
    with pytest.raises(InsufficientDataError, match="markets"):
        plimsoll.calibrate(venue, data=hourly("BTCUSDT"), price_kind="mark")


def test_bars_farther_apart_than_stated_are_refused(venue: Path) -> None:
    text = (venue / "venue.yaml").read_text().replace("interval: 1h ", "interval: 5m ")
    (venue / "venue.yaml").write_text(text)
    with pytest.raises(DataFormatError, match="interval"):
        plimsoll.calibrate(venue, data=hourly("KEEL/USDT:USDT"), price_kind="mark")
