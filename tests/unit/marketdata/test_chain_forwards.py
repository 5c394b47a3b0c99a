"""Forwards by their sources, and put-call parity, against chains priced from known forwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_chains import FORWARD, STRIKES, changed, made_chain, taken

from plimsoll.domain.option_chain import OptionChain
from plimsoll.domain.smile_quotes import ForwardSource, SmileQuotes
from plimsoll.marketdata.chains import ChainSettings, parity_residuals, prepare_chain


def without_forwards(chain: OptionChain) -> OptionChain:
    """Return the chain as a venue without futures shows it."""
    return replace(chain, forward=np.full(len(chain), np.nan))


def sources(quotes: SmileQuotes) -> set[ForwardSource]:
    """Where the forwards of the expiries come from."""
    return {expiry.forward_source for expiry in quotes.expiries.values()}


def test_each_row_keeps_its_own_forward() -> None:
    drifting = FORWARD * (1.0 + 1e-3 * np.linspace(0.0, 1.0, 2 * len(STRIKES)))
    quotes = prepare_chain(made_chain(days=(7.0,), forward=drifting))
    assert (quotes.forward == drifting).all()
    (expiry,) = quotes.expiries.values()
    assert expiry.forward_range_bps == pytest.approx(10.0, rel=1e-3)
    assert np.isfinite(quotes.mid_vol[quotes.usable]).all()


def test_a_row_without_one_takes_the_median_of_its_expiry() -> None:
    chain = changed(made_chain(), [0, 3], forward=np.nan)
    quotes = prepare_chain(changed(chain, 5, forward=-1.0))
    assert (quotes.forward == FORWARD).all()
    first, second = (expiry.forward_source for expiry in quotes.expiries.values())
    assert (first, second) == (ForwardSource.EXPIRY, ForwardSource.ROW)


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("with_index", [False, True])
def test_parity_finds_the_forward_of_an_expiry(linear: bool, with_index: bool) -> None:
    chain = without_forwards(made_chain(linear=linear))
    if not with_index:
        chain = replace(chain, index=np.full(len(chain), np.nan))
    quotes = prepare_chain(chain)
    assert sources(quotes) == {ForwardSource.PARITY}
    for expiry in quotes.expiries.values():
        # Half-spreads of a point of volatility are symmetric but for the vega's curvature.
        assert expiry.parity_forward == pytest.approx(FORWARD, rel=3e-4)
        assert abs(expiry.parity_forward - FORWARD) < 3.0 * expiry.parity_error


def test_parity_follows_the_index_that_each_row_saw() -> None:
    pairwise = (1.0 + 2e-3 * np.linspace(0.0, 1.0, len(STRIKES))).repeat(2)
    chain = made_chain(days=(7.0,), forward=FORWARD * pairwise)
    chain = replace(without_forwards(chain), index=FORWARD * pairwise / 1.001)
    quotes = prepare_chain(chain)
    np.testing.assert_allclose(quotes.forward, FORWARD * pairwise, rtol=3e-4)
    assert np.ptp(quotes.forward) > 1.5e-3 * FORWARD


def test_one_wild_pair_does_not_move_parity() -> None:
    chain = without_forwards(made_chain())
    clean = prepare_chain(chain).expiries
    row = chain.names.index("7d-85000-C")
    for factor in (0.5, 4.0):
        hit = changed(chain, row, bid=factor * chain.bid[row], ask=factor * chain.ask[row])
        for expiry, summary in prepare_chain(hit).expiries.items():
            usual = clean[expiry]
            assert abs(summary.parity_forward - usual.parity_forward) < 2.0 * usual.parity_error


def test_parity_that_says_less_than_the_index_is_not_used() -> None:
    chain = without_forwards(made_chain(days=(1.0,), strikes=STRIKES[9:12], half_spread_vol=0.2))
    quotes = prepare_chain(chain)
    assert sources(quotes) == {ForwardSource.INDEX}
    assert (quotes.forward == chain.index).all()
    trusting = ChainSettings(index_error_bps=1e4)
    assert sources(prepare_chain(chain, settings=trusting)) == {ForwardSource.PARITY}


def test_without_pairs_the_index_and_without_index_nothing() -> None:
    calls = without_forwards(taken(made_chain(), np.flatnonzero(made_chain().is_call)))
    assert sources(prepare_chain(calls)) == {ForwardSource.INDEX}
    bare = prepare_chain(replace(calls, index=np.full(len(calls), np.nan)))
    assert sources(bare) == {ForwardSource.NONE}
    assert np.isnan(bare.forward).all()
    assert np.isnan(bare.mid_vol).all()


@pytest.mark.parametrize("linear", [False, True])
def test_residuals_of_a_chain_that_keeps_parity_are_small(linear: bool) -> None:
    residuals = parity_residuals(prepare_chain(made_chain(linear=linear)))
    assert np.isfinite(residuals).all()
    assert np.abs(residuals).max() < 0.05


@pytest.mark.parametrize("linear", [False, True])
def test_residuals_count_half_spreads_of_the_pair(linear: bool) -> None:
    chain = made_chain(linear=linear)
    call, put = (chain.names.index(f"30d-90000-{right}") for right in "CP")
    half = 0.5 * (chain.ask - chain.bid)
    shift = 3.0 * (half[call] + half[put])
    dear = changed(chain, call, bid=chain.bid[call] + shift, ask=chain.ask[call] + shift)
    moved = parity_residuals(prepare_chain(dear)) - parity_residuals(prepare_chain(chain))
    assert moved[call] == pytest.approx(3.0, rel=1e-9)
    assert moved[put] == pytest.approx(3.0, rel=1e-9)
    assert np.abs(np.delete(moved, [call, put])).max() == 0.0


def test_a_quote_without_twin_has_no_residual() -> None:
    chain = made_chain()
    call, put = (chain.names.index(f"30d-90000-{right}") for right in "CP")
    residuals = parity_residuals(prepare_chain(changed(chain, put, bid=np.nan)))
    assert np.isnan(residuals[[call, put]]).all()
    assert np.isfinite(residuals).sum() == len(chain) - 2
