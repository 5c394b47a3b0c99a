"""One margin unit of the exposure margin unfolded: exposure by time, shares in its quantile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_explanation import Contribution, ScenarioLosses, UnitExplanation
from plimsoll.domain.requirement import RequirementTerm
from plimsoll.margin.exposure.agreement import MarginAgreement
from plimsoll.margin.exposure.netting_set import CoinDynamics, NettingSet, Trade, TradeKind
from plimsoll.margin.exposure.parameters import ExposureParameters
from plimsoll.margin.exposure.quantile_shares import (
    CalledCollateral,
    called_collateral,
    near_quantile,
    scaled_to,
    value_shares,
)
from plimsoll.margin.joint.numeraire_exposures import BookExposures, HeldCurrencies
from plimsoll.margin.units.market_rows import MarketRows
from plimsoll.margin.units.stated_units import StatedUnits
from plimsoll.maths.exposure_paths import CollateralTerms, ExposurePaths
from plimsoll.measures import value_at_risk

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NETTING_SET = "netting set"
POTENTIAL = "potential_exposure"


class _Model(Protocol):
    @property
    def agreement(self) -> MarginAgreement: ...


class _Simulated(Protocol):
    """What the explainer takes of a prepared exposure margin."""

    @property
    def model(self) -> _Model: ...
    @property
    def parameters(self) -> ExposureParameters: ...
    @property
    def rows(self) -> MarketRows: ...
    @property
    def currencies(self) -> HeldCurrencies: ...
    @property
    def dynamics(self) -> CoinDynamics: ...
    @property
    def time_names(self) -> tuple[str, ...]: ...
    def netting_set(self, laid: BookExposures, unit: int) -> NettingSet: ...
    def position_trade(self, laid: BookExposures, p: int) -> tuple[Trade, float]: ...
    def holding_trade(
        self, laid: BookExposures, unit: int, currency: int
    ) -> tuple[Trade, float]: ...
    def simulated(self, one: NettingSet) -> tuple[ExposurePaths, CollateralTerms]: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Close:
    """Paths near the quantile at the binding time."""

    at: int
    quantile: float
    paths: IntArray
    terms: CollateralTerms
    collateral: CalledCollateral


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExposureExplainer:
    """Explains units by their maintenance margin: the highest quantile of exposure over time.

    Every position is simulated once more by itself on the same paths.
    """

    prepared: _Simulated
    book: Book
    laid: BookExposures
    terms: tuple[RequirementTerm, ...]
    binding: IntArray

    def explanation(self, unit: int) -> UnitExplanation:
        """Unfold one margin unit; of one without a number, the reasons.

        Raises
        ------
        UsageError
            For a unit the book does not have.
        """
        stated = StatedUnits(
            book=self.book,
            layout=self.laid.layout,
            values=self.laid.values,
            terms=self.terms,
            numeraire="USD",
        )
        said = stated.stated(unit)
        if stated.lacks(unit):
            return said
        at = int(self.binding[unit])
        if at < 0:
            return replace(said, binding="nothing is exposed", notes=self._notes())
        run, terms = self.prepared.simulated(self.prepared.netting_set(self.laid, unit))
        near = near_quantile(run.exposure[at], said.terms[0].maintenance)
        close = _Close(
            at=at,
            quantile=said.terms[0].maintenance,
            paths=near,
            terms=terms,
            collateral=called_collateral(run.value[:, near], terms, at),
        )
        by_time = self._by_time(run.exposure, at)
        return replace(
            said,
            scenarios=(by_time,),
            contributions=self._contributions(unit, close),
            binding=self._binding(close),
            would_change=_would_change(by_time),
            notes=self._notes(),
        )

    @property
    def _confidence(self) -> float:
        return float(self.prepared.parameters.maintenance_confidence)

    def _quantile(self, exposure: FloatArray) -> float:
        return value_at_risk(exposure, self._confidence).value

    def _by_time(self, exposure: FloatArray, at: int) -> ScenarioLosses:
        names = self.prepared.time_names
        return ScenarioLosses(
            risk_unit=NETTING_SET,
            names=names,
            price_moves=np.full(len(names), np.nan),
            volatility=("none",) * len(names),
            losses=np.array([self._quantile(row) for row in exposure]),
            binding=at,
        )

    def _contributions(self, unit: int, close: _Close) -> tuple[Contribution, ...]:
        found, parts = list[Contribution](), list[FloatArray]()
        for named, (trade, value) in self._lines(unit):
            alone = NettingSet(trades=(trade,), cash_usd=-value, payoffs_stay=True)
            run, terms = self.prepared.simulated(alone)
            values = run.value[:, close.paths]
            parts.append(value_shares(values, close.collateral, terms.lag_steps, close.at))
            highest = max(self._quantile(row) for row in run.exposure)
            found.append(replace(named, standalone=highest))
        for name, part in self._of_agreement(close):
            found.append(_named(name, float("nan"), 0.0))
            parts.append(part)
        shares = scaled_to(close.quantile, parts)
        return tuple(replace(named, contribution=shares[n] + 0.0) for n, named in enumerate(found))

    def _lines(self, unit: int) -> list[tuple[Contribution, tuple[Trade, float]]]:
        """Positions, then coins held, with their trades and values now."""
        held, rows, currencies = self.laid.exposures, self.prepared.rows, self.prepared.currencies
        found = []
        for p in range(int(held.offsets[unit]), int(held.offsets[unit + 1])):
            row = int(held.row[p])
            value = float(self.laid.values.unrealised[self.laid.position[p]])
            worth = value if rows.has_value[row] else 0.0
            named = _named(rows.markets[row], float(held.quantity[p]), worth)
            found.append((named, self.prepared.position_trade(self.laid, p)))
        for c in np.flatnonzero(held.holdings[unit]).tolist():
            trade, value = self.prepared.holding_trade(self.laid, unit, c)
            amount = float(held.holdings[unit, c])
            named = _named(f"{currencies.names[c]} held", amount, amount * trade.strike)
            found.append((named, (trade, value)))
        return found

    def _of_agreement(self, close: _Close) -> list[tuple[str, FloatArray]]:
        """What the agreement adds on each path near the quantile, where it adds anything."""
        terms, collateral = close.terms, close.collateral
        ones = np.ones(close.paths.size)
        found = [
            ("threshold", collateral.threshold),
            ("minimum transfer", collateral.stale),
            ("initial amount", -terms.initial * ones),
        ]
        for j, coin in enumerate(self.prepared.dynamics.coins):
            if terms.initial_coins[j] != 0.0:
                unit = Trade(kind=TradeKind.FORWARD, coin=coin, quantity=1.0, strike=0.0)
                run, _ = self.prepared.simulated(NettingSet(trades=(unit,)))
                spot = run.value[close.at, close.paths]
                found.append((f"initial {coin}", -terms.initial_coins[j] * spot))
        return [(name, part) for name, part in found if part.any()]

    def _binding(self, close: _Close) -> str:
        name = self.prepared.time_names[close.at]
        called = float(close.collateral.called.mean())
        return (
            f"{name}, the {self._confidence:.2%} quantile of the exposure; shares from "
            f"{close.paths.size} paths next to it, collateral called on {called:.0%} of them"
        )

    def _notes(self) -> tuple[str, ...]:
        agreement = self.prepared.model.agreement
        return (
            "Contributions and binding time are those of the maintenance margin.",
            f"Agreement: threshold {agreement.threshold_usd:,}, minimum transfer "
            f"{agreement.minimum_transfer_usd:,}, margin period of "
            f"{agreement.margin_period_hours:,} hours, initial amount "
            f"{agreement.initial_amount_usd:,} USD.",
        )


def _named(market: str, quantity: float, value: float) -> Contribution:
    return Contribution(
        market=market,
        quantity=quantity,
        value=value,
        standalone=float("nan"),
        contribution=0.0,
        of=POTENTIAL,
    )


def _would_change(by_time: ScenarioLosses) -> str:
    """Name the time with the next highest exposure, and how far it is from binding."""
    second = by_time.runner_up
    if second is None or by_time.binding is None:
        return ""
    gap = float(by_time.losses[by_time.binding] - by_time.losses[second])
    return f"{by_time.names[second]}, if its quantile were {gap:,.2f} higher"
