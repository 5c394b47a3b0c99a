"""Requirements of several modes as one: units in the book's order, terms side by side.

A term of a model that does not margin a unit is 0 there; adding 0 changes no bit of a sum, so the
totals of `plimsoll.domain.requirement.total_of` stay those of each model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.requirement import PositionParts, Requirements, RequirementTerm
from plimsoll.margin.modes.books import ModeBook
from plimsoll.margin.modes.explanation import ModeExplainer, ModeTerms
from plimsoll.margin.units.cells import UnitLayout, unit_layout

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WHOLE_MODEL = "model"
"""Name of the term of a model that has none of its own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModeRequirements:
    """A part of a book, and what its model asks of it."""

    part: ModeBook
    margin: Requirements


def side_by_side(book: Book, found: Sequence[ModeRequirements]) -> Requirements:
    """Put the parts of ``book`` back together.

    Parameters
    ----------
    book : Book
    found : sequence of ModeRequirements
        At least one; each position and each cross pool is in exactly one of them.
    """
    layout, units = unit_layout(book), _Scatter(found=found, size=len(unit_layout(book)))
    binding, names = _scenarios(found, len(layout))
    which, local = _places(found, len(layout))
    return Requirements(
        book=book,
        numeraire=found[0].margin.numeraire,
        initial=units.of(lambda margin: margin.initial),
        maintenance=units.of(lambda margin: margin.maintenance),
        unrealised=units.of(lambda margin: margin.unrealised),
        collateral=units.of(lambda margin: margin.collateral),
        account=layout.account,
        position=layout.position,
        parts=_parts(book, layout, found),
        explainer=ModeTerms.of(book, [(one.part, one.margin.explainer) for one in found]),
        terms=_terms(found, len(layout)),
        binding_scenario=binding,
        scenario_names=names,
        unit_reason=_unit_reasons(found, len(layout)),
        unit_explainer=ModeExplainer(
            margins=tuple(one.margin for one in found), which=which, local=local
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scatter:
    """Writes columns of the parts' units to where they stand in the whole."""

    found: Sequence[ModeRequirements]
    size: int

    def of(self, column: Callable[[Requirements], FloatArray]) -> FloatArray:
        out = np.full(self.size, np.nan)
        for one in self.found:
            out[one.part.unit_in_whole] = column(one.margin)[one.part.unit]
        return out


def _parts(book: Book, layout: UnitLayout, found: Sequence[ModeRequirements]) -> PositionParts:
    count = book.market.size
    columns = {name: np.full(count, np.nan) for name in ("initial", "maintenance", "unrealised")}
    reason = np.zeros(count, dtype=np.int64)
    for one in found:
        for name, column in columns.items():
            column[one.part.position] = getattr(one.margin.parts, name)
        reason[one.part.position] = one.margin.parts.reason
    return PositionParts(unit=layout.unit_of_position, reason=reason, **columns)


def _terms(found: Sequence[ModeRequirements], size: int) -> tuple[RequirementTerm, ...]:
    terms = []
    for one in found:
        mode = one.part.mode
        for term in _own_terms(one.margin):
            initial, maintenance = np.zeros(size), np.zeros(size)
            initial[one.part.unit_in_whole] = term.initial[one.part.unit]
            maintenance[one.part.unit_in_whole] = term.maintenance[one.part.unit]
            terms.append(
                RequirementTerm(
                    name=f"{mode}_{term.name}",
                    title=f"{mode.capitalize()}: {term.title}",
                    initial=initial,
                    maintenance=maintenance,
                )
            )
    return tuple(terms)


def _own_terms(margin: Requirements) -> tuple[RequirementTerm, ...]:
    if margin.terms:
        return margin.terms
    return (
        RequirementTerm(
            name=WHOLE_MODEL,
            title="Margin model",
            initial=margin.initial,
            maintenance=margin.maintenance,
        ),
    )


def _scenarios(
    found: Sequence[ModeRequirements], size: int
) -> tuple[IntArray | None, tuple[str, ...]]:
    """Binding scenario (U,) among the scenarios of all models, one after another."""
    names, binding = list[str](), np.full(size, -1, dtype=np.int64)
    for one in found:
        own = one.margin.binding_scenario
        if own is not None:
            shifted = np.where(own >= 0, own + len(names), -1)
            binding[one.part.unit_in_whole] = shifted[one.part.unit]
        names += [f"{one.part.mode}: {name}" for name in one.margin.scenario_names]
    known = any(one.margin.binding_scenario is not None for one in found)
    return (binding if known else None), tuple(names)


def _unit_reasons(found: Sequence[ModeRequirements], size: int) -> IntArray | None:
    if all(one.margin.unit_reason is None for one in found):
        return None
    out = np.zeros(size, dtype=np.int64)
    for one in found:
        if one.margin.unit_reason is not None:
            out[one.part.unit_in_whole] = one.margin.unit_reason[one.part.unit]
    return out


def _places(found: Sequence[ModeRequirements], size: int) -> tuple[IntArray, IntArray]:
    """Which part margins each unit (U,), and its unit there (U,)."""
    which, local = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for row, one in enumerate(found):
        which[one.part.unit_in_whole] = row
        local[one.part.unit_in_whole] = one.part.unit
    return which, local
