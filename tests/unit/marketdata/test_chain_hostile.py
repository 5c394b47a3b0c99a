"""Chains made to break things: an answer with reasons, never a crash or a warning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_chains import AT_NS, DAY_NS, STRIKES, changed, made_chain, taken

from plimsoll.domain.option_chain import OptionChain
from plimsoll.domain.smile_quotes import QuoteStatus, SmileQuotes
from plimsoll.marketdata.chains import parity_residuals, prepare_chain, wild_quotes

SOUND = made_chain()
EVERY = slice(None)


def constant(**cells: float) -> OptionChain:
    """Return the sound chain with whole columns replaced."""
    return changed(SOUND, EVERY, **cells)


HOSTILE = {
    "empty": taken(SOUND, np.arange(0)),
    "one row": taken(SOUND, np.array([5])),
    "three strikes": made_chain(strikes=STRIKES[9:12]),
    "one quote": taken(made_chain(days=(7.0,)), np.array([20])),
    "all quotes zero": constant(bid=0.0, ask=0.0),
    "all quotes missing": constant(bid=np.nan, ask=np.nan, mark=np.nan, mark_vol=np.nan),
    "all quotes negative": constant(bid=-1.0, ask=-0.5),
    "all quotes infinite": constant(bid=np.inf, ask=np.inf),
    "all quotes one price": constant(bid=0.01, ask=0.01),
    "bids above infinite asks": constant(bid=np.inf, ask=-np.inf),
    "no spread": made_chain(half_spread_vol=1e-15),
    "all strikes one": constant(strike=85_000.0),
    "all strikes NaN": constant(strike=np.nan),
    "all strikes zero": constant(strike=0.0),
    "strikes huge and tiny": changed(SOUND, slice(0, None, 2), strike=1e300),
    "duplicated rows": taken(SOUND, np.arange(len(SOUND)).repeat(3)),
    "forwards missing": constant(forward=np.nan),
    "forwards and index missing": constant(forward=np.nan, index=np.nan),
    "forwards negative": constant(forward=-1.0, index=-1.0),
    "forwards infinite": constant(forward=np.inf, index=np.inf),
    "an hour to expiry": made_chain(days=(1.0 / 24.0,)),
    "a second to expiry": made_chain(days=(1.0 / 86_400.0,)),
    "expired": replace(SOUND, at_ns=AT_NS + 365 * DAY_NS),
    "expiry none": changed(SOUND, EVERY, expiry_ns=0),
    "marks absurd": constant(mark=-3.0, mark_vol=1e9),
    "linear, nothing known": changed(
        made_chain(linear=True), EVERY, bid=np.nan, ask=np.nan, forward=np.nan, index=np.nan
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_every_row_gets_a_status_and_nothing_crashes(name: str) -> None:
    quotes = prepare_chain(HOSTILE[name])
    assert quotes.status.shape == (len(HOSTILE[name]),)
    assert set(quotes.status.tolist()) <= {int(status) for status in QuoteStatus}
    assert parity_residuals(quotes).shape == wild_quotes(quotes).shape == quotes.status.shape
    assert not wild_quotes(quotes)[~quotes.usable].any()
    usable = quotes.usable
    for values in (quotes.bid_vol, quotes.ask_vol, quotes.mid_vol, quotes.log_moneyness):
        assert np.isfinite(values[usable]).all()


@pytest.mark.parametrize("name", HOSTILE)
def test_shuffled_rows_give_the_same(name: str) -> None:
    chain = HOSTILE[name]
    order = np.random.default_rng(3).permutation(len(chain))
    plain, mixed = prepare_chain(chain), prepare_chain(taken(chain, order))
    if name != "duplicated rows":  # which of equal rows stays is the first, whichever it is
        np.testing.assert_array_equal(plain.status[order], mixed.status)
        np.testing.assert_array_equal(plain.mid_vol[order], mixed.mid_vol)
        np.testing.assert_array_equal(wild_quotes(plain)[order], wild_quotes(mixed))
    assert sorted(plain.status) == sorted(mixed.status)
    assert repr(plain.findings) == repr(mixed.findings)


def usable_share(quotes: SmileQuotes) -> float:
    """Share of rows that can be fitted."""
    return float(quotes.usable.mean())


def test_what_can_be_used_of_a_bad_chain_is() -> None:
    assert usable_share(prepare_chain(HOSTILE["an hour to expiry"])) > 0.0
    assert usable_share(prepare_chain(HOSTILE["forwards missing"])) == 0.5
    assert usable_share(prepare_chain(HOSTILE["duplicated rows"])) == pytest.approx(1.0 / 6.0)
    assert usable_share(prepare_chain(HOSTILE["three strikes"])) == 0.5
