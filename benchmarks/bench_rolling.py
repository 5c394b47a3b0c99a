"""Rolling backtest: 300 markets x 1,000 days, GARCH(1,1)-t refitted daily, FHS VaR and ES."""

from __future__ import annotations

import statistics
import sys
import warnings

import numpy as np
from arch import arch_model

from alternate import in_units, seconds_of, write_table
from bench_garch import simulate
from plimsoll.estimators import (
    Garch,
    RollingForecasts,
    rolling_ewma_forecast,
    rolling_garch_forecast,
)

MARKETS, DAYS, WINDOW, WORKERS, ROUNDS = 300, 1000, 500, 2, 3
LIMIT_SECONDS = 15.0
MODEL = Garch(persistence_rule="stationary")


def roll(table: np.ndarray) -> RollingForecasts:
    """Daily refits with the defaults of the product."""
    return rolling_garch_forecast(table, window=WINDOW, model=MODEL, workers=WORKERS)


def breach_share(table: np.ndarray, forecasts: RollingForecasts) -> float:
    """Share of days on which the loss exceeded the 99 % value-at-risk."""
    losses = -table[:, WINDOW:]
    return float(np.mean(losses > forecasts.value_at_risk[:, :-1, 1]))


def main() -> None:
    """Gate on a part, timings, table."""
    warnings.simplefilter("ignore")
    length = WINDOW + DAYS
    table = np.array([simulate(seed)[:length] for seed in range(MARKETS)])
    part = table[:4, : WINDOW + 100]
    climbed = roll(part)
    searched = rolling_garch_forecast(part, window=WINDOW, model=MODEL, search_every=1)
    gap = searched.log_likelihood - climbed.log_likelihood
    equal = float(np.mean(np.abs(gap) < 1e-6))
    assert equal > 0.9, equal
    peers, owns = [], []
    forecasts = roll(part)
    for _ in range(ROUNDS):
        windows = [table[i, i : i + WINDOW] for i in range(10)]
        peers.append(
            seconds_of(
                lambda: [
                    arch_model(w, dist="t", rescale=False).fit(disp="off")
                    for w in windows  # noqa: B023
                ]
            )
            / len(windows)
        )
        results: list[RollingForecasts] = []
        owns.append(seconds_of(lambda: results.append(roll(table))))  # noqa: B023
        forecasts = results[0]
    share = breach_share(table, forecasts)
    assert 0.0095 < share < 0.013, share
    own, peer = statistics.median(owns), statistics.median(peers) * MARKETS * (DAYS + 1)
    ewma = seconds_of(
        lambda: rolling_ewma_forecast(table, window=WINDOW, half_life=20.0, workers=WORKERS)
    )
    lines = [
        "| task | peer, scaled from its fit time | ours, median | ratio | required |",
        "|---|---|---|---|---|",
        f"| {MARKETS} markets x {DAYS} days, window {WINDOW}, refit daily, FHS VaR/ES, 2 threads "
        f"| arch {in_units(peer)} | {in_units(own)} | {peer / own:.0f}x "
        f"| <= {LIMIT_SECONDS:.0f} s |",
        f"| the same with an EWMA | - | {in_units(ewma)} | - | - |",
    ]
    gate = [
        f"windows on the optimum of an independent fit (1e-6 of log-likelihood): {equal:.1%}",
        f"99 % value-at-risk exceeded on {share:.2%} of {MARKETS * DAYS:,} market-days",
    ]
    write_table("rolling", "Rolling backtest", gate, lines)
    sys.exit(0 if own <= LIMIT_SECONDS else 1)


if __name__ == "__main__":
    main()
