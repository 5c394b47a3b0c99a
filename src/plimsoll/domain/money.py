"""Money: an amount that cannot be parted from its currency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.canonical import decimal_text
from plimsoll.errors import UsageError


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount of one currency; only like currencies add and compare.

    Raises
    ------
    UsageError
        For an amount that is not finite, no currency, or unlike currencies.

    Examples
    --------
    >>> Money(Decimal("1.50"), "USDT") + Money(Decimal("2"), "USDT")
    Money(amount=Decimal('3.50'), currency='USDT')
    >>> print(-2 * Money(Decimal("1.50"), "USDT"))
    -3 USDT
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal) or not self.amount.is_finite():
            raise UsageError("must be a finite Decimal", found=repr(self.amount), field="amount")
        if not self.currency:
            raise UsageError("must be named", found=self.currency, field="currency")

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._like(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._like(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(self.amount * factor, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._like(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._like(other)

    def __str__(self) -> str:
        return f"{decimal_text(self.amount)} {self.currency}"

    def _like(self, other: Money) -> Decimal:
        if self.currency != other.currency:
            raise UsageError(
                f"must be in {self.currency}",
                found=other.currency,
                field="currency",
                remedy="convert it through a snapshot first",
            )
        return other.amount


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Return the sum; of nothing, zero of ``currency``.

    >>> total([], "BTC")
    Money(amount=Decimal('0'), currency='BTC')
    """
    return sum(amounts, Money(Decimal(0), currency))
