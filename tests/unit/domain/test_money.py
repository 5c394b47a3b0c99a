"""Money adds only like currencies."""

from __future__ import annotations

from decimal import Decimal

import pytest

from plimsoll.domain.money import Money, total
from plimsoll.errors import UsageError


def usdt(amount: str) -> Money:
    return Money(Decimal(amount), "USDT")


def test_arithmetic_is_exact() -> None:
    assert usdt("0.1") + usdt("0.2") == usdt("0.3")
    assert usdt("1") - usdt("0.9") == usdt("0.1")
    assert 3 * usdt("0.1") == usdt("0.1") * 3 == usdt("0.3")
    assert -usdt("2") == usdt("-2")
    assert total([usdt("0.1")] * 10, "USDT") == usdt("1.0")


def test_order() -> None:
    assert usdt("1") < usdt("2") <= usdt("2")


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_unlike_currencies_do_not_meet(operation: str) -> None:
    with pytest.raises(UsageError, match=r"must be in USDT, found 'BTC'; convert it"):
        getattr(usdt("1"), operation)(Money(Decimal(1), "BTC"))


def test_equal_amounts_of_unlike_currencies_differ() -> None:
    assert usdt("1") != Money(Decimal(1), "USDC")


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity"), 1.5, "1"])
def test_amount_is_a_finite_decimal(amount: object) -> None:
    with pytest.raises(UsageError, match="amount: must be a finite Decimal"):
        Money(amount, "USDT")  # type: ignore[arg-type]


def test_currency_is_named() -> None:
    with pytest.raises(UsageError, match="currency: must be named"):
        Money(Decimal(1), "")
