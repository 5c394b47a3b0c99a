"""Wild quotes on chains with a known smile: what was multiplied is named, the rest is not."""

from __future__ import annotations

import numpy as np
import pytest
from made_chains import STRIKES, changed, made_chain

from plimsoll.domain.option_chain import OptionChain
from plimsoll.marketdata.chains import prepare_chain, wild_quotes


def named(chain: OptionChain) -> list[str]:
    """Return the names of the quotes found wild."""
    return [chain.names[row] for row in np.flatnonzero(wild_quotes(prepare_chain(chain)))]


def hit(chain: OptionChain, name: str, factor: float) -> OptionChain:
    """Return the chain with bid and ask of one option multiplied."""
    row = chain.names.index(name)
    return changed(chain, row, bid=factor * chain.bid[row], ask=factor * chain.ask[row])


@pytest.mark.parametrize("linear", [False, True])
def test_a_smooth_smile_has_none(linear: bool) -> None:
    assert named(made_chain(days=(0.5, 2.0, 7.0, 30.0, 300.0), linear=linear)) == []


@pytest.mark.parametrize("factor", [0.5, 4.0])
@pytest.mark.parametrize("name", ["30d-85000-C", "30d-95000-C", "30d-75000-P", "7d-80000-P"])
def test_a_multiplied_quote_is_named_and_no_other(name: str, factor: float) -> None:
    assert named(hit(made_chain(), name, factor)) == [name]


@pytest.mark.parametrize("name", ["30d-60000-P", "30d-112500-C"])
def test_a_wild_wing_is_named(name: str) -> None:
    assert named(hit(made_chain(), name, 4.0)) == [name]


def test_two_wild_quotes_are_both_named() -> None:
    chain = hit(hit(made_chain(), "30d-85000-C", 4.0), "30d-95000-C", 0.5)
    assert sorted(named(chain)) == ["30d-85000-C", "30d-95000-C"]


def test_a_wild_quote_in_the_money_is_not_charged_to_its_twin() -> None:
    assert named(hit(made_chain(), "30d-95000-P", 1.5)) == []


def test_three_strikes_are_enough_with_their_twins() -> None:
    chain = made_chain(days=(7.0,), strikes=STRIKES[9:12])
    assert named(chain) == []
    assert named(hit(chain, "7d-85000-C", 4.0)) == ["7d-85000-C"]


def test_a_quote_alone_is_held_against_parity() -> None:
    chain = made_chain(days=(7.0,), strikes=STRIKES[12:13])
    assert named(chain) == []
    assert named(hit(chain, "7d-90000-C", 4.0)) == ["7d-90000-C"]


def test_noise_within_the_spread_is_no_wild_quote() -> None:
    chain = made_chain(half_spread_vol=0.01)
    rng = np.random.default_rng(11)
    half = 0.5 * (chain.ask - chain.bid)
    shift = 0.5 * half * rng.normal(size=len(chain)).clip(-1.5, 1.5)
    noisy = changed(chain, slice(None), bid=chain.bid + shift, ask=chain.ask + shift)
    assert named(noisy) == []
