"""A made-up venue with established markets and listings over time, for tests of pooling."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.market import HOUR_NS, NEVER_MASKED, MarketHistory, PriceKind

START_NS = int(np.datetime64("2022-01-01", "ns").astype(np.int64))


def listing_history(
    *, days: int = 260, established: int = 10, listings: int = 10, seed: int = 0
) -> MarketHistory:
    """Hourly closes with Student-t moves; listing j begins 15 days after listing j - 1."""
    rng = np.random.default_rng(seed)
    count, bars = established + listings, 24 * days
    level = np.repeat(np.exp(rng.normal(-4.6, 0.3, count))[None, :], bars, axis=0)
    daily = np.repeat(np.exp(rng.normal(0.0, 0.3, (days, count))), 24, axis=0)
    moves = level * daily * rng.standard_t(5, (bars, count))
    close = 100.0 * np.exp(np.cumsum(moves, axis=0))
    active = np.ones(close.shape, dtype=bool)
    for j in range(listings):
        active[: 24 * (60 + 15 * j) + 7, established + j] = False
    close[~active] = np.nan
    names = [f"OLD{j}" for j in range(established)] + [f"NEW{j}" for j in range(listings)]
    return history_of(close, tuple(names), active)


def history_of(
    close: np.ndarray, markets: tuple[str, ...], active: np.ndarray | None = None
) -> MarketHistory:
    """The panel of hourly closes (T, N)."""
    return MarketHistory(
        time_ns=START_NS + HOUR_NS * np.arange(close.shape[0]),
        interval_ns=HOUR_NS,
        markets=markets,
        close=close.copy(),
        active=np.ones(close.shape, dtype=bool) if active is None else active.copy(),
        mask_from_ns=np.full(close.shape, NEVER_MASKED),
        price_kind=PriceKind.SPOT_CLOSE,
    )
