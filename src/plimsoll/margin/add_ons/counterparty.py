"""Counterparty add-on: an institution's price risk times its multiplier, beside the tiers.

An account of an institution that may not pay bears ``multiplier x price risk`` where others bear
the price risk. The tiers hold one price risk already, so that what is asked on top is, with ``r``
the institution's rate of a market, ``price risk x (multiplier - 1)``::

    add-on = sum over positions of r(market) x notional

Closing costs, fees and impact do not depend on who owns a position, and are not multiplied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.choice import chosen
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import ParameterError
from plimsoll.margin.add_ons.exposed import Charge, Charged, ExposedBook, charge_of
from plimsoll.margin.add_ons.markets import AddOnMarkets

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

RATE_PREFIX = "counterparty_add_on."
"""Of a market's parameters, followed by the institution's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterpartyAddOn:
    """Charge for who owns an account; rates by institution and market.

    Parameters
    ----------
    rates : mapping of str to mapping of str to Decimal
        By name of an account, then by market: share of notional, not negative. Accounts of one
        owner are charged alike where one of them has the name.
    charged : Charged

    Raises
    ------
    ParameterError
        For a negative rate.
    """

    rates: Mapping[str, Mapping[str, Decimal]]
    charged: Charged = field(default=Charged.BOTH)

    def __post_init__(self) -> None:
        object.__setattr__(self, "charged", chosen(Charged, self.charged, "charged"))
        for who, of_markets in self.rates.items():
            for market, rate in of_markets.items():
                if not rate >= 0:
                    raise ParameterError(
                        "must not be negative", found=str(rate), field=f"{who}, {market}"
                    )

    def prepare(self, markets: AddOnMarkets) -> PreparedCounterparty:
        """Lay the rates out by market."""
        names = markets.rows.markets

        def column(of_markets: Mapping[str, Decimal]) -> FloatArray:
            return np.array([*(float(of_markets.get(name, "nan")) for name in names), np.nan])

        return PreparedCounterparty(
            add_on=self, rates={who: column(found) for who, found in self.rates.items()}
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedCounterparty:
    """Rates (N + 1,) by market of every institution; NaN where there is none."""

    add_on: CounterpartyAddOn
    rates: Mapping[str, FloatArray]

    def charge(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        """Charge the positions of every institution that has an account in the book."""
        del inner
        amount, reason = np.zeros(exposed.unit.size), exposed.gross_reason
        for who, accounts in self._present(exposed.book):
            rate = self.rates[who][exposed.row]
            mine = accounts[exposed.book.account_of_position] & (exposed.book.quantity != 0.0)
            # Of two institutions that share an owner the dearer.
            amount = np.where(mine, np.fmax(amount, exposed.gross * rate), amount)
            lacks = mine & np.isnan(rate) & (reason == 0)
            reason = np.where(lacks, int(MarginReason.NO_PARAMETERS), reason).astype(np.int64)
        return charge_of(
            "counterparty",
            "Counterparty",
            exposed.unit_sums(amount),
            self.add_on.charged,
            reason,
            "price risk of each position times the institution's multiplier less one",
        )

    def _present(self, book: Book) -> Iterator[tuple[str, BoolArray]]:
        """Yield institutions of the book, with which accounts (A,) are theirs."""
        names = set(book.accounts) if self.rates else set()
        for who in self.rates:
            if who in names:
                row = book.row(who)
                own = np.arange(len(book)) == row
                yield who, own if book.owner is None else book.owner == book.owner[row]


def counterparty_add_on(
    parameters: ParameterSet, *, charged: Charged = Charged.BOTH
) -> CounterpartyAddOn:
    """Read the rates of a calibrated set, its institutions' accounts named as they are."""
    rates: dict[str, dict[str, Decimal]] = {}
    for one in parameters:
        if one.name.startswith(RATE_PREFIX):
            rates.setdefault(one.name.removeprefix(RATE_PREFIX), {})[one.market] = one.value
    return CounterpartyAddOn(rates=rates, charged=charged)
