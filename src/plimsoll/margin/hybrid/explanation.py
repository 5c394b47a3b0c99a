"""One margin unit of the hybrid margin unfolded: its legs, and what the binding one says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.margin_explanation import Contribution, ExplainedTerm, UnitExplanation
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.hybrid.leg_contributions import leg_contributions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HybridExplainer:
    """Explains units by the leg that binds for maintenance (the largest one of a mixture).

    Contributions are of the legs' terms: the binding leg's, of a mixture those of all legs, each
    times its weight. What a leg asks beside its positions' shares stands under its own title.
    """

    legs: Mapping[str, Requirements]
    weights: Mapping[str, float]
    terms: tuple[RequirementTerm, ...]
    binding: NDArray[np.int64]
    floor_binds: NDArray[np.bool_]
    is_maximum: bool

    def explanation(self, unit: int) -> UnitExplanation:
        """Unfold one margin unit."""
        name = tuple(self.legs)[int(self.binding[unit])]
        leg = self.legs[name]
        terms = tuple(self._term(term, unit) for term in self.terms)
        told = self._of_leg(leg, unit)
        why = "the floor" if self.floor_binds[unit] else self._words(name, told.binding)
        return replace(
            told,
            initial=float(sum(term.initial for term in terms)),
            maintenance=float(sum(term.maintenance for term in terms)),
            terms=terms,
            contributions=self._contributions(name, unit),
            binding=why,
            notes=(*self._notes(name, unit), *told.notes),
        )

    def _contributions(self, binding: str, unit: int) -> tuple[Contribution, ...]:
        if any(np.isnan(leg.maintenance[unit]) for leg in self.legs.values()):
            return ()
        counted = {binding: 1.0} if self.is_maximum else dict(self.weights)
        return tuple(
            part
            for name, weight in counted.items()
            if weight != 0.0
            for part in leg_contributions(name, self.legs[name], unit, weight)
        )

    def _words(self, name: str, binding: str) -> str:
        leg = f"leg {name}" if self.is_maximum else f"the mixture; its largest leg is {name}"
        return f"{leg}: {binding}" if binding else leg

    def _term(self, term: RequirementTerm, unit: int) -> ExplainedTerm:
        leg = self.legs.get(term.name)
        about = "" if leg is None else f"the leg's own maintenance {leg.maintenance[unit]:,.2f}"
        return ExplainedTerm(
            name=term.name,
            title=term.title,
            initial=float(term.initial[unit]),
            maintenance=float(term.maintenance[unit]),
            about=about,
        )

    def _of_leg(self, leg: Requirements, unit: int) -> UnitExplanation:
        if leg.unit_explainer is not None:
            return leg.unit_explainer.explanation(unit)
        position = int(leg.position[unit])
        market = "" if position < 0 else leg.book.markets[int(leg.book.market[position])]
        return UnitExplanation(
            account=leg.book.accounts[int(leg.account[unit])],
            unit="cross" if position < 0 else f"isolated {market}",
            numeraire=leg.numeraire,
            initial=float(leg.initial[unit]),
            maintenance=float(leg.maintenance[unit]),
            equity=float(leg.equity[unit]),
            terms=(),
        )

    def _notes(self, name: str, unit: int) -> tuple[str, ...]:
        others = ", ".join(
            f"{other} {leg.maintenance[unit]:,.2f}" for other, leg in self.legs.items()
        )
        what = "Scenarios and contributions" if self.is_maximum else "Scenarios"
        shown = f"{what} are those of the leg {name}."
        return (f"Maintenance margin by leg: {others}.", shown)
