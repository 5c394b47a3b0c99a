"""OKX: ``BTC-USDT`` (spot), ``BTC-USDT-SWAP``, ``BTC-USD-220520``, ``BTC-USD-220514-22000-C``.

A contract quoted in ``USD`` is inverse, any other settles in its quote currency.
"""

from __future__ import annotations

import re
from decimal import Decimal

from plimsoll.adapters.venues.expiries import from_year_month_day, to_year_month_day
from plimsoll.adapters.venues.spelling import CODE, RIGHT, STRIKE, letter_of, right_of, strike_text
from plimsoll.domain.instrument import (
    Future,
    Instrument,
    Option,
    Pair,
    Payoff,
    Perpetual,
    Spot,
)

FORM = "BASE-QUOTE, BASE-QUOTE-SWAP or BASE-QUOTE-YYMMDD[-STRIKE-C|P]"
EXAMPLES = ("BTC-USDT", "BTC-USD-SWAP", "BTC-USDT-220520", "BTC-USD-220514-22000-C")

_NAME = re.compile(
    rf"(?P<base>{CODE})-(?P<quote>{CODE})"
    rf"(?:-(?:(?P<swap>SWAP)|(?P<expiry>\d{{6}})(?:-(?P<strike>{STRIKE})-(?P<right>{RIGHT}))?))?"
)


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    pair = Pair(base=match["base"], quote=match["quote"])
    inverse = pair.quote == "USD"
    settle = pair.base if inverse else pair.quote
    payoff = Payoff.INVERSE if inverse else Payoff.LINEAR
    if match["swap"]:
        return Perpetual(pair=pair, settle=settle, payoff=payoff)
    if match["expiry"] is None:
        return Spot(pair=pair)
    expiry = from_year_month_day(match["expiry"])
    if expiry is None:
        return None
    if match["strike"] is None:
        return Future(pair=pair, settle=settle, payoff=payoff, expiry_ns=expiry)
    return Option(
        pair=pair,
        settle=settle,
        payoff=payoff,
        expiry_ns=expiry,
        strike=Decimal(match["strike"]),
        right=right_of(match["right"]),
    )


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where OKX has none for it."""
    pair = instrument.pair
    if pair.base_units != 1 or pair.origin:
        return None
    stem = f"{pair.base}-{pair.quote}"
    if isinstance(instrument, Spot):
        return stem
    if isinstance(instrument, Perpetual):
        return f"{stem}-SWAP"
    stem = f"{stem}-{to_year_month_day(instrument)}"
    if isinstance(instrument, Future):
        return stem
    return f"{stem}-{strike_text(instrument.strike)}-{letter_of(instrument.right)}"
