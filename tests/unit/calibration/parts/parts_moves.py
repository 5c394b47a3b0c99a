"""Moves of a made-up market."""

from __future__ import annotations

import numpy as np

from plimsoll.calibration.parts.market_moves import MarketMoves


def moves_of(
    market: str, *, seed: int, rows: int = 3000, ratio: float = 1.0, risk_class: str = "large"
) -> MarketMoves:
    """Student-t moves of an hour, both sides, and the worst of eight."""
    draw = np.random.default_rng(seed)
    steps = 0.004 * draw.standard_t(4, rows)
    losses = np.stack([-np.expm1(steps), np.expm1(steps)], axis=-1)
    paths = np.cumsum(0.004 * draw.standard_t(4, (rows, 8)), axis=1)
    worst = np.stack(
        [
            np.maximum(0.0, -np.expm1(paths.min(axis=1))),
            np.maximum(0.0, np.expm1(paths.max(axis=1))),
        ],
        axis=-1,
    )
    return MarketMoves(
        market=market,
        underlying=market.removesuffix("USDT"),
        risk_class=risk_class,
        losses=losses,
        worst_losses=worst,
        raw_losses=losses,
        volatility_daily=0.03,
        volatility_ratio=ratio,
        volatility_path=0.03 + 0.005 * draw.random(400),
        cost=0.0005,
        adv_usd=1e9,
        largest_usd=1e7,
        maintenance_rate=0.02,
        initial_rate=0.04,
        price_risk=0.015,
        bars_per_day=24,
        close_out_bars=1,
    )
