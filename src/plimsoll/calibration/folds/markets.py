"""Leave markets out: a parameter learnt on some coins is judged on the others.

Coins share their days, so this says whether a parameter fits coins, not whether it fits times:
it stands beside the walk-forward, never in its place. Names of one coin (a split or renamed ticker,
a contract on a thousand coins) leave together, or the coin would teach its own judge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError, UsageError

IntArray = NDArray[np.int64]

SUCCESSORS: Mapping[str, str] = {
    "LUNC": "LUNA",
    "LUNA2": "LUNA",
    "USTC": "UST",
    "POL": "MATIC",
    "S": "FTM",
    "WBTC": "BTC",
    "WBETH": "ETH",
    "BNSOL": "SOL",
    "BTTC": "BTT",
    "RENDER": "RNDR",
    "EURI": "EUR",
    "BCC": "BCH",
    "BCHABC": "BCH",
}
"""Bases that are another coin's successor, remnant or wrapper, with that coin."""

_QUOTES = ("USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USD")
_MULTIPLE = re.compile(r"^(?:1000000|100000|10000|1000|1M)(?=[A-Z])|^k(?=[A-Z]{3})")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketFold:
    """Columns of training and of test, by position in the markets given; they share none.

    Parameters
    ----------
    name : str
        The group left out.
    training_markets, test_markets : (n,) int64
    """

    name: str
    training_markets: IntArray
    test_markets: IntArray


def coin_family(market: str, successors: Mapping[str, str] = SUCCESSORS) -> str:
    """Coin behind a market's name.

    Examples
    --------
    >>> [coin_family(m) for m in ("1000LUNCUSDT", "LUNAUSDT", "BTC/USDT:USDT", "kPEPE")]
    ['LUNA', 'LUNA', 'BTC', 'PEPE']
    """
    base = re.split(r"[/:\-_]", market, maxsplit=1)[0]
    for quote in _QUOTES:
        if base.endswith(quote) and base != quote:
            base = base.removesuffix(quote)
            break
    base = _MULTIPLE.sub("", base)
    return successors.get(base, base)


def leave_one_coin_out(
    markets: Sequence[str], *, successors: Mapping[str, str] = SUCCESSORS
) -> tuple[MarketFold, ...]:
    """One fold a coin, in the order of names: all its markets are judged by all other coins.

    Raises
    ------
    UsageError
        A market that occurs twice.
    InsufficientDataError
        Fewer than two coins.
    """
    return leave_one_group_out(markets, {m: coin_family(m, successors) for m in markets})


def leave_one_group_out(
    markets: Sequence[str], group_of: Mapping[str, str]
) -> tuple[MarketFold, ...]:
    """One fold a group (sector, risk class, family), in the order of the groups' names."""
    if len(set(markets)) != len(markets):
        raise UsageError("must occur once each", found=len(markets), field="markets")
    absent = [m for m in markets if m not in group_of]
    if absent:
        raise UsageError("must name a group for every market", found=absent[:3], field="group_of")
    groups = np.array([group_of[m] for m in markets])
    names = sorted(set(groups.tolist()))
    if len(names) < 2:
        raise InsufficientDataError("must have two groups", found=len(names), field="group_of")
    return tuple(
        MarketFold(
            name=name,
            training_markets=np.flatnonzero(groups != name).astype(np.int64),
            test_markets=np.flatnonzero(groups == name).astype(np.int64),
        )
        for name in names
    )
