"""Whatever holds on day t was computed from data before t: scramble the future, nothing changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from plimsoll.adapters.executor import SerialExecutor
from plimsoll.calibration.blend_risk import PanelHistories, blend_risk
from plimsoll.calibration.evidence.proof import extra_of
from plimsoll.calibration.forecast import forecast_all, forecast_tasks
from plimsoll.calibration.known_losses import known_losses
from plimsoll.calibration.problem import CalibrationProblem, VolatilityModel
from plimsoll.calibration.published import published_path
from plimsoll.calibration.risk_paths import RiskPaths, risk_paths
from plimsoll.calibration.scored import horizons, scored_losses
from plimsoll.config.convert import to_problem
from plimsoll.config.loader import VenueFile, load_venue
from plimsoll.domain.finding import Action, FindingKind, FindingPolicy
from plimsoll.domain.market import DAY_NS, Bars, MarketHistory
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.journeys.calibrate import calibrate
from plimsoll.marketdata.assembly import assemble
from plimsoll.sandbox import SandboxVenue, generate
from plimsoll.validation.walk_forward import walk_forward

MODELS = (VolatilityModel.EWMA_T, VolatilityModel.GARCH_T)
DAYS = 520


@pytest.fixture(scope="module")
def sandbox() -> SandboxVenue:
    return generate(11, days=DAYS)


@pytest.fixture(scope="module")
def venue_file(tmp_path_factory: pytest.TempPathFactory) -> VenueFile:
    """The template, refitting weekly: the law under test does not depend on how often."""
    text = files("plimsoll.config").joinpath("template.yaml").read_text(encoding="utf-8")
    text = text.replace("refit_every_days: 1 ", "refit_every_days: 7 ")
    path = Path(tmp_path_factory.mktemp("venue")) / "venue.yaml"
    path.write_text(text, encoding="utf-8")
    return load_venue(path)


def scrambled(bars: Bars, from_ns: int, seed: int) -> Bars:
    """The same bars up to ``from_ns``; from then on nonsense: shuffled, rescaled, cut short."""
    rng = np.random.default_rng(seed)
    future = np.flatnonzero(bars.time_ns + bars.interval_ns > from_ns)
    if not future.size:
        return bars
    close = bars.close.copy()
    close[future] = rng.permutation(close[future]) * np.exp(rng.normal(0.0, 1.0, future.size))
    cut = future[rng.random(future.size) < 0.3]
    kept = np.setdiff1d(np.arange(len(bars)), cut)
    spoiled = replace(bars, close=close, open=None, high=None, low=None, volume=None)
    return spoiled.take(kept)


def without_ranges(bars: Mapping[str, Bars]) -> dict[str, Bars]:
    return {
        name: replace(one, open=None, high=None, low=None, volume=None)
        for name, one in bars.items()
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_a_set_as_of_a_day_does_not_know_the_days_after(
    sandbox: SandboxVenue, venue_file: VenueFile, seed: int
) -> None:
    as_of = datetime(2023, 3, 1, tzinfo=UTC)
    as_of_ns = int(as_of.timestamp()) * 10**9
    bars = without_ranges(sandbox.bars)
    spoiled = {n: scrambled(b, as_of_ns, seed + i) for i, (n, b) in enumerate(bars.items())}
    assert any(not np.array_equal(bars[n].close, spoiled[n].close) for n in bars)
    honest = calibrate(venue_file, data=bars, as_of=as_of)
    blind = calibrate(venue_file, data=spoiled, as_of=as_of)
    assert blind.parameters.canonical() == honest.parameters.canonical()
    for table in honest.evidence.tables:
        # As printed with all digits: NaN is not equal to itself.
        assert repr(blind.evidence.table(table.name).rows) == repr(table.rows), table.name


def paths_of(
    history: MarketHistory,
    sources: Mapping[str, str],
    problem: CalibrationProblem,
    model: VolatilityModel,
) -> RiskPaths:
    specs = {spec.symbol: spec for spec in problem.markets}
    class_of = {m: specs[sources.get(m, m)].risk_class for m in history.markets}
    payoff_of = {m: specs[sources.get(m, m)].payoff for m in history.markets}
    days, tasks = forecast_tasks(history, problem, class_of)
    if model is VolatilityModel.LOG_BLEND:
        histories = PanelHistories(own=history)
        return blend_risk(histories, days, tasks, problem, class_of, payoff_of, SerialExecutor())
    forecasts = forecast_all(tasks, problem, model, SerialExecutor())
    return risk_paths(forecasts, history, days, problem, class_of, payoff_of)


@pytest.mark.parametrize("model", MODELS)
def test_the_fast_path_is_the_walk_forward(
    sandbox: SandboxVenue, venue_file: VenueFile, model: VolatilityModel
) -> None:
    """Each day of the path equals a fit on ``history.before(day)`` alone, planted faults and all.

    EWMA to the bit. A GARCH refit starts from the last one, so the two climb to the same optimum
    from different sides: 1e-4 relative, far below a basis point of margin.
    """
    problem = to_problem(venue_file.config)
    problem = replace(problem, model=replace(problem.model, refit_every_days=1))
    assembly = assemble(sandbox.bars)
    path = paths_of(assembly.history, assembly.sources, problem, model)
    late = assembly.history.mask_from_ns > assembly.history.available_ns[:, None]
    late &= assembly.history.mask_from_ns < np.iinfo(np.int64).max
    assert late.any(), "no fault is found out later, so the test would prove too little"
    rng = np.random.default_rng(5)
    rows = np.sort(rng.choice(np.arange(120, path.time_ns.size), 4, replace=False))
    found_out = np.unique(assembly.history.mask_from_ns[late] // DAY_NS * DAY_NS)
    rows = np.union1d(rows, np.searchsorted(path.time_ns, found_out[:3]))
    fits = walk_forward(
        assembly.history,
        lambda past: paths_of(past, assembly.sources, problem, model),
        path.time_ns[rows],
    )
    for row, (instant, fitted) in zip(rows, fits, strict=True):
        assert fitted.time_ns[-1] == instant == path.time_ns[row]
        for name in ("maintenance", "reaction", "maintenance_error", "volatility_daily"):
            fast, slow = getattr(path, name)[row], getattr(fitted, name)[-1]
            if model is VolatilityModel.EWMA_T:
                np.testing.assert_array_equal(fast, slow, err_msg=name)
            else:
                np.testing.assert_allclose(fast, slow, rtol=1e-4, err_msg=name)


def test_the_panel_s_path_is_the_walk_forward(sandbox: SandboxVenue, venue_file: VenueFile) -> None:
    """The same of the panel's forecaster, to the bit: young markets, errors, floors, and days on
    which a bar stood that nobody had condemned yet."""
    problem = to_problem(venue_file.config)
    # Long close-outs have few steps: the law does not depend on how many.
    slow = {name: replace(c, maintenance_horizon_hours=4) for name, c in problem.classes.items()}
    problem = replace(problem, classes=slow)
    assembly = assemble(sandbox.bars)
    path = paths_of(assembly.history, assembly.sources, problem, VolatilityModel.LOG_BLEND)
    seen_otherwise = returns_panel(assembly.history).replayed()
    assert seen_otherwise.size, "no fault is found out later, so the test would prove too little"
    assert path.pooled is not None
    lent = np.flatnonzero((path.pooled | path.floored).any(axis=1))
    rows = np.unique([seen_otherwise[0], seen_otherwise[-1], lent[lent > 150][0], 400])
    fits = walk_forward(
        assembly.history,
        lambda past: paths_of(past, assembly.sources, problem, VolatilityModel.LOG_BLEND),
        path.time_ns[rows],
    )
    names = ("maintenance", "reaction", "maintenance_error", "reaction_error")
    for row, (instant, fitted) in zip(rows, fits, strict=True):
        assert fitted.time_ns[-1] == instant == path.time_ns[row]
        for name in (*names, "volatility_daily", "floored", "pooled", "mature"):
            fast, slow = getattr(path, name)[row], getattr(fitted, name)[-1]
            np.testing.assert_array_equal(fast, slow, err_msg=f"{name} on row {row}")
        assert np.isfinite(path.maintenance[row]).any()


def dying(bars: Mapping[str, Bars]) -> dict[str, Bars]:
    """The bars with one mature market that ends on day 250 and one that is young then."""
    names = list(bars)
    gone, young = names[2], names[3]
    end = bars[names[0]].time_ns[0] + 250 * DAY_NS
    late = end - 40 * DAY_NS
    return {
        **bars,
        gone: bars[gone].take(bars[gone].time_ns < end),
        young: bars[young].take(bars[young].time_ns >= late),
    }


def test_nobody_knows_a_delisting_before_it_has_lasted(
    sandbox: SandboxVenue, venue_file: VenueFile
) -> None:
    """The path on all data against a fresh check of the data that had arrived by each day: while
    an absence may still end, the market is listed and lends to the young."""
    problem = to_problem(venue_file.config)
    bars = dying(without_ranges(sandbox.bars))
    # Whether a last bar is whole is proven by what comes after it; that is not the point here.
    policy = FindingPolicy(actions={FindingKind.PARTIAL_LAST_BAR: Action.KEEP})
    everything = assemble(bars, policy, until_ns=sandbox.as_of_ns)
    path = paths_of(everything.history, everything.sources, problem, VolatilityModel.EWMA_T)
    for day in (249, 251, 262, 279, 281, 300):
        at = int(path.time_ns[day])
        arrived = assemble(bars, policy, until_ns=at)
        known = paths_of(
            arrived.history.before(at), arrived.sources, problem, VolatilityModel.EWMA_T
        )
        assert known.time_ns[-1] == at
        # A ticker that is used again later names the newer coin on all data, the older before.
        reused = {m.partition("@")[0] for m in path.markets if "@" in m}
        for market in (set(path.markets) & set(known.markets)) - reused:
            fast = path.maintenance[day, path.markets.index(market)]
            slow = known.maintenance[-1, known.markets.index(market)]
            np.testing.assert_array_equal(fast, slow, err_msg=f"{market} on day {day}")


def published_of(history: MarketHistory, problem: CalibrationProblem) -> np.ndarray:
    """(D, N) published rates of a history, as `run_calibration` makes them."""
    specs = {spec.symbol: spec for spec in problem.markets}
    known = [m for m in history.markets if m in specs]
    assert len(known) == len(history.markets)
    class_of = {m: specs[m].risk_class for m in known}
    payoffs = [specs[m].payoff for m in known]
    paths = paths_of(history, {}, problem, VolatilityModel.EWMA_T)
    hours, _ = horizons(history.markets, problem, class_of)
    losses = scored_losses(history, hours, payoffs, int(paths.time_ns[100]))
    return published_path(
        paths,
        extra_of(problem, paths, class_of, specs),
        problem.structure,
        problem.freeze_standard_errors,
        known_losses(history, losses, payoffs, paths.time_ns),
        problem.maintenance_level,
    ).whole


def test_the_published_rate_does_not_know_which_bars_will_be_condemned(
    sandbox: SandboxVenue, venue_file: VenueFile
) -> None:
    """A hundred days of bars that break every margin, found out a week after the last: until
    then coverage looks rejected, and tightenings go through."""
    problem = to_problem(venue_file.config)
    history = assemble(without_ranges(sandbox.bars)).history.only("KEEL/USDT:USDT")
    close, mask = history.close.copy(), history.mask_from_ns.copy()
    bad = np.arange(24 * 130, 24 * 230, 24) + 7
    close[bad, 0] *= 0.8
    mask[bad, 0] = history.available_ns[24 * 237]
    spoiled = replace(history, close=close, mask_from_ns=mask)
    path = published_of(spoiled, problem)
    clean = published_of(replace(history, mask_from_ns=mask), problem)
    assert not np.array_equal(path, clean, equal_nan=True), "the bad bars must matter"
    for day in (150, 190, 229, 236, 238, 260):
        at = int(sandbox.truth.time_ns[0]) + (day + 1) * DAY_NS
        known = published_of(spoiled.before(at), problem)
        np.testing.assert_array_equal(path[day], known[-1], err_msg=f"day {day}")


def test_a_look_ahead_would_be_caught(sandbox: SandboxVenue, venue_file: VenueFile) -> None:
    """The same comparison against a path that peeks one day ahead fails."""
    problem = to_problem(venue_file.config)
    assembly = assemble(sandbox.bars)
    path = paths_of(assembly.history, assembly.sources, problem, VolatilityModel.EWMA_T)
    row = 400
    past = assembly.history.before(int(path.time_ns[row]))
    fitted = paths_of(past, assembly.sources, problem, VolatilityModel.EWMA_T)
    assert not np.array_equal(path.maintenance[row + 1], fitted.maintenance[-1])
