"""The night against the forecaster it ships, its own stream, workers, and the future."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from plimsoll.adapters.executor import ThreadPool
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import DAY_NS, HOUR_NS, NEVER_MASKED, MarketHistory
from plimsoll.errors import InsufficientDataError, ParameterError, PlimsollError, UsageError
from plimsoll.estimators.nightly import (
    BarRanges,
    NightlyEstimate,
    NightlySettings,
    nightly_estimate,
)
from plimsoll.estimators.reference.default_model import REVISIONS, default_at
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.panel import returns_panel
from synthetic_panel import closes, history_of

DAYS = 130
FAST = NightlySettings(copula_replicates=2)


@cache
def prices() -> np.ndarray:
    """SYNTHETIC closes of eight markets; two with holes, one listed late."""
    found = closes(DAYS, 8)
    found[500:530, 1] = np.nan
    found[np.random.default_rng(5).random(found.shape[0]) < 0.05, 2] = np.nan
    found[: 24 * 60, 3] = np.nan
    return found


@cache
def night() -> NightlyEstimate:
    return nightly_estimate(history_of(prices()), FAST)


def bytes_of(found: NightlyEstimate) -> list[bytes]:
    """Everything numeric that is shown."""
    arrays = [found.volatility_annual, found.volatility_log_error, found.residuals]
    for risk in found.horizons:
        arrays += [risk.value_at_risk, risk.expected_shortfall, risk.value_at_risk_log_error]
        arrays += [risk.expected_shortfall_log_error, risk.value_at_risk_path, risk.scaled]
    arrays += [found.dependence.correlation, *found.dependence.stream.sums]
    sides = [side for tails in found.tails for side in (tails.falls, tails.rises)]
    arrays.append(np.array([(s.tail.xi, s.xi_error) for s in sides if s.tail is not None]))
    return [np.ascontiguousarray(a).tobytes() for a in arrays]


@pytest.mark.parametrize("hours", [8, 24])
def test_risk_is_that_of_the_default_forecaster_to_the_bit(hours: int) -> None:
    panel = returns_panel(history_of(prices()), every_hours=8)
    default = default_at(night().as_of_ns)
    fitted = default.fit(panel, hours)
    mine = night().horizon(hours)
    for ours, theirs in zip(mine.fitted.risk(), fitted.risk(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(mine.value_at_risk, fitted.risk()[0])
    paths = default.paths(panel, hours)
    rows = np.searchsorted(paths.time_ns, mine.path_ns)
    np.testing.assert_array_equal(mine.value_at_risk_path, paths.value_at_risk[rows])


def test_a_day_of_updates_is_the_next_night() -> None:
    close = prices()
    found = nightly_estimate(history_of(close[:-24]), FAST)
    for row in np.log(close[-24:]):
        found = found.update(row)
    assert found.time_ns == night().time_ns
    for mine, theirs in zip(found.horizons, night().horizons, strict=True):
        np.testing.assert_array_equal(mine.value_at_risk, theirs.value_at_risk)
        np.testing.assert_array_equal(mine.expected_shortfall, theirs.expected_shortfall)
    np.testing.assert_array_equal(found.volatility_annual, night().volatility_annual)
    sums = zip(found.dependence.stream.sums, night().dependence.stream.sums, strict=True)
    for part, other in sums:
        np.testing.assert_array_equal(part, other)
    # The clipping constant of the shrinkage is the night's: matrices agree to its change of a day.
    current = found.dependence.current()
    assert current.markets == night().dependence.markets
    np.testing.assert_allclose(current.correlation, night().dependence.correlation, atol=0.01)


def shifted(close: np.ndarray, midnight: str) -> MarketHistory:
    """The same closes, so placed in time that their last midnight is this one."""
    history = history_of(close)
    end = int(np.datetime64(midnight, "ns").astype(np.int64))
    return replace(history, time_ns=history.time_ns + (end - int(history.available_ns[-1])))


def test_a_night_takes_the_constants_in_force_at_its_midnight() -> None:
    """The same prices in 2021, in 2023 and lately: constants of 2022, of 2023 and the last."""
    close = prices()[:, :4]
    for midnight, k in (
        ("2021-03-01", 0),
        ("2023-01-01", 1),
        ("2023-12-31", 1),
        ("2031-01-01", -1),
    ):
        found = nightly_estimate(shifted(close, midnight), FAST)
        assert found.settings.forecaster == REVISIONS[k].model
        assert found.revision is REVISIONS[k]
        panel = returns_panel(shifted(close, midnight), every_hours=8)
        alone = REVISIONS[k].model.fit(panel, 8).risk()[0]
        np.testing.assert_array_equal(found.horizon(8).value_at_risk, alone)
    named = replace(FAST, forecaster=LogBlend())
    found = nightly_estimate(shifted(close, "2023-06-01"), named)
    assert found.settings == named
    assert found.revision is None
    with pytest.raises(ParameterError, match="as_of"):
        _ = FAST.blend


def test_an_update_over_new_year_keeps_the_constants_of_its_night() -> None:
    history = shifted(prices()[:, :4], "2024-01-02")
    eve = nightly_estimate(history.before(int(history.available_ns[-1]) - 2 * DAY_NS), FAST)
    assert eve.revision is REVISIONS[1]
    found = eve
    for row in np.log(prices()[-48:, :4]):
        found = found.update(row)
    assert found.time_ns == history.available_ns[-1]
    assert found.revision is REVISIONS[1]
    kept = nightly_estimate(history, replace(FAST, forecaster=REVISIONS[1].model))
    np.testing.assert_array_equal(found.horizon(8).value_at_risk, kept.horizon(8).value_at_risk)


def test_workers_do_not_matter() -> None:
    for workers in (1, 3):
        other = nightly_estimate(history_of(prices()), FAST, executor=ThreadPool(workers))
        assert bytes_of(other) == bytes_of(night())


def test_nothing_after_the_midnight_is_seen() -> None:
    generator = np.random.default_rng(7)
    tail = prices()[-1] * np.exp(0.1 * generator.standard_normal((17, 8)).cumsum(axis=0))
    for future in (tail, tail[::-1], np.full_like(tail, np.nan)):
        longer = nightly_estimate(history_of(np.concatenate([prices(), future])), FAST)
        assert longer.as_of_ns == night().as_of_ns
        assert bytes_of(longer) == bytes_of(night())


def test_a_bar_condemned_later_is_trusted_before() -> None:
    close = prices().copy()
    close[2000, 0] *= 1.5
    mask = np.full(close.shape, NEVER_MASKED, dtype=np.int64)
    plain = nightly_estimate(history_of(close[: 24 * 100], mask[: 24 * 100].copy()), FAST)
    mask[2000, 0] = history_of(close).time_ns[-1] + 2 * HOUR_NS
    held = nightly_estimate(history_of(close[: 24 * 100], mask[: 24 * 100].copy()), FAST)
    assert bytes_of(plain) == bytes_of(held)


def test_every_market_has_numbers_or_a_reason() -> None:
    check_complete(night())
    assert night().reasons == (None,) * 8
    assert np.isfinite(night().horizon(8).value_at_risk_log_error).all()


def check_complete(found: NightlyEstimate) -> None:
    """No NaN without a Reason, no infinity, no margin that is none."""
    for j, reason in enumerate(found.reasons):
        for risk in found.horizons:
            numbers = [*risk.value_at_risk[j], *risk.expected_shortfall[j]]
            if reason is not None:
                assert np.isnan(numbers).all()
                continue
            assert np.isfinite(numbers).all()
            assert min(numbers) > 0.0
            assert np.all(risk.expected_shortfall[j] >= risk.value_at_risk[j])
            assert risk.value_at_risk[j, 0] < 1.0
        assert (reason is None) == bool(np.isfinite(found.volatility_annual[j]))
        for side in (found.tails[j].falls, found.tails[j].rises):
            assert (side.tail is None) != (side.reason is None)
            if side.tail is not None:
                assert np.isfinite([side.tail.xi, side.tail.beta, side.extremal_index]).all()
        market = found.markets[j]
        assert (market in found.liquidity.estimates) != (market in found.liquidity.reasons)
    matrix = found.dependence.correlation
    assert np.isfinite(matrix).all()
    if matrix.size:
        assert np.linalg.eigvalsh(matrix)[0] > 0.0
        assert np.linalg.eigvalsh(found.dependence.stressed)[0] > 0.0
        assert np.linalg.eigvalsh(found.dependence.broken)[0] > 0.0
    copula = found.dependence.copula
    assert np.isnan(copula.degrees_of_freedom) == (copula.reason is not None)


def spike() -> np.ndarray:
    found = np.full(24 * DAYS, 100.0)
    found[24 * DAYS // 2] = 150.0
    return found


DEGENERATE = {
    "constant": lambda c: c.__setitem__((slice(None), 0), 5.0),
    "one spike": lambda c: c.__setitem__((slice(None), 0), spike()),
    "30 observations": lambda c: c.__setitem__((slice(None, -30), 0), np.nan),
    "one print": lambda c: c.__setitem__((slice(None, -1), 0), np.nan),
    "never printed": lambda c: c.__setitem__((slice(None), 0), np.nan),
    "zeros": lambda c: c.__setitem__((slice(None), 0), 0.0),
    "stopped": lambda c: c.__setitem__((slice(-24 * 10, None), 0), np.nan),
    "two alike": lambda c: c.__setitem__((slice(None), 0), c[:, 1]),
    "perfectly correlated": lambda c: c.__setitem__((slice(None), 0), 1e4 / c[:, 1]),
    "all alike": lambda c: c.__setitem__((slice(None), slice(None)), c[:, :1]),
    "steps of a tick": lambda c: c.__setitem__((slice(None), 0), np.round(c[:, 0] / 20) * 20 + 20),
    "tiny": lambda c: c.__setitem__((slice(None), 0), 1e-9 * c[:, 0]),
}


@pytest.mark.parametrize("case", list(DEGENERATE))
def test_degenerate_markets_have_numbers_or_reasons(case: str) -> None:
    close = closes(DAYS, 6)
    DEGENERATE[case](close)
    found = nightly_estimate(history_of(close), FAST)
    check_complete(found)
    check_complete(found.update(np.log(np.where(close[-1] > 0.0, close[-1], np.nan))))
    expected = {
        "constant": Reason.CONSTANT_PRICE,
        "30 observations": Reason.TOO_SHORT_HISTORY,
        "one print": Reason.TOO_SHORT_HISTORY,
        "never printed": Reason.NO_DATA,
        "zeros": Reason.NO_DATA,
        "stopped": Reason.NO_DATA,
    }
    assert found.reasons[0] == expected.get(case)
    assert found.reasons[2:] == (None,) * 4


@pytest.mark.parametrize("bars", [25, 30, 24 * 10, 24 * 40])
def test_short_panels_say_so(bars: int) -> None:
    found = nightly_estimate(history_of(closes(DAYS, 2)[:bars]), FAST)
    check_complete(found)
    if bars < 24 * 20:
        assert set(found.reasons) == {Reason.TOO_SHORT_HISTORY}


def test_three_hundred_markets_of_which_sixty_have_holes() -> None:
    close, generator = closes(60, 300), np.random.default_rng(11)
    for j in range(60):
        if j % 3 == 0:
            close[generator.random(close.shape[0]) < 0.1, j] = np.nan
        elif j % 3 == 1:
            close[: 24 * int(generator.integers(1, 59)), j] = np.nan
        else:
            start = int(generator.integers(0, close.shape[0] - 200))
            close[start : start + 200, j] = np.nan
    found = nightly_estimate(history_of(close), FAST)
    check_complete(found)
    assert found.reasons[60:] == (None,) * 240
    assert set(found.reasons[:60]) <= {None, Reason.TOO_SHORT_HISTORY, Reason.NO_DATA}


def test_a_price_that_hardly_moves_says_so() -> None:
    close = closes(DAYS, 4)
    close[:, 0] = 1.0 + 1e-8 * np.random.default_rng(3).standard_normal(close.shape[0])
    found = nightly_estimate(history_of(close), FAST)
    check_complete(found)
    assert found.reasons[0] in (None, Reason.CONSTANT_PRICE)
    assert found.reasons[1:] == (None,) * 3


def test_one_market_alone() -> None:
    found = nightly_estimate(history_of(closes(200, 1)), FAST)
    check_complete(found)
    assert found.reasons == (None,)
    assert found.dependence.correlation.tolist() == [[1.0]]
    assert found.dependence.copula.reason is Reason.TOO_SHORT_HISTORY


def test_a_delisted_market_has_its_reason() -> None:
    history = history_of(prices())
    active = history.active.copy()
    active[-24 * 3 :, 4] = False
    gone = nightly_estimate(replace(history, active=active), FAST)
    assert gone.reasons[4] is Reason.DELISTED
    check_complete(gone)


def with_volume(close: np.ndarray, priced: int) -> tuple[MarketHistory, BarRanges]:
    volume = np.full(close.shape, np.nan)
    volume[:, :priced] = 1000.0
    previous = np.vstack([close[:1], close[:-1]])
    ranges = BarRanges(high=1.001 * np.fmax(close, previous), low=np.fmin(close, previous) / 1.001)
    return replace(history_of(close), volume=volume), ranges


def test_liquidity_is_of_bars_or_of_the_class_or_a_reason() -> None:
    history, ranges = with_volume(closes(DAYS, 6), 5)
    found = nightly_estimate(history, FAST, ranges=ranges)
    sources = [str(found.liquidity.estimates[m].source) for m in found.markets]
    assert sources == ["bars"] * 5 + ["class"]
    few, ranges = with_volume(closes(DAYS, 6), 1)
    found = nightly_estimate(few, FAST, ranges=ranges)
    assert set(found.liquidity.reasons.values()) == {Reason.NO_DATA}
    assert len(found.liquidity.estimates) == 1
    low = ranges.low.copy()
    low[-5:] = 2.0 * ranges.high[-5:]  # lows above highs tell no range, and sink nothing
    check_complete(nightly_estimate(few, FAST, ranges=BarRanges(high=ranges.high, low=low)))


def test_refusals() -> None:
    history = history_of(closes(30, 2))
    with pytest.raises(InsufficientDataError, match="midnight"):
        nightly_estimate(history_of(closes(1, 2)[:20]), FAST)
    with pytest.raises(ParameterError, match="horizons_hours"):
        NightlySettings(horizons_hours=())
    with pytest.raises(UsageError, match="must be one of"):
        night().horizon(5)
    with pytest.raises(UsageError, match="must be one of the markets"):
        night().column("NOBODY")
    wrong = np.ones((3, 3))
    with pytest.raises(PlimsollError, match="must have the shape of the history"):
        nightly_estimate(history, FAST, ranges=BarRanges(high=wrong, low=wrong))
    with pytest.raises(PlimsollError, match="log prices"):
        night().update([1.0])
