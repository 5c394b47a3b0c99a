"""A margin model with add-ons and collateral rules: its own terms, then theirs.

The requirement is the model's terms plus one term per add-on, added from left to right; collateral
rules lower equity, and what they do is told in the explanation. Pages: ``docs/models/add-ons.md``
and ``docs/models/collateral.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.margin_explanation import ExplainedTerm, UnitExplanation
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import (
    PositionParts,
    Requirements,
    RequirementTerm,
    UnitExplainer,
    total_of,
)
from plimsoll.margin.add_ons.exposed import AddOn, Charge, PreparedAddOn, exposed_book
from plimsoll.margin.add_ons.markets import AddOnMarkets, add_on_markets
from plimsoll.margin.collateral.haircuts import CollateralValues, collateral_values
from plimsoll.margin.collateral.parameters import CollateralRules
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.protocol import MarginModel, Prepared

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
P = TypeVar("P")

MODEL_TERM = "model"
"""Name of the term that stands for a model that has none of its own."""
HAIRCUT_TERM = "collateral_haircut"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithAddOns(Generic[P]):
    """A margin model with charges beside it (a `MarginModel` itself).

    Parameters
    ----------
    model : MarginModel
    pricing : CurrencyPricing
        That of ``model``: numeraire and prices of currencies must be the same.
    add_ons : sequence of AddOn
        In the order of their terms.
    collateral : CollateralRules or None
        None: collateral counts as the model counts it.
    """

    model: MarginModel[P]
    pricing: CurrencyPricing
    add_ons: Sequence[AddOn] = ()
    collateral: CollateralRules | None = field(default=None)

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: P,
        instruments: Mapping[str, Instrument],
    ) -> PreparedWithAddOns:
        """Prepare model and add-ons; see `MarginModel.prepare`."""
        markets = add_on_markets(snapshot, instruments, self.pricing)
        return PreparedWithAddOns(
            inner=self.model.prepare(snapshot, parameters, instruments),
            markets=markets,
            add_ons=tuple(add_on.prepare(markets) for add_on in self.add_ons),
            collateral=self.collateral,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedWithAddOns:
    """Immutable; serves any number of books."""

    inner: Prepared
    markets: AddOnMarkets
    add_ons: tuple[PreparedAddOn, ...]
    collateral: CollateralRules | None

    def requirements(self, book: Book) -> Requirements:
        """Return the model's requirements with the add-ons' terms.

        A position that an add-on has no number for has a reason, and so has its unit.

        Raises
        ------
        UsageError
            Where pricing markets go in a circle.
        """
        inner, values = self.inner.requirements(book), self._values(book)
        exposed = exposed_book(book, self.markets, None if values is None else values.haircut)
        own = _own_terms(inner)
        charges = _renamed((add_on.charge(exposed, inner) for add_on in self.add_ons), own)
        added = (*(c.term for c in charges), *_initial_extra(values, len(inner)))
        reason = _merged(inner.parts.reason, charges, exposed.held.no_reason)
        unit_reason = _unit_reasons(inner, values)
        terms = _blanked((*own, *added), _without_number(inner, reason, unit_reason))
        initial, maintenance = total_of(terms, len(inner))
        collateral = _less_haircut(inner, values)
        return replace(
            inner,
            initial=initial,
            maintenance=maintenance,
            collateral=collateral,
            parts=_parts(inner.parts, reason),
            terms=terms,
            unit_reason=unit_reason,
            unit_explainer=AddOnExplainer(
                inner=inner,
                terms=terms,
                charges=charges,
                values=values,
                collateral=collateral,
                own=len(own),
            ),
        )

    def _values(self, book: Book) -> CollateralValues | None:
        if self.collateral is None:
            return None
        held = self.markets
        return collateral_values(
            book, self.collateral, held.pricing, held.snapshot, held.instruments
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AddOnExplainer:
    """Unfolds units: what the model says of them, then add-ons and haircuts."""

    inner: Requirements
    terms: tuple[RequirementTerm, ...]
    charges: tuple[Charge, ...]
    values: CollateralValues | None
    collateral: FloatArray
    own: int

    def explanation(self, unit: int) -> UnitExplanation:
        """Return terms that add up to the requirement, left to right.

        Haircuts are a term of nothing: they lower equity, and their text says by how much.
        """
        base = self._base(unit)
        about = {t.name: t.about for t in base.terms} | {c.term.name: c.about for c in self.charges}
        terms = tuple(
            ExplainedTerm(
                name=term.name,
                title=term.title,
                initial=float(term.initial[unit]),
                maintenance=float(term.maintenance[unit]),
                about=about.get(term.name, ""),
            )
            for term in self.terms
        )
        initial, maintenance = total_of(self.terms, len(self.inner))
        return replace(
            base,
            initial=float(initial[unit]),
            maintenance=float(maintenance[unit]),
            equity=float(self.collateral[unit] + self.inner.unrealised[unit]),
            terms=(*terms, *self._haircut(unit)),
        )

    def _base(self, unit: int) -> UnitExplanation:
        explainer: UnitExplainer | None = self.inner.unit_explainer
        if explainer is not None:
            return explainer.explanation(unit)
        row = int(self.inner.position[unit])
        book = self.inner.book
        name = "cross" if row < 0 else f"isolated {book.markets[int(book.market[row])]}"
        return UnitExplanation(
            account=book.accounts[int(self.inner.account[unit])],
            unit=name,
            numeraire=self.inner.numeraire,
            initial=0.0,
            maintenance=0.0,
            equity=0.0,
            terms=(),
        )

    def _haircut(self, unit: int) -> tuple[ExplainedTerm, ...]:
        if self.values is None or unit >= len(self.inner.book):
            return ()
        return (
            ExplainedTerm(
                name=HAIRCUT_TERM,
                title="Collateral haircut (lowers equity)",
                initial=0.0,
                maintenance=0.0,
                about=self.values.about(unit),
            ),
        )


def _own_terms(inner: Requirements) -> tuple[RequirementTerm, ...]:
    if inner.terms:
        return inner.terms
    whole = RequirementTerm(
        name=MODEL_TERM,
        title="Margin model",
        initial=inner.initial,
        maintenance=inner.maintenance,
    )
    return (whole,)


def _renamed(charges: Iterable[Charge], own: Sequence[RequirementTerm]) -> tuple[Charge, ...]:
    """Return charges under names that no other term has: ``basis_add_on`` beside ``basis``."""
    taken, out = {term.name for term in own}, list[Charge]()
    for charge in charges:
        names = chain([charge.term.name], _numbered(f"{charge.term.name}_add_on"))
        name = next(name for name in names if name not in taken)
        taken.add(name)
        out.append(replace(charge, term=replace(charge.term, name=name)))
    return tuple(out)


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def _initial_extra(values: CollateralValues | None, units: int) -> tuple[RequirementTerm, ...]:
    if values is None or not values.initial_extra.any():
        return ()
    initial = np.zeros(units)
    initial[: values.initial_extra.shape[0]] = values.initial_extra.sum(axis=1)
    return (
        RequirementTerm(
            name="collateral_initial",
            title="Collateral not counted for new risk",
            initial=initial,
            maintenance=np.zeros(units),
        ),
    )


def _merged(reason: IntArray, charges: Sequence[Charge], none: IntArray) -> IntArray:
    """(P,) the first reason: the model's, then the add-ons' in their order; ``none`` says none."""
    found, seen = reason, [reason, none]
    for charge in charges:
        if not any(charge.reason is other for other in seen):
            found = np.where(found == 0, charge.reason, found).astype(np.int64)
            seen.append(charge.reason)
    return found


def _parts(own: PositionParts, reason: IntArray) -> PositionParts:
    """Parts of positions, without a number where a reason stands."""
    if reason is own.reason:
        return own
    lacks = reason != 0
    return replace(
        own,
        reason=reason,
        initial=np.where(lacks, np.nan, own.initial),
        maintenance=np.where(lacks, np.nan, own.maintenance),
    )


def _without_number(inner: Requirements, reason: IntArray, unit_reason: IntArray) -> BoolArray:
    """(U,) units with a reason of their own, or of a position."""
    bad: BoolArray = unit_reason != 0
    bad[inner.parts.unit[np.flatnonzero(reason)]] = True
    return bad


def _unit_reasons(inner: Requirements, values: CollateralValues | None) -> IntArray:
    own = np.zeros(len(inner), np.int64) if inner.unit_reason is None else inner.unit_reason.copy()
    if values is not None:
        pools = own[: values.reason.size]
        own[: values.reason.size] = np.where(pools == 0, values.reason, pools)
    return own


def _blanked(terms: Sequence[RequirementTerm], bad: BoolArray) -> tuple[RequirementTerm, ...]:
    """Terms without a number in ``bad`` units (U,)."""
    if not bad.any():
        return tuple(terms)
    return tuple(
        replace(
            term,
            initial=np.where(bad, np.nan, term.initial),
            maintenance=np.where(bad, np.nan, term.maintenance),
        )
        for term in terms
    )


def _less_haircut(inner: Requirements, values: CollateralValues | None) -> FloatArray:
    if values is None:
        return inner.collateral
    out = inner.collateral.copy()
    out[: values.reason.size] -= values.haircut_of_account
    return out
