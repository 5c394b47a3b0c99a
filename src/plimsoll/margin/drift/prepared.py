"""Drift v2 with marks and rules laid out: requirements of any number of books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.contracts.order_fills import Exposures, Margins, fill_charges
from plimsoll.margin.contracts.position_by_position import stand_alone_requirements
from plimsoll.margin.contracts.stand_alone_book import StandAloneBook, StandAloneMarkets
from plimsoll.margin.drift.collateral import (
    CollateralCharges,
    CurrencyPrices,
    collateral_charges,
)
from plimsoll.margin.drift.parameters import CollateralRules
from plimsoll.margin.drift.size_formulas import (
    Ratios,
    asset_weight,
    keeping_ratio,
    opening_ratio,
)
from plimsoll.margin.units.market_rows import unit_sums

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

INITIAL_PROFIT_CAP_USD = 100.0
"""Most unrealised profit of one position that counts towards opening another."""
OPEN_ORDER_CHARGE_USD = 0.01


class RuleColumns(NamedTuple):
    """(N + 1,) rules by market; NaN where there are none."""

    opening: FloatArray
    opening_high: FloatArray
    initial: FloatArray  # its inverse is the highest ordinary leverage
    keeping: FloatArray
    keeping_high: FloatArray
    size_factor: FloatArray
    profit_opening: FloatArray
    profit_keeping: FloatArray
    profit_factor: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedDrift:
    """Drift v2 at one instant; immutable, knows no account.

    An account is in high-leverage mode in a market where it has chosen more leverage than the
    market's ordinary initial ratio allows. Any chosen leverage raises the ratio to open to at
    least its inverse.
    """

    markets: StandAloneMarkets
    average_prices: Mapping[str, float]
    deposits_usd: Mapping[str, float]
    rules: RuleColumns
    collateral: Mapping[str, CollateralRules]

    def requirements(self, book: Book) -> Requirements:
        """Return initial margin, maintenance margin and equity of every margin unit.

        A unit that holds or owes a currency without rules has NO_PARAMETERS.
        """
        laid = self.markets.lay_out(book)
        charges = collateral_charges(book, self.collateral, self._prices(book))
        laid = _with_reasons(laid, charges)

        def margins(exposures: Exposures) -> tuple[FloatArray, FloatArray]:
            return self._margins(laid, exposures)

        terms = [_collateral_term(laid, charges), self._profit_term(laid)]
        if laid.fills is not None:
            terms.append(self._orders_term(laid, margins))
        return stand_alone_requirements(laid, margins, terms)

    def _margins(self, laid: StandAloneBook, exposures: Exposures) -> tuple[FloatArray, FloatArray]:
        sizes, row, rules = laid.sizes(exposures), laid.row[exposures.market], self.rules
        least = 1.0 / exposures.leverage
        high = least < rules.initial[row]
        factor = rules.size_factor[row]
        opening = Ratios(rules.opening[row], rules.opening_high[row], factor)
        keeping = Ratios(rules.keeping[row], rules.keeping_high[row], factor)
        initial = np.fmax(opening_ratio(sizes.owned, opening, high), least)
        return sizes.value * initial, sizes.value * keeping_ratio(sizes.owned, keeping, high)

    def _profit_term(self, laid: StandAloneBook) -> RequirementTerm:
        """Ask back what is not counted of unrealised profit; losses count in full."""
        row, rules, dollar = laid.row[laid.book.market], self.rules, self._dollar()
        profit = np.maximum(laid.values.unrealised / dollar, 0.0)
        weight = asset_weight(profit, rules.profit_factor[row], rules.profit_opening[row])
        counted = np.minimum(profit * weight, INITIAL_PROFIT_CAP_USD)
        kept = profit * rules.profit_keeping[row]
        return RequirementTerm(
            name="uncounted_profit",
            title="Profit not counted",
            initial=unit_sums(laid.layout, (profit - counted) * dollar),
            maintenance=unit_sums(laid.layout, (profit - kept) * dollar),
        )

    def _orders_term(self, laid: StandAloneBook, margins: Margins) -> RequirementTerm:
        assert laid.fills is not None
        each = OPEN_ORDER_CHARGE_USD * self._dollar()
        initial, maintenance = fill_charges(laid.fills, laid.linked, margins)
        fixed = laid.fills.orders * each
        return RequirementTerm(
            name="open_orders",
            title="Open orders",
            initial=laid.sum_orders(initial + fixed),
            maintenance=laid.sum_orders(maintenance + fixed),
        )

    def _prices(self, book: Book) -> dict[str, CurrencyPrices]:
        return {
            currency: CurrencyPrices(
                spot=self.markets.price(currency),
                average=self.average_prices.get(currency, float("nan")),
                deposits_usd=self.deposits_usd.get(currency, float("nan")),
            )
            for currency in book.currencies
        }

    def _dollar(self) -> float:
        """Price of a dollar in the numeraire."""
        return self.markets.price("USD")


def _with_reasons(laid: StandAloneBook, charges: CollateralCharges) -> StandAloneBook:
    """Note accounts whose collateral has no rules, where nothing else is wrong with them."""
    reason = laid.values.unit_reason.copy()
    cross = reason[: len(laid.book)]
    cross[:] = np.where(cross == 0, charges.reason, cross)
    return replace(laid, values=replace(laid.values, unit_reason=reason))


def _collateral_term(laid: StandAloneBook, charges: CollateralCharges) -> RequirementTerm:
    isolated = np.zeros(len(laid.layout) - len(laid.book))
    return RequirementTerm(
        name="collateral_weights",
        title="Collateral by weight",
        initial=np.concatenate([charges.initial, isolated]),
        maintenance=np.concatenate([charges.maintenance, isolated]),
    )
