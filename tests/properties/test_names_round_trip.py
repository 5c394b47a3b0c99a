"""Printing, then parsing, is the identity on everything a venue can name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from plimsoll.adapters.venues import Venue, parse_name, print_name
from plimsoll.domain.instrument import (
    Future,
    Instrument,
    Option,
    OptionRight,
    Pair,
    Payoff,
    Perpetual,
    Spot,
    expiry_at,
)
from plimsoll.errors import NameFormatError

PATIENT = settings(deadline=None)  # machines are shared
CODES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=8)
QUOTES = st.sampled_from(["USDT", "USDC", "USD", "BTC", "EUR"])
UNITS = st.sampled_from([1, 1000, 10_000, 1_000_000])
DAYS = st.dates(date(2020, 1, 1), date(2049, 12, 31)).map(expiry_at)
STRIKES = st.decimals("0.0001", "1000000", places=4)


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    base, quote = draw(CODES), draw(QUOTES)
    assume(base != quote)
    return Pair(
        base=base,
        quote=quote,
        base_units=draw(UNITS),
        generation=draw(st.integers(1, 3)),
        origin=draw(st.sampled_from(["", "", "xyz"])),
    )


@st.composite
def instruments(draw: st.DrawFn) -> Instrument:
    pair = draw(pairs())
    payoff = draw(st.sampled_from([Payoff.LINEAR, Payoff.INVERSE]))
    assume(payoff is Payoff.LINEAR or pair.base_units == 1)
    settle = pair.quote if payoff is Payoff.LINEAR else pair.base
    kind = draw(st.sampled_from([Spot, Perpetual, Future, Option]))
    if kind is Spot:
        return Spot(pair=pair)
    if kind is Perpetual:
        return Perpetual(pair=pair, settle=settle, payoff=payoff)
    day = draw(DAYS)
    if kind is Future:
        return Future(pair=pair, settle=settle, payoff=payoff, expiry_ns=day)
    right, strike = draw(st.sampled_from(list(OptionRight))), draw(STRIKES)
    return Option(
        pair=pair, settle=settle, payoff=payoff, expiry_ns=day, strike=strike, right=right
    )


def nameable(instrument: Instrument, venue: Venue) -> str | None:
    try:
        return print_name(instrument, venue)
    except NameFormatError:
        return None


@PATIENT
@given(instrument=instruments(), venue=st.sampled_from(list(Venue)))
@example(instrument=Spot(pair=Pair(base="BTCT", quote="USDT")), venue=Venue.BINANCE_SPOT)
def test_what_prints_parses_back(instrument: Instrument, venue: Venue) -> None:
    name = nameable(instrument, venue)
    if name is not None:
        assert parse_name(name, venue, generation=instrument.pair.generation) == instrument


@PATIENT
@given(instrument=instruments())
def test_ccxt_names_every_plain_instrument(instrument: Instrument) -> None:
    """So the property above is not empty: ccxt refuses only what its text cannot tell apart."""
    base = instrument.pair.base
    assume(not base.startswith(("10", "1M")) and base[0].isalpha())
    name = nameable(instrument, Venue.CCXT)
    assert name is not None
    parsed = parse_name(name, Venue.CCXT, generation=instrument.pair.generation)
    assert parsed == instrument


@PATIENT
@given(base=CODES, day=DAYS, strike=st.integers(1, 1_000_000), right=st.sampled_from(["C", "P"]))
def test_inverse_options_go_from_deribit_to_okx_and_back(
    base: str, day: int, strike: int, right: str
) -> None:
    assume(base != "USD")
    option = Option(
        pair=Pair(base=base, quote="USD"),
        settle=base,
        payoff=Payoff.INVERSE,
        expiry_ns=day,
        strike=Decimal(strike),
        right=OptionRight.CALL if right == "C" else OptionRight.PUT,
    )
    there = parse_name(print_name(option, Venue.DERIBIT), Venue.DERIBIT)
    assert parse_name(print_name(there, Venue.OKX), Venue.OKX) == option
