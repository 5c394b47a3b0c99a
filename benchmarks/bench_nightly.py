"""The night of 300 markets, its update by a bar, joint scenarios; peers alternately."""

from __future__ import annotations

import statistics
import time

import numpy as np
import pandas as pd
from scipy.stats import genpareto

from alternate import Comparison, compare, in_units, seconds_of, table_of, write_table
from plimsoll.domain.market import HOUR_NS, NEVER_MASKED, MarketHistory, PriceKind
from plimsoll.estimators.nightly import (
    BarRanges,
    NightlyEstimate,
    NightlySettings,
    nightly_estimate,
)
from plimsoll.estimators.nightly.joint_marginals import night_curves
from plimsoll.estimators.nightly.market_tails import TailTask, fit_market_tails
from plimsoll.estimators.nightly.scale_paths import scale_paths
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.journeys.estimate_scenarios import ranks_of_history, scenario_panel
from plimsoll.scenarios.joint_history import FilteredPanel, Simulation, joint_scenarios

MARKETS, BARS, HOLED, SCENARIOS = 300, 8_760, 60, 1_000
START_NS = 1_640_995_200 * 10**9
NIGHT_SECONDS, UPDATE_MS, SCENARIOS_MS = 60.0, 20.0, 50.0
PEER_MARKETS = 10
UPDATES = 240
LATEST = NightlySettings(forecaster=LogBlend())


def market_history() -> tuple[MarketHistory, BarRanges]:
    """A year of hourly bars of 300 markets; 60 have holes, or were listed in the last weeks."""
    rng = np.random.default_rng(1)
    cycle = np.exp(0.4 * np.sin(2.0 * np.pi * np.arange(BARS) / (24 * 50)))[:, None]
    steps = rng.standard_t(4, (BARS, 1)) + rng.standard_t(4, (BARS, MARKETS))
    close = 100.0 * np.exp(np.cumsum(0.0042 * cycle * steps, axis=0))
    previous = np.concatenate([close[:1], close[:-1]])
    wick = np.abs(0.003 * rng.standard_normal((2, BARS, MARKETS)))
    high = np.maximum(close, previous) * np.exp(wick[0])
    low = np.minimum(close, previous) * np.exp(-wick[1])
    volume = 1e4 * np.exp(rng.standard_normal((BARS, MARKETS)))
    for j in range(HOLED):
        if j % 3 == 0:
            for start in rng.integers(0, BARS - 40, 5):
                close[start : start + rng.integers(2, 40), j] = np.nan
        elif j % 3 == 1:
            close[: BARS - 24 * int(rng.integers(5, 80)), j] = np.nan
        else:
            close[rng.random(BARS) < 0.03, j] = np.nan
    gone = ~np.isfinite(close)
    for values in (high, low, volume):
        values[gone] = np.nan
    history = MarketHistory(
        time_ns=START_NS + HOUR_NS * np.arange(BARS, dtype=np.int64),
        interval_ns=HOUR_NS,
        markets=tuple(f"M{j:03d}" for j in range(MARKETS)),
        close=close,
        active=np.logical_or.accumulate(~gone, axis=0),
        mask_from_ns=np.full(close.shape, NEVER_MASKED, dtype=np.int64),
        price_kind=PriceKind.SYNTHETIC_MARK,
        volume=volume,
    )
    return history, BarRanges(high=high, low=low)


class Stopwatch:
    """Seconds of each stage: a progress port."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def start(self, label: str, total: int | None = None) -> None:  # noqa: ARG002  the port's
        """Begin a stage."""
        self._label, self._since = label, time.perf_counter()

    def advance(self, count: int = 1) -> None:
        """Nothing to show."""

    def finish(self) -> None:
        """End the stage."""
        taken = time.perf_counter() - self._since
        self.seconds.setdefault(self._label, []).append(taken)


def pandas_volatilities(history: MarketHistory, blend: LogBlend) -> None:
    """What most people write: pandas' own EWMA, market by market and scale by scale."""
    hours = (*blend.half_lives_hours, 24.0 * blend.long_half_life_days)
    for j in range(MARKETS):
        squares = pd.Series(np.log(history.close[:, j])).diff() ** 2
        for half_life in hours:
            np.log(squares.ewm(halflife=half_life, ignore_na=False).mean())


def peers(history: MarketHistory, night: NightlyEstimate) -> list[Comparison]:
    """Volatility by pandas, tails by scipy."""
    blend, panel = LogBlend(), returns_panel(history)
    tasks = [
        TailTask(
            market=night.markets[j],
            residuals=np.ascontiguousarray(night.residuals[:, j]),
            model=night.settings.tail,
            cluster_bars=24,
        )
        for j in range(HOLED, HOLED + PEER_MARKETS)
    ]

    def scipy_tails() -> None:
        for task in tasks:
            sample = task.residuals[np.isfinite(task.residuals)]
            for sign in (-1.0, 1.0):
                losses = sign * sample
                threshold = np.quantile(losses, 0.95)
                genpareto.fit(losses[losses > threshold] - threshold, floc=0.0)

    return [
        compare(
            f"volatility on 4 scales, {MARKETS} x {BARS:,}, a number every hour",
            peer_name="pandas ewm, without clips",
            peer=lambda: pandas_volatilities(history, blend),
            own=lambda: scale_paths(panel, blend, 365 * 24),
            required=0.0,
            rounds=5,
        ),
        compare(
            "Pareto tails of a market, both sides; ours with errors and clusters",
            peer_name="scipy genpareto.fit",
            peer=scipy_tails,
            own=lambda: [fit_market_tails(task) for task in tasks],
            required=0.0,
            rounds=5,
            units=PEER_MARKETS,
            peer_units=PEER_MARKETS,
        ),
    ]


def update_seconds(night: NightlyEstimate, close: np.ndarray) -> list[float]:
    """Seconds of each of ten days of bars, one after the other."""
    rng = np.random.default_rng(2)
    price, found, taken = np.log(close), night, []
    found.update(price)
    for _ in range(UPDATES):
        price = price + 0.006 * rng.standard_t(4, price.size)
        bar = np.where(rng.random(price.size) < 0.01, np.nan, price)
        since = time.perf_counter()
        found = found.update(bar)
        taken.append(time.perf_counter() - since)
    assert np.isfinite(found.horizon(8).value_at_risk).all()
    return taken


def joint_milliseconds(
    night: NightlyEstimate, panel: FilteredPanel
) -> tuple[list[float], list[float]]:
    """Milliseconds of the default path once the past is filtered: curves of a bar, scenarios."""
    ranks, curves = ranks_of_history(8, SCENARIOS, 1), night_curves(night.horizon(8))

    def draw() -> None:
        found = joint_scenarios(panel, ranks, curves=curves)
        assert len(found.scenarios.factors) == MARKETS

    draw()
    of_a_bar = [1e3 * seconds_of(lambda: night_curves(night.horizon(8))) for _ in range(21)]
    return of_a_bar, [1e3 * seconds_of(draw) for _ in range(21)]


def past_milliseconds(panel: FilteredPanel) -> list[float]:
    """Milliseconds with the markets' own past moves as marginals."""
    draws = Simulation(horizon_bars=8, count=SCENARIOS, seed=1)
    joint_scenarios(panel, draws)
    return [1e3 * seconds_of(lambda: joint_scenarios(panel, draws)) for _ in range(21)]


def main() -> None:
    """Gate, timings, table."""
    history, ranges = market_history()
    night = nightly_estimate(history, LATEST, ranges=ranges)
    with_number = sum(reason is None for reason in night.reasons)
    assert with_number == MARKETS
    theirs = LogBlend().fit(returns_panel(history), 8).risk()[0]
    own = night.horizon(8).own
    assert np.array_equal(night.horizon(8).fitted.risk()[0][own], theirs[own])
    watch = Stopwatch()
    nights = [
        seconds_of(lambda: nightly_estimate(history, LATEST, ranges=ranges, progress=watch))
        for _ in range(3)
    ]
    last = np.where(np.isfinite(history.close[-1]), history.close[-1], 100.0)
    updates = 1e3 * np.array(update_seconds(night, last))
    panel = scenario_panel(history, night, horizon_hours=8)
    curves, drawn = joint_milliseconds(night, panel)
    past = past_milliseconds(scenario_panel(history, night))
    parts = ", ".join(f"{k} {min(v):.2f}" for k, v in watch.seconds.items())
    shape = f"{MARKETS} markets x {BARS:,} hourly bars ({HOLED} with holes)"
    rows = [
        ("part", "least", "median", "99 %", "required"),
        ("---",) * 5,
        (
            f"night, {shape}",
            in_units(min(nights)),
            in_units(statistics.median(nights)),
            "-",
            f"<= {NIGHT_SECONDS:g} s",
        ),
        (
            f"update by a bar, all {MARKETS}",
            *(f"{v:.2f} ms" for v in np.quantile(updates, (0.0, 0.5, 0.99))),
            f"<= {UPDATE_MS:g} ms",
        ),
        *(
            (
                f"{what}, {len(panel.subjects)} x {SCENARIOS:,}, 8 h",
                f"{min(taken):.1f} ms",
                f"{statistics.median(taken):.1f} ms",
                "-",
                required,
            )
            for what, taken, required in (
                ("curves of the forecaster, once a bar", curves, "-"),
                ("joint scenarios at those (the default)", drawn, f"<= {SCENARIOS_MS:g} ms"),
                ("joint scenarios, marginals of history", past, f"<= {SCENARIOS_MS:g} ms"),
            )
        ),
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines += ["", f"Parts of a night, least of three, s: {parts}.", ""]
    gate = [
        f"all {MARKETS} markets have a number; those of the forecaster are its own to the bit",
        "pandas' EWMA neither clips nor knows holes from calm, and runs no step of a stream",
    ]
    compared = peers(history, night)
    lines += [*table_of(compared), "", f"Ratios: {', '.join(f'{c.ratio:.2f}' for c in compared)}."]
    write_table("nightly", "The night", gate, lines)
    assert min(nights) <= NIGHT_SECONDS
    assert float(np.median(updates)) <= UPDATE_MS
    assert min(drawn) <= SCENARIOS_MS
    assert min(past) <= SCENARIOS_MS


if __name__ == "__main__":
    main()
