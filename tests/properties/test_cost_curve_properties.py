"""Whatever the book: c(Q) never falls, units do not matter, sides mirror, stress is less depth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.domain.instrument import Payoff
from plimsoll.domain.order_book import BookSamples, BookTerms
from plimsoll.estimators.liquidity import ImpactLaw, book_cost_curve, book_estimate
from plimsoll.estimators.liquidity.cost_curve import walk_samples

SIZES = np.geomspace(1.0, 1e6, 25)
LAW = ImpactLaw(daily_volatility=0.05, daily_volume=1e6)
TOLERANCE = 1e-9  # costs are differences of numbers near 1: 1e-16 against a cost of 1e-6


@st.composite
def books(draw: st.DrawFn, payoff: Payoff = Payoff.LINEAR) -> BookSamples:
    """One to three books of one to eight levels a side, of any shape."""
    count, levels = draw(st.integers(1, 3)), draw(st.integers(1, 8))

    def matrix(low: float, high: float) -> np.ndarray:
        cells = st.floats(low, high)
        rows = st.lists(cells, min_size=count * levels, max_size=count * levels)
        return np.array(draw(rows)).reshape(count, levels)

    mid = 100.0
    steps = np.cumsum(matrix(0.01, 0.5), axis=1), np.cumsum(matrix(0.01, 0.5), axis=1)
    return BookSamples(
        market="X",
        terms=BookTerms(payoff=payoff, contract_size=draw(st.sampled_from([1.0, 0.01, 100.0]))),
        time_ns=np.arange(count, dtype=np.int64) + 1,
        status=np.zeros(count, dtype=np.int64),
        bid_price=mid - steps[0],
        bid_size=matrix(0.01, 1e3),
        ask_price=mid + steps[1],
        ask_size=matrix(0.01, 1e3),
    )


either = st.sampled_from([Payoff.LINEAR, Payoff.INVERSE]).flatmap(books)


@given(either, st.booleans())
def test_cost_never_falls_with_size(samples: BookSamples, with_law: bool) -> None:
    curve = book_cost_curve(samples, SIZES, law=LAW if with_law else None)
    for cost in (curve.mean, curve.worst, curve.buy, curve.sell):
        assert np.all(np.diff(cost) >= -TOLERANCE * cost[1:])
        assert np.isfinite(cost).all()
        assert np.all(cost > 0.0)


@given(either)
def test_the_smallest_size_costs_half_the_spread(samples: BookSamples) -> None:
    walked = walk_samples(samples, "buy", [1e-6])
    half = (samples.ask_price[:, 0] - samples.mid) / samples.mid
    inverse = samples.terms.is_inverse
    expected = 1.0 - samples.mid / samples.ask_price[:, 0] if inverse else half
    np.testing.assert_allclose(walked.cost[:, 0], expected, rtol=TOLERANCE)


@given(books(), st.sampled_from([0.001, 8.0, 1000.0]))
def test_units_of_size_do_not_matter(samples: BookSamples, unit: float) -> None:
    counted = replace(
        samples,
        terms=BookTerms(contract_size=samples.terms.contract_size * unit),
        bid_size=samples.bid_size / unit,
        ask_size=samples.ask_size / unit,
    )
    np.testing.assert_allclose(
        book_cost_curve(counted, SIZES).mean, book_cost_curve(samples, SIZES).mean, rtol=1e-7
    )


@given(books(), st.sampled_from([0.01, 60_000.0]))
def test_units_of_price_do_not_matter(samples: BookSamples, factor: float) -> None:
    scaled = replace(
        samples,
        bid_price=samples.bid_price * factor,
        ask_price=samples.ask_price * factor,
    )
    np.testing.assert_allclose(
        book_cost_curve(scaled, SIZES * factor).mean,
        book_cost_curve(samples, SIZES).mean,
        rtol=1e-7,
    )


@given(books())
def test_sides_mirror(samples: BookSamples) -> None:
    """Reflected about its mid a book costs the seller what it cost the buyer."""
    mid = samples.mid[:, None]
    mirrored = replace(
        samples,
        bid_price=2.0 * mid - samples.ask_price,
        bid_size=samples.ask_size,
        ask_price=2.0 * mid - samples.bid_price,
        ask_size=samples.bid_size,
    )
    bought, sold = walk_samples(samples, "buy", SIZES), walk_samples(mirrored, "sell", SIZES)
    np.testing.assert_allclose(sold.cost, bought.cost, rtol=1e-7)
    np.testing.assert_allclose(sold.filled, bought.filled, rtol=1e-9)


@given(books(Payoff.INVERSE))
def test_an_inverse_book_is_the_linear_book_of_its_inverse_price(samples: BookSamples) -> None:
    """Buying coin for dollars is selling dollars for coin: prices turn over, and so do sides.

    The two measure cost against mids that differ (the inverse of a mean is not the mean of
    inverses), so average prices are compared, not costs.
    """
    walked = walk_samples(samples, "buy", SIZES)
    coins = (1.0 - walked.cost) / samples.mid[:, None]  # bought per dollar
    size = samples.terms.contract_size * samples.ask_size  # dollars at each level
    for row, price in enumerate(samples.ask_price):
        for column, wanted in enumerate(SIZES):
            held = np.minimum(np.cumsum(size[row]), wanted)
            taken = np.diff(np.concatenate([[0.0], held]))
            np.testing.assert_allclose(coins[row, column], (taken / price).sum() / held[-1])


@given(either, st.floats(0.05, 1.0))
def test_a_share_of_the_depth_is_the_same_as_a_larger_size(
    samples: BookSamples, factor: float
) -> None:
    stressed = walk_samples(samples, "sell", SIZES, depth_factor=factor)
    larger = walk_samples(samples, "sell", SIZES / factor)
    np.testing.assert_allclose(stressed.cost, larger.cost, rtol=1e-7)


@given(either)
def test_linear_and_inverse_costs_agree_to_first_order(samples: BookSamples) -> None:
    """The same levels in dollars: costs differ by their own square, or less."""
    dollars = replace(
        samples,
        terms=BookTerms(payoff=Payoff.INVERSE, contract_size=1.0),
        bid_size=samples.terms.notional(samples.bid_size, samples.bid_price),
        ask_size=samples.terms.notional(samples.ask_size, samples.ask_price),
    )
    coins = replace(
        samples,
        terms=BookTerms(),
        bid_size=samples.terms.base(samples.bid_size, samples.bid_price),
        ask_size=samples.terms.base(samples.ask_size, samples.ask_price),
    )
    small = SIZES[:12]
    linear, inverse = walk_samples(coins, "buy", small), walk_samples(dollars, "buy", small)
    widest = (samples.ask_price[:, -1:] - samples.mid[:, None]) / samples.mid[:, None]
    whole = (linear.filled == 1.0) & (inverse.filled == 1.0)
    assert np.all(
        np.abs(linear.cost - inverse.cost)[whole]
        <= np.broadcast_to(3.0 * widest**2 + 1e-12, whole.shape)[whole]
    )


@given(books())
def test_any_size_costs_at_least_as_much_as_a_smaller_one(samples: BookSamples) -> None:
    estimate = book_estimate(samples, [10.0, 1e3, 1e5], law=LAW)
    cost = estimate.cost_at(np.geomspace(1e-3, 1e8, 60))
    assert np.all(np.diff(cost) >= -TOLERANCE * cost[1:])
