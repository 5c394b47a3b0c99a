"""A pre-screen: which margin units surely hold, and which have to be fully revalued.

Bounds the measure of every unit's losses from above (`plimsoll.maths.bin_bounds`) by Greeks that
net between positions, bins of scenarios, and the exact error of each contract's form in each bin.
A unit whose equity is at least the bound holds under full revaluation too: there is no false pass.
The table's own revaluation is done once; what is saved is summing it for every unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.scenario import Factor, FactorKind, ScenarioSet
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.greeks.model import PreparedGreeks
from plimsoll.margin.greeks.scenario_bins import FormProfits, Moves, scenario_bins
from plimsoll.margin.joint.loss_measure import LossMeasure
from plimsoll.margin.joint.numeraire_exposures import book_exposures
from plimsoll.margin.joint.numeraire_table import NumeraireTable
from plimsoll.margin.units.assembly import lacking
from plimsoll.margin.units.market_rows import unit_sums
from plimsoll.maths.bin_bounds import ScenarioBins, bounded_tails
from plimsoll.maths.quadratic_forms import QuadraticForms

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

REFERENCE_DAYS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Screening:
    """(U,) verdicts over margin units.

    Parameters
    ----------
    bound : (U,) float64
        At least the measure of the unit's losses; NaN where it has no number.
    equity : (U,) float64
    holds : (U,) bool
        Whether equity surely covers the requirement; the others must be fully revalued.
    """

    bound: FloatArray
    equity: FloatArray
    holds: BoolArray

    @property
    def must_be_revalued(self) -> BoolArray:
        """(U,) units of which the bound does not decide, or that have no number."""
        return ~self.holds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GreeksScreen:
    """A screen of one scenario set, one measure and one level; immutable."""

    table: NumeraireTable
    measure: LossMeasure
    level: float
    pricing: CurrencyPricing
    snapshot: MarketSnapshot
    collateral_moves: bool
    forms: QuadraticForms
    bins: ScenarioBins

    def screen(self, book: Book, floor: FloatArray | None = None) -> Screening:
        """Judge every margin unit of ``book``.

        Parameters
        ----------
        floor : (U,) float64, optional
            What else the requirement is at least, floors of the model for instance.
        """
        laid = book_exposures(
            book,
            self.table.rows,
            self.table.held,
            self.pricing,
            self.snapshot,
            collateral_moves=self.collateral_moves,
        )
        bound = np.empty(len(laid.layout))
        bounded_tails(self.measure.code, self.level, laid.exposures, self.forms, self.bins, bound)
        bad = lacking(laid.layout, laid.values)
        equity = laid.values.collateral + unit_sums(laid.layout, laid.values.unrealised)
        needed = np.maximum(bound, 0.0 if floor is None else np.maximum(floor, 0.0))
        # NaN compares as False: what has no number has to be looked at.
        holds = ~bad & (equity >= needed)
        return Screening(bound=np.where(bad, np.nan, bound), equity=equity, holds=holds)


def greeks_screen(
    prepared: PreparedGreeks,
    table: NumeraireTable,
    measure: LossMeasure,
    level: float,
    *,
    bins: int = 64,
) -> GreeksScreen:
    """Build a screen of full revaluation under the table's scenarios.

    Parameters
    ----------
    prepared : PreparedGreeks
        Of the same instruments and numeraire. What it has no forms of is bounded by its profits.
    table : NumeraireTable
    measure : LossMeasure
    level : float
        Confidence, or aversion of the spectral measure.
    bins : int
        At most; more are tighter and slower.

    Raises
    ------
    UsageError
        For other instruments or another numeraire.
    ParameterError
        For fewer than one bin.
    """
    if bins < 1:
        raise ParameterError("must be at least 1", found=bins, field="bins")
    rows, names = prepared.rows.markets, prepared.currencies.names
    if rows != table.rows.markets or names != table.currencies:
        raise UsageError(
            "must be of the same instruments, numeraire and currencies",
            found=(len(rows), len(table.rows.markets)),
            field="table",
        )
    moves = _moves(table.scenarios, tuple(prepared.parameters))
    profit = np.concatenate([table.profit, np.nan_to_num(table.currency_profit)])
    known = np.concatenate([table.rows.reason[:-1] == 0, np.ones(len(names), dtype=np.bool_)])
    return GreeksScreen(
        table=table,
        measure=measure,
        level=float(level),
        pricing=prepared.model.pricing,
        snapshot=prepared.snapshot,
        collateral_moves=prepared.model.collateral_moves,
        forms=prepared.forms,
        bins=scenario_bins(
            FormProfits(forms=prepared.forms, profit=np.where(known[:, None], profit, 0.0)),
            moves,
            np.array(table.scenarios.weights),
            bins,
        ),
    )


def _moves(scenarios: ScenarioSet, coins: tuple[str, ...]) -> Moves:
    """Moves of every coin's spot, and of its volatility at the tenor next to 30 days."""
    spot = np.zeros((len(scenarios), len(coins)))
    vol = np.zeros_like(spot)
    for j, coin in enumerate(coins):
        price = Factor(subject=coin)
        if price in scenarios.factors:
            spot[:, j] = scenarios.shocks[:, scenarios.column(price)]
        level = _nearest_level(scenarios, coin)
        if level is not None:
            vol[:, j] = np.expm1(scenarios.shocks[:, scenarios.column(level)])
    return Moves(spot=spot, vol=vol)


def _nearest_level(scenarios: ScenarioSet, coin: str) -> Factor | None:
    tenors = {
        abs(np.log((f.tenor_days or REFERENCE_DAYS) / REFERENCE_DAYS)): f
        for f in scenarios.factors
        if f.subject == coin and f.kind is FactorKind.IMPLIED_VOL_LEVEL
    }
    return tenors[min(tenors)] if tenors else None
