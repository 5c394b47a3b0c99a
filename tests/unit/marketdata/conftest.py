"""A calm market to spoil: hourly closes of a seeded random walk of 1 % a bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from plimsoll.domain.market import HOUR_NS, Bars, PriceKind

START_NS = 1_700_000_000_000_000_000 // HOUR_NS * HOUR_NS


def calm_bars(
    count: int = 5000, market: str = "AUSDT", seed: int = 7, candles: bool = False
) -> Bars:
    """Bars of a walk with normal moves of 1 %; candles open at the close before."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(0.01 * rng.standard_normal(count)))
    bars = Bars(
        market=market,
        time_ns=START_NS + HOUR_NS * np.arange(count),
        close=close,
        interval_ns=HOUR_NS,
        price_kind=PriceKind.LAST_TRADE,
    )
    if not candles:
        return bars
    opened = np.concatenate([[100.0], close[:-1]])
    spread = 1.0 + 0.002 * rng.random(count)
    return replace(
        bars,
        open=opened,
        high=np.maximum(opened, close) * spread,
        low=np.minimum(opened, close) / spread,
        volume=rng.lognormal(3.0, 1.0, count),
    )


@pytest.fixture
def calm() -> Callable[..., Bars]:
    return calm_bars
