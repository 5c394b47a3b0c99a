"""The hybrid margin: the maximum or a weighted mixture of other models, with floors.

    maximum    requirement = max over legs
    weighted   requirement = sum of w_leg requirement_leg
    both       ... and at least floor_share x the largest leg, and the minimum charge

for initial and maintenance margin each. Every leg has a term: of a maximum, the binding leg's holds
its requirement and the others nothing, so the terms name it. A worst case over a union of scenarios
is the maximum of the legs'; an expected shortfall is not (`plimsoll.scenarios.mixture`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.choice import chosen
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import listing_of
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import (
    PositionParts,
    Requirements,
    RequirementTerm,
    total_of,
)
from plimsoll.errors import UsageError
from plimsoll.margin.hybrid.explanation import HybridExplainer
from plimsoll.margin.hybrid.parameters import Combination, HybridParameters
from plimsoll.margin.joint.lifts import lift_to
from plimsoll.margin.protocol import MarginModel, Prepared
from plimsoll.margin.quote_scope import Scope, scope_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_SAME_EQUITY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridMargin:
    """Several margin models as one.

    Parameters
    ----------
    legs : mapping of str to MarginModel
        By name; all with one numeraire and one view of equity.
    combination : Combination

    Raises
    ------
    UsageError
        For no leg.
    """

    legs: Mapping[str, MarginModel[Any]]
    combination: Combination = Combination.MAXIMUM

    def __post_init__(self) -> None:
        kind = chosen(Combination, self.combination, "combination")
        object.__setattr__(self, "combination", kind)
        if not self.legs:
            raise UsageError("must have at least one leg", found="none", field="legs")

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: HybridParameters,
        instruments: Mapping[str, Instrument],
    ) -> PreparedHybrid:
        """Prepare every leg; see `MarginModel.prepare`.

        Raises
        ------
        UsageError
            Where parameters or weights are not those of the legs, and as the legs do.
        """
        _check_names("legs", set(self.legs), set(parameters.legs))
        instruments = listing_of(instruments)
        if self.combination is Combination.WEIGHTED:
            _check_names("weights", set(self.legs), set(parameters.weights))
        return PreparedHybrid(
            model=self,
            parameters=parameters,
            legs={
                name: model.prepare(snapshot, parameters.legs[name], instruments)
                for name, model in self.legs.items()
            },
        )

    def quote_scope(
        self,
        before: MarketSnapshot,
        after: MarketSnapshot,
        quoted: frozenset[str],
        instruments: Mapping[str, Instrument],
    ) -> Scope:
        """What concerns a leg; see `plimsoll.margin.quote_scope.QuoteScoped`."""
        legs = self.legs.values()
        return reduce(or_, (scope_of(leg, before, after, quoted, instruments) for leg in legs))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedHybrid:
    """Prepared legs; immutable, serves any number of books."""

    model: HybridMargin
    parameters: HybridParameters
    legs: Mapping[str, Prepared]

    def requirements(self, book: Book) -> Requirements:
        """Return the combined margin of every margin unit of ``book``.

        A unit without a number in one leg has none here: a leg that cannot see a position is no
        reason to trust the others. The binding scenario is the leg's that binds for maintenance,
        among the scenarios of all legs.

        Raises
        ------
        UsageError
            For legs that disagree about numeraire or equity, and as the legs do.
        """
        found = {name: leg.requirements(book) for name, leg in self.legs.items()}
        _check_agreement(found)
        first = next(iter(found.values()))
        lacking = np.stack([leg.unknown for leg in found.values()])
        unknown = np.any(lacking, axis=0)
        initial, maintenance = (
            np.where(unknown, 0.0, np.stack([getattr(leg, level) for leg in found.values()]))
            for level in ("initial", "maintenance")
        )
        # Of a unit without a number the leg that has none says why.
        binding = np.argmax(np.where(unknown, lacking, maintenance), axis=0)
        terms = self._terms(tuple(found), initial, maintenance)
        total = total_of(terms, len(first))
        terms = tuple(_hidden(term, unknown) for term in terms)
        scenario, names = _binding_scenarios(found, binding)
        missing = np.full(book.market.size, np.nan)
        return replace(
            first,
            initial=np.where(unknown, np.nan, total[0]),
            maintenance=np.where(unknown, np.nan, total[1]),
            parts=PositionParts(
                unit=first.parts.unit,
                initial=missing,
                maintenance=missing,
                unrealised=first.parts.unrealised,
                reason=_first_reason([leg.parts.reason for leg in found.values()]),
            ),
            terms=terms,
            binding_scenario=scenario,
            scenario_names=names,
            unit_reason=_unit_reasons(found),
            unit_explainer=HybridExplainer(
                legs=found,
                weights={n: float(w.weight) for n, w in self.parameters.weights.items()},
                terms=terms,
                binding=binding,
                floor_binds=terms[-1].maintenance > 0.0,
                is_maximum=self.model.combination is Combination.MAXIMUM,
            ),
        )

    def _terms(
        self, names: tuple[str, ...], initial: FloatArray, maintenance: FloatArray
    ) -> tuple[RequirementTerm, ...]:
        """One term a leg, and the lift to the floor."""
        counted = [self._counted(names, margin) for margin in (initial, maintenance)]
        legs = tuple(
            RequirementTerm(name=name, title=name, initial=one, maintenance=other)
            for name, one, other in zip(names, *counted, strict=True)
        )
        total = total_of(legs, initial.shape[1])
        floor = self._floor(maintenance)
        lift = lift_to(total[1], floor)
        least = np.maximum(self._floor(initial), total[1] + lift)
        return (
            *legs,
            RequirementTerm(
                name="floor",
                title="Lift to the floor",
                initial=lift_to(total[0], least),
                maintenance=lift,
            ),
        )

    def _counted(self, names: tuple[str, ...], margin: FloatArray) -> FloatArray:
        """(L, U) what each leg's requirement counts for."""
        if self.model.combination is Combination.WEIGHTED:
            weights = np.array([float(self.parameters.weights[name].weight) for name in names])
            return np.asarray(weights[:, None] * margin, dtype=np.float64)
        best = np.argmax(margin, axis=0)
        chosen_leg = np.arange(len(names))[:, None] == best
        return np.where(chosen_leg, margin, 0.0)

    def _floor(self, margin: FloatArray) -> FloatArray:
        largest = margin.max(axis=0)
        least = np.where(largest > 0.0, float(self.parameters.minimum_usd), 0.0)
        out: FloatArray = np.maximum(float(self.parameters.floor_share) * largest, least)
        return out


def _check_names(field: str, legs: set[str], given: set[str]) -> None:
    if legs != given:
        raise UsageError(
            f"must be given for the legs {sorted(legs)}", found=sorted(given), field=field
        )


def _check_agreement(found: Mapping[str, Requirements]) -> None:
    """Refuse legs whose margins cannot be held against one equity."""
    (first_name, first), *others = found.items()
    for name, leg in others:
        if leg.numeraire != first.numeraire:
            raise UsageError(
                f"must have the numeraire of {first_name} ({first.numeraire})",
                found=leg.numeraire,
                field=f"leg {name}",
            )
        known = np.flatnonzero(~(leg.unknown | first.unknown))
        size = np.abs(first.collateral[known]) + np.abs(first.unrealised[known]) + 1.0
        gap = np.abs(leg.equity[known] - first.equity[known])
        if bool(np.any(gap > _SAME_EQUITY * size)):
            row = int(known[np.argmax(gap / size)])
            raise UsageError(
                f"must see the equity that {first_name} sees ({first.equity[row]})",
                found=float(leg.equity[row]),
                field=f"leg {name}",
                row=row,
                remedy="combine models that treat collateral and unrealised profit alike",
            )


def _hidden(term: RequirementTerm, unknown: NDArray[np.bool_]) -> RequirementTerm:
    return replace(
        term,
        initial=np.where(unknown, np.nan, term.initial),
        maintenance=np.where(unknown, np.nan, term.maintenance),
    )


def _binding_scenarios(
    found: Mapping[str, Requirements], binding: IntArray
) -> tuple[IntArray, tuple[str, ...]]:
    """Scenario of the binding leg (U,), and the names of all legs' scenarios, one after another."""
    names, scenario = list[str](), np.full(binding.size, -1, dtype=np.int64)
    for which, (name, leg) in enumerate(found.items()):
        if leg.binding_scenario is not None:
            own = np.where(leg.binding_scenario >= 0, leg.binding_scenario + len(names), -1)
            scenario = np.where(binding == which, own, scenario)
        names += [f"{name}: {scenario_name}" for scenario_name in leg.scenario_names]
    return scenario.astype(np.int64), tuple(names)


def _first_reason(reasons: list[IntArray]) -> IntArray:
    """(P,) the first leg's reason where it has one, else the next one's."""
    out = reasons[0].copy()
    for other in reasons[1:]:
        out = np.where(out == 0, other, out)
    return out.astype(np.int64)


def _unit_reasons(found: Mapping[str, Requirements]) -> IntArray | None:
    known = [leg.unit_reason for leg in found.values() if leg.unit_reason is not None]
    return _first_reason(known) if known else None
