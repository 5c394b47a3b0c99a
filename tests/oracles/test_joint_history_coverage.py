"""Joint scenarios on real hourly closes: breaches of 99 % over 24 hours, week by week, 2022-2025.

Ten coins; the equal-weighted portfolio and the pair ETH against BTC, long and short. Each week's
scenarios come from the year before; GARCH parameters are fitted on it every 26 weeks. Bounds per
side are those of a binomial of 99.8 % (180 weeks: at most 7 breaches), of all four together that of
a binomial of the same level with half as many trials, because sides are not independent. They are
wide: a week a date says little, which the last test shows, by how much it does reject.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from plimsoll.estimators.volatility.garch import Garch
from plimsoll.measures import value_at_risk
from plimsoll.scenarios.joint_history import (
    PriceRows,
    Simulation,
    VarianceRecursion,
    filtered_panel,
    joint_scenarios,
)

COINS = ("BTC", "ETH", "ADA", "DOGE", "SOL", "DOT", "AVAX", "TRX", "FIL", "AAVE")
FILE = "hourly/binance_spot_close_1h_2021_2025.parquet"
HOUR = 3_600 * 10**9
YEAR, WEEK, HORIZON, REFIT = 8_760, 168, 24, 26
SIDES = np.array(
    [
        np.full(10, 0.1),
        -np.full(10, 0.1),
        np.eye(10)[1] - np.eye(10)[0],
        np.eye(10)[0] - np.eye(10)[1],
    ]
)
EWMA = VarianceRecursion.ewma(half_life_bars=269.0)  # 0.94 a day


def log_closes(directory: Path) -> tuple[np.ndarray, np.ndarray]:
    """Close times (T,) and log closes (T, 10) on the whole grid of hours, NaN where none is."""
    names = [f"{coin}USDT" for coin in COINS]
    frame = pl.read_parquet(directory / FILE).filter(pl.col("symbol").is_in(names))
    wide = frame.pivot(on="symbol", index="ts", values="close").sort("ts")
    opened = wide["ts"].cast(pl.Datetime("ns")).cast(pl.Int64).to_numpy()
    grid = np.arange(opened[0], opened[-1] + HOUR, HOUR)
    logs = np.full((grid.size, len(names)), np.nan)
    logs[(opened - opened[0]) // HOUR] = np.log(wide.select(names).to_numpy().astype(np.float64))
    return grid + HOUR, logs


def garch_of(logs: np.ndarray) -> dict[str, VarianceRecursion]:
    """GARCH-t of each coin, fitted in per cent."""
    found = {}
    for j, coin in enumerate(COINS):
        steps = np.diff(logs[:, j])
        fitted = VarianceRecursion.of(Garch(mean="zero").fit(100.0 * steps[np.isfinite(steps)]))
        found[coin] = VarianceRecursion(
            omega=fitted.omega / 1e4, alpha=fitted.alpha, gamma=fitted.gamma, beta=fitted.beta
        )
    return found


@cache
def losses_and_limits(directory: Path, method: str, model: str) -> tuple[np.ndarray, np.ndarray]:
    """(weeks, 4) losses of the sides, and the 99 % quantiles that scenarios gave before."""
    close_ns, logs = log_closes(directory)
    first = int(np.searchsorted(close_ns, np.datetime64("2022-01-01", "ns").astype(np.int64)))
    given = Simulation(horizon_bars=HORIZON, method=method, count=1_000, seed=1)
    losses, limits, recursions = [], [], EWMA
    for week, at in enumerate(range(first, close_ns.size - HORIZON, WEEK)):
        realised = np.expm1(logs[at + HORIZON] - logs[at])
        past = slice(max(at - YEAR, 0), at + 1)
        if not np.isfinite(realised).all():
            continue
        if model == "garch" and week % REFIT == 0:
            recursions = garch_of(logs[past])
        prices = PriceRows(
            subjects=COINS,
            close_ns=close_ns[past],
            log_prices=logs[past],
            listed=np.ones(10, dtype=np.bool_),
        )
        shocks = joint_scenarios(filtered_panel(prices, recursions), given).scenarios.shocks
        losses.append(-SIDES @ realised)
        limits.append([value_at_risk(-shocks @ side, 0.99).value for side in SIDES])
    return np.array(losses), np.array(limits)


def breaches(directory: Path, method: str, model: str, size: float = 1.0) -> np.ndarray:
    """(weeks, 4) whether the loss of a side passed ``size`` times its 99 % quantile."""
    losses, limits = losses_and_limits(directory, method, model)
    found: np.ndarray = losses > size * limits
    return found


def bounds(trials: int) -> tuple[float, float]:
    return tuple(stats.binom.ppf([0.001, 0.999], trials, 0.01))


@pytest.mark.parametrize(("method", "model"), [("recursion", "garch"), ("overlap", "ewma")])
def test_breaches_are_those_of_a_99_percent_quantile(market_data_dir, method, model) -> None:
    found = breaches(market_data_dir, method, model)
    assert len(found) >= 175
    low, high = bounds(len(found))
    assert np.all((found.sum(axis=0) >= low) & (found.sum(axis=0) <= high)), found.sum(axis=0)
    low, high = bounds(2 * len(found))
    assert low <= 0.5 * found.sum() <= high, found.sum()


def test_half_the_quantile_is_found_out(market_data_dir) -> None:
    """What the bounds reject: a margin of half the size."""
    found = breaches(market_data_dir, "overlap", "ewma", size=0.5)
    assert 0.5 * found.sum() > bounds(2 * len(found))[1]
