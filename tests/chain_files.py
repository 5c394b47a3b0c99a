"""Generated option chains for tests: as files, and spoiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Pair, Payoff
from plimsoll.domain.option_chain import OptionChain
from plimsoll.sandbox.option_chain import option_chain, option_chains
from plimsoll.sandbox.option_chain_table import chain_table


def write_chains(path: Path, snapshots: int = 3, seed: int = 1) -> Path:
    """Write chains of both generated coins; the file's name says that they are synthetic."""
    chains = [
        item.chain
        for coin in ("HELM", "KEEL")
        for item in option_chains(seed, snapshots, currency=coin)
    ]
    chain_table(chains).write_parquet(path)
    return path


def rows(chain: OptionChain, kept: NDArray[np.bool_]) -> OptionChain:
    """Keep some rows of a chain."""
    at = np.flatnonzero(kept).tolist()
    return replace(
        chain,
        names=tuple(chain.names[row] for row in at),
        **{name: getattr(chain, name)[at] for name in COLUMNS},
    )


def hostile_chains() -> Mapping[str, OptionChain]:
    """Chains that no fit likes, by what is wrong with them."""
    chain = option_chain(7).chain
    first, second = chain.expiries_ns[:2]
    zero, three = np.zeros(len(chain)), np.unique(chain.strike)[::45][:3]
    of_first = chain.expiry_ns == first
    put = of_first & ~chain.is_call & (chain.bid > 0.0)  # the lowest strike: out of the money
    one = ~of_first | (put & (np.cumsum(put) == 1))
    twice = np.r_[np.arange(len(chain)), np.flatnonzero(chain.expiry_ns == second)]
    doubled = replace(
        chain,
        names=tuple(chain.names[row] for row in twice),
        **{name: getattr(chain, name)[twice] for name in COLUMNS},
    )
    return {
        "three strikes": rows(chain, np.isin(chain.strike, three)),
        "all quotes zero": replace(chain, bid=zero, ask=zero),
        "no quotes": replace(chain, bid=zero * np.nan, ask=zero * np.nan),
        "duplicated strikes": doubled,
        "negative prices": replace(chain, bid=-chain.bid, ask=-chain.ask),
        "one quote in an expiry": rows(chain, one),
        "an hour to expiry": replace(chain, at_ns=first - 3_600_000_000_000),
        "first expiry gone": replace(chain, at_ns=first + 60_000_000_000),
        "a forward missing": replace(chain, forward=np.where(of_first, np.nan, chain.forward)),
        "no forwards": replace(chain, forward=zero * np.nan, index=zero * np.nan),
        "no marks": replace(chain, mark=zero * np.nan, mark_vol=zero * np.nan),
        "one expiry": rows(chain, of_first),
        "crossed": replace(chain, bid=chain.ask, ask=chain.bid),
        **hostile_units(),
    }


def hostile_units() -> Mapping[str, OptionChain]:
    """Chains whose prices, forwards or names belong to another unit, or to another market.

    The variance strip of each is negative or has no last volatility: quotes are worth less than
    what the distance of the forward from the strikes takes off.
    """
    chain = option_chain(7).chain
    tiny = {name: getattr(chain, name) * 1e-6 for name in ("bid", "ask", "mark")}
    base = chain.pair.base
    linear = replace(
        chain,
        names=tuple(name.replace(f"{base}-", f"{base}_USDC-") for name in chain.names),
        pair=Pair(base=base, quote="USDC"),
        settle="USDC",
        payoff=Payoff.LINEAR,
    )
    return {
        "futures times ten": replace(chain, forward=10.0 * chain.forward),
        "prices in millionths": replace(chain, **tiny),
        "linear names, coin prices": linear,
        "strikes below the forward": _strikes_below(chain),
    }


def _strikes_below(chain: OptionChain) -> OptionChain:
    """Strikes below the forward alone; the last calls below their intrinsic value, no put there."""
    below = rows(chain, chain.strike < 0.95 * chain.forward)
    moneyness = below.strike / below.forward
    last = moneyness > 0.85
    bid, ask = below.bid.copy(), below.ask.copy()
    bid[last & ~below.is_call] = np.nan
    call = last & below.is_call
    bid[call] = 0.4 * (1.0 - moneyness[call])
    ask[call] = 1.1 * bid[call]
    return replace(below, bid=bid, ask=ask)


COLUMNS = (
    "expiry_ns",
    "strike",
    "is_call",
    "bid",
    "ask",
    "mark",
    "forward",
    "index",
    "mark_vol",
    "open_interest",
    "volume",
)
