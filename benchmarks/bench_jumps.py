"""Hawkes fits and jump flags against numpy and scipy, alternately."""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.optimize import minimize

from alternate import compare, table_of, write_table
from plimsoll.estimators.jumps import EventTimes, FittedHawkes, Hawkes, LeeMykland

WINDOW = 270


@njit
def _decayed(gaps: np.ndarray, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """Ozaki's recursion and its derivative: the peer gets it compiled too."""
    sums, slopes = np.zeros(gaps.size), np.zeros(gaps.size)
    for k in range(1, gaps.size):
        left = np.exp(-beta * gaps[k])
        sums[k] = left * (1.0 + sums[k - 1])
        slopes[k] = left * slopes[k - 1] - gaps[k] * sums[k]
    return sums, slopes


def peer_value(theta: np.ndarray, times: np.ndarray, horizon: float) -> tuple[float, np.ndarray]:
    """Minus the log-likelihood and its gradient in log mu, log alpha, log beta."""
    mu, alpha, beta = np.exp(theta)
    sums, slopes = _decayed(np.diff(times, prepend=times[0]), beta)
    rate, rest = mu + alpha * sums, horizon - times
    left = np.exp(-beta * rest)
    mass, by_beta = np.sum(1.0 - left), np.sum(rest * left)
    value = np.sum(np.log(rate)) - mu * horizon - alpha / beta * mass
    slope = np.array([
        np.sum(1.0 / rate) - horizon,
        np.sum(sums / rate) - mass / beta,
        np.sum(alpha * slopes / rate) + alpha / beta**2 * mass - alpha / beta * by_beta,
    ])  # fmt: skip
    return -value, -slope * np.exp(theta)


def peer_fit(times: np.ndarray, horizon: float) -> float:
    """Best of eight starts by L-BFGS-B."""
    rate, best = times.size / horizon, -np.inf
    for beta in rate * np.geomspace(0.01, 100.0, 8):
        start = np.log([0.5 * rate, 0.5 * beta, beta])
        found = minimize(peer_value, start, args=(times, horizon), jac=True, method="L-BFGS-B",
                         bounds=[(v - 12.0, v + 12.0) for v in start])  # fmt: skip
        best = max(best, -found.fun)
    return best


def peer_flags(returns: np.ndarray) -> np.ndarray:
    """Lee-Mykland statistics of (markets, bars) by cumulated sums."""
    products = np.abs(returns[:, 1:] * returns[:, :-1])
    sums = np.cumsum(np.pad(products, ((0, 0), (1, 0))), axis=1)
    means = (sums[:, WINDOW - 1 : -1] - sums[:, 1 : -WINDOW + 1]) / (WINDOW - 2)
    return returns[:, WINDOW:] / np.sqrt(means)


def main() -> None:
    """Gate, timings, table."""
    truth = FittedHawkes(
        events=EventTimes.of([1.0], horizon=2.0), baseline=np.array([0.3]),
        branching=np.array([[0.7]]), decay=2.0, log_likelihood=0.0, alert_above=0.9,
        bounds_reached=(),
    )  # fmt: skip
    events = truth.simulate(10_000.0, seed=3)
    times = np.array(events.time)
    gain = Hawkes().fit(events).log_likelihood - peer_fit(times, events.horizon)
    assert gain > -1e-5, gain
    returns = np.random.default_rng(0).standard_normal((300, 8640))
    model = LeeMykland(window=WINDOW)
    gap = np.nanmax(np.abs(model.table(returns)[:, WINDOW:] - peer_flags(returns)))
    assert gap < 1e-9, gap
    comparisons = [
        compare(
            f"Hawkes fit, {times.size:,} events",
            peer_name="O(n) compiled recursion, scipy L-BFGS-B, 8 starts",
            peer=lambda: peer_fit(times, events.horizon),
            own=lambda: Hawkes().fit(events),
            required=2.0,
            rounds=7,
        ),
        compare(
            "Lee-Mykland, 300 markets x 8,640 bars",
            peer_name="numpy cumulated sums",
            peer=lambda: peer_flags(returns),
            own=lambda: model.table(returns),
            required=1.0,
            rounds=7,
        ),
    ]
    gate = [
        f"log-likelihood less the peer's: {gain:.1e} (required: never below -1e-5)",
        f"largest difference of Lee-Mykland statistics: {gap:.1e} (required: below 1e-9)",
    ]
    write_table("jumps", "Jumps and Hawkes processes", gate, table_of(comparisons))


if __name__ == "__main__":
    main()
