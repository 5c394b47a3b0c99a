"""Binance USD-M futures: ``BTCUSDT``, ``1000PEPEUSDT``, ``BTCUSDT_241227``; all linear."""

from __future__ import annotations

import re

from plimsoll.adapters.venues.ccxt_unified import UNITS
from plimsoll.adapters.venues.expiries import from_year_month_day, to_year_month_day
from plimsoll.adapters.venues.spelling import CODE, split_quote
from plimsoll.domain.instrument import Future, Instrument, Option, Pair, Payoff, Perpetual, Spot

QUOTES = ("USDT", "USDC", "BUSD", "BTC")
FORM = f"BASEQUOTE[_YYMMDD] with a quote currency of {', '.join(QUOTES)}"
EXAMPLES = ("BTCUSDT", "1000PEPEUSDT", "BTCUSDT_241227")

_NAME = re.compile(rf"(?P<pair>{CODE})(?:_(?P<expiry>\d{{6}}))?")


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    match = _NAME.fullmatch(name)
    split = split_quote(match["pair"], QUOTES) if match else None
    if match is None or split is None:
        return None
    base, units = UNITS.read(split[0])
    pair = Pair(base=base, quote=split[1], base_units=units)
    if match["expiry"] is None:
        return Perpetual(pair=pair, settle=pair.quote, payoff=Payoff.LINEAR)
    expiry = from_year_month_day(match["expiry"])
    if expiry is None:
        return None
    return Future(pair=pair, settle=pair.quote, payoff=Payoff.LINEAR, expiry_ns=expiry)


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where Binance has none for it."""
    pair = instrument.pair
    if isinstance(instrument, Spot | Option) or instrument.payoff is not Payoff.LINEAR:
        return None
    if pair.quote not in QUOTES:
        return None
    stem = f"{UNITS.write(pair)}{pair.quote}"
    if isinstance(instrument, Perpetual):
        return stem
    return f"{stem}_{to_year_month_day(instrument)}"
