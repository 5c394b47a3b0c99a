"""Chains for tests of the surface fit: generated ones, and parts and spoilt copies of them."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np

from plimsoll.domain.option_chain import OptionChain
from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.sandbox.option_chain import SandboxChain, option_chains


@cache
def generated(snapshots: int = 3) -> tuple[SandboxChain, ...]:
    """Generated chains a day apart, each with the surface it was made from."""
    return tuple(option_chains(5, snapshots))


@cache
def clean_quotes() -> SmileQuotes:
    return prepare_chain(generated()[0].chain)


def rows_of(chain: OptionChain, rows: np.ndarray) -> OptionChain:
    """The chain of some rows, in that order; rows may repeat."""
    rows = np.asarray(rows)
    columns: dict[str, Any] = {
        column.name: np.array(getattr(chain, column.name)[rows])
        for column in fields(chain)
        if isinstance(getattr(chain, column.name), np.ndarray)
    }
    return replace(chain, names=tuple(chain.names[row] for row in rows), **columns)


def prices(chain: OptionChain, bid: np.ndarray, ask: np.ndarray) -> OptionChain:
    """The chain with other quotes."""
    return replace(chain, bid=np.array(bid), ask=np.array(ask))


def scaled(chain: OptionChain, row: int, factor: float) -> OptionChain:
    """The chain with one wild quote."""
    bid, ask = np.array(chain.bid), np.array(chain.ask)
    bid[row] *= factor
    ask[row] *= factor
    return prices(chain, bid, ask)
