"""Preparing a chain gives back the smile it was priced from, and a status to every row."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from made_chains import AT_NS, DAY_NS, FORWARD, changed, made_chain, smile, taken
from scipy.stats import norm

from plimsoll.domain.price_tick import PriceTicks
from plimsoll.domain.smile_quotes import ForwardSource, QuoteStatus, SmileQuotes, TickSource
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.maths.implied_vol import implied_volatility


def row_of(quotes: SmileQuotes, name: str) -> int:
    """Return the row of an option by its name."""
    return quotes.chain.names.index(name)


@pytest.mark.parametrize("linear", [False, True])
def test_the_smile_comes_back_from_its_prices(linear: bool) -> None:
    quotes = prepare_chain(made_chain(linear=linear))
    usable = quotes.usable
    expected = smile(quotes.log_moneyness[usable], quotes.tau_years[usable])
    # Prices come from scipy's normal law: 1e-9 of volatility is far below its own rounding.
    np.testing.assert_allclose(quotes.bid_vol[usable], expected - 0.01, atol=1e-9)
    np.testing.assert_allclose(quotes.ask_vol[usable], expected + 0.01, atol=1e-9)
    assert usable.sum() == len(quotes.chain) / 2
    assert (quotes.status[~usable] == QuoteStatus.IN_THE_MONEY).all()


def test_terms_of_each_row() -> None:
    chain = made_chain()
    quotes = prepare_chain(chain)
    np.testing.assert_allclose(quotes.tau_years * 365.0, (chain.expiry_ns - AT_NS) / DAY_NS)
    np.testing.assert_allclose(quotes.log_moneyness, np.log(chain.strike / FORWARD), atol=1e-15)
    deviation = chain.mark_vol * np.sqrt(quotes.tau_years)
    d1 = -quotes.log_moneyness / deviation + deviation / 2
    delta = norm.cdf(d1) - ~chain.is_call
    np.testing.assert_allclose(quotes.forward_delta, delta, atol=1e-14)


def test_next_to_the_money_the_logarithm_keeps_its_digits() -> None:
    chain = made_chain(strikes=np.array([85_000.000001]))
    excess = (85_000.000001 - FORWARD) / FORWARD  # exact: both are close
    quotes = prepare_chain(chain)
    assert quotes.log_moneyness[0] == pytest.approx(excess, rel=1e-10)


def test_a_tick_of_price_is_worth_what_moving_the_price_by_it_shows() -> None:
    quotes = prepare_chain(made_chain())
    chain, usable = quotes.chain, quotes.usable
    mid = 0.5 * (chain.bid + chain.ask)
    step = 0.001 * quotes.tick
    moved = [
        implied_volatility(
            mid + sign * step, quotes.forward, chain.strike, quotes.tau_years, chain.is_call,
            inverse=True,
        ).sigma
        for sign in (1.0, -1.0)
    ]  # fmt: skip
    slope = (moved[0] - moved[1]) / (2.0 * step) * quotes.tick
    np.testing.assert_allclose(quotes.vol_per_tick[usable], slope[usable], rtol=1e-3)


def test_ticks_follow_the_venue_or_the_caller_or_the_prices() -> None:
    inverse = prepare_chain(made_chain())
    assert inverse.tick_source is TickSource.DERIBIT
    bid, ask = inverse.chain.bid, inverse.chain.ask
    assert (inverse.tick == np.where(np.minimum(bid, ask) < 0.005, 1e-4, 5e-4)).all()
    given = prepare_chain(made_chain(), ticks=PriceTicks((), (0.01,)))
    assert given.tick_source is TickSource.GIVEN
    assert set(given.tick) == {0.01}
    linear = made_chain(linear=True)
    rounded = replace(linear, bid=np.floor(linear.bid / 5) * 5, ask=np.ceil(linear.ask / 5) * 5)
    inferred = prepare_chain(rounded)
    assert inferred.tick_source is TickSource.INFERRED
    assert set(inferred.tick) == {5.0}


@pytest.mark.parametrize(
    ("cells", "status"),
    [
        ({"bid": np.nan, "ask": np.nan}, QuoteStatus.NO_QUOTE),
        ({"bid": 0.0, "ask": 0.0}, QuoteStatus.NO_QUOTE),
        ({"bid": np.nan}, QuoteStatus.NO_BID),
        ({"bid": 0.0}, QuoteStatus.NO_BID),
        ({"ask": np.nan}, QuoteStatus.NO_ASK),
        ({"ask": 0.0}, QuoteStatus.NO_ASK),
        ({"bid": 0.5, "ask": 0.4}, QuoteStatus.CROSSED),
        ({"bid": -0.1}, QuoteStatus.NEGATIVE_PRICE),
        ({"ask": 1.0}, QuoteStatus.ABOVE_BOUND),
        ({"strike": np.nan}, QuoteStatus.INVALID_TERMS),
        ({"strike": -5.0}, QuoteStatus.INVALID_TERMS),
        ({"strike": np.inf}, QuoteStatus.INVALID_TERMS),
        ({"expiry_ns": 0}, QuoteStatus.INVALID_TERMS),
        ({"expiry_ns": AT_NS}, QuoteStatus.EXPIRED),
        ({"strike": 60_000.0}, QuoteStatus.DUPLICATED),
    ],
)
def test_each_fault_has_its_status(cells: dict[str, float], status: QuoteStatus) -> None:
    chain = made_chain()
    row = chain.names.index("7d-95000-C")
    quotes = prepare_chain(changed(chain, row, **cells))
    assert quotes.status[row] == status
    others = np.delete(quotes.status, row)
    assert np.isin(others, (QuoteStatus.USABLE, QuoteStatus.IN_THE_MONEY)).sum() >= len(chain) - 2


def test_a_bid_below_the_intrinsic_value_is_named() -> None:
    chain = made_chain()
    row = chain.names.index("7d-70000-C")
    quotes = prepare_chain(changed(chain, row, bid=0.99 * (1.0 - 70_000.0 / FORWARD)))
    assert quotes.status[row] == QuoteStatus.BELOW_INTRINSIC
    assert np.isnan(quotes.bid_vol[row])
    assert np.isfinite(quotes.ask_vol[row])


def test_a_volatility_is_missing_only_with_a_reason() -> None:
    chain = made_chain()
    rng = np.random.default_rng(1)
    bad = rng.choice([np.nan, 0.0, -1.0, 2.0, 1e-9, 0.01], size=(2, len(chain)))
    quotes = prepare_chain(replace(chain, bid=bad[0], ask=bad[1]))
    fine = np.isin(quotes.status, (QuoteStatus.USABLE, QuoteStatus.IN_THE_MONEY))
    for vols in (quotes.bid_vol, quotes.ask_vol, quotes.mid_vol):
        assert np.isfinite(vols[fine]).all()


def test_a_quote_delivered_twice_stays_once() -> None:
    chain = made_chain()
    row = chain.names.index("7d-95000-C")
    quotes = prepare_chain(taken(chain, np.r_[np.arange(len(chain)), row]))
    assert quotes.status[row] == QuoteStatus.USABLE
    assert quotes.status[-1] == QuoteStatus.DUPLICATED


def test_the_order_of_rows_does_not_matter() -> None:
    chain = changed(made_chain(), slice(0, 44), forward=np.nan)  # parity of a whole expiry
    chain = changed(chain, 50, strike=np.nan, bid=-1.0)
    order = np.random.default_rng(7).permutation(len(chain))
    plain, shuffled = prepare_chain(chain), prepare_chain(taken(chain, order))
    for field in fields(SmileQuotes):
        if field.name in ("chain", "expiries", "findings", "tick_source"):
            continue
        expected = getattr(plain, field.name)[order]
        np.testing.assert_array_equal(getattr(shuffled, field.name), expected)
    assert repr(plain.expiries) == repr(shuffled.expiries)  # as text: NaN equals NaN
    assert repr(plain.findings) == repr(shuffled.findings)
    assert plain.findings


def test_expiries_are_summed_up() -> None:
    quotes = prepare_chain(made_chain())
    week, month = quotes.expiries.values()
    assert (week.quotes, week.usable) == (44, 22)
    assert week.tau_years == pytest.approx(7.0 / 365.0)
    assert month.forward == FORWARD
    assert month.forward_source is ForwardSource.ROW
    assert month.parity_forward == pytest.approx(FORWARD, abs=3.0 * month.parity_error)
