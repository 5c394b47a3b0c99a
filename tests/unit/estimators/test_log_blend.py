"""The default model: path, stream and definition agree; what it counts is what was counted."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.stats import t as student

from plimsoll.domain.market import HOUR_NS
from plimsoll.errors import DataFormatError, ParameterError
from plimsoll.estimators.horizon.price_record import Boundaries, PriceRecord
from plimsoll.estimators.reference.fitted_log_blend import losses_of_tails
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.estimators.reference.scale_weights import ScaleWeights
from plimsoll.estimators.reference.steps import grid_steps
from plimsoll.maths.blended_volatility import (
    EwmaRules,
    fresh_state,
    log_volatilities,
    log_volatility_path,
    take_bar,
)
from plimsoll.maths.scale_likelihood import feature_covariance, penalised_likelihood
from plimsoll.maths.tail_counts import (
    BIN_LOG,
    BINS,
    SHARES,
    WIDTH,
    TailRules,
    count_move,
    mixed_quantile,
    no_counts,
    write_mixed_tail,
)

NEVER = np.iinfo(np.int64).max
EPOCH_NS = 18_628 * 24 * HOUR_NS
"""2021-01-01: numbers too large for float64, as real ones are."""
SMALL = {"least_moves": 500, "refit_days": 40}


def panel_of(price: np.ndarray, every_hours: int = 8) -> ReturnsPanel:
    """Panel of (T, N) hourly log prices from a midnight, boundaries every so many hours."""
    available = EPOCH_NS + (1 + np.arange(price.shape[0])) * HOUR_NS
    count = (price.shape[0] - 24) // every_hours + 1
    times = EPOCH_NS + HOUR_NS * (24 + every_hours * np.arange(count))
    names = tuple(f"M{i}" for i in range(price.shape[1]))
    return ReturnsPanel(
        markets=names,
        price=np.ascontiguousarray(price.T),
        interval_ns=HOUR_NS,
        boundaries=Boundaries(
            time_ns=times, bars=np.searchsorted(available, times, side="right"), bars_per_day=24
        ),
        listed=np.ones((times.size, len(names)), dtype=bool),
        records=tuple(
            PriceRecord(
                market=name,
                log_price=np.ascontiguousarray(price[:, i]),
                mask_from_ns=np.full(price.shape[0], NEVER),
                available_ns=available,
                interval_ns=HOUR_NS,
            )
            for i, name in enumerate(names)
        ),
    )


def prices(days: int, markets: int, seed: int, holes: float = 0.0) -> np.ndarray:
    """(T, N) log prices with Student-t moves and a slow volatility; some prints missing."""
    rng = np.random.default_rng(seed)
    hours = days * 24
    level = np.exp(0.5 * np.sin(np.arange(hours) / 300.0))[:, None]
    moves = 0.006 * level * rng.standard_t(4.0, (hours, markets)) * (1.0 + 0.3 * np.arange(markets))
    path = np.cumsum(moves, axis=0)
    return np.where(rng.random(path.shape) < holes, np.nan, path)


@pytest.mark.parametrize("horizon", [8, 24])
def test_stream_is_batch_to_the_last_bit(horizon: int) -> None:
    """From a fit at day 250 on, bar by bar to day 258 with holes: the fit of day 258."""
    path = prices(258, 7, 1, holes=0.05)
    path[6050:6090, 2] = np.nan  # a hole longer than the wait
    path[6020:6150, 3] = path[6020, 3]  # a stuck price
    model = LogBlend(weights=ScaleWeights(refit_days=200))
    early = model.fit(panel_of(path[: 250 * 24]), horizon)
    for row in path[250 * 24 :]:
        early = early.update(row)
    late = model.fit(panel_of(path), horizon)
    assert early.time_ns == late.time_ns
    for mine, theirs in zip(
        (*early.volatility, *early.counts), (*late.volatility, *late.counts), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    for mine, theirs in zip(early.risk(), late.risk(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert np.isfinite(mine).all()


def test_last_of_the_path_is_the_fit() -> None:
    panel = panel_of(prices(120, 6, 2))
    model = LogBlend(weights=ScaleWeights(**SMALL))
    path = model.paths(panel, 8)
    value_at_risk, shortfall = model.fit(panel, 8).risk()
    np.testing.assert_array_equal(path.value_at_risk[-1], value_at_risk)
    np.testing.assert_array_equal(path.expected_shortfall[-1], shortfall)


def test_the_future_changes_nothing() -> None:
    """Prices after day 90 replaced: forecasts up to it keep their bits, later ones do not."""
    path = prices(130, 6, 3, holes=0.02)
    cut = 90 * 24
    other = path.copy()
    other[cut:] = np.random.default_rng(0).permutation(path[cut:]) + 0.3
    model = LogBlend(weights=ScaleWeights(**SMALL))
    mine, theirs = (model.paths(panel_of(p), 24) for p in (path, other))
    before = mine.time_ns <= EPOCH_NS + cut * HOUR_NS
    assert np.isfinite(mine.value_at_risk[before]).any()
    np.testing.assert_array_equal(mine.value_at_risk[before], theirs.value_at_risk[before])
    np.testing.assert_array_equal(
        mine.expected_shortfall[before], theirs.expected_shortfall[before]
    )
    assert (mine.value_at_risk[~before] != theirs.value_at_risk[~before]).any()


def test_boundaries_asked_at_do_not_change_the_forecasts() -> None:
    path = prices(100, 5, 4)
    model = LogBlend()
    each_step, daily = (model.paths(panel_of(path, hours), 8) for hours in (8, 24))
    np.testing.assert_array_equal(each_step.value_at_risk[::3], daily.value_at_risk)


def test_order_of_markets_does_not_matter() -> None:
    """The pooled weights are a sum over markets: 1e-9 for its order; a relabelling else."""
    path, order = prices(110, 6, 5), [3, 0, 5, 1, 4, 2]
    model = LogBlend(weights=ScaleWeights(refit_days=1000))
    mine = model.paths(panel_of(path), 8).value_at_risk[:, order]
    theirs = model.paths(panel_of(path[:, order]), 8).value_at_risk
    np.testing.assert_allclose(mine, theirs, rtol=1e-9)


def test_covers_what_it_says_under_a_known_law() -> None:
    """Twenty markets of slow volatility: 1 % of moves break, within four binomial errors."""
    path = prices(500, 20, 6)
    panel = panel_of(path)
    forecast = LogBlend(tail_share=1.0).paths(panel, 8)
    start = panel.boundaries.bars - 1
    scored = np.arange(panel.time_ns.size)[(start > 200 * 24) & (start + 8 < path.shape[0])]
    move = path[start[scored] + 8] - path[start[scored]]
    breaches = np.stack([-np.expm1(move), np.expm1(move)], axis=-1)
    breaches = breaches > forecast.value_at_risk[scored]
    error = math.sqrt(0.01 * 0.99 / breaches.size)
    assert abs(breaches.mean() - 0.01) < 4.0 * error


def test_likelihood_is_that_of_scipy_and_its_gradient_that_of_differences() -> None:
    rng = np.random.default_rng(7)
    features, moves = rng.normal(size=(400, 3)), rng.standard_t(4, 400)
    parameters = np.array([0.2, -0.1, 0.3, 0.1, 0.7])
    scale = np.exp(features @ parameters[:3] + parameters[3])
    density = student.logpdf(moves / scale, 2.0 + math.exp(0.7)) - np.log(scale)
    spread = (features @ parameters[:3]).var()
    covariance = feature_covariance(features)
    value, gradient = penalised_likelihood(parameters, features, moves, 0.4, covariance)
    assert value == pytest.approx(-density.mean() + 0.4 * spread, rel=1e-12)
    numeric = approx_fprime(
        parameters, lambda p: penalised_likelihood(p, features, moves, 0.4, covariance)[0], 1e-7
    )
    np.testing.assert_allclose(gradient, numeric, atol=2e-6)  # forward differences


def test_counted_tail_is_the_sample_tail() -> None:
    """Quantile and mean beyond of counted moves: a bin (1 %) from those of the sample."""
    moves = np.random.default_rng(8).standard_t(4, 200_000)
    counts = no_counts(1)
    for move in moves:
        count_move(counts, 0, float(move), np.zeros(2))
    losses = np.sort(-moves)[::-1]
    wanted = 2000
    empty = np.zeros(BINS)
    tail = np.empty(WIDTH)
    write_mixed_tail(counts.own[0, 0], empty, 0.0, float(wanted), tail)
    value, mean = tail[:2]
    assert value == mixed_quantile(counts.own[0, 0], empty, 0.0, float(wanted))
    ends = np.concatenate([[0], np.cumsum(SHARES) * wanted]).astype(int)
    for k, (start, end) in enumerate(pairwise(ends)):
        assert tail[2 + k] == pytest.approx(losses[start:end].mean(), rel=2 * BIN_LOG)
    assert value == pytest.approx(losses[wanted - 1], rel=BIN_LOG)
    assert mean == pytest.approx(losses[:wanted].mean(), rel=BIN_LOG)
    assert counts.own_total[0] == moves.size


@given(st.dictionaries(st.integers(0, BINS - 1), st.floats(0.0, 50.0)), st.floats(0.1, 200.0))
@settings(max_examples=50)
def test_mean_beyond_is_never_less_than_the_quantile(own: dict[int, float], wanted: float) -> None:
    counts = np.zeros(BINS)
    counts[list(own)] = list(own.values())
    tail = np.empty(WIDTH)
    write_mixed_tail(counts, np.zeros(BINS), 0.0, wanted, tail)
    assert tail[1] >= tail[0] * (1.0 - 1e-12)
    assert tail[0] > 0.0
    assert np.all(np.diff(tail[2:]) <= 1e-9 * tail[2])
    assert tail[1] == pytest.approx(SHARES @ tail[2:], rel=1e-12)


def test_volatility_is_the_weighted_mean_of_squares() -> None:
    """Without clipping: the closed form of a normalised EWMA."""
    moves = np.random.default_rng(9).normal(0.0, 0.01, 700)
    price = np.concatenate([[0.0], np.cumsum(moves)])
    decays = np.array([0.9, 0.99])
    rules = EwmaRules(clip=1e9, clip_after=0.0, longest_fade=24.0, longest_hole=48.0, warm_up=100.0)
    state = fresh_state(1, 2)
    path = log_volatility_path(state, price[None], np.array([50, price.size]), decays, rules)
    age = np.arange(moves.size)[::-1]
    weight = decays[:, None] ** age
    expected = np.sqrt((weight * moves**2).sum(axis=1) / weight.sum(axis=1))
    np.testing.assert_allclose(np.exp(path[0, 1]), expected, rtol=1e-6)  # FLOOR in the logarithm
    assert np.isnan(path[0, 0]).all()
    again = fresh_state(1, 2)
    for bar in price:
        take_bar(again, np.array([bar]), decays, rules)
    np.testing.assert_array_equal(log_volatilities(again, rules)[0], path[0, 1])


def test_steps_are_all_there() -> None:
    """2,000 of them, which a range counted in float64 would not give."""
    panel = panel_of(np.zeros((2000 * 8, 1)))
    steps = grid_steps(panel, 8)
    assert steps.time_ns[-1] == panel.time_ns[-1]
    assert set(np.diff(steps.time_ns)) == {8 * HOUR_NS}


def test_a_stuck_start_is_forgotten() -> None:
    """201 hours at one price: after 250 days the margin is that of the market without them."""
    path = prices(250, 6, 12)
    stuck = path.copy()
    stuck[:201, 0] = path[201, 0]
    mine, theirs = (LogBlend().fit(panel_of(p), 8).risk()[0][0] for p in (stuck, path))
    np.testing.assert_allclose(mine, theirs, rtol=0.15)


@pytest.mark.parametrize("days", [1, 5, 30, 100])
def test_a_frozen_feed_costs_no_margin_for_long(days: int) -> None:
    """While it is frozen and a week after: at least half of the margin that it would have had."""
    path = prices(400, 8, 13)
    frozen, end = path.copy(), 380 * 24
    frozen[end - days * 24 : end, 0] = path[end - days * 24, 0]
    truth = LogBlend().paths(panel_of(path), 8).value_at_risk[:, 0]
    found = LogBlend().paths(panel_of(frozen), 8).value_at_risk[:, 0]
    since = (end // 24 - days) * 3
    ratio = found[since:] / truth[since:]
    assert np.nanmin(ratio) > 0.3
    assert np.nanmin(ratio[days * 3 + 21 :]) > 0.5


def test_stuck_markets_do_not_spoil_the_others() -> None:
    """Three of four markets never move: the fourth's margin stays within a tenth."""
    path = prices(300, 6, 14)
    crowd = np.concatenate([path, np.zeros((path.shape[0], 18))], axis=1)
    alone = LogBlend(weights=ScaleWeights(**SMALL)).paths(panel_of(path), 8).value_at_risk
    among = LogBlend(weights=ScaleWeights(**SMALL)).paths(panel_of(crowd), 8).value_at_risk
    np.testing.assert_allclose(among[-1, :6], alone[-1], rtol=0.1)
    assert np.isnan(among[:, 6:]).all()
    known = np.isfinite(alone)
    assert np.isfinite(among[:, :6][known]).all()


def test_a_dead_market_has_no_number() -> None:
    path = prices(200, 4, 15)
    path[-49 * 24 :, 0] = np.nan
    value_at_risk, _ = LogBlend().fit(panel_of(path), 8).risk()
    assert np.isnan(value_at_risk[0]).all()
    assert np.isfinite(value_at_risk[1:]).all()


@pytest.mark.parametrize("hourly", [0.002, 0.006, 0.02])
def test_shortfall_is_the_mean_loss(hourly: float) -> None:
    """Against the mean over the counted moves themselves, at rising volatility.

    2 %: a bin is 1 % wide, and within a stratum the bend is left out (1.3 % at 2 % an hour).
    """
    counts = no_counts(1)
    moves = np.random.default_rng(16).standard_t(4, 100_000)
    for move in moves:
        count_move(counts, 0, float(move), np.zeros(2))
    wanted = 0.01 * moves.size
    scale = hourly * math.sqrt(24.0)
    for side, losses in enumerate((-np.expm1(scale * moves), np.expm1(scale * moves))):
        tail = np.empty(WIDTH)
        write_mixed_tail(counts.own[0, side], np.zeros(BINS), 0.0, wanted, tail)
        tails = np.broadcast_to(tail, (1, 1, 2, WIDTH))
        found = losses_of_tails(np.array([[math.log(scale)]]), tails)[1][0, 0, side]
        worst = np.sort(losses)[::-1][: int(wanted)]
        assert found == pytest.approx(worst.mean(), rel=0.02)


@pytest.mark.parametrize("odd", ["constant", "spike", "thirty", "none", "identical", "holes"])
def test_odd_markets_have_numbers_or_none_and_spare_the_others(odd: str) -> None:
    path = prices(120, 6, 10)
    if odd == "constant":
        path[:, 0] = 1.0
    elif odd == "spike":
        path[:, 0] = 0.0
        path[2000, 0] = 3.0
    elif odd == "thirty":
        path[:-30, 0] = np.nan
    elif odd == "none":
        path[:, 0] = np.nan
    elif odd == "identical":
        path[:, 0] = path[:, 1]
    else:
        path[500:2500:2, :5] = np.nan
    value_at_risk, shortfall = LogBlend().fit(panel_of(path), 8).risk()
    assert not np.isinf(value_at_risk).any()
    assert not np.isinf(shortfall).any()
    assert np.isfinite(value_at_risk[1:]).all()
    assert (value_at_risk[1:] > 0.0).all()
    assert np.isnan(value_at_risk[0]).all() == (odd in {"constant", "thirty", "none"})


def test_rules_keeps_a_market_without_a_law_of_its_own_at_the_pool() -> None:
    rules = LogBlend().tail_rules()
    assert isinstance(rules, TailRules)
    assert 0.0 < rules.pool_fade < rules.own_fade < 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"half_lives_hours": ()},
        {"tail_share": 0.0},
        {"level_tail": 0.7},
        {"step_hours": 7},
        {"clip": 0.5},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        LogBlend(**wrong)  # type: ignore[arg-type]


def test_wrong_bars_are_refused() -> None:
    fitted = LogBlend().fit(panel_of(prices(60, 3, 11)), 8)
    with pytest.raises(DataFormatError, match="3 log prices"):
        fitted.update([1.0, 2.0])
    with pytest.raises(DataFormatError):
        fitted.update([1.0, np.inf, 2.0])
