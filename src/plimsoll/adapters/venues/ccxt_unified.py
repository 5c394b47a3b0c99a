"""ccxt's unified symbols: ``BTC/USDT``, ``BTC/USDT:USDT``, ``BTC/USD:BTC-241227[-60000-C]``.

Prices per 1,000 coins are spelled as Binance does, and a Hyperliquid dex as ``XYZ-TSLA``.
"""

from __future__ import annotations

import re
from decimal import Decimal

from plimsoll.adapters.venues.expiries import from_year_month_day, to_year_month_day
from plimsoll.adapters.venues.spelling import (
    CODE,
    RIGHT,
    STRIKE,
    UnitSpelling,
    letter_of,
    right_of,
    strike_text,
)
from plimsoll.domain.instrument import (
    Future,
    Instrument,
    Option,
    Pair,
    Payoff,
    Perpetual,
    Spot,
)

FORM = "BASE/QUOTE[:SETTLE[-YYMMDD[-STRIKE-C|P]]]"
EXAMPLES = ("BTC/USDT", "BTC/USDT:USDT", "BTC/USD:BTC-241227", "BTC/USD:BTC-241227-60000-C")

UNITS = UnitSpelling(million_letter=frozenset({"BABYDOGE"}))
_NAME = re.compile(
    rf"(?:(?P<origin>{CODE})-)?(?P<base>{CODE})/(?P<quote>{CODE})"
    rf"(?::(?P<settle>{CODE})"
    rf"(?:-(?P<expiry>\d{{6}})(?:-(?P<strike>{STRIKE})-(?P<right>{RIGHT}))?)?)?"
)


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    base, units = UNITS.read(match["base"])
    origin = (match["origin"] or "").lower()
    pair = Pair(base=base, quote=match["quote"], base_units=units, origin=origin)
    settle = match["settle"]
    if settle is None:
        return Spot(pair=pair)
    payoff = payoff_of(pair, settle)
    if match["expiry"] is None:
        return Perpetual(pair=pair, settle=settle, payoff=payoff)
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
    """Return the name, or None where ccxt has none for it."""
    pair = instrument.pair
    origin = f"{pair.origin.upper()}-" if pair.origin else ""
    stem = f"{origin}{UNITS.write(pair)}/{pair.quote}"
    if isinstance(instrument, Spot):
        return stem
    stem = f"{stem}:{instrument.settle}"
    if isinstance(instrument, Perpetual):
        return stem
    stem = f"{stem}-{to_year_month_day(instrument)}"
    if isinstance(instrument, Future):
        return stem
    return f"{stem}-{strike_text(instrument.strike)}-{letter_of(instrument.right)}"


def payoff_of(pair: Pair, settle: str) -> Payoff:
    """Linear settles in the quote, inverse in the base, quanto in anything else."""
    if settle == pair.quote:
        return Payoff.LINEAR
    return Payoff.INVERSE if settle == pair.base else Payoff.QUANTO
