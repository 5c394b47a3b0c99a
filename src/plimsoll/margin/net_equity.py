"""Equity of accounts with several currencies: debts by currency, and how gains are counted.

Nothing is converted on its own: a loss in a currency that the account does not hold is a debt in
it. For a cross pool, with ``B_c`` the collateral in currency ``c`` and ``U_c`` the unrealised
profit in it as it counts, both in the numeraire::

    balance_c = B_c + U_c
    equity    = sum over c of  balance_c                 where it is not negative
                               balance_c x weight_c      where it is a debt, weight_c >= 1

Unrealised profit of perpetuals and futures counts fully, as losses only, or with a haircut on
gains (`UnrealisedRule`), netted in its currency or position by position (`GainNetting`). The value
of options and spot is no profit: it counts, in the currency in which they settle. Isolated
positions have equity of their own, in full.

Haircuts of assets are `plimsoll.margin.collateral`'s; use its rules under this wrapper with a
``liability_weight`` of 1, or a debt counts twice. Page: ``docs/models/account-modes.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.choice import chosen
from plimsoll.domain.instrument import Future, Instrument, Perpetual
from plimsoll.domain.listing import listing_of
from plimsoll.domain.margin_explanation import ExplainedTerm, UnitExplanation
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.domain.requirement import Requirements, UnitExplainer
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.governed import check_bounds, governed
from plimsoll.margin.protocol import MarginModel, Prepared
from plimsoll.margin.quote_scope import Scope, by_own_quote, scope_of
from plimsoll.margin.underlying import parameters_by_unit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
P = TypeVar("P")

NET_EQUITY_TERM = "net_equity"


class UnrealisedRule(StrEnum):
    """How unrealised profit of perpetuals and futures counts as equity."""

    FULL = "full"
    LOSSES_ONLY = "losses_only"
    GAINS_HAIRCUT = "gains_haircut"  # losses in full, gains at ``gain_weight``


class GainNetting(StrEnum):
    """What is a gain: the sum of a currency, or each position."""

    CURRENCY = "currency"
    POSITION = "position"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyWeights:
    """Weights of one currency.

    Raises
    ------
    ParameterError
        For a value out of its bounds.
    """

    liability_weight: Decimal = governed(
        Unit.FRACTION, 1, 3, about="what a debt of one counts", default="1.05"
    )
    gain_weight: Decimal = governed(
        Unit.FRACTION, 0, 1, about="what an unrealised gain of one counts", default="0.9"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "CurrencyWeights")


@dataclass(frozen=True, slots=True, kw_only=True)
class WithNetEquity(Generic[P]):
    """A margin model with equity by currency (a `MarginModel` itself).

    Parameters
    ----------
    model : MarginModel
    pricing : CurrencyPricing
        That of ``model``.
    weights : ParameterSet or mapping of str to CurrencyWeights
        By currency. A pool that owes in a currency, or has a gain to be cut in it, that they do
        not know has the reason NO_PARAMETERS.
    unrealised : UnrealisedRule
    netting : GainNetting
    """

    model: MarginModel[P]
    pricing: CurrencyPricing
    weights: ParameterSet | Mapping[str, CurrencyWeights]
    unrealised: UnrealisedRule = UnrealisedRule.FULL
    netting: GainNetting = GainNetting.CURRENCY

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "unrealised", chosen(UnrealisedRule, self.unrealised, "unrealised")
        )
        object.__setattr__(self, "netting", chosen(GainNetting, self.netting, "netting"))

    def prepare(
        self, snapshot: MarketSnapshot, parameters: P, instruments: Mapping[str, Instrument]
    ) -> PreparedNetEquity:
        """Prepare the model; see `MarginModel.prepare`."""
        instruments = listing_of(instruments)
        return PreparedNetEquity(
            inner=self.model.prepare(snapshot, parameters, instruments),
            rules=NetEquityRules(
                pricing=self.pricing,
                weights=self.weights,
                unrealised=self.unrealised,
                netting=self.netting,
            ),
            snapshot=snapshot,
            instruments=instruments,
        )

    def quote_scope(
        self,
        before: MarketSnapshot,
        after: MarketSnapshot,
        quoted: frozenset[str],
        instruments: Mapping[str, Instrument],
    ) -> Scope:
        """What concerns the model or a currency; see `plimsoll.margin.quote_scope.QuoteScoped`."""
        prices = frozenset(self.pricing.pricing_markets.values())
        own = by_own_quote(before, after, quoted, instruments, references=prices)
        return own | scope_of(self.model, before, after, quoted, instruments)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedNetEquity:
    """Immutable; serves any number of books."""

    inner: Prepared
    rules: NetEquityRules
    snapshot: MarketSnapshot
    instruments: Mapping[str, Instrument]

    def requirements(self, book: Book) -> Requirements:
        """Return the model's requirements with the collateral of cross pools lowered.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        inner = self.inner.requirements(book)
        balances = self._balances(inner)
        lowered, reason = balances.lowered, balances.reason
        collateral = inner.collateral.copy()
        collateral[: len(book)] -= lowered.sum(axis=1)
        own = np.zeros(len(inner), np.int64) if inner.unit_reason is None else inner.unit_reason
        known = own.copy()
        known[: len(book)] = np.where(known[: len(book)] == 0, reason, known[: len(book)])
        explainer = inner.unit_explainer
        return replace(
            inner,
            collateral=collateral,
            unit_reason=known,
            unit_explainer=None
            if explainer is None
            else NetEquityExplainer(inner=explainer, balances=balances),
        )

    def _balances(self, inner: Requirements) -> CurrencyBalances:
        book, pools = inner.book, len(inner.book)
        held = [self.instruments.get(market) for market in book.markets]
        settle = ["" if i is None else i.settle for i in held]
        names = tuple(dict.fromkeys([*book.currencies, *settle]))
        column = np.array([names.index(s) for s in settle], dtype=np.int64)
        profits = np.array([isinstance(i, Perpetual | Future) for i in held], dtype=np.bool_)
        cross = ~book.isolated
        where = (book.account_of_position * len(names) + column[book.market])[cross]
        is_profit = profits[book.market][cross]
        worth = np.nan_to_num(inner.parts.unrealised)[cross]

        def total(values: FloatArray) -> FloatArray:
            size = pools * len(names)
            return np.bincount(where, values, size).reshape(pools, len(names)).astype(np.float64)

        profit = total(np.where(is_profit, worth, 0.0))
        gains = total(np.where(is_profit, np.maximum(worth, 0.0), 0.0))
        if self.rules.netting is GainNetting.CURRENCY:
            gains = np.maximum(profit, 0.0)
        cash = np.zeros((pools, len(names)))
        for at, currency in enumerate(book.currencies):
            price = self.rules.pricing.price(currency, self.snapshot, self.instruments)
            cash[:, at] = np.nan_to_num(book.collateral[:, at] * price)
        value = total(np.where(is_profit, 0.0, worth))
        return self.rules.applied(names, cash + value + profit, gains)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetEquityRules:
    """How balances count; see `WithNetEquity`."""

    pricing: CurrencyPricing
    weights: ParameterSet | Mapping[str, CurrencyWeights]
    unrealised: UnrealisedRule
    netting: GainNetting

    def applied(
        self, currencies: tuple[str, ...], balance: FloatArray, gains: FloatArray
    ) -> CurrencyBalances:
        """Cut gains (A, C), then weight what is owed of balances (A, C)."""
        held = parameters_by_unit(CurrencyWeights, self.weights, currencies)
        liability = _column(held, currencies, "liability_weight")
        cut = gains * (1.0 - self._gain_weights(held, currencies))
        cut = np.where(gains > 0.0, cut, 0.0)
        counted = balance - cut
        owed = np.where(counted < 0.0, -counted * (liability - 1.0), 0.0)
        lowered = cut + owed
        unknown = np.isnan(lowered).any(axis=1)
        return CurrencyBalances(
            currencies=currencies,
            balance=balance,
            cut=cut,
            owed=owed,
            reason=np.where(unknown, int(MarginReason.NO_PARAMETERS), 0).astype(np.int64),
        )

    def _gain_weights(
        self, held: Mapping[str, CurrencyWeights], currencies: tuple[str, ...]
    ) -> FloatArray:
        if self.unrealised is UnrealisedRule.GAINS_HAIRCUT:
            return _column(held, currencies, "gain_weight")
        full = self.unrealised is UnrealisedRule.FULL
        return np.full(len(currencies), 1.0 if full else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurrencyBalances:
    """Balances of A cross pools in C currencies, in the numeraire.

    Parameters
    ----------
    currencies : tuple of C str
    balance : (A, C) float64
        Collateral, profit and value in each currency, as they stand.
    cut, owed : (A, C) float64
        Taken of gains, and added to debts; not negative, NaN where no weight is known.
    reason : (A,) int64
    """

    currencies: tuple[str, ...]
    balance: FloatArray
    cut: FloatArray
    owed: FloatArray
    reason: IntArray

    @property
    def lowered(self) -> FloatArray:
        """(A, C) what equity loses to the rules."""
        return self.cut + self.owed

    def about(self, account: int) -> str:
        """Say what each currency of an account counts."""
        lowered = self.lowered
        return "; ".join(
            f"{currency} {self.balance[account, at]:,.2f} counts "
            f"{self.balance[account, at] - lowered[account, at]:,.2f}"
            for at, currency in enumerate(self.currencies)
            if self.balance[account, at] != 0.0
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetEquityExplainer:
    """Unfolds units: what the model says, and what each currency of a cross pool counts."""

    inner: UnitExplainer
    balances: CurrencyBalances

    def explanation(self, unit: int) -> UnitExplanation:
        """Return the model's terms and one of nothing, whose text says what equity lost."""
        base = self.inner.explanation(unit)
        if unit >= self.balances.reason.size:
            return base
        said = ExplainedTerm(
            name=NET_EQUITY_TERM,
            title="Equity by currency (lowers equity)",
            initial=0.0,
            maintenance=0.0,
            about=self.balances.about(unit),
        )
        lowered = float(self.balances.lowered[unit].sum())
        return replace(base, equity=base.equity - lowered, terms=(*base.terms, said))


def _column(
    held: Mapping[str, CurrencyWeights], currencies: tuple[str, ...], name: str
) -> FloatArray:
    found = [float(getattr(held[c], name)) if c in held else np.nan for c in currencies]
    return np.array(found, dtype=np.float64)
