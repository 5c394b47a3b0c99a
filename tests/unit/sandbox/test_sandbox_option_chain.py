"""The generated option chain: what it claims of itself is so."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest

from plimsoll.adapters.chains import read_chains
from plimsoll.adapters.venues.names import Venue, parse_name
from plimsoll.domain.instrument import Option, OptionRight
from plimsoll.errors import UsageError
from plimsoll.maths.svi import durrleman, svi_total_variance
from plimsoll.sandbox.option_chain import SmileLaw, black_price, option_chain, option_chains
from plimsoll.sandbox.option_chain_table import chain_table

SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_its_law_is_free_of_arbitrage(seed: int) -> None:
    k = np.linspace(-3.0, 3.0, 4001)
    for item in option_chains(seed, 4):
        raw = item.truth.raw()
        assert durrleman(raw, k).min() > 0.0
        assert np.diff(svi_total_variance(raw, k), axis=0).min() > 0.0


@pytest.mark.parametrize("coin", ["HELM", "KEEL"])
def test_prices_stand_on_ticks_around_the_true_price(coin: str) -> None:
    item = option_chain(3, currency=coin)
    chain = item.chain
    for price in (chain.bid, chain.ask):
        known = price[np.isfinite(price)]
        tick = np.where(known < 0.005 - 1e-9, 1e-4, 5e-4)
        assert np.abs(known / tick - np.round(known / tick)).max() < 1e-6
        assert known.min() >= 1e-4
    smiles = {smile.expiry_ns: smile for smile in item.truth.smiles}
    for row in range(len(chain)):
        smile = smiles[int(chain.expiry_ns[row])]
        k = np.log(chain.strike[row : row + 1] / chain.forward[row])
        deviation = np.sqrt(svi_total_variance(smile.raw, k))
        true = float(black_price(k, deviation, chain.is_call[row : row + 1])[0])
        assert not chain.bid[row] > true
        assert chain.ask[row] >= true


def test_a_seed_gives_the_same_chain_and_another_another() -> None:
    one, same, other = option_chain(1).chain, option_chain(1).chain, option_chain(2).chain
    assert one.names == same.names
    assert np.array_equal(one.bid, same.bid, equal_nan=True)
    assert not np.array_equal(one.bid[:300], other.bid[:300], equal_nan=True)


def test_names_say_what_the_columns_say() -> None:
    chain = option_chain(1).chain
    for row, name in enumerate(chain.names):
        read = parse_name(name, Venue.DERIBIT)
        assert isinstance(read, Option)
        assert read.expiry_ns == chain.expiry_ns[row]
        assert float(read.strike) == chain.strike[row]
        assert (read.right is OptionRight.CALL) == chain.is_call[row]


def test_a_table_of_it_reads_back_as_it_was() -> None:
    items = [item.chain for item in option_chains(1, 2)]
    stream = io.BytesIO()
    chain_table(items).write_parquet(stream)
    stream.seek(0)
    for made, read in zip(items, read_chains(pl.read_parquet(stream)), strict=True):
        assert (made.names, made.at_ns, made.payoff) == (read.names, read.at_ns, read.payoff)
        for column in ("bid", "ask", "mark", "forward", "index", "mark_vol", "strike"):
            assert np.array_equal(getattr(made, column), getattr(read, column), equal_nan=True)


def test_it_refuses_what_it_has_not() -> None:
    with pytest.raises(UsageError, match=r"currency: must be one of \['HELM', 'KEEL'\]"):
        option_chain(1, currency="BTC")
    with pytest.raises(UsageError, match="eta"):
        SmileLaw(eta=2.0, rho=0.5)
