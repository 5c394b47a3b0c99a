"""Hyperliquid: ``BTC``, ``kPEPE`` (per 1,000), ``xyz:TSLA`` (a builder's dex), ``PURR/USDC``.

Perpetuals are quoted in dollars and settled in the dex's collateral at one to one; quote and
settlement are that collateral, as in ccxt. Spot pairs other than ``PURR/USDC`` are called by their
index (``@107``), which says nothing without the venue's metadata and is refused.
"""

from __future__ import annotations

import re

from plimsoll.adapters.venues.spelling import CODE
from plimsoll.domain.instrument import Instrument, Pair, Payoff, Perpetual, Spot

FORM = "BASE, kBASE, dex:BASE of a dex with known collateral, or BASE/QUOTE"
EXAMPLES = ("BTC", "kPEPE", "xyz:TSLA", "PURR/USDC")

COLLATERAL = {"": "USDC", "xyz": "USDC"}
"""Collateral of each dex; a dex that is not listed is refused rather than guessed."""

_PERPETUAL = re.compile(rf"(?:(?P<dex>[a-z][a-z0-9]*):)?(?P<kilo>k)?(?P<base>{CODE})")
_SPOT = re.compile(rf"(?P<base>{CODE})/(?P<quote>{CODE})")


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    spot = _SPOT.fullmatch(name)
    if spot is not None:
        return Spot(pair=Pair(base=spot["base"], quote=spot["quote"]))
    match = _PERPETUAL.fullmatch(name)
    collateral = COLLATERAL.get(match["dex"] or "") if match else None
    if match is None or collateral is None:
        return None
    pair = Pair(
        base=match["base"],
        quote=collateral,
        base_units=1000 if match["kilo"] else 1,
        origin=match["dex"] or "",
    )
    return Perpetual(pair=pair, settle=collateral, payoff=Payoff.LINEAR)


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where Hyperliquid has none for it."""
    pair = instrument.pair
    if isinstance(instrument, Spot):
        return f"{pair.base}/{pair.quote}"
    if not isinstance(instrument, Perpetual) or pair.base_units not in (1, 1000):
        return None
    dex = f"{pair.origin}:" if pair.origin else ""
    return f"{dex}{'k' if pair.base_units == 1000 else ''}{pair.base}"
