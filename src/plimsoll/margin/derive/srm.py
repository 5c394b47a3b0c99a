"""Derive's standard margin SRM. Page: ``docs/models/derive-srm.md``.

A requirement is what the account's value exceeds its margin level by, part by part::

    perpetuals  rate x |size| x price
    options     value - max(isolated, largest loss), expiry by expiry
    coins       value - coins x spot x factor
    peg         (threshold - price of the cash) x factor x spot x (|perpetuals| + short options)
    oracle      (1 - confidence) x factor x spot x size, below a threshold

Where options or coins are worth less than the level counts them for, the sum may fall below 0; the
term ``floor`` keeps it there. The venue has no such term: its level is equity less the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import listing_of
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements, RequirementTerm, total_of
from plimsoll.errors import UsageError
from plimsoll.margin.derive.model import DeriveModel
from plimsoll.margin.derive.pmrm_assembly import term
from plimsoll.margin.derive.risk_units import derive_markets
from plimsoll.margin.derive.srm_explanation import SrmExplainer
from plimsoll.margin.derive.srm_holdings import SrmHoldings, srm_holdings
from plimsoll.margin.derive.srm_markets import SrmMarkets, expiry_groups
from plimsoll.margin.derive.srm_markets import option_terms as option_columns
from plimsoll.margin.derive.srm_parameters import SrmParameters, srm_of_set
from plimsoll.margin.derive.srm_terms import coin_terms, option_terms, perpetual_terms
from plimsoll.margin.units.assembly import assemble, lacking
from plimsoll.margin.units.cells import UnitLayout, unit_layout
from plimsoll.margin.units.market_rows import BookValues, book_values

FloatArray = NDArray[np.float64]

FLOOR = "floor"
"""Name of the term that keeps a requirement from being negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeriveSrm(DeriveModel):
    """The standard margin; fields as those of `DeriveModel`."""

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: ParameterSet | Mapping[str, SrmParameters],
        instruments: Mapping[str, Instrument],
    ) -> PreparedSrm:
        """Value everything; parameters are by base coin.

        Raises
        ------
        UsageError
            For a risk unit without spot market, a currency that nothing prices, and a snapshot
            without price of the cash.
        """
        held = srm_of_set(parameters) if isinstance(parameters, ParameterSet) else dict(parameters)
        if not held:
            raise UsageError("must hold a risk unit", found="nothing", field="parameters")
        self.pricing.stable_price(snapshot)
        instruments = listing_of(instruments)
        markets = derive_markets(
            snapshot,
            instruments,
            tuple(held),
            self.pricing,
            self.spot_markets,
            discounted=False,
            oldest_surface_ns=self.oldest_surface_ns,
        )
        return PreparedSrm(
            markets=SrmMarkets(
                snapshot=snapshot,
                pricing=self.pricing,
                markets=markets,
                parameters=held,
                options=option_columns(markets, held, snapshot, instruments),
                group_of_option=expiry_groups(markets, instruments),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedSrm:
    """The standard margin with market and parameters; knows no account."""

    markets: SrmMarkets

    def requirements(self, book: Book) -> Requirements:
        """Return the margin of every account, in cash.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        layout, rows = unit_layout(book), self.markets.markets.rows
        values = book_values(book, layout, rows, self.markets.pricing, self.markets.snapshot)
        values = _with_collateral_reasons(book, values, self.markets)
        held = srm_holdings(book, layout, values, self.markets)
        terms = _floored(held, layout, self.markets)
        return assemble(
            book=book,
            layout=layout,
            rows=rows,
            values=values,
            terms=terms,
            numeraire=self.markets.pricing.numeraire,
            unit_explainer=SrmExplainer(held=held, markets=self.markets, terms=terms),
        )


def _floored(
    held: SrmHoldings, layout: UnitLayout, markets: SrmMarkets
) -> tuple[RequirementTerm, ...]:
    """All terms, and the one that keeps their sum from being negative."""
    terms = (
        *perpetual_terms(held, markets),
        *option_terms(held, markets),
        *coin_terms(held, markets),
    )
    bad = lacking(layout, held.values)
    lifts = [np.where(bad, 0.0, np.maximum(-total, 0.0)) for total in total_of(terms, len(layout))]
    return (*terms, term(FLOOR, "What keeps it from being negative", *lifts))


def _with_collateral_reasons(book: Book, values: BookValues, markets: SrmMarkets) -> BookValues:
    """Give pools a reason whose assets no risk unit counts, or whose coin has no spot price."""
    reason = values.unit_reason.copy()
    own, spots = reason[: len(book)], dict(zip(markets.parameters, markets.spot, strict=True))
    for column, currency in enumerate(book.currencies):
        if currency == markets.pricing.numeraire:
            continue
        fault = MarginReason.NO_COLLATERAL_PRICE
        if currency not in spots:
            fault = MarginReason.NO_PARAMETERS
        elif np.isfinite(spots[currency]):
            continue
        own[(book.collateral[:, column] != 0.0) & (own == 0)] = int(fault)
    return replace(values, unit_reason=reason)
