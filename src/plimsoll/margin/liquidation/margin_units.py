"""One margin unit of an account as an account of its own."""

from __future__ import annotations

from dataclasses import replace

from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.errors import UsageError


def cross_unit(account: Account) -> Account:
    """Return the account's cross pool alone: its collateral and cross positions."""
    kept = tuple(p for p in account.positions if p.mode is MarginMode.CROSS)
    return replace(account, positions=kept, orders=())


def isolated_unit(account: Account, market: str) -> Account:
    """Return an isolated position alone.

    Raises
    ------
    UsageError
        Where the account has none in ``market``.
    """
    held = tuple(p for p in account.positions if _is_isolated(p) and p.market == market)
    if len(held) != 1:
        raise UsageError("must hold one isolated position", found=len(held), field=market)
    return replace(account, positions=held, collateral={}, orders=())


def _is_isolated(position: Position) -> bool:
    return position.mode is MarginMode.ISOLATED


def unit_number(account: Account) -> int:
    """Return 0 for a cross pool, 1 for an isolated position alone.

    Raises
    ------
    UsageError
        For an account that mixes both.
    """
    isolated = [p for p in account.positions if _is_isolated(p)]
    if not isolated:
        return 0
    if len(account.positions) > 1 or any(v != 0.0 for v in account.collateral.values()):
        raise UsageError(
            "must be one margin unit",
            found="an isolated position beside others or beside collateral",
            field=f"account {account.name}",
            remedy="take it apart with cross_unit and isolated_unit",
        )
    return 1
