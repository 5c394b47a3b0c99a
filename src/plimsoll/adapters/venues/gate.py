"""Gate futures: ``BTC_USDT`` (linear), ``BTC_USD`` (inverse), ``BTC_USDT_20240628`` (dated)."""

from __future__ import annotations

import re

from plimsoll.adapters.venues.expiries import from_year_month_day, to_year_month_day
from plimsoll.adapters.venues.spelling import CODE
from plimsoll.domain.instrument import Future, Instrument, Option, Pair, Payoff, Perpetual, Spot

FORM = "BASE_USDT or BASE_USD, with _YYYYMMDD for dated futures"
EXAMPLES = ("BTC_USDT", "BTC_USD", "BTC_USDT_20240628")

_NAME = re.compile(rf"(?P<base>{CODE})_(?P<quote>USDT|USD)(?:_20(?P<expiry>\d{{6}}))?")


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    pair = Pair(base=match["base"], quote=match["quote"])
    inverse = pair.quote == "USD"
    settle = pair.base if inverse else pair.quote
    payoff = Payoff.INVERSE if inverse else Payoff.LINEAR
    if match["expiry"] is None:
        return Perpetual(pair=pair, settle=settle, payoff=payoff)
    expiry = from_year_month_day(match["expiry"])
    if expiry is None:
        return None
    return Future(pair=pair, settle=settle, payoff=payoff, expiry_ns=expiry)


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where Gate has none for it."""
    pair = instrument.pair
    if isinstance(instrument, Spot | Option) or pair.base_units != 1:
        return None
    stem = f"{pair.base}_{pair.quote}"
    if isinstance(instrument, Perpetual):
        return stem
    return f"{stem}_20{to_year_month_day(instrument)}"
