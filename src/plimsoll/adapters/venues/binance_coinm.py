"""Binance COIN-M futures: ``BTCUSD_PERP``, ``BTCUSD_240628``; all inverse, quoted in dollars."""

from __future__ import annotations

import re

from plimsoll.adapters.venues.expiries import from_year_month_day, to_year_month_day
from plimsoll.adapters.venues.spelling import CODE
from plimsoll.domain.instrument import Future, Instrument, Option, Pair, Payoff, Perpetual, Spot

FORM = "BASEUSD_PERP or BASEUSD_YYMMDD"
EXAMPLES = ("BTCUSD_PERP", "ETHUSD_240628")

_NAME = re.compile(rf"(?P<base>{CODE})USD_(?:(?P<perpetual>PERP)|(?P<expiry>\d{{6}}))")


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    pair = Pair(base=match["base"], quote="USD")
    if match["perpetual"]:
        return Perpetual(pair=pair, settle=pair.base, payoff=Payoff.INVERSE)
    expiry = from_year_month_day(match["expiry"])
    if expiry is None:
        return None
    return Future(pair=pair, settle=pair.base, payoff=Payoff.INVERSE, expiry_ns=expiry)


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where Binance has none for it."""
    if isinstance(instrument, Spot | Option) or instrument.payoff is not Payoff.INVERSE:
        return None
    stem = f"{instrument.pair.base}{instrument.pair.quote}"
    if isinstance(instrument, Perpetual):
        return f"{stem}_PERP"
    return f"{stem}_{to_year_month_day(instrument)}"
