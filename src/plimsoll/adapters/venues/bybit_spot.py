"""Bybit spot: ``BTCUSDT``, without a separator."""

from __future__ import annotations

import re

from plimsoll.adapters.venues.bybit import UNITS
from plimsoll.adapters.venues.spelling import CODE, split_quote
from plimsoll.domain.instrument import Instrument, Pair, Spot

QUOTES = ("USDT", "USDC", "USDE", "USD1", "USDQ", "DAI", "BTC", "ETH", "SOL", "MNT", "EUR", "BRL")
FORM = f"BASEQUOTE with a quote currency of {', '.join(QUOTES)}"
EXAMPLES = ("BTCUSDT", "ETHBTC")


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    split = split_quote(name, QUOTES)
    if split is None or not re.fullmatch(CODE, name):
        return None
    base, units = UNITS.read(split[0])
    return Spot(pair=Pair(base=base, quote=split[1], base_units=units))


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where Bybit has none for it."""
    pair = instrument.pair
    if not isinstance(instrument, Spot) or pair.quote not in QUOTES:
        return None
    return f"{UNITS.write(pair)}{pair.quote}"
