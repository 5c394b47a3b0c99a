"""Derive's portfolio margin PMRM_2. Page: ``docs/models/derive-pmrm2.md``.

With L >= 0 the larger of the worst scenario's loss and the basis contingency (`pmrm_losses`)::

    maintenance = L f_MM + C_MM
    initial     = L (f_IM + peg) + C_MM + C_IM + oracle

C are the contingencies of perpetuals, unpaired short options and collateral. The venue publishes
equity less these as margin levels, negative where the account is under its margin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.derive.model import DeriveModel
from plimsoll.margin.derive.pmrm2_parameters import Pmrm2Parameters, pmrm2_of_set
from plimsoll.margin.derive.pmrm_assembly import assembled, term
from plimsoll.margin.derive.pmrm_book import PmrmBook, PreparedMarkets, asset_values, pmrm_book
from plimsoll.margin.derive.pmrm_explanation import LossFactors
from plimsoll.margin.derive.pmrm_losses import confidence_charge
from plimsoll.margin.derive.pmrm_prepared import peg_shortfall, prepared_markets

FloatArray = NDArray[np.float64]
OfUnit = Callable[[Pmrm2Parameters], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivePmrm2(DeriveModel):
    """The second version; fields as those of `DeriveModel`."""

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | Mapping[str, Pmrm2Parameters],
        instruments: Mapping[str, Instrument],
    ) -> PreparedPmrm2:
        """Revalue everything; parameters are by base coin.

        Raises
        ------
        UsageError
            For a risk unit without spot market, a currency that nothing prices, and a snapshot
            without price of the cash.
        """
        held = pmrm2_of_set(parameters) if isinstance(parameters, ParameterSet) else parameters
        markets = prepared_markets(
            snapshot,
            instruments,
            {unit: own.rule() for unit, own in held.items()},
            {unit: _hedging(own) for unit, own in held.items()},
            self.pricing,
            self.spot_markets,
            oldest_surface_ns=self.oldest_surface_ns,
        )
        return PreparedPmrm2(markets=markets, parameters=dict(held))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedPmrm2:
    """PMRM_2 with market and parameters; knows no account."""

    markets: PreparedMarkets
    parameters: Mapping[str, Pmrm2Parameters]

    def requirements(self, book: Book) -> Requirements:
        """Return the margin of every account, in cash.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        held = pmrm_book(book, self.markets, [p.collateral for p in self.parameters.values()])
        terms = (*self._loss_terms(held), *self._notional_terms(held), *self._asset_terms(held))
        terms = (*terms, self._oracle_term(held))
        factors = LossFactors(
            initial=tuple(map(_initial_factor, self.parameters.values())),
            maintenance=tuple(map(_maintenance_factor, self.parameters.values())),
        )
        return assembled(held, terms, self.markets, factors)

    def _loss_terms(self, held: PmrmBook) -> tuple[RequirementTerm, ...]:
        stable = self.markets.stable_price
        return (
            self._summed(
                held,
                "scenario_loss",
                "Worst scenario",
                "worst",
                _initial_factor,
                _maintenance_factor,
            ),
            self._summed(
                held,
                "peg_loss",
                "More of it while the cash is off its peg",
                "worst",
                lambda p: peg_shortfall(stable, float(p.peg_threshold), float(p.peg_factor)),
            ),
        )

    def _notional_terms(self, held: PmrmBook) -> tuple[RequirementTerm, ...]:
        perpetual, naked = "perpetual_notional", "unpaired_notional"
        options, extra = "Unpaired short options", "in initial margin on top"
        both = [
            (perpetual, "perpetuals", "Perpetuals", "perpetual_maintenance"),
            (naked, "short_options", options, "option_maintenance"),
        ]
        initial = [
            (perpetual, "perpetuals_extra", f"Perpetuals, {extra}", "perpetual_initial_extra"),
            (naked, "short_options_extra", f"{options}, {extra}", "option_initial_extra"),
        ]
        return (
            *(self._summed(held, n, t, c, _of(p), _of(p)) for c, n, t, p in both),
            *(self._summed(held, n, t, c, _of(p)) for c, n, t, p in initial),
        )

    def _asset_terms(self, held: PmrmBook) -> tuple[RequirementTerm, ...]:
        haircut, extra = np.zeros(len(held.layout)), np.zeros(len(held.layout))
        accounts, of = len(held.book), held.home[: len(held.book)]
        for currency, value in asset_values(held.book, self.markets).items():
            rules = [p.collateral.get(currency) for p in self.parameters.values()]
            shares = np.array([0.0 if r is None else float(r.maintenance_haircut) for r in rules])
            haircut[:accounts] += value * shares[of]
            more = np.array([0.0 if r is None else float(r.initial_extra) for r in rules])
            extra[:accounts] += value * more[of]
        return (
            term("collateral", "Haircuts of collateral", haircut, haircut),
            term("collateral_extra", "Haircuts, in initial margin on top", extra),
        )

    def _oracle_term(self, held: PmrmBook) -> RequirementTerm:
        charge = np.zeros(len(held.layout))
        for unit, own in zip(held.units, self.parameters.values(), strict=True):
            doubted = unit.by_unit(unit.losses.doubted_notional, len(held.layout))
            charge += doubted * float(own.confidence_margin)
        accounts, of = len(held.book), held.home[: len(held.book)]
        for currency, value in asset_values(held.book, self.markets).items():
            charge[:accounts] += value * self._asset_doubt(currency)[of]
        return term("oracle_confidence", "Prices that are not trusted", charge)

    def _asset_doubt(self, currency: str) -> FloatArray:
        """(R,) charge per unit of value of an asset, by its own and the spot's confidence."""
        own = self.markets.pricing.confidence(currency, self.markets.snapshot)
        return np.array(
            [
                float(p.confidence_margin)
                * float(
                    confidence_charge(
                        np.array(min(own, spot.confidence)), float(p.confidence_threshold)
                    )
                )
                for p, spot in zip(
                    self.parameters.values(), self.markets.markets.spots, strict=True
                )
            ]
        )

    def _summed(
        self,
        held: PmrmBook,
        name: str,
        title: str,
        column: str,
        initial: OfUnit,
        maintenance: OfUnit | None = None,
    ) -> RequirementTerm:
        """A column of the losses times each risk unit's factors, summed over risk units."""
        count = len(held.layout)
        first, second = np.zeros(count), np.zeros(count)
        for unit, own in zip(held.units, self.parameters.values(), strict=True):
            values = unit.by_unit(getattr(unit.losses, column), count)
            first += values * initial(own)
            if maintenance is not None:
                second += values * maintenance(own)
        return term(name, title, first, second)


def _hedging(parameters: Pmrm2Parameters) -> tuple[str, ...]:
    return tuple(c for c, rule in parameters.collateral.items() if rule.cancels_risk == 1)


def _initial_factor(parameters: Pmrm2Parameters) -> float:
    return float(parameters.initial_factor)


def _maintenance_factor(parameters: Pmrm2Parameters) -> float:
    return float(parameters.maintenance_factor)


def _of(name: str) -> OfUnit:
    return lambda parameters: float(getattr(parameters, name))
