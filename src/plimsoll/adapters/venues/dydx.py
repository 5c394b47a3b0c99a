"""dYdX v3 and v4: ``BTC-USD``; on v4 also ``TICKER,EXCHANGE,address-USD`` for unvetted coins.

Prices are in dollars and profit falls due in USDC at one to one, so quote and settlement are both
USDC, as in ccxt.
"""

from __future__ import annotations

import re

from plimsoll.adapters.venues.spelling import CODE
from plimsoll.domain.instrument import Instrument, Pair, Payoff, Perpetual

FORM = "BASE-USD or BASE,EXCHANGE,ADDRESS-USD"
EXAMPLES = ("BTC-USD", "FARTCOIN,RAYDIUM,9BB6NFECJBCTNNLFKO2FQVQBQ8HHM13KCYYCDQBGPUMP-USD")

_NAME = re.compile(rf"(?P<base>{CODE})(?:,(?P<origin>[^\W_]+,[^\W_]+))?-USD")


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    pair = Pair(base=match["base"], quote="USDC", origin=match["origin"] or "")
    return Perpetual(pair=pair, settle="USDC", payoff=Payoff.LINEAR)


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where dYdX has none for it."""
    if not isinstance(instrument, Perpetual):
        return None
    origin = f",{instrument.pair.origin}" if instrument.pair.origin else ""
    return f"{instrument.pair.base}{origin}-USD"
