"""Accounts whose open orders came to be positions, for examinations of what orders ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from plimsoll.domain.account import Account, Order
from plimsoll.margin.underlying import underlying
from plimsoll.testing.generated_books import position
from plimsoll.testing.subject import Subject


def filled_accounts(subject: Subject, account: Account) -> Iterator[Account]:
    """Yield an account with all its orders filled at the mark, and all of one side of one coin.

    Names say which; orders that are not filled are gone.
    """
    coins = {o.market: underlying(subject.case.instruments[o.market]) for o in account.orders}
    yield filled(subject, account, account.orders, "after all orders")
    for coin in sorted(set(coins.values())):
        for side, name in ((1.0, "buys"), (-1.0, "sells")):
            chosen = [o for o in account.orders if coins[o.market] == coin]
            chosen = [o for o in chosen if o.quantity * side > 0.0]
            if chosen:
                yield filled(subject, account, chosen, f"after all {name} of {coin}")


def filled(subject: Subject, account: Account, orders: Sequence[Order], name: str) -> Account:
    """Return an account of cross positions that moved by ``orders``; none are open, no owner."""
    more = dict[str, float]()
    for order in orders:
        more[order.market] = more.get(order.market, 0.0) + order.quantity
    kept = [
        replace(held, quantity=held.quantity + more.pop(held.market, 0.0))
        for held in account.positions
    ]
    added = [position(subject.case, market, quantity) for market, quantity in more.items()]
    return replace(account, name=name, positions=(*kept, *added), orders=(), owner="")
