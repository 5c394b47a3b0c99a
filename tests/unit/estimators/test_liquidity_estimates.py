"""Cost curves, estimates per market, and what margin takes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plimsoll.domain.finding import Reason
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.order_book import BookStatus, BookTerms, OrderBook
from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.liquidity import (
    BarWindow,
    BookWindow,
    Extrapolation,
    ImpactLaw,
    Source,
    UnwindRule,
    add_on_figures,
    bar_estimates,
    bar_liquidity,
    book_cost_curve,
    book_estimate,
    class_estimate,
    depth_within,
    liquidation_horizon,
    liquidity_terms,
)
from plimsoll.estimators.liquidity.worst_cases import Resampling, bootstrap_errors
from plimsoll.maths.account_losses import AccountPositions
from plimsoll.maths.liquidation_costs import liquidation_costs
from sampled_books import ladder

LAW = ImpactLaw(daily_volatility=0.04, daily_volume=1e6)
RNG = np.random.default_rng(11)


def _bars(markets: int = 3, bars: int = 500) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(2)
    close = 100.0 * np.exp(np.cumsum(0.01 * rng.standard_normal((bars, markets)), axis=0))
    wide = 1.0 + 0.005 * rng.random((bars, markets))
    return close * wide, close / wide, close, 1e6 * rng.random((bars, markets))


def test_a_ladder_costs_what_its_closed_form_says() -> None:
    # n whole levels of one coin: average distance n / 2 ticks of 0.1 from a mid of 100.
    samples = ladder([100.0] * 12)
    curve = book_cost_curve(samples, [100.0, 1000.0, 4000.0])
    np.testing.assert_allclose(curve.mean, [0.0005, 0.005, 0.02], rtol=1e-12)
    np.testing.assert_allclose(curve.worst, curve.mean, rtol=1e-12)
    np.testing.assert_allclose(curve.mean_se, 0.0, atol=1e-15)
    assert curve.extrapolated.tolist() == [0.0, 0.0, 0.0]


def test_beyond_the_book_the_law_goes_on_from_its_last_level() -> None:
    samples = ladder([100.0])  # 50 coins a side
    deep = [5000.0, 5000.0001, 20_000.0]
    by_law = book_cost_curve(samples, deep, law=LAW)
    assert by_law.extrapolation is Extrapolation.SQUARE_ROOT
    assert by_law.mean[0] == pytest.approx(0.025, rel=1e-12)
    assert by_law.mean[1] == pytest.approx(0.025, abs=1e-6)
    assert by_law.mean[2] == pytest.approx(0.025 + 0.04 * np.sqrt(15_000.0 / 1e6), rel=1e-9)
    own = book_cost_curve(samples, deep)
    assert own.extrapolation is Extrapolation.DEPTH_ONLY
    assert own.mean[2] == pytest.approx(0.025 * 2.0, rel=1e-9)
    assert own.extrapolated.tolist() == [0.0, 1.0, 1.0]


def test_the_dearer_side_and_the_worst_books_count() -> None:
    sizes = np.ones(200)
    sizes[7] = 0.1
    samples = ladder([100.0] * 200, size=sizes)
    thin = replace(samples, bid_size=samples.bid_size * 0.5)
    curve = book_cost_curve(thin, [400.0], worst_confidence=0.995)
    assert curve.sell[0] > curve.buy[0]
    usual = book_cost_curve(ladder([100.0], size=0.5), [400.0]).mean[0]
    worst = book_cost_curve(ladder([100.0], size=0.05), [400.0]).mean[0]
    assert curve.worst[0] == pytest.approx(usual)
    assert curve.mean[0] == pytest.approx((199.0 * usual + worst) / 200.0, rel=1e-12)
    assert book_cost_curve(thin, [400.0], worst_confidence=0.999).worst[0] == pytest.approx(worst)


def test_depth_is_the_levels_near_mid() -> None:
    samples = ladder([100.0], size=2.0)
    # 10 bps of 100 is one tick: one level of 2 coins stands half a tick away.
    assert depth_within(samples, "buy", within_bps=10.0)[0] == pytest.approx(200.0)
    assert depth_within(samples, "sell", within_bps=15.0)[0] == pytest.approx(400.0)


def test_the_bootstrap_knows_the_error_of_a_mean() -> None:
    values = RNG.standard_normal((2000, 1))
    mean_se, _ = bootstrap_errors(values, 0.99, Resampling(block_length=1, replicates=2000))
    # 1 / sqrt(2000); 2,000 resamples tell a deviation to 1.6 % and the sample's own is 1.6 % sure.
    assert mean_se[0] == pytest.approx(1.0 / np.sqrt(2000.0), rel=0.08)
    assert np.isnan(bootstrap_errors(values[:9], 0.99, Resampling())[0]).all()


def test_bad_books_count_for_nothing_and_none_at_all_is_refused() -> None:
    samples = ladder([100.0, 100.0])
    half = replace(samples, status=np.array([int(BookStatus.STALE), 0]))
    assert book_cost_curve(half, [100.0]).snapshots == 1
    none = replace(samples, status=np.array([1, 3]))
    with pytest.raises(InsufficientDataError, match="missing"):
        book_estimate(none)


@pytest.mark.parametrize("sizes", [[], [0.0], [1.0, 1.0], [np.nan], [2.0, 1.0], [-1.0]])
def test_sizes_must_rise(sizes: list[float]) -> None:
    with pytest.raises(UsageError):
        book_cost_curve(ladder(), sizes)


def test_options_out_of_bounds_are_refused() -> None:
    with pytest.raises(ParameterError):
        book_cost_curve(ladder(), depth_factor=0.0)
    with pytest.raises(ParameterError):
        book_cost_curve(ladder(), worst_confidence=1.0)
    with pytest.raises(ParameterError):
        ImpactLaw(daily_volatility=0.0, daily_volume=1.0)
    with pytest.raises(UsageError, match="known amount"):
        book_cost_curve(ladder(terms=BookTerms(payoff=Payoff.QUANTO)))


def test_one_level_is_a_book() -> None:
    estimate = book_estimate(ladder([100.0], levels=1), [50.0, 200.0])
    assert estimate.cost.tolist() == pytest.approx([0.0005, 0.0005 * np.sqrt(2.0)])
    assert estimate.extrapolated.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("books", [1, 9])
def test_too_few_books_have_no_band(books: int) -> None:
    samples = ladder(100.0 + np.arange(books))
    estimate = book_estimate(samples, [50.0, 200.0], law=LAW)
    assert np.isnan(book_cost_curve(samples, [50.0, 200.0], law=LAW).mean_se).all()
    assert np.isnan([estimate.cost_low, estimate.cost_high]).all()
    assert np.isfinite([estimate.cost, estimate.cost_worst]).all()


def test_ten_books_have_a_band_of_two_errors() -> None:
    samples = ladder(100.0 + np.arange(10), size=1.0 + RNG.random(10))
    estimate = book_estimate(samples, [1e3, 5e3])
    half = 2.0 * book_cost_curve(samples, [1e3, 5e3]).mean_se
    assert (half > 0.0).all()
    np.testing.assert_allclose(estimate.cost_high - estimate.cost, half, rtol=1e-9)
    np.testing.assert_allclose(estimate.cost - estimate.cost_low, half, rtol=1e-9)


def test_costs_between_and_beyond_the_sizes_of_the_curve() -> None:
    estimate = book_estimate(ladder([100.0] * 20), [100.0, 300.0, 1000.0], law=LAW)
    assert estimate.cost_at([100.0, 1000.0]).tolist() == pytest.approx([0.0005, 0.005])
    assert float(estimate.cost_at(0.0)) == pytest.approx(0.0005)
    # Whole levels: the money spent is linear between them, so 200 is exact half way.
    paid = 0.5 * (100.0 * 0.0005 + 300.0 * 0.0015)
    assert float(estimate.cost_at(200.0)) == pytest.approx(paid / 200.0)
    beyond = 0.005 + 0.04 * np.sqrt(3000.0 / 1e6)
    assert float(estimate.cost_at(4000.0)) == pytest.approx(beyond)
    with pytest.raises(UsageError):
        estimate.cost_at(-1.0)


def test_dollars_of_another_quote_currency() -> None:
    plain = book_estimate(ladder([100.0] * 12), [1000.0])
    half = book_estimate(ladder([100.0] * 12), [500.0], quote_price_usd=0.5)
    assert half.cost[0] == pytest.approx(plain.cost[0], rel=1e-12)
    assert half.depth_usd == pytest.approx(plain.depth_usd / 2.0)


def test_the_figures_cover_the_curve_under_the_add_ons_own_kernel() -> None:
    thick, thin = ladder([100.0] * 30, size=50.0), ladder([100.0] * 30, size=0.2)
    raised = []
    for samples in (thick, thin):
        sizes = np.array([1e2, 1e3, 1e4, 1e5])
        estimate = book_estimate(samples, sizes, law=LAW)
        raised.append(add_on_figures(estimate).impact_raised)
        terms = liquidity_terms([estimate], [1.0])
        held = AccountPositions(
            offsets=np.arange(5), row=np.zeros(4, dtype=np.int64), quantity=sizes
        )
        cost, unknown = liquidation_costs(held, terms)
        assert unknown.size == 0
        assert np.all(cost / sizes >= estimate.cost_worst * (1.0 - 1e-12))
        # ... and not by more than it has to: somewhere the law meets the curve.
        assert np.min(cost / sizes / estimate.cost_worst) < 1.5
    assert raised == [False, True]


def test_figures_need_volatility_and_turnover() -> None:
    with pytest.raises(UsageError, match="ImpactLaw"):
        add_on_figures(book_estimate(ladder()))
    estimate = book_estimate(ladder(), law=LAW)
    with pytest.raises(UsageError, match="contract_usd"):
        liquidity_terms([estimate], [1.0, 2.0])
    with pytest.raises(ParameterError):
        liquidity_terms([estimate], [1.0], depth_share=1.5)
    with pytest.raises(ParameterError):
        UnwindRule(participation=0.0)


@pytest.mark.parametrize("field", ["daily_volatility", "daily_volume_usd", "impact_high"])
@pytest.mark.parametrize("size", [50.0, 0.2])
def test_a_law_that_does_not_rise_covers_no_curve(field: str, size: float) -> None:
    estimate = replace(book_estimate(ladder([100.0] * 12, size=size), law=LAW), **{field: 0.0})
    with pytest.raises(ParameterError, match="positive") as refused:
        add_on_figures(estimate)
    assert refused.value.field == field.removesuffix("_high")


def test_a_still_market_has_a_horizon_all_the_same() -> None:
    """Nothing hurries the unwind: the least time at the share of turnover, and half the spread."""
    estimate = book_estimate(ladder([100.0] * 12), law=LAW)
    unwind = liquidation_horizon(replace(estimate, daily_volatility=0.0), [1e6])
    days = 1e6 / estimate.daily_volume_usd / 0.1
    np.testing.assert_allclose(unwind.horizon_days, [days], rtol=1e-12)
    np.testing.assert_allclose(unwind.add_on, [0.5 * estimate.relative_spread], rtol=1e-12)


def test_larger_positions_take_longer() -> None:
    estimate = book_estimate(ladder([100.0] * 20), law=LAW)
    unwind = liquidation_horizon(estimate, [1e3, 1e5, 1e6])
    assert unwind.horizon_days[0] >= 1.0 / 24.0
    assert np.all(np.diff(unwind.horizon_days) > 0.0)
    assert unwind.horizon_days[2] >= 10.0  # a day's turnover at a tenth of it


def test_bars_give_rows_and_reasons() -> None:
    high, low, close, turnover = _bars(5, 60)
    close[:, 1] = 50.0
    high[:, 1] = low[:, 1] = 50.0
    turnover[:, 2] = 0.0
    for array in (high, low, close):
        array[:, 3] = np.nan
        array[20:, 4] = np.nan
    found = bar_liquidity("ABCDE", close, turnover, bars_per_day=24.0, high=high, low=low)
    constant, none, short = Reason.CONSTANT_PRICE, Reason.NO_DATA, Reason.TOO_SHORT_HISTORY
    assert found.reasons == (None, constant, none, none, short)
    rows = bar_estimates(found, at_ns=5)
    assert list(rows.estimates) == ["A"]
    assert set(rows.reasons) == set("BCDE")
    estimate = rows.estimates["A"]
    assert estimate.source is Source.BARS
    assert np.all(estimate.cost_low < estimate.cost)
    assert np.all(estimate.cost < estimate.cost_high)
    assert np.isfinite(estimate.cost_high).all()
    sizes = estimate.notional_usd
    np.testing.assert_allclose(estimate.cost_at(sizes), estimate.cost, rtol=1e-14)
    np.testing.assert_allclose(estimate.cost_at(sizes, worst=True), estimate.cost_worst, rtol=1e-14)


def test_a_spike_and_holes_leave_numbers() -> None:
    high, low, close, turnover = _bars(1, 200)
    high[50] *= 10.0
    close[60:90] = np.nan
    found = bar_liquidity("A", close, turnover, bars_per_day=24.0, high=high, low=low)
    assert found.reasons == (None,)
    assert np.isfinite([found.relative_spread, found.spread_high, found.amihud]).all()
    without = bar_liquidity("A", close, turnover, bars_per_day=24.0)
    assert without.measure == "roll"
    assert np.isfinite(without.daily_volatility).all()


def test_a_trend_does_not_make_a_spread_certain_to_be_nought() -> None:
    steps = 0.01 * (1.0 + np.random.default_rng(4).random(400))
    close = np.exp(np.cumsum(steps))[:, None]
    low = close / np.exp(steps)[:, None]
    ones, day = np.ones_like(close), 24.0
    # Every bar closes at its high, below the middle of the next: all terms are negative.
    found = bar_liquidity("A", close, ones, bars_per_day=day, high=close, low=low)
    assert found.relative_spread[0] == 0.0
    assert found.spread_high[0] > 0.0


def test_bars_of_one_price_tell_no_range() -> None:
    _, _, close, turnover = _bars(1, 100)
    flat = bar_liquidity("A", close, turnover, bars_per_day=24.0, high=close, low=close)
    assert flat.reasons == (Reason.TOO_SHORT_HISTORY,)


def test_bars_of_nonsense_are_refused() -> None:
    high, low, close, turnover = _bars(2, 50)
    with pytest.raises(DataFormatError, match="column for each"):
        bar_liquidity("ABC", close, turnover, bars_per_day=24.0)
    with pytest.raises(DataFormatError, match="below its low"):
        bar_liquidity("AB", close, turnover, bars_per_day=24.0, high=low, low=high)
    wrong = close.copy()
    wrong[3, 1] = 0.0
    with pytest.raises(DataFormatError, match=r"close\[B\]"):
        bar_liquidity("AB", wrong, turnover, bars_per_day=24.0)
    with pytest.raises(DataFormatError, match="highs"):
        bar_liquidity("AB", close, turnover, bars_per_day=24.0, measure="abdi_ranaldo")


def test_amihud_volatility_and_turnover_by_hand() -> None:
    close = np.exp(np.tile([0.0, 0.01], 20))[:, None]
    turnover = np.tile([100.0, 200.0], 20)[:, None]
    found = bar_liquidity("A", close, turnover, bars_per_day=4.0)
    assert found.daily_volatility[0] == pytest.approx(0.02, rel=1e-12)
    assert found.daily_volume[0] == pytest.approx(600.0)
    assert found.amihud[0] == pytest.approx((20 * 0.01 / 200.0 + 19 * 0.01 / 100.0) / 39.0)
    # A price that bounces by its spread: Roll's spread is the bounce.
    assert found.relative_spread[0] == pytest.approx(0.02, rel=0.01)


def test_a_class_stands_in_for_a_market_without_turnover() -> None:
    high, low, close, turnover = _bars(6)
    found = bar_liquidity("ABCDEF", close, turnover, bars_per_day=24.0, high=high, low=low)
    members = list(bar_estimates(found, at_ns=1).estimates.values())
    estimate = class_estimate("Z", members, daily_volatility=0.1, at_ns=9)
    assert estimate.source is Source.CLASS
    assert estimate.observations == 6
    assert np.all(estimate.cost_low <= estimate.cost)
    assert np.all(estimate.cost <= estimate.cost_high)
    with pytest.raises(UsageError, match="itself"):
        class_estimate("A", members, daily_volatility=0.1, at_ns=9)
    with pytest.raises(InsufficientDataError):
        class_estimate("Z", members[:2], daily_volatility=0.1, at_ns=9)
    with pytest.raises(ParameterError):
        class_estimate("Z", members, daily_volatility=float("nan"), at_ns=9)


def test_windows_and_batches_agree_to_the_bit() -> None:
    samples = ladder(100.0 + RNG.random(50), size=RNG.random(50) + 0.5)
    window = BookWindow("X", samples.terms, window=20, levels=50)
    with pytest.raises(InsufficientDataError):
        window.samples()
    for row in range(50):
        window.update(samples.book(row))
    names = ("time_ns", "status", "bid_price", "bid_size", "ask_price", "ask_size")
    last = {name: getattr(samples, name)[30:] for name in names}
    batch = book_estimate(replace(samples, **last), law=LAW)
    stream = book_estimate(window.samples(), law=LAW)
    for name in ("cost", "cost_low", "cost_high", "cost_worst", "extrapolated"):
        np.testing.assert_array_equal(getattr(stream, name), getattr(batch, name))
    assert (stream.depth_usd, stream.at_ns) == (batch.depth_usd, batch.at_ns)


def test_windows_take_bad_books_but_no_foreign_or_old_ones() -> None:
    window = BookWindow("X", BookTerms(), window=3)
    empty = np.empty(0)
    levels = {"bid_price": empty, "bid_size": empty, "ask_price": empty, "ask_size": empty}
    window.update(OrderBook(market="X", at_ns=5, **levels))
    assert window.samples().status.tolist() == [BookStatus.ONE_SIDED]
    with pytest.raises(UsageError, match="newer"):
        window.update(OrderBook(market="X", at_ns=5, **levels))
    with pytest.raises(UsageError, match="market"):
        window.update(OrderBook(market="Y", at_ns=6, **levels))
    with pytest.raises(ParameterError):
        BookWindow("X", BookTerms(), window=0)


def test_bar_windows_and_batches_agree_to_the_bit() -> None:
    bars = _bars(4, 130)
    window = BarWindow("ABCD", window=100)
    with pytest.raises(InsufficientDataError):
        window.liquidity()
    for row in zip(*bars, strict=True):
        window.update(*row)
    high, low, close, turnover = (column[30:] for column in bars)
    batch = bar_liquidity("ABCD", close, turnover, bars_per_day=24.0, high=high, low=low)
    stream = window.liquidity()
    for name in ("relative_spread", "spread_high", "daily_volatility", "daily_volume", "amihud"):
        np.testing.assert_array_equal(getattr(stream, name), getattr(batch, name))
    with pytest.raises(DataFormatError):
        window.update([1.0], [1.0], [1.0], [1.0])
