"""Derive: ``BTC-PERP``, ``BTC-20260925-100000-C``, ``XRP-20261225-0_5-P``, ``ETH-USDC`` (spot).

Prices are in dollars and everything settles in USDC, so quote and settlement are both USDC. A
strike's decimal point is written ``_``, without trailing zeros.
Source: https://docs.derive.xyz/trading/instrument-names
"""

from __future__ import annotations

import re
from decimal import Decimal

from plimsoll.adapters.venues.expiries import from_year_month_day, to_year_month_day
from plimsoll.adapters.venues.spelling import CODE, RIGHT, letter_of, right_of, strike_text
from plimsoll.domain.instrument import Instrument, Option, Pair, Payoff, Perpetual, Spot

FORM = "BASE-PERP, BASE-YYYYMMDD-STRIKE-C|P or BASE-USDC"
EXAMPLES = ("BTC-PERP", "BTC-20260925-100000-C", "XRP-20261225-0_5-P", "ETH-USDC")

CASH = "USDC"
_NAME = re.compile(
    rf"(?P<base>{CODE})-(?:(?P<perpetual>PERP)|(?P<spot>{CASH})"
    rf"|20(?P<expiry>\d{{6}})-(?P<strike>(?:0|[1-9]\d*)(?:_\d*[1-9])?)-(?P<right>{RIGHT}))"
)


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    pair = Pair(base=match["base"], quote=CASH)
    if match["perpetual"]:
        return Perpetual(pair=pair, settle=CASH, payoff=Payoff.LINEAR)
    if match["spot"]:
        return Spot(pair=pair)
    expiry = from_year_month_day(match["expiry"])
    if expiry is None:
        return None
    return Option(
        pair=pair,
        settle=CASH,
        payoff=Payoff.LINEAR,
        expiry_ns=expiry,
        strike=Decimal(match["strike"].replace("_", ".")),
        right=right_of(match["right"]),
    )


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where Derive has none for it."""
    pair = instrument.pair
    if pair.quote != CASH or pair.base_units != 1 or pair.origin:
        return None
    if isinstance(instrument, Spot):
        return f"{pair.base}-{CASH}"
    if isinstance(instrument, Perpetual):
        return f"{pair.base}-PERP"
    if not isinstance(instrument, Option):
        return None
    strike, right = strike_text(instrument.strike, "_"), letter_of(instrument.right)
    return f"{pair.base}-20{to_year_month_day(instrument)}-{strike}-{right}"
