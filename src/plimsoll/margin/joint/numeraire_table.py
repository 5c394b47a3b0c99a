"""Scenario profits in the numeraire, where the settlement coin itself moves in the scenario.

Of one long contract worth ``v`` now and gaining ``x`` in a settlement currency of price ``p`` that
moves by ``m``, the numeraire sees

    (v + x) p (1 + m) - v p,

and of one coin that somebody holds, ``p m``. So a long inverse contract bought with coins loses
twice: the contract costs coins, and the coins left are worth less.
``v`` is the mark of options and spot, since equity counts them at it; perpetuals and futures are
worth nothing, and the profit made so far with them is an amount of coin like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import Listing, listing_of
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.scenario import Factor, ScenarioSet
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.joint.numeraire_exposures import HeldCurrencies, priced_currencies
from plimsoll.margin.units.instrument_columns import instrument_columns, named_column
from plimsoll.margin.units.kept_rows import kept_rows
from plimsoll.margin.units.market_rows import MarketRows, market_rows
from plimsoll.maths import payoffs
from plimsoll.maths.unit_losses import ProfitRows
from plimsoll.scenarios.option_rules import DEFAULT_RULES, OptionRules
from plimsoll.scenarios.revaluation import revalue
from plimsoll.scenarios.scenario_table import RevaluationReason, ScenarioTable
from plimsoll.scenarios.settlement_share import floating_shares

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_REASONS = {
    RevaluationReason.EXPIRED: MarginReason.EXPIRED,
    RevaluationReason.NO_SURFACE: MarginReason.NO_VOLATILITY,
    RevaluationReason.STALE_SURFACE: MarginReason.STALE_SURFACE,
    RevaluationReason.BEYOND_SURFACE: MarginReason.BEYOND_SURFACE,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumeraireTable:
    """Profits of N markets and C currencies under S scenarios, in the numeraire.

    Parameters
    ----------
    numeraire : str
    scenarios : ScenarioSet
    rows : MarketRows
        Of the N markets, with the reason of each row that has no profits.
    profit : (N, S) float64
        Of one long contract; zero in rows with a reason, which nobody may sum.
    currencies : tuple of C str
        All that the pricing can price.
    currency_price : (C,) float64
    currency_profit : (C, S) float64
        Of one unit held; NaN where no scenario says how the currency moves, and where it has no
        price.
    """

    numeraire: str
    scenarios: ScenarioSet
    rows: MarketRows
    profit: FloatArray
    currencies: tuple[str, ...]
    currency_price: FloatArray
    currency_profit: FloatArray

    def __post_init__(self) -> None:
        expected = {
            "profit": (len(self.rows.markets), len(self.scenarios)),
            "currency_profit": (len(self.currencies), len(self.scenarios)),
            "currency_price": (len(self.currencies),),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                found = getattr(self, name).shape
                raise UsageError(f"must have the shape {shape}", found=found, field=name)
            getattr(self, name).setflags(write=False)

    @property
    def held(self) -> HeldCurrencies:
        """The currencies as books hold them."""
        profit = self.currency_profit
        return HeldCurrencies(
            names=self.currencies,
            known=np.asarray(~np.isnan(profit).any(axis=1)),
            moving=np.asarray(np.nan_to_num(profit).any(axis=1)),
            unmoved=MarginReason.NO_SCENARIOS,
        )

    def currency(self, name: str) -> int:
        """Return the row of a currency; one that the pricing cannot price is refused."""
        return self.held.index(name)

    def profit_rows(self) -> ProfitRows:
        """Return the table as kernels take it: contiguous, writeable, without NaN."""
        return ProfitRows(
            np.array(self.profit),
            np.nan_to_num(self.currency_profit),
            np.array(self.scenarios.weights),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyMoves:
    """How currencies move under scenarios, against the numeraire.

    A currency moves by its factor, a simple return of its price in dollars. The dollar does not
    move, nor does a dollar coin of ``stable_price_usd`` that has no factor; any other currency
    needs one.

    Parameters
    ----------
    scenarios : ScenarioSet
    snapshot : MarketSnapshot
    numeraire : str
    factors : mapping of str to Factor
        By currency; default: the price factor of its own name.
    """

    scenarios: ScenarioSet
    snapshot: MarketSnapshot
    numeraire: str
    factors: Mapping[str, Factor]

    def growth(self, currency: str) -> FloatArray:
        """(S,) price under each scenario over price now, in the numeraire; NaN where unknown."""
        if currency == self.numeraire:
            return np.ones(len(self.scenarios))
        return self.in_dollars(currency) / self.in_dollars(self.numeraire)

    def in_dollars(self, currency: str) -> FloatArray:
        """(S,) the same in dollars."""
        factor = self.factors.get(currency, Factor(subject=currency))
        if currency != "USD" and factor in self.scenarios.factors:
            moves: FloatArray = 1.0 + self.scenarios.shocks[:, self.scenarios.column(factor)]
            return moves
        still = currency == "USD" or currency in self.snapshot.stable_price_usd
        return np.full(len(self.scenarios), 1.0 if still else np.nan)


def numeraire_table(
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
    scenarios: ScenarioSet,
    pricing: CurrencyPricing,
    *,
    factors: Mapping[str, Factor] | None = None,
    currency_factors: Mapping[str, Factor] | None = None,
    option_rules: OptionRules = DEFAULT_RULES,
) -> NumeraireTable:
    """Revalue every instrument and every currency under ``scenarios``, in the numeraire.

    A market that cannot be revalued has a reason: expired, without mark, surface, settlement
    average (within its window) or price of its settlement currency, a quanto option
    (NOT_MARGINED), and one whose underlying or settlement currency no scenario moves
    (NO_SCENARIOS).

    Parameters
    ----------
    instruments, snapshot, scenarios, factors, option_rules
        As in `plimsoll.scenarios.revaluation.revalue`.
    pricing : CurrencyPricing
    currency_factors : mapping of str to Factor, optional
        What moves a currency's price, where it is not the factor of its own name.

    Raises
    ------
    UsageError
        For a contract without size, a settlement currency that nothing prices, a numeraire that
        no scenario moves and that is no dollar, and a surface later than the snapshot.
    """
    listing = listing_of(instruments)
    rows = market_rows(snapshot, listing, pricing)
    moves = CurrencyMoves(
        scenarios=scenarios,
        snapshot=snapshot,
        numeraire=pricing.numeraire,
        factors=currency_factors or {},
    )
    currencies, price, growth = _currencies(rows, snapshot, pricing, moves)
    settle = instrument_columns(listing).settle
    of_settle = settle.spread(map(currencies.index, settle.names)).astype(np.int64)
    reason = _lacking_scenarios(listing, scenarios, factors, ~np.isnan(growth[of_settle, 0]))
    unknown = np.isnan(floating_shares(listing, snapshot)) & (reason == 0)
    reason = np.where(unknown, int(MarginReason.NO_FORWARD), reason).astype(np.int64)
    rows = replace(rows, reason=rows.with_reasons(reason))
    usable = rows.reason[:-1] == 0

    def make(few: Listing, at: IntArray) -> _Revalued:
        here = of_settle[at]
        wanted = _Wanted(usable=usable[at], price=price[here], growth=growth[here])
        return _revalued(few, snapshot, scenarios, factors, option_rules, wanted)

    given = None if factors is None else tuple(factors.items())
    of_currencies = (currencies, pricing.numeraire, tuple((currency_factors or {}).items()))
    found = kept_rows(
        listing,
        snapshot,
        ("numeraire_table", scenarios, given, of_currencies, option_rules),
        make,
        beside=(usable, price[of_settle]),
    )
    rows, profit = replace(rows, reason=rows.with_reasons(found.reason)), found.profit
    return NumeraireTable(
        numeraire=pricing.numeraire,
        scenarios=scenarios,
        rows=rows,
        profit=profit,
        currencies=currencies,
        currency_price=price,
        currency_profit=price[:, None] * (growth - 1.0),
    )


def _currencies(
    rows: MarketRows, snapshot: MarketSnapshot, pricing: CurrencyPricing, moves: CurrencyMoves
) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    """All currencies that can be priced, their prices (C,) and growths (C, S)."""
    if np.isnan(moves.in_dollars(pricing.numeraire)).any():
        raise UsageError(
            "must be moved by the scenarios, or be a dollar",
            found=pricing.numeraire,
            field="numeraire",
            remedy="add its price factor to the scenario set",
        )
    currencies = priced_currencies(rows, snapshot, pricing)
    price = np.array([pricing.price(currency, snapshot, rows.listing) for currency in currencies])
    growth = np.array([moves.growth(currency) for currency in currencies])
    bad = ~(np.isfinite(price) & (price > 0.0))
    return currencies, price, np.where(bad[:, None], np.nan, growth)


def _lacking_scenarios(
    instruments: Listing,
    scenarios: ScenarioSet,
    factors: Mapping[str, Factor] | None,
    settles: BoolArray,
) -> IntArray:
    """(N,) reasons of instruments that the scenarios do not reach."""
    known, terms = set(scenarios.factors), instrument_columns(instruments)
    if factors is None:
        base = named_column(instruments, "base", lambda i: i.pair.base)
        moved = base.spread(Factor(subject=name) in known for name in base.names) > 0.0
    else:
        moved = np.array([factors.get(m) in known for m in instruments], dtype=np.bool_)
    quanto = terms.is_option & (terms.payoff == payoffs.QUANTO)
    lacking = np.where(moved & settles, MarginReason.NONE, MarginReason.NO_SCENARIOS)
    return np.where(quanto, int(MarginReason.NOT_MARGINED), lacking).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Wanted:
    """Which of K instruments are to be revalued; price (K,) and growth (K, S) of their coins."""

    usable: BoolArray
    price: FloatArray
    growth: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Revalued:
    """Profits (K, S), zero in rows without them, and why surfaces do not tell them (K,)."""

    profit: FloatArray
    reason: IntArray


def _revalued(
    instruments: Listing,
    snapshot: MarketSnapshot,
    scenarios: ScenarioSet,
    factors: Mapping[str, Factor] | None,
    option_rules: OptionRules,
    wanted: _Wanted,
) -> _Revalued:
    count = len(instruments)
    profit, reason = np.zeros((count, len(scenarios))), np.zeros(count, dtype=np.int64)
    at = np.flatnonzero(wanted.usable)
    if at.size:
        usable = instruments if at.size == count else instruments.take(at.tolist())
        table = revalue(usable, snapshot, scenarios, factors, option_rules)
        reason[at] = [_REASONS[table.reasons[m]] if m in table.reasons else 0 for m in usable]
        good = np.flatnonzero(wanted.usable & (reason == 0))
        profit[good] = _in_numeraire(table, wanted.price[good], wanted.growth[good])
    return _Revalued(profit=profit, reason=reason)


def _in_numeraire(table: ScenarioTable, price: FloatArray, growth: FloatArray) -> FloatArray:
    """Profits of the rows with numbers; ``price`` (K,) and ``growth`` (K, S) are theirs."""
    good = table.has_numbers
    at_mark = np.where(np.isnan(table.mark_value), table.base_value, table.mark_value)[good]
    worth = table.profit[good] * growth + at_mark[:, None] * (growth - 1.0)
    out: FloatArray = price[:, None] * worth
    return out
