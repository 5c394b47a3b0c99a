"""Drift: ``BTC-PERP``, ``1KWEN-PERP`` (per 1,000 coins), ``1MBONK-PERP`` (per million).

Prices are in dollars and profit falls due in USDC, so quote and settlement are both USDC.
"""

from __future__ import annotations

import re

from plimsoll.adapters.venues.spelling import CODE
from plimsoll.domain.instrument import Instrument, Pair, Payoff, Perpetual

FORM = "BASE-PERP, with 1K or 1M before the base for a thousand or a million coins"
EXAMPLES = ("BTC-PERP", "SOL-PERP", "1MBONK-PERP")

CASH = "USDC"
_UNITS = {"1K": 1_000, "1M": 1_000_000}
_NAME = re.compile(rf"(?P<units>1[KM])?(?P<base>{CODE})-PERP")


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    units = _UNITS.get(match["units"] or "", 1)
    pair = Pair(base=match["base"], quote=CASH, base_units=units)
    return Perpetual(pair=pair, settle=CASH, payoff=Payoff.LINEAR)


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where Drift has none for it."""
    pair = instrument.pair
    prefix = {1: "", **{units: text for text, units in _UNITS.items()}}.get(pair.base_units)
    if not isinstance(instrument, Perpetual) or prefix is None or pair.quote != CASH:
        return None
    return f"{prefix}{pair.base}-PERP"
