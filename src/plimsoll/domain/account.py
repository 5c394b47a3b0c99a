"""Accounts as objects, for people at the edges; what computes is `plimsoll.domain.book.Book`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class MarginMode(StrEnum):
    """Which equity stands behind a position."""

    CROSS = "cross"  # the account's whole cross collateral
    ISOLATED = "isolated"  # only the margin set aside for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One position of one account.

    Parameters
    ----------
    market : str
        Key of the instrument in the snapshot and in the parameter set.
    quantity : float
        Signed number of contracts, positive = long.
    entry_price : float
        Average entry price, in the instrument's quote currency.
    mode : MarginMode
    isolated_margin : float or None
        Margin set aside, in settlement currency, not part of the account's collateral. Only for
        isolated positions; there, None and NaN mean that nobody knows it.
    leverage : float or None
        Leverage the user chose; None means the tier's initial rate holds.
    funding : float
        Accrued and not yet settled, in settlement currency; positive = the position receives.
    """

    market: str
    quantity: float
    entry_price: float
    mode: MarginMode = MarginMode.CROSS
    isolated_margin: float | None = None
    leverage: float | None = None
    funding: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One resting order: signed unfilled contracts, positive = buy; None: a market order."""

    market: str
    quantity: float
    price: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account: positions, open orders, and cross collateral by currency.

    Parameters
    ----------
    owner : str
        Beneficial owner: size tiers and limits see the sum over an owner's accounts. Empty: the
        account is its own.
    portfolio : bool
        Whether its cross pool is under the venue's portfolio margin, where there is one.
    """

    name: str
    positions: tuple[Position, ...] = ()
    collateral: Mapping[str, float] = field(default_factory=dict)
    orders: tuple[Order, ...] = ()
    owner: str = ""
    portfolio: bool = False
