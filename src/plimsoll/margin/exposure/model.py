"""Exposure as a margin: what covers the potential future exposure to each client.

A client's margin unit is a netting set seen from the other side: the house is exposed to what the
client's positions and coins may lose from now on,

    V(t) = W(0) - W(t),   W the value of positions and coin holdings in dollars,

with variation called under the agreement. The requirement is the highest potential future exposure
after collateral over the horizon, at the initial and at the maintenance confidence. Every unit is
simulated by itself, with one seed for all: for the clients of a prime broker, not a million
accounts. Dynamics are lognormal: no jumps, no volatility of volatility.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.exposure.agreement import MarginAgreement
from plimsoll.margin.exposure.contract_trades import ContractTrades, contract_trades
from plimsoll.margin.exposure.explanation import ExposureExplainer
from plimsoll.margin.exposure.netting_set import CoinDynamics, NettingSet, Trade, TradeKind
from plimsoll.margin.exposure.parameters import PORTFOLIO, ExposureParameters
from plimsoll.margin.exposure.profile import (
    HOURS_A_YEAR,
    ExposureProfile,
    exposure_profile,
    simulated_exposure,
)
from plimsoll.margin.governed import from_set
from plimsoll.margin.joint.lifts import lift_to
from plimsoll.margin.joint.numeraire_exposures import (
    BookExposures,
    HeldCurrencies,
    book_exposures,
    priced_currencies,
)
from plimsoll.margin.units.assembly import assemble
from plimsoll.margin.units.market_rows import MarketRows, market_rows
from plimsoll.maths.exposure_paths import CollateralTerms, ExposurePaths
from plimsoll.scenarios.grid_rules import DEFAULT_GRID_RULES, GridRules

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExposureMargin:
    """Potential future exposure as a margin.

    Parameters
    ----------
    dynamics : CoinDynamics
        Volatilities and correlations; spots are taken from the marks of the day.
    agreement : MarginAgreement
    paths, seed : int
    pricing : CurrencyPricing
        In dollars.
    rules : GridRules
        Where options' volatilities come from.

    Raises
    ------
    UsageError
        For another numeraire than the dollar.
    """

    dynamics: CoinDynamics
    agreement: MarginAgreement
    paths: int
    seed: int
    pricing: CurrencyPricing = field(default_factory=CurrencyPricing)
    rules: GridRules = DEFAULT_GRID_RULES

    def __post_init__(self) -> None:
        if self.pricing.numeraire != "USD":
            raise UsageError("must be USD", found=self.pricing.numeraire, field="numeraire")

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | Mapping[str, ExposureParameters],
        instruments: Mapping[str, Instrument],
    ) -> PreparedExposure:
        """Turn contracts into trades; see `MarginModel.prepare`.

        Raises
        ------
        UsageError
            For parameters without ``PORTFOLIO``, a coin that nothing prices, a contract without
            size and a surface later than the snapshot.
        """
        if isinstance(parameters, ParameterSet):
            held = from_set(ExposureParameters, parameters, PORTFOLIO)
        elif PORTFOLIO in parameters:
            held = parameters[PORTFOLIO]
        else:
            raise UsageError(f"must have {PORTFOLIO}", found=[*parameters], field="parameters")
        rows = market_rows(snapshot, instruments, self.pricing)
        coins = self.dynamics.coins
        spot = np.array([self.pricing.price(c, snapshot, instruments) for c in coins])
        trades = contract_trades(instruments, snapshot, rows, coins, spot, self.rules)
        names = priced_currencies(rows, snapshot, self.pricing)
        moving = np.array([name in coins for name in names], dtype=np.bool_)
        still = np.array(
            [name in ("USD", *snapshot.stable_price_usd) for name in names], dtype=np.bool_
        )
        return PreparedExposure(
            model=self,
            snapshot=snapshot,
            parameters=held,
            rows=replace(rows, reason=rows.with_reasons(trades.reason)),
            currencies=HeldCurrencies(names=names, known=moving | still, moving=moving),
            trades=trades,
            dynamics=replace(self.dynamics, spot=spot),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedExposure:
    """Trades per contract; immutable, serves any number of books."""

    model: ExposureMargin
    snapshot: MarketSnapshot
    parameters: ExposureParameters
    rows: MarketRows
    currencies: HeldCurrencies
    trades: ContractTrades
    dynamics: CoinDynamics

    def requirements(self, book: Book) -> Requirements:
        """Return initial and maintenance margin of every margin unit of ``book``.

        The binding scenario is the time of the highest exposure at the maintenance confidence; -1
        where nothing is exposed. A unit with open orders has the reason NOT_MARGINED: this model
        does not say what fills would need.

        Raises
        ------
        UsageError
            For a collateral currency that nothing prices.
        """
        laid = self._laid_out(book)
        found = [self._peaks(laid, unit) for unit in range(len(laid.layout))]
        peaks = np.array([peak for peak, _ in found]).reshape(len(laid.layout), 2)
        binding = np.array([step for _, step in found], dtype=np.int64)
        lift = lift_to(peaks[:, 0], peaks[:, 1])
        nothing = np.zeros(len(laid.layout))
        terms = (
            RequirementTerm(
                name="potential_exposure",
                title="Highest potential future exposure",
                initial=peaks[:, 0],
                maintenance=peaks[:, 1],
            ),
            RequirementTerm(
                name="floor",
                title="Lift to the maintenance margin",
                initial=lift,
                maintenance=nothing,
            ),
        )
        return assemble(
            book=book,
            layout=laid.layout,
            rows=self.rows,
            values=laid.values,
            terms=terms,
            numeraire="USD",
            binding_scenario=binding,
            scenario_names=self.time_names,
            unit_explainer=ExposureExplainer(
                prepared=self, book=book, laid=laid, terms=terms, binding=binding
            ),
        )

    @property
    def time_names(self) -> tuple[str, ...]:
        """Times of the grid, which stand for scenarios."""
        hours = (self.parameters.times_years * HOURS_A_YEAR).tolist()
        return tuple(f"after {hour:g} hours" for hour in hours)

    def profile(self, book: Book, unit: int) -> ExposureProfile:
        """Return the whole profile of one margin unit.

        Raises
        ------
        UsageError
            For a unit without trades or holdings that move.
        """
        found = self._profile(self._laid_out(book), unit)
        if found is None:
            raise UsageError("must hold something that moves", found="nothing", field="unit")
        return found

    def netting_set(self, laid: BookExposures, unit: int) -> NettingSet:
        """One margin unit's positions and coins, seen by the house, worth 0 now."""
        held = laid.exposures
        at = range(int(held.offsets[unit]), int(held.offsets[unit + 1]))
        sold = [self.position_trade(laid, p) for p in at]
        coins = [
            self.holding_trade(laid, unit, c) for c in np.flatnonzero(held.holdings[unit]).tolist()
        ]
        trades = [trade for trade, _ in (*sold, *coins)]
        cash = -sum(value for _, value in sold)
        return NettingSet(trades=tuple(trades), cash_usd=cash, payoffs_stay=True)

    def position_trade(self, laid: BookExposures, p: int) -> tuple[Trade, float]:
        """One position of ``laid.exposures`` seen by the house, and its value now."""
        held = laid.exposures
        return self.trades.of(int(held.row[p]), -float(held.quantity[p]))

    def holding_trade(self, laid: BookExposures, unit: int, currency: int) -> tuple[Trade, float]:
        """A unit's amount of a coin seen by the house; its change counts, so its value now is 0."""
        coin, amount = self.currencies.names[currency], laid.exposures.holdings[unit, currency]
        spot = float(self.dynamics.spot[self.dynamics.coins.index(coin)])
        return Trade(kind=TradeKind.FORWARD, coin=coin, quantity=-float(amount), strike=spot), 0.0

    def _laid_out(self, book: Book) -> BookExposures:
        laid = book_exposures(book, self.rows, self.currencies, self.model.pricing, self.snapshot)
        if book.orders is None:
            return laid
        found = laid.values.unit_reason.copy()
        ordering = np.flatnonzero(np.diff(book.orders.offsets) > 0)
        found[ordering] = np.where(
            found[ordering] == 0, int(MarginReason.NOT_MARGINED), found[ordering]
        )
        return replace(laid, values=replace(laid.values, unit_reason=found))

    def _peaks(self, laid: BookExposures, unit: int) -> tuple[list[float], int]:
        """Initial and maintenance margin of a unit, and the time of the latter."""
        found = self._profile(laid, unit)
        if found is None:
            return [0.0, 0.0], -1
        potential = found.with_collateral.potential
        step = int(np.argmax(potential[1]))
        return potential.max(axis=1).tolist(), step if potential[1, step] > 0.0 else -1

    def simulated(self, one: NettingSet) -> tuple[ExposurePaths, CollateralTerms]:
        """Paths of one netting set under the agreement, and what the agreement says of them."""
        return simulated_exposure(
            one,
            self.dynamics,
            self.model.agreement,
            times_years=self.parameters.times_years,
            paths=self.model.paths,
            seed=self.model.seed,
        )

    def _profile(self, laid: BookExposures, unit: int) -> ExposureProfile | None:
        one = self.netting_set(laid, unit)
        if not one.trades:
            return None
        return exposure_profile(
            one,
            self.dynamics,
            self.model.agreement,
            times_years=self.parameters.times_years,
            paths=self.model.paths,
            seed=self.model.seed,
            confidences=(
                float(self.parameters.initial_confidence),
                float(self.parameters.maintenance_confidence),
            ),
        )
