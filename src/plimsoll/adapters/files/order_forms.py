"""Open orders, owners and modes of accounts, as JSON books state them beside positions.

An account may have ``"orders": [{"market": ..., "quantity": ..., "price": ...}]`` (no price: a
market order), ``"owner": "name"`` and ``"portfolio": true``. Its orders count what its positions
count: coins where those are sizes by instrument, contracts where they are rows. A book in
sections has ``"orders"`` with an ``account`` in each row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from plimsoll.adapters.files.records import Records, object_records, stated_numbers, texts
from plimsoll.errors import DataFormatError

ORDER_COLUMNS = ("account", "market", "quantity")
ORDER_OPTIONS = ("price",)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedOrder:
    """One open order as it was written.

    Parameters
    ----------
    account, market : str
    quantity : float
        Signed and unfilled, positive = buy; NaN where none was stated.
    in_base : bool
        Whether it counts coins, whatever the contract; else contracts.
    price : float or None
        Limit; None: a market order.
    """

    account: str
    market: str
    quantity: float
    in_base: bool
    price: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDetails:
    """What accounts state beside positions and collateral.

    Parameters
    ----------
    orders : tuple of StatedOrder
    owner : mapping of str to str
        By account; an account that names none is missing.
    portfolio : mapping of str to bool
        By account; an account that does not say is missing.
    """

    orders: tuple[StatedOrder, ...] = ()
    owner: Mapping[str, str] = field(default_factory=dict)
    portfolio: Mapping[str, bool] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Accounts that state something here."""
        return tuple(dict.fromkeys([*(o.account for o in self.orders), *self.owner]))


def account_details(document: Any, source: str, one_account: str) -> AccountDetails:
    """Return orders, owners and modes of a JSON book of any form; its other parts are not judged.

    Parameters
    ----------
    document : mapping or list
    source : str
    one_account : str
        Name of an account that has none.

    Raises
    ------
    DataFormatError
        With account, field and value.
    """
    if isinstance(document, Mapping) and isinstance(document.get("positions"), list):
        if "orders" not in document:
            return AccountDetails()
        rows = object_records(document["orders"], f"{source}: orders")
        return AccountDetails(orders=tuple(order_rows(rows, in_base=False)))
    listed = document if isinstance(document, list) else [document]
    items = [i for i in listed if isinstance(i, Mapping) and "positions" in i]
    orders: list[StatedOrder] = []
    owner: dict[str, str] = {}
    portfolio: dict[str, bool] = {}
    for item in items:
        name = item.get("account", one_account)
        place = f"{source}: account {name}"
        orders += _orders(item, name, place)
        if item.get("owner") is not None:
            owner[name] = _owner(item["owner"], place)
        if item.get("portfolio") is not None:
            portfolio[name] = _flag(item["portfolio"], place)
    return AccountDetails(orders=tuple(orders), owner=owner, portfolio=portfolio)


def order_rows(records: Records, *, in_base: bool) -> Iterator[StatedOrder]:
    """Yield the orders of a table; sizes and limits that cannot be are kept for the book to judge.

    Raises
    ------
    DataFormatError
        Missing or foreign columns, and cells that are no number.
    """
    known = (*ORDER_COLUMNS, *ORDER_OPTIONS)
    missing = [name for name in ORDER_COLUMNS if name not in records.columns]
    foreign = [name for name in records.columns if name not in known]
    if records.count and (missing or foreign):
        raise DataFormatError(
            f"must have {', '.join(ORDER_COLUMNS)}, and may have {', '.join(ORDER_OPTIONS)}",
            found=f"no {missing[0]}" if missing else foreign[0],
            field=records.source,
        )
    cells = zip(
        texts(records, "account"),
        texts(records, "market"),
        stated_numbers(records, "quantity"),
        stated_numbers(records, "price"),
        strict=True,
    )
    for account, market, quantity, price in cells:
        # NaN would read as a market order: a limit that nobody knows leaves the size unknown.
        unknown = quantity is None or (price is not None and price != price)
        yield StatedOrder(
            account=account,
            market=market,
            quantity=float("nan") if unknown or quantity is None else quantity,
            in_base=in_base,
            price=None if unknown else price,
        )


def _orders(item: Mapping[str, Any], name: str, place: str) -> list[StatedOrder]:
    if item.get("orders") is None:
        return []
    listed = item["orders"]
    if not isinstance(listed, list) or not all(isinstance(i, Mapping) for i in listed):
        raise DataFormatError(
            "must be a list of orders",
            found=listed,
            field=f"{place}: orders",
            remedy='such as [{"market": "BTC-PERPETUAL", "quantity": 1, "price": 60000}]',
        )
    twice = next((row for row, i in enumerate(listed) if "account" in i), None)
    if twice is not None:
        raise DataFormatError(
            "must not name an account, being that account's",
            found=listed[twice]["account"],
            field=f"{place}: orders",
            row=twice,
            remedy="leave it out, or put the order under its own account",
        )
    rows = object_records([{**i, "account": name} for i in listed], f"{place}: orders")
    return list(order_rows(rows, in_base=isinstance(item["positions"], Mapping)))


def _owner(owner: Any, place: str) -> str:
    if not isinstance(owner, str) or not owner.strip():
        raise DataFormatError(
            "must be a name",
            found=owner,
            field=f"{place}: owner",
            remedy="accounts of one owner bear the same; leave it out where there is none",
        )
    return owner.strip()


def _flag(flag: Any, place: str) -> bool:
    if not isinstance(flag, bool):
        raise DataFormatError(
            "must be true or false",
            found=flag,
            field=f"{place}: portfolio",
            remedy="true: under the venue's portfolio margin",
        )
    return flag
