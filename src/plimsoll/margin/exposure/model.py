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
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.exposure.agreement import MarginAgreement
from plimsoll.margin.exposure.contract_trades import ContractTrades, contract_trades
from plimsoll.margin.exposure.netting_set import CoinDynamics, NettingSet, Trade, TradeKind
from plimsoll.margin.exposure.profile import HOURS_A_YEAR, ExposureProfile, exposure_profile
from plimsoll.margin.governed import check_bounds, from_set, governed
from plimsoll.margin.joint.lifts import lift_to
from plimsoll.margin.joint.numeraire_exposures import (
    BookExposures,
    HeldCurrencies,
    book_exposures,
    priced_currencies,
)
from plimsoll.margin.units.assembly import assemble
from plimsoll.margin.units.market_rows import MarketRows, market_rows
from plimsoll.scenarios.grid_rules import DEFAULT_GRID_RULES, GridRules

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PORTFOLIO = "PORTFOLIO"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureParameters:
    """Levels and horizon of an exposure margin.

    Raises
    ------
    ParameterError
        For values outside their bounds, and a maintenance level above the initial one.
    """

    initial_confidence: Decimal = governed(
        Unit.FRACTION, "0.5", "0.9999", grid="0.0001", default="0.99", about="of the initial margin"
    )
    maintenance_confidence: Decimal = governed(
        Unit.FRACTION,
        "0.5",
        "0.9999",
        grid="0.0001",
        default="0.975",
        about="of the maintenance margin; at most the initial one",
    )
    horizon_hours: Decimal = governed(
        Unit.HOURS, "1", "8760", default="240", about="over which exposure is looked at"
    )
    step_hours: Decimal = governed(
        Unit.HOURS, "0.25", "168", default="24", about="between calls for collateral"
    )

    def __post_init__(self) -> None:
        check_bounds(self, PORTFOLIO)
        if self.maintenance_confidence > self.initial_confidence:
            raise ParameterError(
                f"must be at most initial_confidence ({self.initial_confidence})",
                found=str(self.maintenance_confidence),
                field=f"{PORTFOLIO}.maintenance_confidence",
            )

    @property
    def times_years(self) -> FloatArray:
        """Grid from 0: whole steps, the last one at or after the horizon."""
        steps = max(int(-(-self.horizon_hours // self.step_hours)), 1)
        step = float(self.step_hours) / HOURS_A_YEAR
        out: FloatArray = np.arange(steps + 1, dtype=np.float64) * step
        return out


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

        A unit with open orders has the reason NOT_MARGINED: this model does not say what fills
        would need.

        Raises
        ------
        UsageError
            For a collateral currency that nothing prices.
        """
        laid = self._laid_out(book)
        peaks = np.array([self._peaks(laid, unit) for unit in range(len(laid.layout))])
        peaks = peaks.reshape(len(laid.layout), 2)
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
        )

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
        sold = [self.trades.of(int(held.row[p]), -float(held.quantity[p])) for p in at]
        coins = [
            self._holding(c, -float(held.holdings[unit, c]))
            for c in np.flatnonzero(held.holdings[unit]).tolist()
        ]
        trades = [trade for trade, _ in (*sold, *coins)]
        cash = -sum(value for _, value in sold)
        return NettingSet(trades=tuple(trades), cash_usd=cash, payoffs_stay=True)

    def _holding(self, currency: int, amount: float) -> tuple[Trade, float]:
        coin = self.currencies.names[currency]
        spot = float(self.dynamics.spot[self.dynamics.coins.index(coin)])
        return Trade(kind=TradeKind.FORWARD, coin=coin, quantity=amount, strike=spot), 0.0

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

    def _peaks(self, laid: BookExposures, unit: int) -> tuple[float, float]:
        found = self._profile(laid, unit)
        if found is None:
            return 0.0, 0.0
        initial, maintenance = found.with_collateral.potential.max(axis=1).tolist()
        return initial, maintenance

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
