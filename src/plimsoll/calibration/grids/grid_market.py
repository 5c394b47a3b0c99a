"""The market that a margin model sees: snapshot and instruments of some chains, in one settlement.

The same chain serves venues of either kind. ``INVERSE``: options and futures settle in coin, as
they are listed there. ``LINEAR``: the same strikes and expiries, settled in dollars at
``mark x forward``. Names are the same, so one library of portfolios serves both; the number of
perpetuals and futures differs (`units_per_coin`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from plimsoll.calibration.grids.listed_chain import ListedChain
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import (
    Future,
    Instrument,
    Option,
    OptionRight,
    Pair,
    Payoff,
    Perpetual,
)
from plimsoll.domain.listing import Listing
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.margin.currency import CurrencyPricing

Terms = dict[str, Any]
"""What contracts of one coin have in common."""


class Settlement(StrEnum):
    """What contracts of a venue settle in."""

    INVERSE = "inverse"
    LINEAR = "linear"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridMarket:
    """Snapshot, instruments and prices of coins, for `MarginModel.prepare`."""

    snapshot: MarketSnapshot
    listing: Listing
    settlement: Settlement


def perpetual_name(coin: str) -> str:
    """Name of a coin's perpetual."""
    return f"{coin}-PERPETUAL"


def future_name(coin: str, expiry_ns: int) -> str:
    """Name of a coin's future of an expiry."""
    return f"{coin}-FUTURE-{expiry_ns // 10**9}"


def dollar_pricing(coins: Sequence[str]) -> CurrencyPricing:
    """Dollars as numeraire; coins are worth the index of their perpetual."""
    return CurrencyPricing(
        numeraire="USD", pricing_markets={coin: perpetual_name(coin) for coin in coins}
    )


def grid_market(
    chains: Sequence[ListedChain],
    settlement: Settlement = Settlement.INVERSE,
    only: frozenset[str] | None = None,
) -> GridMarket:
    """Build snapshot and instruments.

    Parameters
    ----------
    chains : sequence of ListedChain
        One a coin, of one instant.
    settlement : Settlement
    only : frozenset of str or None
        Markets wanted: those that are held. Perpetuals stay, for they price the coins.
    """
    quotes: dict[str, Quote] = {}
    held: dict[str, Instrument] = {}
    expiries: dict[tuple[Pair, str, int], ExpiryQuote] = {}
    for chain in chains:
        terms = _terms(chain.coin, settlement)
        _add_delta_one(chain, terms, quotes, held)
        _add_options(chain, terms, only, quotes, held)
        for expiry in chain.expiries_ns:
            quote = ExpiryQuote(floating=chain.forward_of(expiry))
            expiries[terms["pair"], terms["settle"], expiry] = quote
    snapshot = MarketSnapshot(
        at_ns=max(c.at_ns for c in chains),
        quotes=quotes,
        expiries=expiries,
        stable_price_usd={"USD": 1.0},  # some models ask what their cash is worth
    )
    return GridMarket(snapshot=snapshot, listing=Listing(held), settlement=settlement)


def _terms(coin: str, settlement: Settlement) -> Terms:
    inverse = settlement is Settlement.INVERSE
    return {
        "pair": Pair(base=coin, quote="USD"),
        "settle": coin if inverse else "USD",
        "payoff": Payoff.INVERSE if inverse else Payoff.LINEAR,
        "contract_size": Decimal(1),
    }


def _add_delta_one(
    chain: ListedChain,
    terms: Terms,
    quotes: dict[str, Quote],
    held: dict[str, Instrument],
) -> None:
    name = perpetual_name(chain.coin)
    quotes[name] = Quote(mark=chain.index, index=chain.index)
    held[name] = Perpetual(**terms)
    for expiry in chain.futures_ns:
        name = future_name(chain.coin, expiry)
        quotes[name] = Quote(mark=chain.forward_of(expiry), index=chain.index)
        held[name] = Future(**terms, expiry_ns=expiry)


def _add_options(
    chain: ListedChain,
    terms: Terms,
    only: frozenset[str] | None,
    quotes: dict[str, Quote],
    held: dict[str, Instrument],
) -> None:
    linear = terms["payoff"] is Payoff.LINEAR
    for row, name in enumerate(chain.names):
        if only is not None and name not in only:
            continue
        mark = float(chain.mark[row]) * (float(chain.forward[row]) if linear else 1.0)
        quotes[name] = Quote(
            mark=mark, index=chain.index, implied_vol_annual=float(chain.mark_vol[row])
        )
        held[name] = Option(
            **terms,
            expiry_ns=int(chain.expiry_ns[row]),
            strike=Decimal(repr(float(chain.strike[row]))),
            right=OptionRight.CALL if chain.is_call[row] else OptionRight.PUT,
        )
