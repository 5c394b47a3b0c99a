"""Derive's portfolio margin PMRM, first version. Page: ``docs/models/derive-pmrm.md``.

With L >= 0 the larger of the worst scenario's loss and the basis contingency, and C the static
contingencies of base collateral, perpetuals and unpaired short options::

    maintenance = L + C
    initial     = (L + C) (f_IM + peg) + oracle

Collateral is the cash and the underlying coin, which takes part in the scenarios.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.derive.model import DeriveModel
from plimsoll.margin.derive.pmrm1_parameters import Pmrm1Parameters
from plimsoll.margin.derive.pmrm_assembly import assembled, term
from plimsoll.margin.derive.pmrm_book import PmrmBook, PreparedMarkets, pmrm_book
from plimsoll.margin.derive.pmrm_explanation import LossFactors
from plimsoll.margin.derive.pmrm_losses import confidence_charge
from plimsoll.margin.derive.pmrm_prepared import peg_shortfall, prepared_markets
from plimsoll.margin.governed import from_set

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivePmrm1(DeriveModel):
    """The first version; fields as those of `DeriveModel`."""

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | Mapping[str, Pmrm1Parameters],
        instruments: Mapping[str, Instrument],
    ) -> PreparedPmrm1:
        """Revalue everything; parameters are by base coin.

        Raises
        ------
        UsageError
            For a risk unit without spot market, a coin that nothing prices, and a snapshot
            without price of the cash.
        """
        if isinstance(parameters, ParameterSet):
            held = {u: from_set(Pmrm1Parameters, parameters, u) for u in parameters.markets}
        else:
            held = dict(parameters)
        markets = prepared_markets(
            snapshot,
            instruments,
            {unit: own.rule() for unit, own in held.items()},
            {unit: (unit,) if unit in self.pricing.pricing_markets else () for unit in held},
            self.pricing,
            self.spot_markets,
            oldest_surface_ns=self.oldest_surface_ns,
        )
        return PreparedPmrm1(markets=markets, parameters=held)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedPmrm1:
    """PMRM with market and parameters; knows no account."""

    markets: PreparedMarkets
    parameters: Mapping[str, Pmrm1Parameters]

    def requirements(self, book: Book) -> Requirements:
        """Return the margin of every account, in cash.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        held = pmrm_book(book, self.markets, [{unit: None} for unit in self.parameters])
        factors = LossFactors(
            initial=tuple(float(p.initial_factor) for p in self.parameters.values()),
            maintenance=tuple(1.0 for _ in self.parameters),
        )
        return assembled(held, self._terms(held), self.markets, factors)

    def _terms(self, held: PmrmBook) -> tuple[RequirementTerm, ...]:
        count = len(held.layout)
        columns = {name: (np.zeros(count), np.zeros(count)) for name in _TITLES}
        for index, own in enumerate(self.parameters.values()):
            for name, (initial, maintenance) in self._of_unit(held, index, own).items():
                columns[name][0][:] += initial
                columns[name][1][:] += maintenance
        return tuple(term(name, title, *columns[name]) for name, title in _TITLES.items())

    def _of_unit(
        self, held: PmrmBook, index: int, own: Pmrm1Parameters
    ) -> dict[str, tuple[FloatArray, FloatArray]]:
        """Initial and maintenance columns (U,) of one risk unit."""
        unit, count = held.units[index], len(held.layout)
        worst = unit.by_unit(unit.losses.worst, count)
        base = self._base_notional(held, index)
        static = {
            "base": base * float(own.base_contingency),
            "perpetuals": unit.by_unit(unit.losses.perpetual_notional, count)
            * float(own.perpetual_contingency),
            "short_options": unit.by_unit(unit.losses.unpaired_notional, count)
            * float(own.option_contingency),
        }
        losses = {"scenario_loss": worst, **static}
        factor = float(own.initial_factor)
        stable = self.markets.stable_price
        peg = peg_shortfall(stable, float(own.peg_threshold), float(own.peg_factor))
        total = worst + static["base"] + static["perpetuals"] + static["short_options"]
        spot = np.array(self.markets.markets.spots[index].confidence)
        doubt = float(confidence_charge(spot, float(own.confidence_threshold)))
        doubted = unit.by_unit(unit.losses.doubted_notional, count) + base * doubt
        nothing = np.zeros(count)
        return {
            **{name: (loss * factor, loss) for name, loss in losses.items()},
            "peg_loss": (total * peg, nothing),
            "oracle_confidence": (doubted * float(own.confidence_margin), nothing),
        }

    def _base_notional(self, held: PmrmBook, index: int) -> FloatArray:
        """(U,) coins of the underlying held as collateral, at the spot price."""
        out, book = np.zeros(len(held.layout)), held.book
        coin = self.markets.markets.units[index]
        if coin in book.currencies:
            amount = np.abs(book.collateral[:, book.currencies.index(coin)])
            home = held.home[: len(book)] == index
            out[: len(book)] = np.where(home, amount, 0.0)
        # Who holds coins of an underlying without spot price has a reason.
        return out * float(np.nan_to_num(self.markets.markets.spots[index].price))


_TITLES = {
    "scenario_loss": "Worst scenario",
    "base": "Base collateral",
    "perpetuals": "Perpetuals",
    "short_options": "Unpaired short options",
    "peg_loss": "More of it while the cash is off its peg",
    "oracle_confidence": "Prices that are not trusted",
}
