"""Joint scenarios of a night: its own numbers, nothing from later, and odd markets."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from plimsoll.domain.market import MarketHistory
from plimsoll.errors import ParameterError, UsageError
from plimsoll.estimators.nightly import NightlyEstimate, NightlySettings, nightly_estimate
from plimsoll.estimators.nightly.joint_marginals import night_curves
from plimsoll.estimators.reference.marginal_curves import TAILS
from plimsoll.journeys.estimate_scenarios import estimate_scenarios
from plimsoll.measures.panel import expected_shortfall_columns, value_at_risk_columns
from plimsoll.scenarios.joint_history import JointReason, JointScenarios, Marginals
from synthetic_panel import closes, history_of

FAST = NightlySettings(copula_replicates=2)
DAYS = 160
TWIN, STILL, HOLED, LATE, NEWBORN = "M1", "M2", "M3", "M4", "M5"


@cache
def market_closes() -> np.ndarray:
    """Eight markets: 1 is 0's twin, 2 stands still, 3 has holes, 4 is 40 days old, 5 ten hours."""
    close = closes(DAYS, 8)
    close[:, 1] = close[:, 0]
    close[:, 2] = 3.0
    close[700:730, 3] = np.nan
    close[np.random.default_rng(5).random(24 * DAYS) < 0.05, 3] = np.nan
    close[-40:, 3] = closes(DAYS, 8, seed=9)[-40:, 3] / closes(DAYS, 8, seed=9)[-41, 3] * 100.0
    close[: -40 * 24, 4] = np.nan
    close[:-10, 5] = np.nan
    return close


def night_of(close: np.ndarray) -> tuple[MarketHistory, NightlyEstimate]:
    history = history_of(close)
    return history, nightly_estimate(history, FAST)


@cache
def night() -> tuple[MarketHistory, NightlyEstimate]:
    return night_of(market_closes())


def subjects(found: JointScenarios) -> list[str]:
    return [factor.subject for factor in found.scenarios.factors]


@pytest.mark.parametrize("hours", [8, 24])
def test_by_default_each_market_has_the_numbers_of_the_night(hours: int) -> None:
    """VaR of a thousand is the mean of the cell from 1.0 to 1.1 % of tail probability, or of the
    cells that it shares with ranks it ties with; ES to 2 %, the width of the forecaster's bins."""
    history, estimate = night()
    found = estimate_scenarios(history, estimate, horizon_hours=hours, seed=1)
    assert found.marginals is Marginals.FORECAST
    assert np.isfinite(found.scenarios.shocks).all()
    risk, curves = estimate.horizon(hours), night_curves(estimate.horizon(hours))
    rows = [estimate.column(s) for s in subjects(found)]
    assert rows == [j for j, r in enumerate(estimate.reasons) if r is None]
    for side, sign in ((0, -1.0), (1, 1.0)):
        losses = sign * found.scenarios.shocks
        value = value_at_risk_columns(losses, 0.99)
        published = risk.value_at_risk[rows, side]
        np.testing.assert_allclose(curves.value_at_risk[rows, side], published, rtol=1e-12)
        for loss, own, curve in zip(losses.T, value, curves.loss[rows, side], strict=True):
            first, last = np.sum(loss > own) / loss.size, np.sum(loss >= own) / loss.size
            assert first <= 0.01 < last <= 0.012  # a tie of two at most
            assert own <= np.interp(first, TAILS, curve) * (1.0 + 1e-9)
            assert own >= np.interp(last, TAILS, curve) * (1.0 - 1e-9)
        shortfall = expected_shortfall_columns(losses, 0.99)
        np.testing.assert_allclose(shortfall, risk.expected_shortfall[rows, side], rtol=0.02)


def test_odd_markets_have_scenarios_or_reasons() -> None:
    history, estimate = night()
    found = estimate_scenarios(history, estimate, seed=1)
    names = subjects(found)
    shocks = found.scenarios.shocks
    np.testing.assert_array_equal(shocks[:, names.index("M0")], shocks[:, names.index(TWIN)])
    assert {HOLED, LATE} <= set(names)
    for name in (STILL, NEWBORN):
        refused = estimate.reasons[estimate.column(name)] is not None
        assert refused or found.reasons[name] is not JointReason.NONE
        assert name not in names


def test_the_future_changes_no_byte() -> None:
    """A night is made from what was known; scenarios are drawn beside a true and a false future."""
    close = market_closes()
    as_of = (DAYS - 20) * 24
    shuffled = close.copy()
    shuffled[as_of:] = np.random.default_rng(1).permutation(close[as_of:], axis=0)
    found = []
    for given in (close, shuffled):
        history = history_of(given)
        estimate = nightly_estimate(history.before(int(history.available_ns[as_of - 1])), FAST)
        found.append(estimate_scenarios(history, estimate, seed=1).scenarios)
    assert found[0].names == found[1].names
    assert found[0].shocks.tobytes() == found[1].shocks.tobytes()
    assert len(found[0]) == 1_000


def test_sizes_follow_the_bar_and_ranks_stay_those_of_the_night() -> None:
    history, estimate = night()
    later = estimate.update(np.log(history.close[-1] * 1.2))
    before = estimate_scenarios(history, estimate, seed=1).scenarios
    after = estimate_scenarios(history, later, seed=1).scenarios
    np.testing.assert_array_equal(np.argsort(after.shocks[:, 0]), np.argsort(before.shocks[:, 0]))
    value = value_at_risk_columns(-after.shocks, 0.99)[0]
    published = later.horizon(8).value_at_risk[0, 0]
    assert published > 1.2 * estimate.horizon(8).value_at_risk[0, 0]
    assert 0.95 * published < value <= published


def test_history_stands_as_the_other_option() -> None:
    history, estimate = night()
    found = estimate_scenarios(history, estimate, seed=1, marginals="history")
    assert found.marginals is Marginals.HISTORY
    assert found.scenarios.names[-1].endswith("mirrored")
    with pytest.raises(ParameterError, match="count"):
        estimate_scenarios(history, estimate, count=11, marginals="history")
    assert len(estimate_scenarios(history, estimate, count=11).scenarios) == 11


def test_wrong_use_is_told() -> None:
    history, estimate = night()
    with pytest.raises(UsageError, match="horizon_hours: must be one of"):
        estimate_scenarios(history, estimate, horizon_hours=12)
    with pytest.raises(UsageError, match="marginals"):
        estimate_scenarios(history, estimate, marginals="guess")
    assert len(
        estimate_scenarios(history, estimate, horizon_hours=12, marginals="history").scenarios
    )


def test_one_market_alone() -> None:
    """The pool is the market itself: 160 days hold the 250 moves, faded, that it needs."""
    history, estimate = night_of(closes(160, 1))
    assert estimate.reasons == (None,)
    found = estimate_scenarios(history, estimate, count=100)
    assert found.scenarios.shocks.shape == (100, 1)


def with_weekends(weeks: int = 60) -> MarketHistory:
    """One market, asleep from Friday evening to Sunday night; the weeks begin on a Monday."""
    hour = np.arange(168)
    sd = 0.01 * np.where((hour >= 118) & (hour < 167), 0.05, 1.0)
    steps = np.tile(sd, weeks) * np.random.default_rng(2).standard_normal(168 * weeks)
    close = np.full((24 * 2 + 168 * weeks, 1), np.nan)
    close[24 * 2 :, 0] = 100.0 * np.exp(np.cumsum(steps))
    return history_of(close)


def test_a_venue_of_closed_hours_only_has_scenarios_of_its_numbers() -> None:
    """The synthetic past begins on a Saturday; ES to 2 %, as above."""
    history = with_weekends()
    estimate = nightly_estimate(history, FAST)
    risk = estimate.horizon(8)
    assert list(estimate.sessions) == ["M0"]
    assert estimate.reasons == (None,)
    assert not risk.own.any()
    found = estimate_scenarios(history, estimate, seed=1)
    for side, sign in ((0, -1.0), (1, 1.0)):
        losses = sign * found.scenarios.shocks
        value = value_at_risk_columns(losses, 0.99)
        published = risk.value_at_risk[0, side]
        assert 0.95 * published < value[0] <= published * (1.0 + 1e-9)
        shortfall = expected_shortfall_columns(losses, 0.99)
        np.testing.assert_allclose(shortfall, risk.expected_shortfall[[0], side], rtol=0.02)
