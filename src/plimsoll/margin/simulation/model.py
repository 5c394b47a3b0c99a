"""The simulation margin: a measure of what a margin unit may lose over a scenario set.

    maintenance = max(D(L; maintenance level), s A, 0)
    initial     = max(D(L; initial level), s A, 0, maintenance / link) + open orders

With open orders the initial margin is that of the losses ``L + sum of max(l, 0)`` over the orders,
l what an order loses if it is filled at its limit: scenario by scenario, what loses is filled.
Measures are monotone, so no fills ask more (`plimsoll.margin.joint.bounded_orders`).

``L`` is the unit's loss of equity under each scenario, fully revalued and in the numeraire
(`plimsoll.margin.joint.numeraire_table`), D the measure
(`plimsoll.margin.joint.loss_measure`), of a dependence broken in part where ``dependence_break``
is above 0 (`.dependence_break`), A the sum of the positions' stand-alone measures and s their
``standalone_floor``. Sources: filtered history, Barone-Adesi, Giannopoulos and Vosper (1999);
expected shortfall, Acerbi and Tasche (2002); the floor of 0.2 is what EMIR RTS 153/2013, Article
27(4), leaves of a perfect hedge: a reduction of at most 80 % of the difference between A and the
joint margin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.choice import chosen
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import Listing
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.domain.scenario import Factor, ScenarioSet
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.joint.bounded_orders import (
    lost_at_fills,
    open_orders_term,
    standalone_after_fills,
    with_order_reasons,
)
from plimsoll.margin.joint.filled_orders import OrderingUnits, ordering_units
from plimsoll.margin.joint.lifts import lift_to
from plimsoll.margin.joint.loss_measure import LossMeasure, measured
from plimsoll.margin.joint.numeraire_exposures import BookExposures, book_exposures
from plimsoll.margin.joint.numeraire_table import NumeraireTable, numeraire_table
from plimsoll.margin.joint.single_contracts import StandaloneMargins, one_each
from plimsoll.margin.quote_scope import OwnQuotes
from plimsoll.margin.simulation.dependence_break import BrokenBetween, DependenceBreak, coins_of
from plimsoll.margin.simulation.explanation import SimulationExplainer
from plimsoll.margin.simulation.parameters import SimulationParameters, simulation_parameters
from plimsoll.margin.units.assembly import assemble
from plimsoll.margin.units.kept_rows import kept_rows
from plimsoll.maths.unit_losses import ProfitRows
from plimsoll.maths.unit_tail_kernel import NUMBA_TAILS, UnitTailKernel
from plimsoll.scenarios.option_rules import DEFAULT_RULES, OptionRules

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationMargin(OwnQuotes):
    """VaR, expected shortfall, a spectral measure or the worst of full revaluation.

    Parameters
    ----------
    scenarios : ScenarioSet
        Any: history, simulation, stress, mixtures of them; weights count, but for WORST_CASE.
    measure : LossMeasure
    pricing : CurrencyPricing
    factors, currency_factors : mapping of str to Factor, optional
        What moves each market and currency (`plimsoll.margin.joint.numeraire_table`).
    option_rules : OptionRules
    collateral_moves : bool
        Whether collateral is revalued with the positions, or held at its price now.
    broken_between : BrokenBetween
        Between what the dependence is broken by the parameter ``dependence_break``.
    kernel : UnitTailKernel
        What computes the measures: the seam where a native kernel may be dropped in.
    """

    scenarios: ScenarioSet
    measure: LossMeasure = LossMeasure.EXPECTED_SHORTFALL
    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    factors: Mapping[str, Factor] | None = None
    currency_factors: Mapping[str, Factor] | None = None
    option_rules: OptionRules = DEFAULT_RULES
    collateral_moves: bool = True
    broken_between: BrokenBetween = BrokenBetween.COINS
    kernel: UnitTailKernel = NUMBA_TAILS

    def __post_init__(self) -> None:
        object.__setattr__(self, "measure", chosen(LossMeasure, self.measure, "measure"))
        between = chosen(BrokenBetween, self.broken_between, "broken_between")
        object.__setattr__(self, "broken_between", between)

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | Mapping[str, SimulationParameters],
        instruments: Mapping[str, Instrument],
    ) -> PreparedSimulation:
        """Revalue instruments and currencies under all scenarios; see `MarginModel.prepare`.

        Raises
        ------
        UsageError
            For parameters without `PORTFOLIO`, and as `numeraire_table`.
        """
        table = numeraire_table(
            instruments,
            snapshot,
            self.scenarios,
            self.pricing,
            factors=self.factors,
            currency_factors=self.currency_factors,
            option_rules=self.option_rules,
        )
        held = simulation_parameters(parameters)
        rows, levels = table.profit_rows(), held.levels(self.measure)
        return PreparedSimulation(
            model=self,
            snapshot=snapshot,
            parameters=held,
            table=table,
            profits=rows,
            standalone=_kept_standalone(self.measure, levels, rows, table, snapshot),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedSimulation:
    """A simulation margin with its table; immutable, serves any number of books."""

    model: SimulationMargin
    snapshot: MarketSnapshot
    parameters: SimulationParameters
    table: NumeraireTable
    profits: ProfitRows
    standalone: StandaloneMargins

    def requirements(self, book: Book) -> Requirements:
        """Return initial and maintenance margin of every margin unit of ``book``.

        The binding scenario is that of the maintenance margin: the quantile's for value-at-risk,
        the worst one of the tail for the others; -1 where a floor sets it.

        Raises
        ------
        UsageError
            For a collateral currency that nothing prices.
        """
        laid = self._laid_out(book)
        levels = self.parameters.levels(self.model.measure)
        tails = measured(
            self.model.measure, levels, laid.exposures, self.profits, kernel=self.model.kernel
        )
        terms = self._terms(book, laid, tails.value)
        return assemble(
            book=book,
            layout=laid.layout,
            rows=self.table.rows,
            values=laid.values,
            terms=terms,
            numeraire=self.model.pricing.numeraire,
            binding_scenario=np.where(_floored(terms), -1, tails.scenario[:, 1]),
            scenario_names=self.table.scenarios.names,
            unit_explainer=SimulationExplainer(
                book=book,
                laid=laid,
                table=self.table,
                profits=self.profits,
                measure=self.model.measure,
                levels=levels,
                standalone=self.standalone,
                terms=terms,
            ),
        )

    def floors(self, book: Book) -> FloatArray:
        """(U, 2) what the margins of each unit of ``book`` are at least, whatever it may lose.

        For what bounds the measure alone, such as `plimsoll.margin.greeks.greeks_screen`.

        Raises
        ------
        UsageError
            With a ``dependence_break``: then the margin is above the measure by more than a floor.
        """
        if self._broken is not None:
            raise UsageError(
                "must be 0: no floor stands for a broken dependence",
                found=float(self.parameters.dependence_break),
                field="dependence_break",
            )
        return self._floor(self._laid_out(book))

    def _laid_out(self, book: Book) -> BookExposures:
        laid = book_exposures(
            book,
            self.table.rows,
            self.table.held,
            self.model.pricing,
            self.snapshot,
            collateral_moves=self.model.collateral_moves,
        )
        return with_order_reasons(book, laid, self.table.rows)

    def _terms(
        self, book: Book, laid: BookExposures, measures: FloatArray
    ) -> tuple[RequirementTerm, ...]:
        joint, broken = measures, self._broken
        breaks = np.zeros_like(measures)
        if broken is not None:
            breaks = _lifts(measures, broken.broken(measures, broken.alone(laid.exposures)))
            joint = measures + breaks
        lifts = _lifts(joint, self._floor(laid))
        initial, maintenance = (joint[:, k] + lifts[:, k] for k in range(2))
        link = lift_to(initial, maintenance / float(self.parameters.maintenance_to_initial))
        nothing = np.zeros(len(laid.layout))
        ordering = ordering_units(
            book,
            laid,
            self.table.rows,
            self.table.held,
            collateral_moves=self.model.collateral_moves,
        )
        measure = self.model.measure
        apart = (_term("dependence", "Broken dependence", breaks[:, 0], breaks[:, 1]),)
        return (
            _term(measure.value, measure.phrase, measures[:, 0], measures[:, 1]),
            *(() if broken is None else apart),
            _term("floor", "Lift to the floor", lifts[:, 0], lifts[:, 1]),
            _term("link", "Lift to the maintenance margin's multiple", link, nothing),
            open_orders_term(ordering, self._after_fills(ordering), initial + link),
        )

    def _after_fills(self, ordering: OrderingUnits) -> FloatArray:
        """(K,) initial margin after the worst of fills, and what they lose at once."""
        held = self.parameters
        tails = measured(
            self.model.measure,
            held.levels(self.model.measure),
            ordering.exposures,
            self.profits,
            fills=ordering.fills,
            kernel=self.model.kernel,
        )
        floor = float(held.standalone_floor) * standalone_after_fills(ordering, self.standalone)
        broken = self._broken
        asked = tails.value
        if broken is not None:
            asked = broken.broken(asked, broken.after_fills(ordering))
        least = np.maximum(asked, floor + lost_at_fills(ordering)[:, None])
        link = float(held.maintenance_to_initial)
        out: FloatArray = np.maximum(least[:, 0], least[:, 1] / link)
        return out

    def _floor(self, laid: BookExposures) -> FloatArray:
        """(U, 2) least initial and maintenance margin."""
        share = float(self.parameters.standalone_floor)
        if share == 0.0:
            return np.zeros((len(laid.layout), 2))
        return np.maximum(share * self.standalone.of_units(laid.exposures), 0.0)

    @property
    def _broken(self) -> DependenceBreak | None:
        """What breaks the dependence; None where nothing does."""
        share = float(self.parameters.dependence_break)
        if share == 0.0:
            return None
        coin_of_row, coin_of_currency = coins_of(self.table.rows, self.table.currencies)
        return DependenceBreak(
            share=share,
            between=self.model.broken_between,
            measure=self.model.measure,
            levels=self.parameters.levels(self.model.measure),
            profits=self.profits,
            kernel=self.model.kernel,
            standalone=self.standalone,
            coin_of_row=coin_of_row,
            coin_of_currency=coin_of_currency,
        )


def _lifts(totals: FloatArray, least: FloatArray) -> FloatArray:
    """(U, 2) what lifts initial and maintenance margin."""
    return np.column_stack([lift_to(totals[:, k], least[:, k]) for k in range(2)])


def _floored(terms: tuple[RequirementTerm, ...]) -> NDArray[np.bool_]:
    """(U,) whether the floor sets the maintenance margin."""
    out: NDArray[np.bool_] = next(t for t in terms if t.name == "floor").maintenance > 0.0
    return out


def _term(name: str, title: str, initial: FloatArray, maintenance: FloatArray) -> RequirementTerm:
    return RequirementTerm(name=name, title=title, initial=initial, maintenance=maintenance)


def _kept_standalone(
    measure: LossMeasure,
    levels: tuple[float, float],
    rows: ProfitRows,
    table: NumeraireTable,
    snapshot: MarketSnapshot,
) -> StandaloneMargins:
    """Measure every contract alone, both ways; kept where its profits are what they were."""

    def make(_: Listing, at: IntArray) -> StandaloneMargins:
        own = rows if at.size == rows.instrument.shape[0] else _only(rows, at)
        return _standalone(measure, levels, own)

    key = ("standalone", measure, levels, table.scenarios, table.currencies)
    return kept_rows(table.rows.listing, snapshot, key, make, beside=(table.profit,))


def _only(rows: ProfitRows, at: IntArray) -> ProfitRows:
    return rows._replace(instrument=np.ascontiguousarray(rows.instrument[at]))


def _standalone(
    measure: LossMeasure, levels: tuple[float, float], rows: ProfitRows
) -> StandaloneMargins:
    """Measure every contract alone, both ways."""
    count, currencies = rows.instrument.shape[0], rows.currency.shape[0]
    long, short = (
        np.maximum(measured(measure, levels, one_each(count, sign, currencies), rows).value, 0.0)
        for sign in (1.0, -1.0)
    )
    return StandaloneMargins(long=long, short=short)
