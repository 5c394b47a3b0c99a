"""Collateral as people hand it over: a table, amounts by currency, or a line of text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plimsoll.adapters.files.records import (
    Records,
    read_records,
    stated_numbers,
    texts,
)
from plimsoll.errors import DataFormatError, UsageError

_HELD = ("account", "currency", "amount")


def read_collateral(given: Any, names: tuple[str, ...]) -> dict[str, Mapping[str, float]]:
    """Return collateral by account and currency.

    Parameters
    ----------
    given : path, frame, mapping or text
        A table of ``account, currency, amount``; or, for a book of one account, a mapping of
        currency to amount, or the text ``BTC=2,USDC=5000``.
    names : tuple of str
        Accounts of the book.

    Raises
    ------
    DataError, DataFormatError, UsageError
    """
    amounts = _amounts_of_one(given, names)
    if amounts is not None:
        return {names[0]: amounts_of(amounts, "collateral", names[0])}
    return collateral_rows(
        read_records(given, required=_HELD, section="collateral", constants=True)
    )


def collateral_records(given: Any, names: tuple[str, ...]) -> Records:
    """Return any of the forms of `read_collateral` as a table of account, currency, amount.

    Raises
    ------
    DataError, DataFormatError, UsageError
    """
    amounts = _amounts_of_one(given, names)
    if amounts is None:
        return read_records(given, required=_HELD, section="collateral", constants=True)
    return _table(amounts, "collateral", names[0])


def _amounts_of_one(given: Any, names: tuple[str, ...]) -> Mapping[Any, Any] | None:
    """Amounts by currency of the only account; None where ``given`` is a table."""
    is_text = isinstance(given, str) and _is_text(given)
    if not (is_text or isinstance(given, Mapping)):
        return None
    if len(names) != 1:
        raise UsageError(
            "must be a table of account, currency, amount for a book of several accounts",
            found=f"amounts for {len(names)} accounts",
            field="collateral",
        )
    return _pairs(given) if isinstance(given, str) else given


def _is_text(given: str) -> bool:
    """Amounts in words, or codes without them; what has a dot or a slash names a file."""
    return not Path(given).exists() and ("=" in given or not set(given) & set("./\\"))


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(","):
        currency, mark, amount = part.partition("=")
        if not (currency.strip() and mark and amount.strip()) or currency.strip() in found:
            raise UsageError(
                "must be CURRENCY=AMOUNT, several with commas, each currency once",
                found=text,
                field="collateral",
                remedy="such as BTC=2,USDC=5000; a file is named with its extension",
            )
        found[currency.strip()] = amount.strip()
    return found


def collateral_rows(records: Records) -> dict[str, Mapping[str, float]]:
    """Return the amounts of a table of accounts, each currency of an account once."""
    found: dict[str, dict[str, float]] = {}
    cells = zip(
        texts(records, "account"),
        texts(records, "currency"),
        _amounts(records),
        strict=True,
    )
    for row, (account, currency, amount) in enumerate(cells):
        own = found.setdefault(account, {})
        if currency in own:
            raise records.refuse("must name each currency of an account once", "currency", row)
        own[currency] = amount
    return dict(found.items())


def amounts_of(amounts: Any, source: str, account: str = "") -> dict[str, float]:
    """Return amounts by currency; empty ones are unknown."""
    if not isinstance(amounts, Mapping):
        raise DataFormatError(
            "must be amounts by currency", found=type(amounts).__name__, field=source
        )
    table = _table(amounts, source, account)
    return dict(zip(texts(table, "currency"), _amounts(table), strict=True))


def _table(amounts: Mapping[Any, Any], source: str, account: str) -> Records:
    return Records(
        source=source,
        columns={
            "account": [account or None] * len(amounts),
            "currency": list(amounts),
            "amount": list(amounts.values()),
        },
        count=len(amounts),
    )


def _amounts(records: Records) -> list[float]:
    """Amounts as they stand; NaN where a cell is empty, which its account has a reason for."""
    return [float("nan") if a is None else a for a in stated_numbers(records, "amount")]
