"""Deribit: ``BTC-PERPETUAL`` (inverse), ``SOL_USDC-PERPETUAL`` (linear), dated futures, options.

Options on ``BTC`` and ``ETH`` are inverse with strikes in dollars; those with a quote currency in
the name are linear, and write the decimal point of a strike as ``d``. ``SYN.BTC-6FEB26`` is the
forward Deribit derives for an expiry that has no listed future.
"""

from __future__ import annotations

import re
from decimal import Decimal

from plimsoll.adapters.venues.expiries import from_day_month_year, to_day_month_year
from plimsoll.adapters.venues.spelling import CODE, RIGHT, letter_of, right_of, strike_text
from plimsoll.domain.instrument import (
    Future,
    Instrument,
    Option,
    Pair,
    Payoff,
    Perpetual,
    Spot,
)

FORM = "BASE[_QUOTE]-PERPETUAL, [SYN.]BASE[_QUOTE]-DMMMYY[-STRIKE-C|P] or BASE_QUOTE"
EXAMPLES = ("BTC-PERPETUAL", "SOL_USDC-PERPETUAL", "BTC-6AUG21", "XRP_USDC-27SEP24-0d55-C")

_NAME = re.compile(
    rf"(?P<synthetic>SYN\.)?(?P<base>{CODE})(?:_(?P<quote>{CODE}))?"
    rf"(?:-(?:(?P<perpetual>PERPETUAL)|(?P<expiry>\d{{1,2}}[A-Z]{{3}}\d{{2}})"
    rf"(?:-(?P<strike>(?:0|[1-9]\d*)(?:d\d*[1-9])?)-(?P<right>{RIGHT}))?))?"
)


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    pair, settle, payoff = _contract(match["base"], match["quote"])
    if match["expiry"] is not None:
        return _dated(match, pair, settle, payoff)
    if match["synthetic"]:
        return None
    if match["perpetual"]:
        return Perpetual(pair=pair, settle=settle, payoff=payoff)
    return Spot(pair=pair) if match["quote"] else None


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where Deribit has none for it."""
    pair = instrument.pair
    if pair.base_units != 1 or pair.origin or instrument.payoff is Payoff.QUANTO:
        return None
    if isinstance(instrument, Spot):
        return f"{pair.base}_{pair.quote}"
    inverse = instrument.payoff is Payoff.INVERSE
    stem = pair.base if inverse else f"{pair.base}_{pair.quote}"
    if isinstance(instrument, Perpetual):
        return f"{stem}-PERPETUAL"
    stem = f"{stem}-{to_day_month_year(instrument)}"
    if isinstance(instrument, Future):
        return f"SYN.{stem}" if instrument.synthetic else stem
    return f"{stem}-{strike_text(instrument.strike, 'd')}-{letter_of(instrument.right)}"


def _contract(base: str, quote: str | None) -> tuple[Pair, str, Payoff]:
    if quote is None:
        return Pair(base=base, quote="USD"), base, Payoff.INVERSE
    return Pair(base=base, quote=quote), quote, Payoff.LINEAR


def _dated(match: re.Match[str], pair: Pair, settle: str, payoff: Payoff) -> Instrument | None:
    expiry = from_day_month_year(match["expiry"])
    synthetic = match["synthetic"] is not None
    if expiry is None or (synthetic and match["strike"] is not None):
        return None
    if match["strike"] is None:
        return Future(
            pair=pair, settle=settle, payoff=payoff, expiry_ns=expiry, synthetic=synthetic
        )
    return Option(
        pair=pair,
        settle=settle,
        payoff=payoff,
        expiry_ns=expiry,
        strike=Decimal(match["strike"].replace("d", ".")),
        right=right_of(match["right"]),
    )
