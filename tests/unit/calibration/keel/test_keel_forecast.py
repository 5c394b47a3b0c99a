"""Parts of the panel's forecast: steps, levels, errors, corrections, lent and split markets."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.adapters.executor import SerialExecutor
from plimsoll.calibration.appetite.stated import StatedAppetite
from plimsoll.calibration.appetite.statement import RiskAppetite
from plimsoll.calibration.appetite.targets import targets_of
from plimsoll.calibration.blend_risk import PanelHistories
from plimsoll.calibration.blend_rows import BlendTask, blend_rows, error_steps, step_hours_of
from plimsoll.calibration.correction import corrected
from plimsoll.calibration.panel_paths import Leg, leg_paths, model_of_leg
from plimsoll.calibration.problem import CalibrationProblem, CorrectionName, ModelSettings
from plimsoll.calibration.published import DailyLosses
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.calibration.warm_panel import WarmPanel, warm_panel
from plimsoll.config.convert import to_problem
from plimsoll.config.loader import load_venue
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.domain.market import DAY_NS, HOUR_NS, MarketHistory, PriceKind
from plimsoll.errors import DataFormatError, ParameterError, UsageError
from plimsoll.estimators.horizon.price_record import Boundaries
from plimsoll.estimators.reference.default_model import default_at, revised_default
from plimsoll.estimators.reference.marginal_curves import forecast_curves
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.journeys.lent_markets import split_history

BARS, MARKETS = 24 * 240, 6
APPETITE = RiskAppetite()
TARGETS = targets_of(APPETITE)
FIRST_NS = 19_358 * DAY_NS  # 2023-01-01


@lru_cache(maxsize=1)
def history() -> MarketHistory:
    """Six markets of t(5) moves whose volatility breathes; the last came 200 days late."""
    rng = np.random.default_rng(7)
    level = np.exp(0.5 * np.sin(np.arange(BARS) / 900.0))[:, None]
    moves = 0.006 * level * rng.standard_t(5, (BARS, MARKETS))
    close = 100.0 * np.exp(np.cumsum(moves, axis=0))
    active = np.ones(close.shape, dtype=bool)
    active[: 24 * 200, -1] = False
    return MarketHistory(
        markets=tuple("ABCDEF"),
        time_ns=FIRST_NS + HOUR_NS * np.arange(BARS, dtype=np.int64),
        interval_ns=HOUR_NS,
        close=np.where(active, close, np.nan),
        active=active,
        mask_from_ns=np.full(close.shape, np.iinfo(np.int64).max),
        price_kind=PriceKind.MARK,
    )


def test_the_level_moves_the_tail_and_nothing_else() -> None:
    """At half the tail probability with the share doubled the same quantile comes out."""
    panel = returns_panel(history())
    model = replace(default_at(int(panel.time_ns[-1])), tail_share=0.4)
    other = replace(model, confidence=0.98, tail_share=0.2)
    assert other.tail == pytest.approx(model.tail, rel=1e-12)
    one, two = model.paths(panel, 8).value_at_risk, other.paths(panel, 8).value_at_risk
    np.testing.assert_allclose(two, one, rtol=1e-12)
    with pytest.raises(ParameterError, match="confidence"):
        replace(model, confidence=0.4)


def test_curves_do_not_depend_on_the_level_that_is_published() -> None:
    panel = returns_panel(history())
    model = default_at(int(panel.time_ns[-1]))
    plain, low = model.fit(panel, 8), replace(model, confidence=0.95).fit(panel, 8)
    np.testing.assert_allclose(forecast_curves(low).loss, forecast_curves(plain).loss, rtol=1e-12)
    assert (low.risk()[0][:5] < plain.risk()[0][:5]).all()


def test_eight_hours_at_99_percent_is_the_default_forecaster() -> None:
    """Legs at the forecaster's own level and steps give its revised path to the bit."""
    panel, leg = returns_panel(history()), Leg(horizon_hours=8, level=0.99)
    found = leg_paths(panel, [leg], SerialExecutor())[leg]
    own = revised_default().paths(panel, 8).value_at_risk
    loss = np.stack([-np.expm1(-found.move[..., 0]), np.expm1(found.move[..., 1])], axis=-1)
    np.testing.assert_array_equal(loss, own)
    assert np.isfinite(own[-1]).all(axis=1).sum() == MARKETS


def test_steps_are_one_horizon_apart_and_divide_the_day() -> None:
    assert [step_hours_of(h, HOUR_NS) for h in (1, 2, 3, 4, 5, 7, 8, 12, 24)] == [
        1, 2, 3, 4, 4, 6, 8, 8, 8,
    ]  # fmt: skip
    assert step_hours_of(12, 6 * HOUR_NS) == 6
    assert step_hours_of(24, 24 * HOUR_NS) == 24
    assert step_hours_of(1, HOUR_NS // 12) == 1


def test_errors_are_estimated_at_dates_that_the_end_does_not_move() -> None:
    times = FIRST_NS + 8 * HOUR_NS * np.arange(3 * 400, dtype=np.int64)
    bars = np.arange(times.size, dtype=np.int64)
    steps = Boundaries(time_ns=times, bars=bars, bars_per_day=24)
    wanted = np.arange(300, 900, 3, dtype=np.int64)
    chosen = error_steps(steps, wanted)
    assert chosen[0] <= 300
    assert chosen == [s for s in error_steps(steps, np.arange(300, 1_200, 3)) if s <= 897]
    assert len(chosen) == len(set(chosen)) > 2


def test_the_error_is_that_of_the_quantile() -> None:
    """Among 24 histories of independent moves the spread of the log quantile is the stated error,
    within a factor of 1.5: the sample of the spread and the clustering of what is one."""
    leg = Leg(horizon_hours=4, level=0.99)
    found, errors = [], []
    for seed in range(24):
        rng = np.random.default_rng(seed)
        moves = 0.01 * rng.standard_t(4, (24 * 120, 4))
        one = replace(
            history(),
            markets=tuple("ABCD"),
            time_ns=FIRST_NS + HOUR_NS * np.arange(24 * 120, dtype=np.int64),
            close=np.exp(np.cumsum(moves, axis=0)),
            active=np.ones((24 * 120, 4), dtype=bool),
            mask_from_ns=np.full((24 * 120, 4), np.iinfo(np.int64).max),
        )
        panel = returns_panel(one)
        model = replace(
            model_of_leg(default_at(int(panel.time_ns[-1])), leg, HOUR_NS), reach=(-1e-9, 1e-9)
        )
        last = np.array([panel.time_ns.size - 1])
        rows = blend_rows(BlendTask(name="", panel=panel, horizon_hours=4, model=model, rows=last))
        # Over the long volatility, which has an error of its own that is not stated here.
        scale = rows.volatility_daily[0, :, None] / np.sqrt(6.0)
        found.append(np.log(rows.move[0] / scale))
        errors.append(rows.log_error[0])
    spread, stated = np.std(found, axis=0, ddof=1).mean(), float(np.mean(errors))
    assert stated / 1.5 < spread < 1.5 * stated


def risk_paths(margin: NDArray[np.float64]) -> RiskPaths:
    shape = margin.shape[:2]
    return RiskPaths(
        time_ns=DAY_NS * np.arange(shape[0], dtype=np.int64),
        markets=("A", "B"),
        maintenance=margin,
        reaction=margin,
        maintenance_error=0.1 * margin,
        reaction_error=0.1 * margin,
        volatility_daily=np.ones(shape),
        floored=np.zeros(shape, dtype=bool),
        mature=np.ones(shape, dtype=bool),
    )


def problem_with(correction: CorrectionName) -> CalibrationProblem:
    return CalibrationProblem(
        venue="v", label="", markets=(), classes={}, model=ModelSettings(correction=correction)
    )


def test_a_correction_is_applied_where_it_is_named() -> None:
    margin = np.full((5, 2, 2), 0.1)
    margin[0] = np.nan
    paths, losses = risk_paths(margin), DailyLosses(loss=np.zeros((5, 1, 2, 2)), lag_days=2)
    asked = problem_with(CorrectionName.CONFORMAL)
    raised = corrected(paths, losses, asked, {CorrectionName.CONFORMAL: lambda m, *_: 1.5 * m})
    np.testing.assert_allclose(raised.maintenance[1:], 0.15)
    np.testing.assert_allclose(raised.maintenance_error[1:], 0.015)
    np.testing.assert_array_equal(raised.reaction, paths.reaction)
    assert corrected(paths, losses, problem_with(CorrectionName.NONE), {}) is paths
    with pytest.raises(ParameterError, match=r"model\.correction"):
        corrected(paths, losses, asked, {})
    for wrong in (np.nan_to_num, lambda m: -m, lambda m: m[1:]):
        with pytest.raises(DataFormatError, match="correction"):
            corrected(paths, losses, asked, {CorrectionName.CONFORMAL: lambda m, *_, f=wrong: f(m)})


def test_lent_markets_are_the_rest_on_the_same_bars() -> None:
    split = split_history(history(), {}, {"B", "D"})
    assert split.own.markets == ("B", "D")
    assert split.lent is not None
    np.testing.assert_array_equal(split.own.close, history().close[:, [1, 3]])
    assert PanelHistories(own=split.own, lent=split.lent).columns == [1, 3]
    assert split_history(history(), {}, set("ABCDEF")).lent is None
    with pytest.raises(UsageError, match="calibrated"):
        PanelHistories(own=history(), lent=split.own)


@lru_cache(maxsize=2)
def warm(days: int) -> WarmPanel:
    from importlib.resources import as_file, files

    with as_file(files("plimsoll.config").joinpath("template.yaml")) as path:
        venue = to_problem(load_venue(path).config)
    risk_class = replace(venue.classes["large"], maintenance_horizon_hours=4)
    spec = venue.markets[0]
    problem = replace(
        venue,
        model=ModelSettings(),
        markets=tuple(replace(spec, symbol=m, instrument=m, risk_class="large") for m in "ABCDEF"),
        classes={"large": risk_class},
    )
    seen = history().before(FIRST_NS + days * DAY_NS)
    return warm_panel(problem, PanelHistories(own=seen), {}, SerialExecutor())


def test_a_warm_market_after_a_day_is_the_cold_one() -> None:
    """No weights are learnt between days 238 and 239, so the two agree but for rounding: losses
    are put into log moves and back."""
    state = warm(238)
    price = returns_panel(history()).price
    for bar in range(24 * 238, 24 * 239):
        state = state.update(price[:, bar])
    assert state.time_ns == FIRST_NS + 239 * DAY_NS
    for market in "AC":
        one, cold = state.recalibrated(market), warm(239).recalibrated(market)
        assert one.price_risk == pytest.approx(cold.price_risk, rel=1e-12)
        assert one.reaction_risk == pytest.approx(cold.reaction_risk, rel=1e-12)
        assert one.tiers == cold.tiers
        assert one.price_risk != warm(238).recalibrated(market).price_risk
    assert not state.is_stale


def test_a_young_market_keeps_its_number_until_the_next_calibration() -> None:
    state = warm(238)
    before = state.recalibrated("F")
    after = state.update(returns_panel(history()).price[:, 24 * 238]).recalibrated("F")
    assert before.price_risk == after.price_risk or not np.isfinite(before.price_risk)
    with pytest.raises(UsageError, match="market"):
        state.recalibrated("G")


def test_what_needs_the_past_cannot_be_kept_warm() -> None:
    state = warm(238)
    for changed in (
        replace(state.problem, model=ModelSettings(correction=CorrectionName.CONFORMAL)),
        replace(state.problem, anti_procyclicality=AntiProcyclicality(buffer=0.25)),
        replace(state.problem, appetite=StatedAppetite(appetite=APPETITE, targets=TARGETS)),
    ):
        with pytest.raises(ParameterError, match="kept warm"):
            warm_panel(changed, PanelHistories(own=history()), {}, SerialExecutor())
