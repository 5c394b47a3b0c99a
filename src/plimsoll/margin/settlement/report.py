"""What a cash settlement did: paid positions, those that were kept and why, totals."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.table import Cell, Column, ColumnKind, Table

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class SettlementReason(IntEnum):
    """Why a position was not settled."""

    NONE = 0
    NO_SETTLEMENT_PRICE = 1  # expired, and no finite positive price was given
    NO_QUANTITY = 2  # the position's size is not a number
    NO_FUNDING = 3  # its accrued funding is not a number
    UNKNOWN_INSTRUMENT = 4  # nobody gave the contract's terms, so nobody knows its expiry
    NO_RULE = 5  # a quanto option: the conversion of its payoff is not part of its terms
    NO_ENTRY_PRICE = 6  # a future's entry price is no positive finite number
    NO_ISOLATED_MARGIN = 7  # isolated, and nobody knows with how much
    NO_CONTRACT_SIZE = 8  # the instrument does not say what one contract is

    @property
    def text(self) -> str:
        """A phrase for tables; empty for none."""
        return "" if self is SettlementReason.NONE else _TEXTS[self]


_TEXTS = {
    SettlementReason.NO_SETTLEMENT_PRICE: "no settlement price",
    SettlementReason.NO_QUANTITY: "the position's size is not a number",
    SettlementReason.NO_FUNDING: "its funding is not a number",
    SettlementReason.UNKNOWN_INSTRUMENT: "unknown instrument",
    SettlementReason.NO_RULE: "no rule for the payoff of a quanto option",
    SettlementReason.NO_ENTRY_PRICE: "no positive entry price",
    SettlementReason.NO_ISOLATED_MARGIN: "its isolated margin is not known",
    SettlementReason.NO_CONTRACT_SIZE: "no contract size",
}


class IsolatedDeficit(StrEnum):
    """Who bears what an isolated position lost beyond its margin."""

    VENUE = "venue"  # the account gets nothing back, and owes nothing
    ACCOUNT = "account"  # the account's cross collateral is debited


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementTotal:
    """Sums over one currency; ``credited - debited = sum of payouts and margins - fees + deficit``.

    Parameters
    ----------
    credited, debited : float
        To and from cross collateral, both positive.
    margin_returned : float
        Isolated margin of the settled positions, which is part of what was credited.
    fees : float
    deficit : float
        What isolated positions lost beyond their margin and the venue bears; positive.
    """

    credited: float
    debited: float
    margin_returned: float
    fees: float
    deficit: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SettlementReport:
    """K settled and J kept positions of a book.

    Parameters
    ----------
    at_ns : int
    accounts, markets, currencies : tuple of str
        What the indices below point into.
    account, market, currency : (K,) int64
    quantity, price : (K,) float64
        Signed contracts, settlement price.
    payout : (K,) float64
        Signed: profit since entry with accrued funding of futures, value of options.
    margin : (K,) float64
        Isolated margin that came free; 0 of cross positions.
    fee, deficit : (K,) float64
        Not negative.
    kept_account, kept_market, kept_reason : (J,) int64
        Positions that should have been settled or might have; `SettlementReason` codes.
    cancelled_orders : int
        Open orders in expired markets.
    """

    at_ns: int
    accounts: tuple[str, ...]
    markets: tuple[str, ...]
    currencies: tuple[str, ...]
    account: IntArray
    market: IntArray
    currency: IntArray
    quantity: FloatArray
    price: FloatArray
    payout: FloatArray
    margin: FloatArray
    fee: FloatArray
    deficit: FloatArray
    kept_account: IntArray
    kept_market: IntArray
    kept_reason: IntArray
    cancelled_orders: int

    def __len__(self) -> int:
        return int(self.account.size)

    @property
    def credit(self) -> FloatArray:
        """(K,) signed change of the account's cross collateral."""
        return self.payout + self.margin - self.fee + self.deficit

    def totals(self) -> dict[str, SettlementTotal]:
        """Return sums by settlement currency, of those in which something was settled."""
        found = {}
        for row in np.unique(self.currency).tolist():
            here = self.currency == row
            credit = self.credit[here]
            found[self.currencies[row]] = SettlementTotal(
                credited=float(np.maximum(credit, 0.0).sum()),
                debited=float(np.maximum(-credit, 0.0).sum()),
                margin_returned=float(self.margin[here].sum()),
                fees=float(self.fee[here].sum()),
                deficit=float(self.deficit[here].sum()),
            )
        return found

    def table(self) -> Table:
        """Return one row a position: what it got, or why it was kept."""
        credit = self.credit
        paid: list[tuple[Cell, ...]] = [
            (
                self.accounts[int(self.account[k])],
                self.markets[int(self.market[k])],
                float(self.quantity[k]),
                float(self.price[k]),
                self.currencies[int(self.currency[k])],
                *(float(c[k]) for c in (self.payout, self.margin, self.fee, self.deficit, credit)),
                "",
            )
            for k in range(len(self))
        ]
        kept: list[tuple[Cell, ...]] = [
            (
                self.accounts[account],
                self.markets[market],
                *[None] * 8,
                SettlementReason(reason).text,
            )
            for account, market, reason in zip(
                self.kept_account.tolist(),
                self.kept_market.tolist(),
                self.kept_reason.tolist(),
                strict=True,
            )
        ]
        return Table(
            name="settlement",
            title="Cash settlement",
            columns=_COLUMNS,
            rows=(*paid, *kept),
            notes=(
                "Amounts in settlement currency; payouts are signed, a credit is positive.",
                f"Open orders cancelled in expired markets: {self.cancelled_orders}.",
            ),
        )


def _amount(name: str, title: str) -> Column:
    return Column(name=name, title=title, kind=ColumnKind.NUMBER, digits=8)


_COLUMNS = (
    Column(name="account", title="Account"),
    Column(name="market", title="Market"),
    Column(name="quantity", title="Contracts", kind=ColumnKind.NUMBER, digits=4),
    Column(name="price", title="Settlement price", kind=ColumnKind.NUMBER, digits=4),
    Column(name="currency", title="Settles in"),
    _amount("payout", "Payout"),
    _amount("margin", "Isolated margin returned"),
    _amount("fee", "Fee"),
    _amount("deficit", "Borne by the venue"),
    _amount("credit", "Credit"),
    Column(name="reason", title="Reason"),
)
