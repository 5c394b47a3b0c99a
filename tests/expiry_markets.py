"""Contracts of every payoff that expire on one day, for tests of settlement."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from plimsoll.domain.instrument import (
    Future,
    Instrument,
    Option,
    OptionRight,
    Pair,
    Payoff,
    Perpetual,
)

EXPIRY_NS = 1_780_000_000 * 10**9
BTC = Pair(base="BTC", quote="USD")
BTC_USDT = Pair(base="BTC", quote="USDT")


def terms(pair: Pair, settle: str, payoff: Payoff, size: str) -> dict[str, Any]:
    return {"pair": pair, "settle": settle, "payoff": payoff, "contract_size": Decimal(size)}


LINEAR = terms(BTC_USDT, "USDT", Payoff.LINEAR, "0.01")
INVERSE = terms(BTC, "BTC", Payoff.INVERSE, "10")
QUANTO = terms(BTC, "ETH", Payoff.QUANTO, "0.001")


def option(of: dict[str, Any], strike: str, right: OptionRight, size: str = "1") -> Option:
    given = of | {"contract_size": Decimal(size)}
    return Option(**given, expiry_ns=EXPIRY_NS, strike=Decimal(strike), right=right)


MANY = terms(Pair(base="KEPE", quote="USDT", base_units=1000), "USDT", Payoff.LINEAR, "1")
INSTRUMENTS: dict[str, Instrument] = {
    "LIN": Future(**LINEAR, expiry_ns=EXPIRY_NS),
    "INV": Future(**INVERSE, expiry_ns=EXPIRY_NS),
    "QNT": Future(**QUANTO, expiry_ns=EXPIRY_NS),
    "LCALL": option(LINEAR, "90", OptionRight.CALL),
    "LPUT": option(LINEAR, "110", OptionRight.PUT),
    "ICALL": option(INVERSE, "90", OptionRight.CALL),
    "IPUT": option(INVERSE, "110", OptionRight.PUT),
    "KCALL": option(MANY, "2", OptionRight.CALL, "5000"),
    "QCALL": option(QUANTO, "90", OptionRight.CALL),
    "PERP": Perpetual(**(LINEAR | {"contract_size": Decimal(1)})),
}
PRICES = dict.fromkeys(INSTRUMENTS, 100.0) | {"KCALL": 3.0}
