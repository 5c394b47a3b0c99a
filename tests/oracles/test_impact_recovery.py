"""Flow made with a known lambda, Y, beta and spread: each is found within its stated error."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.estimators.liquidity import (
    bar_liquidity,
    fit_order_flow,
    fit_square_root,
    kyle_lambda,
)
from sampled_books import SECOND_NS, quotes

SEEDS = range(40)
N = 1500
STEP = 0.02
"""Orders of the stylised book, in queues: an order that moves the price is counted in part."""


def _coverage(errors: list[float]) -> float:
    """Share of z-scores within two."""
    return float(np.mean(np.abs(errors) <= 2.0))


def test_kyles_lambda_is_found_and_its_error_is_true() -> None:
    scores = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        flow = np.convolve(rng.standard_normal(N + 4), np.full(5, 0.4), "valid")
        noise = np.convolve(rng.standard_normal(N + 2), [1.0, 0.5, 0.25], "valid")
        fit = kyle_lambda(3.0e-9 * flow * 1e6 + 0.003 * noise, flow * 1e6)
        scores.append((fit.slope - 3.0e-9) / fit.slope_se)
        assert fit.slope == pytest.approx(3.0e-9, rel=0.25)
    # 40 draws at 95 %: under 0.80 once in 5,000 experiments; HAC errors are a little small.
    assert _coverage(scores) >= 0.80
    assert abs(np.mean(scores)) < 3.0 / np.sqrt(len(scores))


def test_y_of_the_square_root_law_is_found_at_any_clock() -> None:
    scores = []
    for seed in SEEDS:
        rng = np.random.default_rng(100 + seed)
        size = np.exp(2.0 * rng.standard_normal(N)) * np.sign(rng.standard_normal(N)) * 1e4
        clean = 0.8 * 0.04 * np.sign(size) * np.sqrt(np.abs(size) / 1e9)
        returns = clean + 2e-4 * rng.standard_normal(N)
        fit = fit_square_root(returns, size, volatility=0.04, volume=1e9)
        scores.append((fit.impact - 0.8) / fit.impact_se)
        minute = fit_square_root(
            returns, size, volatility=0.04 / np.sqrt(1440.0), volume=1e9 / 1440.0
        )
        assert minute.impact == pytest.approx(fit.impact, rel=1e-12)
    assert _coverage(scores) >= 0.80
    assert abs(np.mean(scores)) < 3.0 / np.sqrt(len(scores))


def _stylised_book(rng: np.random.Generator, depth: float, changes: int) -> tuple[np.ndarray, ...]:
    """Queues of the stylised book: every level holds ``depth``; a used-up one moves the price.

    Flow ``f`` at the bid raises its queue; a queue above ``depth`` opens the next level, one at
    nought falls back: price moves one tick for each ``depth`` of flow on its side.
    """
    flow = rng.normal(0.0, STEP * depth, size=(2, changes)).cumsum(axis=1)
    bid_level, ask_level = (np.floor(f / depth) for f in flow)
    bid_size = flow[0] - bid_level * depth
    # What is added at the ask pushes it down.
    ask_size = flow[1] - ask_level * depth
    return 1000.0 + bid_level, bid_size, 1400.0 - ask_level, ask_size


def test_beta_of_order_flow_is_one_tick_over_twice_the_depth() -> None:
    for seed, depth in ((1, 5.0), (2, 50.0)):
        rng = np.random.default_rng(seed)
        book = quotes(*_stylised_book(rng, depth, 400_000))
        fit = fit_order_flow(book, SECOND_NS * np.arange(1, 400_001, 4000), tick=1.0)
        # An order across a price is counted without the part that used up the old queue: of the
        # order of a step of each crossing.
        truth = 1.0 / (2.0 * depth)
        assert abs(fit.beta - truth) < 3.0 * fit.beta_se + 2.0 * STEP * truth
        assert fit.beta_se < 0.1 * truth
        assert fit.r_squared > 0.8


def _bars(seed: int, spread: float, steps: int = 400, bars: int = 3000) -> tuple[np.ndarray, ...]:
    """Bars of a random walk whose trades fall on either side of it at random."""
    rng = np.random.default_rng(seed)
    value = np.cumsum(0.0005 * rng.standard_normal(steps * bars))
    traded = value + 0.5 * spread * rng.choice([-1.0, 1.0], size=value.size)
    price = 100.0 * np.exp(traded.reshape(bars, steps))
    return price.max(axis=1)[:, None], price.min(axis=1)[:, None], price[:, -1:], np.ones((bars, 1))


@pytest.mark.parametrize("spread", [0.005, 0.02])
def test_spreads_of_bars_are_found_within_their_bounds(spread: float) -> None:
    high, low, close, turnover = _bars(7, spread)
    for measure in ("abdi_ranaldo", "roll"):
        found = bar_liquidity(
            "A", close, turnover, bars_per_day=24.0, high=high, low=low, measure=measure
        )
        assert found.spread_low[0] <= spread <= found.spread_high[0], measure
        assert 0.0 < found.relative_spread[0] < 2.0 * spread


def test_corwin_and_schultz_find_wide_spreads_and_overstate_narrow_ones() -> None:
    """Negative pairs count as nought: where the range dwarfs the spread, that is a bias upward."""
    found = []
    for spread in (0.005, 0.02):
        high, low, close, turnover = _bars(7, spread)
        ranges = {"high": high, "low": low, "measure": "corwin_schultz"}
        found.append(bar_liquidity("A", close, turnover, bars_per_day=24.0, **ranges))
    assert found[0].spread_low[0] > 0.005
    # Wide against the range of a bar, 2 %: the bias is what its authors found, about a tenth.
    assert found[1].relative_spread[0] == pytest.approx(0.02, rel=0.15)


def test_bounds_of_a_spread_below_the_noise_reach_down_to_nought() -> None:
    columns = zip(*(_bars(seed, 0.0, steps=50, bars=600) for seed in SEEDS), strict=True)
    high, low, close, turnover = (np.hstack(column) for column in columns)
    markets = [str(seed) for seed in SEEDS]
    found = bar_liquidity(markets, close, turnover, bars_per_day=24.0, high=high, low=low)
    # Two standard errors to one side: 39 of 40 expected, 34 or fewer once in 1,000.
    assert np.sum(found.spread_low == 0.0) >= 35
    assert np.all(found.spread_high > 0.0)
