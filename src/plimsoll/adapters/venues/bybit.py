"""Bybit derivatives, told apart by form.

=========================== ==============================================
``BTCUSDT``                 linear perpetual, USDT
``BTCPERP``                 linear perpetual, USDC
``BTCUSD``                  inverse perpetual
``BTCUSDZ23``               inverse future, last Friday of the month
``BTCUSDT-29DEC23``         linear future, USDT
``BTC-29DEC23``             linear future, USDC
``BTC-29DEC23-60000-C``     option settled in USDC
``...-C-USDT``              option settled in USDT
=========================== ==============================================

Spot names look like those of USDT perpetuals and stand in `bybit_spot`.
"""

from __future__ import annotations

import re
from decimal import Decimal

from plimsoll.adapters.venues.expiries import (
    from_day_month_year,
    from_month_code,
    to_day_month_year,
    to_month_code,
)
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

FORM = "BASEUSDT, BASEPERP, BASEUSD[month code and year], BASE[USDT]-DMMMYY or an option"
EXAMPLES = ("BTCUSDT", "BTCPERP", "BTCUSDZ23", "BTCUSDT-29DEC23", "BTC-29DEC23-60000-C")

UNITS = UnitSpelling(suffixed=frozenset({"SHIB"}))
_DAY = r"\d{1,2}[A-Z]{3}\d{2}"
_LINEAR = re.compile(rf"(?P<base>{CODE}?)(?P<quote>USDT|PERP)(?:-(?P<expiry>{_DAY}))?")
_INVERSE = re.compile(rf"(?P<base>{CODE}?)USD(?P<expiry>[FGHJKMNQUVXZ]\d{{2}})?")
_USDC_FUTURE = re.compile(rf"(?P<base>{CODE})-(?P<expiry>{_DAY})")
_OPTION = re.compile(
    rf"(?P<base>{CODE})-(?P<expiry>{_DAY})-(?P<strike>{STRIKE})-(?P<right>{RIGHT})(?P<usdt>-USDT)?"
)


def read(name: str) -> Instrument | None:
    """Return the instrument, or None where ``name`` has another form."""
    for pattern, reader in _READERS:
        match = pattern.fullmatch(name)
        if match is not None:
            return reader(match)
    return None


def write(instrument: Instrument) -> str | None:
    """Return the name, or None where Bybit has none for it."""
    match instrument:
        case Spot():
            return None
        case Option():
            return _option_name(instrument)
        case Perpetual(payoff=Payoff.INVERSE):
            return f"{instrument.pair.base}USD"
        case Future(payoff=Payoff.INVERSE):
            return f"{instrument.pair.base}USD{to_month_code(instrument)}"
        case Perpetual():
            end = {"USDT": "USDT", "USDC": "PERP"}.get(instrument.settle)
            return None if end is None else f"{UNITS.write(instrument.pair)}{end}"
    end = {"USDT": "USDT", "USDC": ""}.get(instrument.settle)
    stem = UNITS.write(instrument.pair)
    return None if end is None else f"{stem}{end}-{to_day_month_year(instrument)}"


def _pair(base: str, quote: str) -> Pair:
    coin, units = UNITS.read(base)
    return Pair(base=coin, quote=quote, base_units=units)


def _read_linear(match: re.Match[str]) -> Instrument | None:
    dated = match["expiry"] is not None
    if dated and match["quote"] == "PERP":
        return None
    quote = "USDC" if match["quote"] == "PERP" else "USDT"
    return _linear(_pair(match["base"], quote), match["expiry"])


def _read_usdc_future(match: re.Match[str]) -> Instrument | None:
    return _linear(_pair(match["base"], "USDC"), match["expiry"])


def _linear(pair: Pair, expiry: str | None) -> Instrument | None:
    if expiry is None:
        return Perpetual(pair=pair, settle=pair.quote, payoff=Payoff.LINEAR)
    at = from_day_month_year(expiry)
    if at is None:
        return None
    return Future(pair=pair, settle=pair.quote, payoff=Payoff.LINEAR, expiry_ns=at)


def _read_inverse(match: re.Match[str]) -> Instrument | None:
    pair = Pair(base=match["base"], quote="USD")
    if match["expiry"] is None:
        return Perpetual(pair=pair, settle=pair.base, payoff=Payoff.INVERSE)
    at = from_month_code(match["expiry"])
    if at is None:
        return None
    return Future(pair=pair, settle=pair.base, payoff=Payoff.INVERSE, expiry_ns=at)


def _read_option(match: re.Match[str]) -> Instrument | None:
    at = from_day_month_year(match["expiry"])
    quote = "USDT" if match["usdt"] else "USDC"
    if at is None:
        return None
    return Option(
        pair=_pair(match["base"], quote),
        settle=quote,
        payoff=Payoff.LINEAR,
        expiry_ns=at,
        strike=Decimal(match["strike"]),
        right=right_of(match["right"]),
    )


def _option_name(option: Option) -> str | None:
    end = {"USDT": "-USDT", "USDC": ""}.get(option.settle)
    stem = f"{UNITS.write(option.pair)}-{to_day_month_year(option)}"
    name = f"{stem}-{strike_text(option.strike)}-{letter_of(option.right)}"
    return None if end is None else f"{name}{end}"


_READERS = (
    (_LINEAR, _read_linear),
    (_INVERSE, _read_inverse),
    (_USDC_FUTURE, _read_usdc_future),
    (_OPTION, _read_option),
)
