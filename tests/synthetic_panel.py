"""SYNTHETIC hourly closes of several markets, and the panel made of them."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.market import DAY_NS, HOUR_NS, NEVER_MASKED, MarketHistory, PriceKind
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel

START_NS = 1_640_995_200 * 10**9  # 2022-01-01


def closes(days: int, markets: int, seed: int = 3) -> np.ndarray:
    """(T, N) prices with Student-t steps of a volatility that moves in cycles."""
    generator = np.random.default_rng(seed)
    hours = 24 * days
    cycle = np.exp(0.5 * np.sin(2 * np.pi * np.arange(hours) / (24 * 60)))[:, None]
    common = generator.standard_t(5, (hours, 1))
    own = generator.standard_t(4, (hours, markets))
    return 100.0 * np.exp(np.cumsum(0.004 * cycle * (0.6 * common + 0.8 * own), axis=0))


def history_of(close: np.ndarray, mask: np.ndarray | None = None) -> MarketHistory:
    """Return the history of (T, N) closes; a bar is listed from its market's first print on."""
    bars, markets = close.shape
    printed = np.isfinite(close)
    return MarketHistory(
        time_ns=START_NS + HOUR_NS * np.arange(bars, dtype=np.int64),
        interval_ns=HOUR_NS,
        markets=tuple(f"M{i}" for i in range(markets)),
        close=close,
        active=np.logical_or.accumulate(printed, axis=0),
        mask_from_ns=np.full(close.shape, NEVER_MASKED, dtype=np.int64) if mask is None else mask,
        price_kind=PriceKind.SYNTHETIC_MARK,
    )


def panel_of(close: np.ndarray, *, every_hours: int = 24) -> ReturnsPanel:
    """Return the panel of (T, N) closes."""
    return returns_panel(history_of(close), every_hours=every_hours)


def day(number: int) -> int:
    """Return the midnight so many days after the start, in ns."""
    return START_NS + number * DAY_NS
