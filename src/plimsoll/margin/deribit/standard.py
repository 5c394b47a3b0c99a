"""Deribit's standard margin: every position on its own, in any currency.

Futures and perpetuals ask a rate that rises with their size, short options the larger of a rate
less the out-of-the-money amount and a floor, plus their mark; long options nothing, since their
premium is paid. Sources and examples: ``docs/models/deribit-standard.md``.

The mark of a short option stands *inside* the requirement, as in the venue's own figures, so the
equity that faces it must not count options: its margin balance. `OptionEquity` names the choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.choice import chosen
from plimsoll.domain.instrument import Instrument, Option
from plimsoll.domain.listing import Listing
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.contracts.open_loss import worst_of_fills
from plimsoll.margin.contracts.order_fills import Exposures
from plimsoll.margin.contracts.position_by_position import order_losses, stand_alone_requirements
from plimsoll.margin.contracts.stand_alone_book import StandAloneBook, StandAloneMarkets
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit.portfolio_mode import PortfolioMode
from plimsoll.margin.deribit.portfolio_table import pair_name
from plimsoll.margin.deribit.standard_formulas import Rates, future_margin, short_option_margin
from plimsoll.margin.deribit.standard_parameters import DeribitStandardPair, StandardParameters
from plimsoll.margin.governed import parameters_of
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.underlying import DOLLAR
from plimsoll.margin.units.instrument_columns import instrument_columns, named_column
from plimsoll.margin.units.kept_rows import kept_rows
from plimsoll.margin.units.market_rows import MarketRows, market_rows
from plimsoll.maths import payoffs
from plimsoll.scenarios.grid_options import expiry_quotes
from plimsoll.scenarios.grid_rules import DEFAULT_GRID_RULES

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class OptionEquity(StrEnum):
    """Whether equity counts the value of options; the excess is the same either way."""

    EXCLUDED = "excluded"  # the venue's margin balance: marks stand in the requirement
    INCLUDED = "included"  # a long option then asks its value, a short one leaves its mark out


@dataclass(frozen=True, slots=True, kw_only=True)
class DeribitStandardMargin(OwnQuotes):
    """The model of an account under standard margin, segregated or cross.

    Parameters
    ----------
    pricing : CurrencyPricing
        The account's currency.
    option_equity : OptionEquity
    mode : PortfolioMode, optional
        Segregated: what settles in another currency than the account's has a reason, and so has
        the unit of an account that holds another one. Cross: all currencies together. Default:
        cross in USD, segregated in any other.

    Raises
    ------
    UsageError
        For an option equity or a mode that is none.
    """

    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    option_equity: OptionEquity = OptionEquity.EXCLUDED
    mode: PortfolioMode | None = None

    def __post_init__(self) -> None:
        equity = chosen(OptionEquity, self.option_equity, "option_equity")
        object.__setattr__(self, "option_equity", equity)
        if self.mode is not None:
            object.__setattr__(self, "mode", chosen(PortfolioMode, self.mode, "mode"))

    @property
    def segregated(self) -> bool:
        """Whether an account is of one currency only."""
        if self.mode is None:
            return self.pricing.numeraire != DOLLAR
        return self.mode is PortfolioMode.SEGREGATED

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: StandardParameters,
        instruments: Mapping[str, Instrument],
    ) -> PreparedStandard:
        """Lay marks, forwards and rates into columns; see `MarginModel.prepare`.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        rows = market_rows(snapshot, instruments, self.pricing)
        pairs = named_column(rows.listing, "pair_name", pair_name)
        held = [parameters_of(DeribitStandardPair, parameters, name) for name in pairs.names]
        underlying, missing = _underlyings(rows, snapshot)
        lacking = pairs.spread(p is None for p in held) > 0.0
        reason = np.where(lacking, int(MarginReason.NO_PARAMETERS), missing)
        reason = rows.with_reasons(reason.astype(np.int64))
        if self.segregated:
            settle = instrument_columns(rows.listing).settle
            foreign = settle.spread(name != self.pricing.numeraire for name in settle.names)
            reason[np.flatnonzero(foreign)] = int(MarginReason.WRONG_SETTLEMENT)
        rates = Rates(
            *(
                np.append(
                    pairs.spread(np.nan if p is None else float(getattr(p, n)) for p in held),
                    np.nan,
                )
                for n in Rates._fields
            )
        )
        return PreparedStandard(
            markets=StandAloneMarkets(
                pricing=self.pricing,
                snapshot=snapshot,
                rows=rows,
                reason=reason,
                reads_leverage=False,
            ),
            option_equity=self.option_equity,
            segregated=self.segregated,
            rates=rates,
            contracts=_contracts(rows, underlying),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contracts:
    """N contracts and one row for what nobody knows, (N + 1,) each.

    Parameters
    ----------
    coins : float64
        Of the underlying, per contract.
    coin_price : float64
        Of the underlying, in the numeraire.
    strike_ratio, mark_ratio : float64
        Of options: strike, and value of an option on one coin, over the underlying.
    worth : float64
        Of options: value of a contract in the numeraire; 0 for anything else.
    is_future, is_option, is_call : bool
    """

    coins: FloatArray
    coin_price: FloatArray
    strike_ratio: FloatArray
    mark_ratio: FloatArray
    worth: FloatArray
    is_future: BoolArray
    is_option: BoolArray
    is_call: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedStandard:
    """Contracts and rates in columns; immutable, serves any number of books."""

    markets: StandAloneMarkets
    option_equity: OptionEquity
    segregated: bool
    rates: Rates
    contracts: Contracts

    def requirements(self, book: Book) -> Requirements:
        """Return initial margin, maintenance margin and equity of every margin unit."""
        laid = self._in_own_currency(self.markets.lay_out(book))
        if self.option_equity is OptionEquity.EXCLUDED:
            laid = self._without_options(laid)

        def margins(exposures: Exposures) -> tuple[FloatArray, FloatArray]:
            return self._margins(laid.row[exposures.market], exposures, self.option_equity)

        return stand_alone_requirements(
            laid,
            margins,
            self._order_terms(laid),
            notes=(_EQUITY_NOTES[self.option_equity],),
        )

    def _in_own_currency(self, laid: StandAloneBook) -> StandAloneBook:
        """Give segregated accounts that hold another currency a reason."""
        if not self.segregated:
            return laid
        book, own = laid.book, self.markets.pricing.numeraire
        other = [currency != own for currency in book.currencies]
        unit_reason = laid.values.unit_reason.copy()
        strange = np.flatnonzero(np.any(book.collateral[:, other] != 0.0, axis=1))
        unit_reason[strange] = int(MarginReason.WRONG_SETTLEMENT)
        return replace(laid, values=replace(laid.values, unit_reason=unit_reason))

    def _without_options(self, laid: StandAloneBook) -> StandAloneBook:
        is_option = self.contracts.is_option[laid.row[laid.book.market]]
        known = laid.values.reason == 0
        unrealised = np.where(is_option & known, 0.0, laid.values.unrealised)
        return replace(laid, values=replace(laid.values, unrealised=unrealised))

    def _margins(
        self, row: IntArray, exposures: Exposures, equity: OptionEquity
    ) -> tuple[FloatArray, FloatArray]:
        held, rates = self.contracts, Rates(*(column[row] for column in self.rates))
        quantity = exposures.quantity
        coins = quantity * held.coins[row]
        future = future_margin(coins, exposures.linked * held.coins[row], rates)
        option = short_option_margin(
            coins, held.strike_ratio[row], held.mark_ratio[row], held.is_call[row], rates
        )
        worth = quantity * held.worth[row]
        if equity is OptionEquity.EXCLUDED:
            worth = np.zeros(quantity.size)
        price, is_future, is_option = (
            c[row] for c in (held.coin_price, held.is_future, held.is_option)
        )
        initial, maintenance = (
            np.where(is_future, f * price, np.where(is_option, o * price + worth, 0.0))
            for f, o in zip(future, option, strict=True)
        )
        return initial, maintenance

    def _order_terms(self, laid: StandAloneBook) -> list[RequirementTerm]:
        """Worst of fills, premiums of options to be bought, losses of futures at their limits.

        Asked as if equity left options out, whichever way it counts those that are held: a premium
        is cash, and what a fill would be worth is nobody's yet.
        """
        if laid.fills is None or laid.book.orders is None:
            return []

        def margins(exposures: Exposures) -> tuple[FloatArray, FloatArray]:
            return self._margins(laid.row[exposures.market], exposures, OptionEquity.EXCLUDED)

        row = laid.row[laid.book.orders.market]
        lost = np.where(self.contracts.is_future[row], order_losses(laid), 0.0)
        worst = worst_of_fills(laid.book, laid.fills, laid.linked, margins, lost)
        fills, loss = worst.terms(laid.fills.account, len(laid.layout))
        return [replace(fills, initial=fills.initial + self._premiums(laid)), loss]

    def _premiums(self, laid: StandAloneBook) -> FloatArray:
        """(U,) what options to be bought cost, at the limit or else the mark."""
        orders = laid.book.orders
        assert orders is not None
        row = laid.row[orders.market]
        bought = np.where(self.contracts.is_option[row], np.maximum(orders.quantity, 0.0), 0.0)
        limit = np.where(np.isnan(orders.price), laid.rows.mark[row], orders.price)
        paid = bought * limit * laid.rows.size[row] * laid.rows.settle_price[row]
        account = np.repeat(np.arange(len(laid.book)), np.diff(orders.offsets))
        premium = np.bincount(account, np.where(bought > 0.0, paid, 0.0), len(laid.layout))
        return premium.astype(np.float64)


_EQUITY_NOTES = {
    OptionEquity.EXCLUDED: "Equity leaves options out: marks of short ones stand in the "
    "requirement, premiums of long ones are paid.",
    OptionEquity.INCLUDED: "Equity counts options at their marks: a long one asks its value, and "
    "the mark of a short one is not in the requirement.",
}


def _underlyings(rows: MarketRows, snapshot: MarketSnapshot) -> tuple[FloatArray, IntArray]:
    """(N,) price of the underlying of each contract, and why there is none (N,)."""
    price = np.where(rows.reason[:-1] == 0, rows.mark[:-1], np.nan)
    reason = np.zeros(price.size, dtype=np.int64)
    terms = instrument_columns(rows.listing)
    options = rows.listing.part("options", lambda i: isinstance(i, Option))
    found = kept_rows(options, snapshot, "forwards", lambda few, _: _forwards(few, snapshot))
    at = np.flatnonzero(terms.is_option)
    price[at], missing = found.price, found.reason
    reason[at] = np.where((missing == 0) & np.isnan(rows.mark[at]), _NO_MARK, missing)
    reason[(terms.payoff == payoffs.QUANTO) | terms.is_spot] = int(MarginReason.NOT_MARGINED)
    return price, reason


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Forwards:
    """(O,) forwards of options, and why there is none."""

    price: FloatArray
    reason: IntArray


def _forwards(options: Listing, snapshot: MarketSnapshot) -> _Forwards:
    held = [i for i in options.instruments if isinstance(i, Option)]
    quotes, missing = expiry_quotes(held, snapshot, DEFAULT_GRID_RULES)
    usable = zip(quotes, missing == 0, strict=True)
    price = [q.forward if q is not None and good else np.nan for q, good in usable]
    return _Forwards(price=np.array(price, dtype=np.float64), reason=missing)


_NO_MARK = int(MarginReason.NO_MARK)


def _contracts(rows: MarketRows, underlying: FloatArray) -> Contracts:
    nan, terms = float("nan"), instrument_columns(rows.listing)
    is_option, inverse = terms.is_option, terms.payoff == payoffs.INVERSE
    base_units = named_column(rows.listing, "base_units", lambda i: str(i.pair.base_units))
    units = base_units.spread(map(float, base_units.names))
    # An impossible mark or price must neither warn nor leave its row.
    size, mark, price = (
        np.where(rows.reason[:-1] == 0, column[:-1], nan)
        for column in (rows.size, rows.mark, rows.settle_price)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        coins = np.where(is_option, size / units, np.where(inverse, size / underlying, size))
        strike_ratio = terms.strike / underlying
        mark_ratio = np.where(inverse, mark, mark / underlying)
    coin_price = np.where(inverse, price, underlying * price)

    def column(values: FloatArray) -> FloatArray:
        return np.append(values, nan)

    def flags(values: BoolArray) -> BoolArray:
        return np.append(values, False)

    return Contracts(
        coins=column(coins),
        coin_price=column(coin_price),
        strike_ratio=column(strike_ratio),
        mark_ratio=column(mark_ratio),
        worth=column(np.where(is_option, size * mark * price, 0.0)),
        is_future=flags(terms.is_contract),
        is_option=flags(is_option),
        is_call=flags(terms.is_call),
    )
