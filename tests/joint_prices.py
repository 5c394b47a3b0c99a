"""Prices of made-up markets for tests of joint filtered history."""

from __future__ import annotations

import numpy as np

from plimsoll.scenarios.joint_history import PriceRows

HOUR = 3_600 * 10**9
START = 1_700_000_000 * 10**9 // HOUR * HOUR


def prices_of(returns: np.ndarray, names: tuple[str, ...] | None = None) -> PriceRows:
    """Prices that make these (T, N) log returns from a price of 100."""
    logs = np.log(100.0) + np.concatenate([np.zeros((1, returns.shape[1])), np.cumsum(returns, 0)])
    return rows_of(logs, names)


def rows_of(logs: np.ndarray, names: tuple[str, ...] | None = None) -> PriceRows:
    """Log prices (T + 1, N) at hourly closes, all listed."""
    return PriceRows(
        subjects=names or tuple(f"C{j:03d}" for j in range(logs.shape[1])),
        close_ns=START + HOUR * np.arange(logs.shape[0], dtype=np.int64),
        log_prices=logs,
        listed=np.ones(logs.shape[1], dtype=np.bool_),
    )


def t_returns(
    bars: int, markets: int, seed: int = 1, correlation: float = 0.6, size: float = 0.01
) -> np.ndarray:
    """(T, N) t5 returns with one common factor."""
    rng = np.random.default_rng(seed)
    common = rng.standard_t(5, (bars, 1))
    own = rng.standard_t(5, (bars, markets))
    return size * (np.sqrt(correlation) * common + np.sqrt(1.0 - correlation) * own)
