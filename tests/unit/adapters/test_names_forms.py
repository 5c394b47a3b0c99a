"""Names in forms that stand in no data file, and names that must be refused; written by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from plimsoll.adapters.venues import Venue, parse_name, print_name
from plimsoll.adapters.venues.names import FORMS
from plimsoll.domain.instrument import (
    Future,
    Instrument,
    Option,
    OptionRight,
    Pair,
    Payoff,
    Perpetual,
    Spot,
)
from plimsoll.errors import NameFormatError, UsageError


def at(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, 8, tzinfo=UTC).timestamp()) * 1_000_000_000


BTC_USDT = Pair(base="BTC", quote="USDT")
BTC_USDC = Pair(base="BTC", quote="USDC")
BTC_USD = Pair(base="BTC", quote="USD")


def linear(pair: Pair) -> Perpetual:
    return Perpetual(pair=pair, settle=pair.quote, payoff=Payoff.LINEAR)


def option(pair: Pair, day: int, strike: str, right: OptionRight) -> Option:
    return Option(
        pair=pair,
        settle=pair.quote,
        payoff=Payoff.LINEAR,
        expiry_ns=day,
        strike=Decimal(strike),
        right=right,
    )


CASES: list[tuple[Venue, str, Instrument]] = [
    (Venue.CCXT, "BTC/USDT", Spot(pair=BTC_USDT)),
    (
        Venue.CCXT,
        "ETH/USD:BTC",  # quanto: settles in a third currency
        Perpetual(pair=Pair(base="ETH", quote="USD"), settle="BTC", payoff=Payoff.QUANTO),
    ),
    (
        Venue.CCXT,
        "XYZ-TSLA/USDC:USDC",
        linear(Pair(base="TSLA", quote="USDC", origin="xyz")),
    ),
    (
        Venue.CCXT,
        "BTC/USDT:USDT-240628-60000-C",
        option(BTC_USDT, at(2024, 6, 28), "60000", OptionRight.CALL),
    ),
    (
        Venue.DERIBIT,
        "XRP_USDC-27SEP24-0d55-C",
        option(Pair(base="XRP", quote="USDC"), at(2024, 9, 27), "0.55", OptionRight.CALL),
    ),
    (Venue.DERIBIT, "ETH_BTC", Spot(pair=Pair(base="ETH", quote="BTC"))),
    (
        Venue.BINANCE_USDM,
        "1000000MOGUSDT",
        linear(Pair(base="MOG", quote="USDT", base_units=1_000_000)),
    ),
    (
        Venue.BINANCE_COINM,
        "ETHUSD_240628",
        Future(
            pair=Pair(base="ETH", quote="USD"),
            settle="ETH",
            payoff=Payoff.INVERSE,
            expiry_ns=at(2024, 6, 28),
        ),
    ),
    (
        Venue.BINANCE_OPTIONS,
        "DOGE-240628-0.15-P",
        option(Pair(base="DOGE", quote="USDT"), at(2024, 6, 28), "0.15", OptionRight.PUT),
    ),
    (Venue.BINANCE_SPOT, "BTCTUSD", Spot(pair=Pair(base="BTC", quote="TUSD"))),
    (Venue.BINANCE_SPOT, "SUSDT", Spot(pair=Pair(base="S", quote="USDT"))),
    (Venue.BYBIT, "BTCUSDT", linear(BTC_USDT)),
    (Venue.BYBIT, "BTCPERP", linear(BTC_USDC)),
    (Venue.BYBIT, "PERPUSDT", linear(Pair(base="PERP", quote="USDT"))),
    (Venue.BYBIT, "SHIB1000USDT", linear(Pair(base="SHIB", quote="USDT", base_units=1000))),
    (Venue.BYBIT, "10000LADYSUSDT", linear(Pair(base="LADYS", quote="USDT", base_units=10_000))),
    (Venue.BYBIT, "BTCUSD", Perpetual(pair=BTC_USD, settle="BTC", payoff=Payoff.INVERSE)),
    (
        Venue.BYBIT,
        "BTCUSDZ23",  # last Friday of December 2023
        Future(pair=BTC_USD, settle="BTC", payoff=Payoff.INVERSE, expiry_ns=at(2023, 12, 29)),
    ),
    (
        Venue.BYBIT,
        "BTCUSDT-29DEC23",
        Future(pair=BTC_USDT, settle="USDT", payoff=Payoff.LINEAR, expiry_ns=at(2023, 12, 29)),
    ),
    (
        Venue.BYBIT,
        "BTC-29DEC23",
        Future(pair=BTC_USDC, settle="USDC", payoff=Payoff.LINEAR, expiry_ns=at(2023, 12, 29)),
    ),
    (
        Venue.BYBIT,
        "BTC-3FEB23-24250-C",
        option(BTC_USDC, at(2023, 2, 3), "24250", OptionRight.CALL),
    ),
    (
        Venue.BYBIT,
        "SOL-27JUN25-142.5-P-USDT",
        option(Pair(base="SOL", quote="USDT"), at(2025, 6, 27), "142.5", OptionRight.PUT),
    ),
    (Venue.BYBIT_SPOT, "ETHBTC", Spot(pair=Pair(base="ETH", quote="BTC"))),
    (
        Venue.DYDX,
        "FARTCOIN,RAYDIUM,9BB6NFECJBCTNNLFKO2FQVQBQ8HHM13KCYYCDQBGPUMP-USD",
        linear(
            Pair(
                base="FARTCOIN",
                quote="USDC",
                origin="RAYDIUM,9BB6NFECJBCTNNLFKO2FQVQBQ8HHM13KCYYCDQBGPUMP",
            )
        ),
    ),
    (Venue.HYPERLIQUID, "kPEPE", linear(Pair(base="PEPE", quote="USDC", base_units=1000))),
    (Venue.HYPERLIQUID, "xyz:TSLA", linear(Pair(base="TSLA", quote="USDC", origin="xyz"))),
    (Venue.HYPERLIQUID, "PURR/USDC", Spot(pair=Pair(base="PURR", quote="USDC"))),
    (
        Venue.GATE,
        "BTC_USD_20240628",
        Future(pair=BTC_USD, settle="BTC", payoff=Payoff.INVERSE, expiry_ns=at(2024, 6, 28)),
    ),
    (Venue.DERIVE, "BTC-PERP", linear(BTC_USDC)),
    (
        Venue.DERIVE,
        "BTC-20260925-100000-C",
        option(BTC_USDC, at(2026, 9, 25), "100000", OptionRight.CALL),
    ),
    (
        Venue.DERIVE,
        "XRP-20261225-0_5-P",
        option(Pair(base="XRP", quote="USDC"), at(2026, 12, 25), "0.5", OptionRight.PUT),
    ),
    (Venue.DERIVE, "ETH-USDC", Spot(pair=Pair(base="ETH", quote="USDC"))),
    (Venue.DRIFT, "SOL-PERP", linear(Pair(base="SOL", quote="USDC"))),
    (Venue.DRIFT, "1MBONK-PERP", linear(Pair(base="BONK", quote="USDC", base_units=1_000_000))),
    (Venue.DRIFT, "1INCH-PERP", linear(Pair(base="1INCH", quote="USDC"))),
    (Venue.PARADEX, "BTC-USD-PERP", linear(BTC_USDC)),
]


@pytest.mark.parametrize(("venue", "name", "instrument"), CASES, ids=[c[1] for c in CASES])
def test_name_reads_and_prints(venue: Venue, name: str, instrument: Instrument) -> None:
    assert parse_name(name, venue) == instrument
    assert print_name(instrument, venue) == name


@pytest.mark.parametrize("venue", list(Venue))
def test_examples_in_messages_are_true(venue: Venue) -> None:
    for example in FORMS[venue].examples:
        assert print_name(parse_name(example, venue), venue) == example


REFUSED = [
    (Venue.CCXT, "BTCUSDT"),
    (Venue.CCXT, "btc/usdt:usdt"),
    (Venue.CCXT, "BTC/USDT:USDT-240230"),  # no such day
    (Venue.CCXT, "BTC/USDT:USDT-240628-060000-C"),  # leading zero
    (Venue.CCXT, "USDT/USDT"),
    (Venue.DERIBIT, "BTC"),
    (Venue.DERIBIT, "BTC-06AUG21"),  # Deribit writes 6AUG21
    (Venue.DERIBIT, "BTC-31FEB26"),
    (Venue.DERIBIT, "SYN.BTC-6FEB26-40000-C"),
    (Venue.DERIBIT, "BTC-FS-6AUG21_PERP"),  # a combination, not an instrument
    (Venue.OKX, "BTC-USD-2205201"),
    (Venue.BINANCE_USDM, "BTCEUR"),
    (Venue.BINANCE_USDM, "1MMOGUSDT"),  # Binance writes 1000000MOG: not taken for a coin "1MMOG"
    (Venue.BINANCE_COINM, "BTCUSDT"),
    (Venue.BINANCE_OPTIONS, "BTC-240628-60000.0-C"),
    (Venue.BYBIT, "BTCUSDA23"),
    (Venue.BYBIT, "BTCUSDZ2٣"),  # a digit of another script
    (Venue.DYDX, "BTC-USDT"),
    (Venue.HYPERLIQUID, "@107"),  # an index into the venue's metadata
    (Venue.HYPERLIQUID, "nosuchdex:TSLA"),  # collateral unknown
    (Venue.GATE, "BTC_USDT_240628"),
    (Venue.DERIVE, "BTC-25SEP26-100000-C"),
    (Venue.DERIVE, "XRP-20261225-0.5-P"),
    (Venue.DERIVE, "XRP-20261225-0_50-P"),
    (Venue.DERIVE, "BTC-20260230-100000-C"),  # no such day
    (Venue.DRIFT, "BTC-PERPETUAL"),
    (Venue.PARADEX, "BTC-PERP"),
    (Venue.PARADEX, "BTC-USD-96000-C"),  # an option without expiry
]


@pytest.mark.parametrize(("venue", "name"), REFUSED)
def test_other_forms_are_refused_with_the_form_and_an_example(venue: Venue, name: str) -> None:
    with pytest.raises(NameFormatError) as refused:
        parse_name(name, venue)
    assert FORMS[venue].form in str(refused.value)
    assert FORMS[venue].examples[0] in str(refused.value)
    assert name in str(refused.value)


def test_refusal_offers_the_canonical_spelling() -> None:
    with pytest.raises(NameFormatError, match="did you mean BTC-6AUG21"):
        parse_name("BTC-06AUG21", "deribit")


def test_one_identity_has_a_name_on_each_venue() -> None:
    pepe = parse_name("1000PEPEUSDT", Venue.BINANCE_USDM)
    assert print_name(pepe, Venue.CCXT) == "1000PEPE/USDT:USDT"
    assert print_name(pepe, Venue.BYBIT) == "1000PEPEUSDT"
    btc = parse_name("BTCUSD_PERP", Venue.BINANCE_COINM)
    assert print_name(btc, Venue.DERIBIT) == "BTC-PERPETUAL"
    assert print_name(btc, Venue.OKX) == "BTC-USD-SWAP"
    assert print_name(btc, Venue.BYBIT) == "BTCUSD"


def test_shib_is_spelled_by_each_venues_habit() -> None:
    shib = parse_name("SHIB1000USDT", Venue.BYBIT)
    assert print_name(shib, Venue.BINANCE_USDM) == "1000SHIBUSDT"


def test_a_contract_without_a_name_is_refused() -> None:
    quanto = parse_name("ETH/USD:BTC", Venue.CCXT)
    with pytest.raises(NameFormatError, match="binance-coinm can name"):
        print_name(quanto, Venue.BINANCE_COINM)


def test_expiry_at_another_hour_has_no_name() -> None:
    future = parse_name("BTC-29DEC23", Venue.BYBIT)
    assert isinstance(future, Future)
    noon = replace(future, expiry_ns=future.expiry_ns + 4 * 3_600_000_000_000)
    with pytest.raises(NameFormatError):
        print_name(noon, Venue.BYBIT)


def test_month_code_needs_the_last_friday() -> None:
    future = parse_name("BTCUSDZ23", Venue.BYBIT)
    assert isinstance(future, Future)
    day_earlier = replace(future, expiry_ns=future.expiry_ns - 86_400_000_000_000)
    with pytest.raises(NameFormatError):
        print_name(day_earlier, Venue.BYBIT)


def test_ambiguous_spot_text_is_refused_rather_than_misread() -> None:
    # "BTCT" against a dollar coin "USD" cannot be told from BTC against TUSD.
    with pytest.raises(NameFormatError):
        print_name(Spot(pair=Pair(base="BTCT", quote="USD")), Venue.BINANCE_SPOT)


def test_generation_comes_from_the_caller_and_survives_printing() -> None:
    old = parse_name("LUNAUSDT", Venue.BINANCE_SPOT)
    new = parse_name("LUNAUSDT", Venue.BINANCE_SPOT, generation=2)
    assert old != new
    assert print_name(old, Venue.BINANCE_SPOT) == print_name(new, Venue.BINANCE_SPOT)


def test_unknown_venue_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="choose from ccxt, deribit"):
        parse_name("BTCUSDT", "mtgox")
