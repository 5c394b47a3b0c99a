"""The model of young markets: no look-ahead, degenerate markets, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from listing_histories import history_of, listing_history
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import DAY_NS, HOUR_NS, MarketHistory
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.pooling.covariates import MarketCovariates
from plimsoll.estimators.pooling.listing_level import ListingLevels
from plimsoll.estimators.pooling.listing_panel import AgeLimits
from plimsoll.estimators.pooling.volatility_link import VolatilityLink
from plimsoll.estimators.pooling.young_assessment import (
    assess_young_market,
    assess_young_markets,
    young_markets_table,
)
from plimsoll.estimators.pooling.young_market import YoungMarketModel, YoungMarketPath

MODEL = YoungMarketModel(settled_rows=300)


def run(history: MarketHistory, model: YoungMarketModel = MODEL) -> YoungMarketPath:
    return model.path(history, horizon_hours=8, confidence=0.99)


@pytest.fixture(scope="module")
def history() -> MarketHistory:
    return listing_history()


@pytest.fixture(scope="module")
def path(history: MarketHistory) -> YoungMarketPath:
    return run(history)


def same(a: YoungMarketPath, b: YoungMarketPath, days: int) -> None:
    for name in ("log_move", "log_error", "shortfall_log_move", "volatility", "own_weight"):
        np.testing.assert_array_equal(getattr(a, name)[:days], getattr(b, name)[:days])


@pytest.mark.parametrize("day", [150, 200])
def test_a_shuffled_future_changes_nothing(
    history: MarketHistory, path: YoungMarketPath, day: int
) -> None:
    known = int(np.searchsorted(history.available_ns, path.time_ns[day], side="right"))
    close = history.close.copy()
    rng = np.random.default_rng(1)
    close[known:] = rng.permutation(close[known:], axis=0) * np.exp(rng.normal(0, 1))
    same(path, run(history_of(close, history.markets, history.active)), day + 1)


@pytest.mark.parametrize("day", [120, 201])
def test_a_cut_history_says_the_same(
    history: MarketHistory, path: YoungMarketPath, day: int
) -> None:
    cut = run(history.before(int(path.time_ns[day])))
    assert len(cut.time_ns) == day + 1
    same(path, cut, day + 1)


def test_a_bar_condemned_later_is_not_taken_back(history: MarketHistory) -> None:
    mask = history.mask_from_ns.copy()
    mask[3000, 12] = history.available_ns[3000] + 10 * DAY_NS
    same(run(history), run(replace(history, mask_from_ns=mask)), 10_000)
    mask = mask.copy()
    mask[3000, 12] = history.available_ns[3000]
    masked = run(replace(history, mask_from_ns=mask))
    close = history.close.copy()
    close[3000, 12] = np.nan
    same(masked, run(history_of(close, history.markets, history.active)), 10_000)


def test_young_listings_and_only_they_have_numbers(path: YoungMarketPath) -> None:
    given = np.isfinite(path.log_move).all(axis=2)
    late = path.time_ns >= path.time_ns[0] + 130 * DAY_NS
    assert (given[late] == path.wanted[late]).all()
    assert not given[:, :10].any()
    assert (path.age_days[given] < 90.0).all()
    assert (path.log_error[given] > 0.0).all()
    assert (path.shortfall_log_move[given] > path.log_move[given]).all()


def test_own_history_gains_weight_and_error_falls(path: YoungMarketPath) -> None:
    column = path.markets.index("NEW7")
    young = np.flatnonzero(path.wanted[:, column])
    weight, error = path.own_weight[young, column], path.log_error[young, column].max(axis=1)
    assert weight[0] == 0.0
    assert weight[60] > 0.9
    assert error[0] > error[3] > error[60]


def test_the_margin_follows_the_market(history: MarketHistory) -> None:
    """A listing three times as wild gets about three times the log move after twenty days."""
    close = history.close.copy()
    column = history.markets.index("NEW8")
    logs = np.log(close[:, column])
    close[:, column] = np.exp(3.0 * (logs - np.nanmin(logs)))
    calm, wild = run(history), run(history_of(close, history.markets, history.active))
    days = np.flatnonzero(calm.wanted[:, column] & (calm.age_days[:, column] > 20.0))
    ratio = wild.log_move[days, column] / calm.log_move[days, column]
    assert 2.5 < np.median(ratio) < 3.1


def test_coverage_of_simulated_listings_is_nominal() -> None:
    """Ten listings of a stationary venue, 8 h moves: within four standard errors of 1 %."""
    history = listing_history(days=400, established=10, listings=18, seed=4)
    path = run(history)
    price = np.log(history.close)
    breaches, count = 0, 0
    for day in range(130, len(path.time_ns) - 1):
        start = int(np.searchsorted(history.available_ns, path.time_ns[day], side="right")) - 1
        for k in (0, 8, 16):
            move = price[start + k + 8] - price[start + k]
            used = path.wanted[day] & np.isfinite(move)
            breaches += int(np.sum(move[used] < -path.log_move[day, used, 0]))
            breaches += int(np.sum(move[used] > path.log_move[day, used, 1]))
            count += 2 * int(np.sum(used))
    share = breaches / count
    assert count > 5000
    assert share == pytest.approx(0.01, abs=4 * np.sqrt(0.0099 / count))


def _spoilt(history: MarketHistory, kind: str) -> MarketHistory:
    close, active = history.close.copy(), history.active.copy()
    column = history.markets.index("NEW6")
    first = int(np.argmax(active[:, column]))
    if kind == "constant":
        close[first:, column] = 1.0
    elif kind == "spike":
        close[first:, column] = 1.0
        close[first + 300, column] = 50.0
    elif kind == "thirty bars":
        close[first + 30 :, column] = np.nan
    elif kind == "holes":
        close[first:, column][np.random.default_rng(0).random(close.shape[0] - first) < 0.4] = (
            np.nan
        )
    elif kind == "zero price":
        close[first:, column] = 0.0
    elif kind == "twin":
        close[:, column] = close[:, column + 1] = np.where(active[:, column], close[:, 0], np.nan)
        active[:, column + 1] = active[:, column]
    elif kind == "all constant":
        close[active] = 1.0
    return history_of(close, history.markets, active)


@pytest.mark.parametrize(
    "kind", ["constant", "spike", "thirty bars", "holes", "zero price", "twin", "all constant"]
)
def test_degenerate_markets_have_an_answer_or_a_reason(history: MarketHistory, kind: str) -> None:
    path = run(_spoilt(history, kind))
    assert not np.isinf(path.log_move).any()
    for day in (100, 160, 200):
        for column in range(len(path.markets)):
            finite = np.isfinite(path.log_move[day, column]).all()
            assert finite or path.reason(day, column) is not None
            if finite:
                assert path.reason(day, column) is None
                assert (path.log_move[day, column] > 0.0).all()


def test_a_listing_that_never_moved_is_margined_like_its_peers(history: MarketHistory) -> None:
    path = run(_spoilt(history, "constant"))
    column = path.markets.index("NEW6")
    days = np.flatnonzero(path.wanted[:, column])[5:]
    others = np.nanmedian(path.log_move[days, 10:, 0])
    assert np.isfinite(path.log_move[days, column]).all()
    assert path.own_weight[days, column].max() == 0.0
    assert path.log_move[days, column, 0].min() > 0.5 * others


def test_a_venue_without_a_past_has_reasons() -> None:
    path = run(listing_history(days=40, established=3, listings=0))
    assert not path.wanted.any()
    assert path.reason(30, 0) is Reason.NOT_SCORED
    young = listing_history(days=75, established=3, listings=1)
    assert run(young).reason(70, 3) is Reason.TOO_SHORT_HISTORY
    assert run(young).reason(30, 3) is Reason.NOT_LISTED
    alone = listing_history(days=75, established=0, listings=1)
    assert run(alone).reason(70, 0) in (Reason.TOO_SHORT_HISTORY, Reason.NOT_SCORED)


def test_the_assessment_is_the_last_row_of_the_path(
    history: MarketHistory, path: YoungMarketPath
) -> None:
    at = 200
    risk = assess_young_market(
        history.before(int(path.time_ns[at])),
        "NEW9",
        horizon_hours=8,
        confidence=0.99,
        model=MODEL,
    )
    column = path.markets.index("NEW9")
    assert risk.long_margin == pytest.approx(path.margin[at, column, 0], rel=1e-12)
    assert risk.short_margin == pytest.approx(path.margin[at, column, 1], rel=1e-12)
    assert risk.long_error == pytest.approx(path.margin_error[at, column, 0], rel=1e-12)
    assert risk.short_error == pytest.approx(path.margin_error[at, column, 1], rel=1e-12)
    assert risk.long_shortfall is not None
    assert risk.long_margin is not None
    assert risk.long_shortfall > risk.long_margin
    assert risk.reason is None
    # Five days and some hours old: its history has doubled in six days.
    assert 5.0 < risk.age_days < 6.0
    assert risk.review_at_ns == risk.as_of_ns + 6 * DAY_NS


def test_the_review_of_an_older_one_is_the_end_of_its_youth(history: MarketHistory) -> None:
    risks = assess_young_markets(history, horizon_hours=24, confidence=0.99, model=MODEL)
    oldest = max(risks, key=lambda r: r.age_days)
    assert oldest.age_days > 60.0
    assert oldest.review_at_ns - oldest.as_of_ns <= 30 * DAY_NS
    table = young_markets_table(risks)
    assert len(table) == len(risks) == 2
    assert oldest.market in table.markdown()


def test_longer_horizons_and_higher_levels_cost_more(history: MarketHistory) -> None:
    eight, day = MODEL.paths(history, horizons_hours=(8, 24), confidence=0.99)
    higher = MODEL.path(history, horizon_hours=8, confidence=0.995)
    given = np.isfinite(higher.log_move)
    given[:160] = False  # earlier the pools are too small to tell the two levels apart
    assert (day.log_move[given] > eight.log_move[given]).all()
    assert (higher.log_move[given] > eight.log_move[given]).all()


def test_class_enters_the_prior_of_a_listing(history: MarketHistory) -> None:
    """Wild listings of one class raise the first day of the next of that class, not of others."""
    close = history.close.copy()
    for name in ("NEW0", "NEW2", "NEW4", "NEW6"):
        logs = np.log(close[:, history.markets.index(name)])
        close[:, history.markets.index(name)] = np.exp(4.0 * (logs - np.nanmin(logs)))
    wild = history_of(close, history.markets, history.active)
    classes = ["coin"] * 10 + ["meme", "coin"] * 5
    first = {}
    for next_class in ("meme", "coin"):
        classes[19] = next_class
        levels = ListingLevels(covariates=MarketCovariates(market_class=tuple(classes)))
        model = YoungMarketModel(settled_rows=300, link=VolatilityLink(levels=levels))
        path = run(wild, model)
        day = int(np.flatnonzero(path.wanted[:, 19])[0])
        first[next_class] = path.volatility[day, 19]
    assert first["meme"] > 1.5 * first["coin"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"horizon_hours": 8, "confidence": 1.0},
        {"horizon_hours": 0.5, "confidence": 0.99},
        {"horizon_hours": 0, "confidence": 0.99},
    ],
)
def test_wrong_arguments_are_refused(history: MarketHistory, wrong: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        MODEL.path(history, **wrong)


def test_wrong_settings_are_refused(history: MarketHistory) -> None:
    for make in (
        lambda: YoungMarketModel(shrinkage_listings=-1.0),
        lambda: AgeLimits(donor_from=50.0, young_until=20.0),
        lambda: VolatilityLink(half_lives_hours=()),
        lambda: VolatilityLink(market_half_lives_hours=(7.0,)),
        lambda: VolatilityLink(refit_days=0),
        lambda: ListingLevels(prior_sd=0.0),
        lambda: ListingLevels(covariates=MarketCovariates(market_class=("a",))).start(2),
    ):
        with pytest.raises(ParameterError):
            make()
    with pytest.raises(UsageError):
        assess_young_market(history, "NOBODY", horizon_hours=8, confidence=0.99)


def test_a_history_without_a_midnight_is_refused() -> None:
    short = history_of(np.full((5, 1), 1.0), ("A",))
    short = replace(short, time_ns=short.time_ns + 3 * HOUR_NS)
    with pytest.raises(InsufficientDataError):
        run(short)


@pytest.mark.parametrize("past", [0, 7])
def test_listings_and_established_markets_are_counted_apart(past: int) -> None:
    """Eight established markets, and a listing of twelve days with ``past`` others before it."""
    made = listing_history(days=200, established=8, listings=8)
    kept = [*range(8 + past), 15]
    names = tuple(made.markets[j] for j in kept)
    known = history_of(made.close[:, kept], names, made.active[:, kept])
    born = int(np.argmax(known.active[:, -1]))
    known = known.before(int(known.available_ns[born]) + 12 * DAY_NS)
    risk = assess_young_market(known, "NEW7", horizon_hours=8, confidence=0.99, model=MODEL)
    assert risk.reason is None
    assert 6.0 < risk.peers <= 8.0  # nearly as many moves of each
    assert 0.5 * past <= risk.listings <= past
    assert (risk.listings, risk.peers) == young_markets_table((risk,)).rows[0][7:9]
