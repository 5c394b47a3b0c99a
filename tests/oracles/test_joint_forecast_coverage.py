"""Joint scenarios with the forecaster's marginals on all shared hourly markets, out of sample.

Every sixth midnight from 2022 to June 2025, moves over 8 and over 24 hours, all markets with a
number of their own (dead ones while they traded, LUNA as two coins). Ranks come from the year
before, renewed every 120 days (every night in use); scales, tails and weights are as they were
known that midnight, and the constants those in force then (`default_model.REVISIONS`). What is
scored was chosen before it was seen, and nothing is fitted to it.

Marginals: the 99 % quantile of 1,000 scenarios is the mean over the cell from 1.0 to 1.1 % of tail
probability; a window on the border of two strata may be drawn twice, and both then share two cells.
So it lies between the curve's values at 1.2 and at 0.9 %, and no Monte Carlo error is in it. The
shortfall is the integral of the losses up to 1 %; the forecaster's is the loss at the mean move of
each of seven strata, so that a long's is at most, and a short's at least that of the forecaster, to
the width of its bins (1 %), and more where one far move stands alone in a stratum (8 %).

Coverage: ninety portfolios each date, drawn by a seed. Errors are clustered by day: the standard
deviation of a day's mean breach over the root of the days, and not less than that of independent
breaches at 1 %. Three of them are allowed: eighteen classes are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.adapters.files import ColumnMap, FileFormat, read_bars
from plimsoll.domain.market import DAY_NS, HOUR_NS, PriceKind
from plimsoll.estimators.nightly.scale_paths import ScalePaths, scale_paths
from plimsoll.estimators.reference.default_model import REVISIONS
from plimsoll.estimators.reference.fitted_log_blend import losses_of_tails
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.log_scales import log_scale, moving
from plimsoll.estimators.reference.marginal_curves import (
    TAILS,
    CountedTails,
    MarginalCurves,
    counted_curves,
)
from plimsoll.estimators.reference.moves import panel_moves
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel
from plimsoll.estimators.reference.scale_weights import weights_in_force
from plimsoll.estimators.reference.steps import StepMoves, step_moves
from plimsoll.journeys.estimate_inputs import kept_markets
from plimsoll.journeys.estimate_scenarios import ranks_of_history
from plimsoll.marketdata.assembly import assemble
from plimsoll.maths.tail_counts import WIDTH, no_counts, tail_step, write_tails
from plimsoll.measures.panel import expected_shortfall_columns, value_at_risk_columns
from plimsoll.scenarios.joint_history import (
    FilteredPanel,
    PanelRules,
    PriceRows,
    VarianceRecursion,
    filtered_panel,
    joint_scenarios,
)

FILE = "hourly/binance_spot_close_1h_2021_2025.parquet"
FIRST = int(np.datetime64("2022-01-01", "ns").astype(np.int64))
EVERY_DAYS, RENEWED_DAYS, YEAR, COUNT = 6, 120, 8_760, 1_000
BEYOND = COUNT // 100
HORIZONS = (8, 24)
EWMA = VarianceRecursion.ewma(half_life_bars=168.0)

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """All markets over one horizon, and what one revision of the forecaster had at every step."""

    blend: LogBlend
    horizon_hours: int
    panel: ReturnsPanel
    paths: ScalePaths
    weights: Array
    scale: Array
    levels: Array
    scaled: Array
    known: NDArray[np.int64]
    longest: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Date:
    """What the forecaster knew at one midnight: (N,) moves to come, (N, 2) numbers, curves."""

    step: int
    bar: int
    realised: Array
    value_at_risk: Array
    expected_shortfall: Array
    curves: MarginalCurves


@dataclass(slots=True, kw_only=True, eq=False)
class Found:
    """Ratios of scenarios to the forecaster, (n, 2) by market and date, and breaches by class."""

    value: list[Array] = field(default_factory=list)
    least: list[Array] = field(default_factory=list)
    most: list[Array] = field(default_factory=list)
    shortfall: list[Array] = field(default_factory=list)
    markets: set[str] = field(default_factory=set)
    breaches: dict[str, list[Array]] = field(default_factory=dict)
    years: list[int] = field(default_factory=list)


@cache
def weights_of(directory: Path, horizon_hours: int, calm: float) -> tuple[StepMoves, Array]:
    """Moves begun at every step, and the weights in force there; the reach changes neither."""
    panel, paths = panel_of(directory)
    bars = panel.bars_of(horizon_hours)
    moves = step_moves(panel_moves(panel, horizon_hours), bars, paths.steps)
    times = paths.steps.time_ns
    return moves, weights_in_force(LogBlend().weights, paths.at_steps, moves, times, calm)


def past_of(directory: Path, horizon_hours: int, blend: LogBlend) -> Past:
    panel, paths = panel_of(directory)
    moves, weights = weights_of(directory, horizon_hours, blend.calm)
    scale = log_scale(paths.at_steps, weights, panel.bars_of(horizon_hours), blend.reach)
    return Past(
        blend=blend,
        horizon_hours=horizon_hours,
        panel=panel,
        paths=paths,
        weights=weights,
        scale=scale,
        levels=np.zeros((*scale.shape, 2)),
        scaled=np.where(moving(paths.at_steps), moves.move / np.exp(scale), np.nan),
        known=moves.known,
        longest=moves.longest,
    )


@cache
def panel_of(directory: Path) -> tuple[ReturnsPanel, ScalePaths]:
    columns = ColumnMap(time="ts", close="close", symbol="symbol")
    bars = read_bars(
        directory / FILE, FileFormat.PARQUET, price_kind=PriceKind.SPOT_CLOSE, columns=columns
    )
    panel = returns_panel(assemble(kept_markets(bars, None)[0]).history)
    return panel, scale_paths(panel, LogBlend(), panel.price.shape[1])


def judged(directory: Path, horizon_hours: int) -> Iterator[tuple[Past, Date]]:
    """Every sixth midnight, each under the revision then in force."""
    ends = [one.from_ns for one in REVISIONS[1:]] + [np.iinfo(np.int64).max]
    for revision, end_ns in zip(REVISIONS, ends, strict=True):
        assert isinstance(revision.model, LogBlend)
        past = past_of(directory, horizon_hours, revision.model)
        for date in dates(past, revision.from_ns, end_ns):
            yield past, date


def dates(past: Past, from_ns: int, end_ns: int) -> Iterator[Date]:
    """Dates of a revision; counts fade and grow step by step from the first step on."""
    blend, steps, price = past.blend, past.paths.steps, past.panel.price
    rules, counts, bars = blend.tail_rules(), no_counts(price.shape[0]), past.horizon_hours
    tails = CountedTails(counts=counts, rules=rules, share=blend.tail_share)
    out = np.empty((price.shape[0], 2, WIDTH))
    for s, at_ns in enumerate(steps.time_ns[steps.time_ns < end_ns].tolist()):
        begun = max(0, s - past.longest)
        tail_step(counts, rules, begun, s, past.scaled, past.known, past.levels)
        day, rest = divmod(at_ns - FIRST, DAY_NS)
        bar = int(steps.bars[s])
        if rest or at_ns < from_ns or day % EVERY_DAYS or bar + bars > price.shape[1]:
            continue
        write_tails(counts, rules, blend.tail, out)
        value, shortfall = losses_of_tails(past.scale[s][None], out[None])
        yield Date(
            step=s,
            bar=bar,
            realised=np.expm1(price[:, bar + bars - 1] - price[:, bar - 1]),
            value_at_risk=value[0],
            expected_shortfall=shortfall[0],
            curves=counted_curves(past.panel.markets, past.scale[s], tails),
        )


def filtered_past(past: Past, date: Date) -> FilteredPanel:
    """The year before a date, of markets with a number, over the forecaster's volatility."""
    first, last = max(date.bar - YEAR, 1), date.bar
    count = last - first + 1
    rows = np.flatnonzero(date.curves.known & np.isfinite(past.panel.price[:, last - 1]))
    start = first - past.paths.first_bar
    bars = past.paths.at_bars[start : start + count][:, rows]
    weights = np.broadcast_to(past.weights[date.step], (count, past.weights.shape[1]))
    prices = PriceRows(
        subjects=tuple(past.panel.markets[j] for j in rows),
        close_ns=past.paths.steps.time_ns[date.step] + HOUR_NS * np.arange(1 - count, 1),
        log_prices=np.ascontiguousarray(past.panel.price[rows, first - 1 : last].T),
        listed=np.ones(rows.size, dtype=np.bool_),
    )
    scales = np.ascontiguousarray(np.exp(log_scale(bars, weights, 1, past.blend.reach)))
    return filtered_panel(prices, EWMA, PanelRules(stale_after_bars=48), volatility=scales)


def portfolios(markets: int, generator: np.random.Generator) -> dict[str, Array]:
    """Weights (k, N) of each class; gross value 1, of pairs and neutral books 1 a side."""
    equal = np.full((1, markets), 1.0 / markets)
    ten = np.zeros((10, markets))
    for row in ten:
        row[generator.choice(markets, 10, replace=False)] = generator.dirichlet(np.ones(10))
    signed = ten[:, generator.permutation(markets)] * generator.choice([-1.0, 1.0], markets)
    half = markets // 2
    neutral, pairs = np.zeros((10, markets)), np.zeros((20, markets))
    for row in neutral:
        order = generator.permutation(markets)
        row[order[:half]], row[order[half : 2 * half]] = 1.0 / half, -1.0 / half
    for row in pairs:
        row[generator.choice(markets, 2, replace=False)] = 1.0, -1.0
    one = np.eye(markets)[generator.choice(markets, 20, replace=False)]
    return {
        "equal, long": equal,
        "equal, short": -equal,
        "ten, long": ten,
        "ten, short": -ten,
        "ten, either side": signed,
        "market-neutral halves": neutral,
        "pairs": pairs,
        "one, long": one,
        "one, short": -one,
    }


@cache
def found_of(directory: Path, horizon_hours: int) -> Found:
    """Draw scenarios at every date and score them."""
    found, generator = Found(), np.random.default_rng(11)
    draws = ranks_of_history(horizon_hours, COUNT, 1)
    for place, (past, date) in enumerate(judged(directory, horizon_hours)):
        if place % (RENEWED_DAYS // EVERY_DAYS) == 0:
            whole = panel = filtered_past(past, date)
            every = np.array([past.panel.markets.index(s) for s in whole.subjects])
        rows = every[date.curves.known[every] & np.isfinite(date.realised[every])]
        names = tuple(past.panel.markets[j] for j in rows)
        panel = panel if names == panel.subjects else whole.only(names)
        drawn = joint_scenarios(panel, draws, curves=date.curves)
        assert not drawn.reasons
        shocks = np.ascontiguousarray(drawn.scenarios.shocks)
        compare(found, date, rows, shocks)
        found.markets.update(names)
        at = np.datetime64(int(past.paths.steps.time_ns[date.step]), "ns")
        found.years.append(at.astype("datetime64[Y]").astype(int) + 1970)
        books = portfolios(rows.size, generator)
        held = np.concatenate(list(books.values()))
        breach = -held @ date.realised[rows] > tails_of(-held @ shocks.T)[0]
        ends = np.cumsum([len(each) for each in books.values()])[:-1]
        for name, hits in zip(books, np.split(breach.astype(np.float64), ends), strict=True):
            found.breaches.setdefault(name, []).append(hits)
    return found


def tails_of(losses: Array) -> tuple[Array, Array]:
    """99 % value-at-risk and shortfall of rows of a thousand: the eleventh, the mean of ten."""
    worst = np.partition(losses, COUNT - BEYOND - 1, axis=1)[:, -BEYOND - 1 :]
    return worst[:, 0], worst[:, 1:].mean(axis=1)


def compare(found: Found, date: Date, rows: NDArray[np.int64], shocks: Array) -> None:
    """Scenario quantiles and shortfalls over the forecaster's own."""
    value, least, most, shortfall = (np.empty((rows.size, 2)) for _ in range(4))
    for side, sign in ((0, -1.0), (1, 1.0)):
        own = date.value_at_risk[rows, side]
        limit, mean = tails_of(sign * shocks.T)
        value[:, side] = limit / own
        shortfall[:, side] = mean / date.expected_shortfall[rows, side]
        for bound, cells in ((least, 2.0), (most, -1.0)):
            at = 0.01 + cells / COUNT
            curve = date.curves.loss[rows, side]
            bound[:, side] = np.array([np.interp(at, TAILS, c) for c in curve]) / own
    found.value.append(value)
    found.least.append(least)
    found.most.append(most)
    found.shortfall.append(shortfall)


def rate_and_error(breaches: list[Array]) -> tuple[float, float]:
    """Mean breach, and its error clustered by day."""
    days = np.array([day.mean() for day in breaches])
    trials = sum(day.size for day in breaches)
    error = max(days.std() / np.sqrt(days.size), np.sqrt(0.01 * 0.99 / trials))
    return float(days.mean()), float(error)


def test_the_tail_of_a_thousand_is_that_of_the_measures() -> None:
    losses = np.random.default_rng(1).standard_t(3, (5, COUNT))
    value, shortfall = tails_of(losses)
    np.testing.assert_array_equal(value, value_at_risk_columns(losses.T, 0.99))
    expected = expected_shortfall_columns(losses.T, 0.99)
    np.testing.assert_allclose(shortfall, expected, rtol=1e-12)  # order of ten terms


@pytest.mark.parametrize("hours", HORIZONS)
def test_each_market_has_the_forecasters_numbers(market_data_dir: Path, hours: int) -> None:
    found = found_of(market_data_dir, hours)
    assert len(found.markets) >= 126
    value, least, most = (np.concatenate(x) for x in (found.value, found.least, found.most))
    shortfall = np.concatenate(found.shortfall)
    for name, ratio in (("VaR", value), ("ES", shortfall)):
        for side, label in enumerate(("long", "short")):
            levels = np.quantile(ratio[:, side], [0.0, 0.05, 0.5, 0.95, 1.0]).round(3)
            print(f"{hours} h {name} {label}: {levels.tolist()} of {ratio.shape[0]}")
    assert np.all(value <= most + 1e-9)
    assert np.all(value >= least - 1e-9)
    assert np.quantile(np.abs(value - 1.0), 0.95) < 0.04
    assert np.all((shortfall[:, 0] > 0.92) & (shortfall[:, 0] < 1.01))
    assert np.all((shortfall[:, 1] > 0.99) & (shortfall[:, 1] < 1.08))
    assert np.quantile(np.abs(shortfall - 1.0), 0.95) < 0.01


@pytest.mark.parametrize("hours", HORIZONS)
def test_portfolios_are_breached_once_in_a_hundred(market_data_dir: Path, hours: int) -> None:
    found = found_of(market_data_dir, hours)
    failed = []
    for name, breaches in found.breaches.items():
        rate, error = rate_and_error(breaches)
        print(f"{hours} h {name}: {100 * rate:.2f} % ({100 * error:.2f})")
        if abs(rate - 0.01) > 3.0 * error:
            failed.append((name, rate, error))
    days = [np.concatenate(day) for day in zip(*found.breaches.values(), strict=True)]
    rate, error = rate_and_error(days)
    years = np.array(found.years)
    by_year = {
        int(y): round(
            100 * rate_and_error([d for d, k in zip(days, years == y, strict=True) if k])[0], 2
        )
        for y in np.unique(years)
    }
    print(f"{hours} h all: {100 * rate:.2f} % ({100 * error:.2f}) {by_year}, {len(days)} days")
    assert abs(rate - 0.01) < 2.0 * error
    assert not failed, failed
