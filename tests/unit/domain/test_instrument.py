"""Constructor checks and identities of instruments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from plimsoll.domain.instrument import (
    Future,
    Option,
    OptionRight,
    Pair,
    Payoff,
    Perpetual,
    Spot,
    expiry_at,
    expiry_date,
    identity,
)
from plimsoll.errors import UsageError

BTC_USD = Pair(base="BTC", quote="USD")
BTC_USDT = Pair(base="BTC", quote="USDT")


@pytest.mark.parametrize("code", ["", "btc", "BTC/USD", "B TC", "BTC-1", "BTC_"])
def test_currency_codes_are_capitals_and_digits(code: str) -> None:
    with pytest.raises(UsageError, match="base: must be a currency code"):
        Pair(base=code, quote="USD")


def test_base_and_quote_differ() -> None:
    with pytest.raises(UsageError, match="quote: must differ from base"):
        Pair(base="BTC", quote="BTC")


@pytest.mark.parametrize("field", ["base_units", "generation"])
def test_units_and_generation_start_at_one(field: str) -> None:
    with pytest.raises(UsageError, match=f"{field}: must be at least 1"):
        Pair(base="BTC", quote="USD", **{field: 0})


@pytest.mark.parametrize(
    ("pair", "settle", "payoff"),
    [
        (BTC_USDT, "USDC", Payoff.LINEAR),
        (BTC_USD, "USD", Payoff.INVERSE),
        (BTC_USD, "BTC", Payoff.QUANTO),
        (BTC_USD, "USD", Payoff.QUANTO),
        (Pair(base="PEPE", quote="USD", base_units=1000), "PEPE", Payoff.INVERSE),
    ],
)
def test_settlement_must_suit_the_payoff(pair: Pair, settle: str, payoff: Payoff) -> None:
    with pytest.raises(UsageError, match="settle: a"):
        Perpetual(pair=pair, settle=settle, payoff=payoff)


@pytest.mark.parametrize("size", ["0", "-1", "NaN", "Infinity"])
def test_contract_size_is_positive_and_finite(size: str) -> None:
    with pytest.raises(UsageError, match="contract_size: must be positive and finite"):
        Perpetual(pair=BTC_USDT, settle="USDT", payoff=Payoff.LINEAR, contract_size=Decimal(size))


@pytest.mark.parametrize("expiry_ns", [0, -1, 1_632_470_400_000])  # the last is milliseconds
def test_expiry_is_in_whole_seconds_of_ns(expiry_ns: int) -> None:
    with pytest.raises(UsageError, match="expiry_ns"):
        Future(pair=BTC_USDT, settle="USDT", payoff=Payoff.LINEAR, expiry_ns=expiry_ns + 1)


@pytest.mark.parametrize("strike", ["0", "-5", "NaN"])
def test_strike_is_positive(strike: str) -> None:
    with pytest.raises(UsageError, match="strike: must be positive"):
        Option(
            pair=BTC_USDT,
            settle="USDT",
            payoff=Payoff.LINEAR,
            expiry_ns=expiry_at(date(2026, 1, 30)),
            strike=Decimal(strike),
            right=OptionRight.PUT,
        )


def test_expiry_round_trip() -> None:
    future = Future(
        pair=BTC_USDT,
        settle="USDT",
        payoff=Payoff.LINEAR,
        expiry_ns=expiry_at(date(2021, 9, 24)),
    )
    assert expiry_date(future) == date(2021, 9, 24)


def test_a_name_alone_has_no_contract_size() -> None:
    perpetual = Perpetual(pair=BTC_USD, settle="BTC", payoff=Payoff.INVERSE)
    with pytest.raises(UsageError, match="with_contract_size"):
        perpetual.required_contract_size()
    assert perpetual.with_contract_size(Decimal(100)).required_contract_size() == 100
    assert Spot(pair=BTC_USD).required_contract_size() == 1


def test_identity_forgets_the_contract_size_only() -> None:
    small = Perpetual(
        pair=BTC_USDT, settle="USDT", payoff=Payoff.LINEAR, contract_size=Decimal("0.01")
    )
    large = small.with_contract_size(Decimal(1))
    assert small != large
    assert identity(small) == identity(large)
    assert identity(Spot(pair=BTC_USDT)) == Spot(pair=BTC_USDT)


def test_reused_tickers_are_different_instruments() -> None:
    old = Spot(pair=Pair(base="LUNA", quote="USDT"))
    new = Spot(pair=Pair(base="LUNA", quote="USDT", generation=2))
    assert len({old, new}) == 2


@pytest.mark.parametrize(
    ("pair", "settle", "payoff", "unit"),
    [
        (BTC_USDT, "USDT", Payoff.LINEAR, "BTC"),
        (Pair(base="PEPE", quote="USDT", base_units=1000), "USDT", Payoff.LINEAR, "1000 PEPE"),
        (BTC_USD, "BTC", Payoff.INVERSE, "USD"),
        (Pair(base="ETH", quote="USD"), "BTC", Payoff.QUANTO, "BTC per USD"),
    ],
)
def test_contract_unit_follows_the_payoff(
    pair: Pair, settle: str, payoff: Payoff, unit: str
) -> None:
    assert Perpetual(pair=pair, settle=settle, payoff=payoff).contract_unit == unit
