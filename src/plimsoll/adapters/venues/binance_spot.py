"""Binance spot: ``BTCUSDT``, without a separator, so the quote must be one of those in use."""

from __future__ import annotations

import re

from plimsoll.adapters.venues.ccxt_unified import UNITS
from plimsoll.adapters.venues.spelling import CODE, split_quote
from plimsoll.domain.instrument import Instrument, Pair, Spot

DOLLAR_COINS = frozenset(
    {"USDT", "FDUSD", "USDC", "TUSD", "BUSD", "USD1", "USDP", "USDS", "PAX", "UST", "DAI", "VAI"}
)
FIAT_CURRENCIES_AND_COINS = frozenset(
    {
        "EUR",
        "EURI",
        "AEUR",
        "GBP",
        "AUD",
        "BRL",
        "TRY",
        "RUB",
        "UAH",
        "NGN",
        "ZAR",
        "PLN",
        "RON",
        "ARS",
        "COP",
        "CZK",
        "MXN",
        "JPY",
        "IDRT",
        "BIDR",
        "BKRW",
        "BVND",
    }
)
COINS = frozenset({"BTC", "ETH", "BNB", "XRP", "TRX", "DOGE", "DOT", "SOL"})
QUOTES = DOLLAR_COINS | FIAT_CURRENCIES_AND_COINS | COINS
FORM = f"BASEQUOTE with a quote currency of {', '.join(sorted(QUOTES))}"
EXAMPLES = ("BTCUSDT", "ETHBTC", "1000SATSUSDT")


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    split = split_quote(name, QUOTES)
    if split is None or not re.fullmatch(CODE, name):
        return None
    base, units = UNITS.read(split[0])
    return Spot(pair=Pair(base=base, quote=split[1], base_units=units))


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where Binance has none for it."""
    pair = instrument.pair
    if not isinstance(instrument, Spot) or pair.quote not in QUOTES:
        return None
    return f"{UNITS.write(pair)}{pair.quote}"
