"""The volatility of each coin that the market shows: at the money, about a month ahead."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from plimsoll.domain.instrument import Option
from plimsoll.domain.table import iso_minute
from plimsoll.journeys.margin_market import MarginMarket
from plimsoll.journeys.margin_snapshot import PricedMarket
from plimsoll.margin.underlying import underlying

_MONTH_NS = 30 * 86_400_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinVolatility:
    """A volatility, and where it is from.

    Parameters
    ----------
    annual : float
        Fraction.
    source : str
        In words.
    """

    annual: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quoted:
    """One option's volatility."""

    coin: str
    expiry_ns: int
    strike: float
    forward: float
    vol: float


def coin_volatilities(market: MarginMarket, priced: PricedMarket) -> dict[str, CoinVolatility]:
    """Return the volatility of each coin of which options are quoted.

    Of the expiry nearest to 30 days ahead, and there of the strike nearest to the forward; call
    and put of one strike are averaged. Chains count before single rows of marks.
    """
    found: dict[str, CoinVolatility] = {}
    for rows in (list(_in_chains(market)), list(_in_marks(priced))):
        for coin in dict.fromkeys(row.coin for row in rows):
            if coin not in found:
                own = [row for row in rows if row.coin == coin]
                found[coin] = _at_the_money(own, market.at_ns or 0)
    return found


def _at_the_money(rows: list[_Quoted], at_ns: int) -> CoinVolatility:
    expiry = min({r.expiry_ns for r in rows}, key=lambda e: abs(e - at_ns - _MONTH_NS))
    here = [r for r in rows if r.expiry_ns == expiry]
    off = {r.strike: abs(math.log(r.strike / r.forward)) for r in here}
    nearest = min(off, key=lambda strike: (off[strike], strike))
    vols = [r.vol for r in here if r.strike == nearest]
    vol = math.fsum(vols) / len(vols)
    day = iso_minute(expiry)[:10]
    return CoinVolatility(annual=vol, source=f"strike {nearest:,.10g} of {day}")


def _in_chains(market: MarginMarket) -> Iterator[_Quoted]:
    for chain in market.chains:
        columns = zip(
            chain.expiry_ns.tolist(), chain.strike.tolist(), chain.mark_vol.tolist(), strict=True
        )
        for expiry_ns, strike, vol in columns:
            key = (chain.pair.base, chain.settle, expiry_ns)
            row = _Quoted(
                coin=chain.pair.base,
                expiry_ns=expiry_ns,
                strike=strike,
                forward=market.forwards.get(key, math.nan),
                vol=vol,
            )
            if _is_known(row):
                yield row


def _in_marks(priced: PricedMarket) -> Iterator[_Quoted]:
    snapshot = priced.snapshot
    for name, option in priced.instruments.items():
        if not isinstance(option, Option) or name not in snapshot.quotes:
            continue
        quote = snapshot.expiries.get((option.pair, option.settle, option.expiry_ns))
        row = _Quoted(
            coin=underlying(option),
            expiry_ns=option.expiry_ns,
            strike=float(option.strike),
            forward=math.nan if quote is None else quote.floating + quote.fixed,
            vol=float(snapshot.quotes[name].implied_vol_annual),
        )
        if _is_known(row):
            yield row


def _is_known(row: _Quoted) -> bool:
    values = (row.strike, row.forward, row.vol)
    return all(math.isfinite(v) and v > 0.0 for v in values)
