"""Paradex perpetuals: ``BTC-USD-PERP``.

Quoted in dollars and settled in USDC, so quote and settlement are both USDC. Its options are not
read: those without expiry (``BTC-USD-96000-C``) are no contract that a model here margins.
Source: https://docs.paradex.trade/trading/spot-trading/naming-convention
"""

from __future__ import annotations

import re

from plimsoll.adapters.venues.spelling import CODE
from plimsoll.domain.instrument import Instrument, Pair, Payoff, Perpetual

FORM = "BASE-USD-PERP"
EXAMPLES = ("BTC-USD-PERP", "ETH-USD-PERP")

CASH = "USDC"
_NAME = re.compile(rf"(?P<base>{CODE})-USD-PERP")


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    return Perpetual(pair=Pair(base=match["base"], quote=CASH), settle=CASH, payoff=Payoff.LINEAR)


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where Paradex has none for it."""
    pair = instrument.pair
    if not isinstance(instrument, Perpetual) or pair.quote != CASH or pair.base_units != 1:
        return None
    return f"{pair.base}-USD-PERP"
