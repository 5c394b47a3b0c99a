"""One thing that is wrong, or only looks it, and the account that holds it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from plimsoll.domain.account import Account, Order, Position
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.testing.generated_books import position
from plimsoll.testing.margin_case import MarginCase

FAULTY = "faulty account"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fault:
    """One thing that is wrong.

    Parameters
    ----------
    name : str
    case : MarginCase
        With the fault in it.
    account : Account
        That holds it.
    touched : frozenset of str
        Markets that may have other numbers now.
    reason : MarginReason or None
        That must be given; None: any.
    isolated : bool
        Whether it is the isolated position that has no number, and not the cross pool.
    same_as : Account or None
        Account whose numbers will do as well as a reason: for what a model need not read. With
        ``reason`` NONE they are the only right ones, since nothing is wrong.
    """

    name: str
    case: MarginCase
    account: Account
    touched: frozenset[str] = frozenset()
    reason: MarginReason | None = None
    isolated: bool = False
    same_as: Account | None = None


def holding(case: MarginCase, market: str, quantity: float) -> Account:
    """Return an account with one position."""
    return account_of(position(case, market, quantity))


def account_of(*positions: Position) -> Account:
    """Return an account with some positions and nothing else."""
    return Account(name=FAULTY, positions=positions)


def ordered(fault: Fault) -> Fault:
    """Return the same fault for an account that has orders in place of its positions.

    Any reason will do then: a model may have one for all orders.
    """
    same = None if fault.same_as is None else _ordering(fault.same_as)
    return replace(
        fault,
        name=f"order, {fault.name}",
        account=_ordering(fault.account),
        reason=None,
        same_as=same,
    )


def _ordering(account: Account) -> Account:
    orders = tuple(Order(market=p.market, quantity=p.quantity) for p in account.positions)
    return replace(account, positions=(), orders=orders)
