"""Binance options: ``BTC-240628-60000-C``; European, quoted and settled in USDT."""

from __future__ import annotations

import re
from decimal import Decimal

from plimsoll.adapters.venues.expiries import from_year_month_day, to_year_month_day
from plimsoll.adapters.venues.spelling import CODE, RIGHT, STRIKE, letter_of, right_of, strike_text
from plimsoll.domain.instrument import Instrument, Option, Pair, Payoff

FORM = "BASE-YYMMDD-STRIKE-C|P"
EXAMPLES = ("BTC-240628-60000-C", "DOGE-240628-0.15-P")

_NAME = re.compile(rf"(?P<base>{CODE})-(?P<expiry>\d{{6}})-(?P<strike>{STRIKE})-(?P<right>{RIGHT})")


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    match = _NAME.fullmatch(name)
    expiry = from_year_month_day(match["expiry"]) if match else None
    if match is None or expiry is None:
        return None
    return Option(
        pair=Pair(base=match["base"], quote="USDT"),
        settle="USDT",
        payoff=Payoff.LINEAR,
        expiry_ns=expiry,
        strike=Decimal(match["strike"]),
        right=right_of(match["right"]),
    )


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where Binance has none for it."""
    if not isinstance(instrument, Option):
        return None
    day, strike = to_year_month_day(instrument), strike_text(instrument.strike)
    return f"{instrument.pair.base}-{day}-{strike}-{letter_of(instrument.right)}"
