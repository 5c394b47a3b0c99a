"""Spellings shared by several venues: currency codes, strikes, and prices per 1000 coins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from plimsoll.domain.canonical import decimal_text
from plimsoll.domain.instrument import OptionRight, Pair
from plimsoll.errors import UsageError

CODE = r"[^\W_a-z]+"
"""Pattern of a currency code: capitals (of any script) and digits."""

RIGHT = r"[CP]"
STRIKE = r"(?:0|[1-9]\d*)(?:\.\d*[1-9])?"
"""A decimal without leading or trailing zeros."""

_PREFIX = re.compile(r"(10{3,6})(?=[^\d])(.+)")
_SUFFIX = re.compile(r"(.*[^\d])(10{3,6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSpelling:
    """How a venue writes that a price is for 1,000 or more coins.

    Usually as a prefix in digits (``1000PEPE``). Exceptions are facts of the venue and listed.

    Parameters
    ----------
    million_letter : frozenset of str
        Coins written ``1MBABYDOGE``.
    suffixed : frozenset of str
        Coins written ``SHIB1000``.
    """

    million_letter: frozenset[str] = field(default_factory=frozenset)
    suffixed: frozenset[str] = field(default_factory=frozenset)

    def read(self, text: str) -> tuple[str, int]:
        """Return coin and number of coins; ``1INCH``, ``C98`` and ``API3`` are coins.

        Raises
        ------
        UsageError
            For ``1M`` before a coin that is not listed: a wrong unit would go unseen.

        >>> UnitSpelling().read("1000PEPE"), UnitSpelling().read("1INCH")
        (('PEPE', 1000), ('1INCH', 1))
        """
        if self.million_letter and text.startswith("1M"):
            return self._million(text[2:]), 1_000_000
        suffix = _SUFFIX.fullmatch(text)
        if suffix is not None and suffix[1] in self.suffixed:
            return suffix[1], int(suffix[2])
        prefix = _PREFIX.fullmatch(text)
        return (text, 1) if prefix is None else (prefix[2], int(prefix[1]))

    def _million(self, coin: str) -> str:
        if coin not in self.million_letter:
            raise UsageError(
                "must be a coin whose million is written 1M",
                found=coin,
                field="million_letter",
                remedy="add it to the venue's list, or write 1000000",
            )
        return coin

    def write(self, pair: Pair) -> str:
        """Return the venue's text for the coin of ``pair``."""
        if pair.base_units == 1:
            return pair.base
        if pair.base in self.suffixed:
            return f"{pair.base}{pair.base_units}"
        if pair.base in self.million_letter and pair.base_units == 1_000_000:
            return f"1M{pair.base}"
        return f"{pair.base_units}{pair.base}"


def split_quote(text: str, quotes: Iterable[str]) -> tuple[str, str] | None:
    """Split ``BTCUSDT`` at the longest known quote currency; None where none fits."""
    for quote in sorted(quotes, key=len, reverse=True):
        if text.endswith(quote) and len(text) > len(quote):
            return text[: -len(quote)], quote
    return None


def right_of(letter: str) -> OptionRight:
    """Return the right for ``C`` or ``P``."""
    return OptionRight.CALL if letter == "C" else OptionRight.PUT


def letter_of(right: OptionRight) -> str:
    """Return ``C`` or ``P``."""
    return "C" if right is OptionRight.CALL else "P"


def strike_text(strike: Decimal, point: str = ".") -> str:
    """Return the strike without exponent and trailing zeros; Deribit writes ``d`` as the point."""
    return decimal_text(strike).replace(".", point)
